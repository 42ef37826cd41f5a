"""`modellab demo`: everything at once on the models that come with modellab, with nothing set up and nothing kept."""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import common, suite_files
from modellab.errors import ConfigError
from modellab.system import leftovers

if TYPE_CHECKING:
    from modellab.plan.matrix import ModelInstance

START_S, END_S = 120.0, 15.0  # the most that a server may take to begin and to end
SERVING = "serving on "

Port = Annotated[int, typer.Option(min=0, max=65535, help="Of the pages, on this computer; 0: one that is free.")]


def demo(port: Port = 0) -> None:
    """Show all of it in a folder that is gone afterwards: words of a clip, a judged suite, a server with its pages.

    The models are those that come with modellab; nothing is fetched. Ctrl-C ends it.
    """
    from modellab.system import extras

    extras.need("serve", "`modellab demo`")
    began = time.monotonic()
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    with contextlib.suppress(KeyboardInterrupt), leftovers.folder("demo") as root:
        instance = _suite(root)
        name = f"{instance.key.model}:{instance.key.variant}"
        with _served(root, port, name) as server:
            _hear(root, instance, began)
            address = server.address()
            common.say(f"\nopen in a browser: {address}/   two models side by side, a voice, your microphone")
            _judge(root, name)
            common.say(f"\nmore pages: {address}/runs  {address}/results")
            common.say(f"for programs: {address}/v1, OpenAI's audio API")
            common.say(f"a suite of your own: modellab init      everything here is in {root}, until Ctrl-C")
            sys.stdout.flush()
            server.wait()
    common.say("\nended; nothing stays behind")


def _as_ctrl_c(*_: Any) -> None:
    raise KeyboardInterrupt


def _suite(root: Path) -> ModelInstance:
    """Write what `modellab init` writes for a folder without recordings; returns the model that it is about."""
    from modellab.plan.settings import Project
    from modellab.runner import transcribe

    instance = transcribe.choose(common.matrix(Project.at(root)))
    only = [f"{instance.key.model}:{instance.key.variant}"]
    for file in (suite_files.settings(root, only), *suite_files.example(root, suite_files.lessons())):
        file.write()
    suite_files.example_audio(root)
    return instance


class _Server:
    """The server's process. What it says goes to `server.log`; of that, its address is taken out."""

    def __init__(self, root: Path, port: int, model: str) -> None:
        settings = json.dumps({"port": port, "preload": [model]})
        command = [sys.executable, "-m", "modellab.server", str(root), settings]
        self.log = root / "server.log"
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()  # None: it says no more
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr
        with self.log.open("w", encoding="utf-8") as log:
            for line in self.process.stderr:
                log.write(line)
                log.flush()
                self.lines.put(line)
        self.lines.put(None)

    def address(self) -> str:
        """Where it listens, as soon as it does; ConfigError with what it said where it does not."""
        last, end = "", time.monotonic() + START_S
        with contextlib.suppress(queue.Empty):
            while (line := self.lines.get(timeout=max(0.0, end - time.monotonic()))) is not None:
                if line.startswith(SERVING):
                    return line.removeprefix(SERVING).split()[0].removesuffix("/v1")
                last = line.strip() or last
        raise ConfigError(f"the server did not begin: {last.removeprefix('modellab: ') or 'it said nothing'}")

    def wait(self) -> None:
        """Wait until somebody ends it; ConfigError with what it said last where it ends by itself."""
        status, last = self.process.wait(), ""
        while (line := self.lines.get()) is not None:
            last = line.strip() or last
        raise ConfigError(f"the server ended with status {status}: {last or 'it said nothing'}")

    def close(self) -> None:
        """End it: what was begun may end first."""
        self.process.terminate()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def _served(root: Path, port: int, model: str) -> Iterator[_Server]:
    server = _Server(root, port, model)
    try:
        yield server
    finally:
        server.close()


def _hear(root: Path, instance: ModelInstance, began: float) -> None:
    """The first words: the clips of the example through the model, in a process beside the server that begins."""
    from modellab.runner import transcribe

    with transcribe.listening(instance, 1) as listener:
        for clip in sorted((root / "golden" / suite_files.EXAMPLE / "audio").iterdir()):
            heard = listener.hear(lambda ready, clip=clip: transcribe.transcribe(ready, clip))  # type: ignore[misc]
            spent = f"RTF {heard.rtf:.3f}, {time.monotonic() - began:.1f} s after the start"
            common.say(f'{clip.name}: "{common.printable(heard.text)}"   ({spent})')
            sys.stdout.flush()


def _judge(root: Path, model: str) -> None:
    """The suite in this folder, measured and judged, so that the pages have a result."""
    from modellab.plan.cases import plan
    from modellab.plan.selection import Selection
    from modellab.plan.settings import Project
    from modellab.reports.scorecard import table
    from modellab.runner.run import run

    project = Project.at(root)
    done = run(plan(common.matrix(project), Selection(model=(model,), device=("cpu",))), project)
    common.say("\n" + table.tables(done.cases, width=common.console().width))
    sys.stdout.flush()
