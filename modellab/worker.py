"""A process that holds one model: `python -m modellab.worker`, JSON lines over two private pipes.

The parent's side is `Worker`, the child's is `serve`. Whatever the model's libraries print goes to a log file, whose
end is part of every failure. A hang is killed, a crash is told with its signal, and the child dies with its parent.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from modellab import allocator
from modellab.engine import Engine, pin_threads
from modellab.errors import CrashError, DatasetError, HangError, LoadError, ModellabError, WorkerError
from modellab.meter import thread_environment
from modellab.studio import SCRATCH

LOG_TAIL_LINES = 20
LOG_TAIL_BYTES = 8_000
PR_SET_PDEATHSIG = 1


class ModelError(WorkerError):
    """The model raised on one utterance, or returned something else than its task promises."""


class Worker:
    """The parent's handle on one worker process. Not safe for use by several threads.

    `python`, `cwd` and `env` (variables besides this process's own) choose another environment or another modellab.
    """

    def __init__(
        self,
        threads: int,
        python: str = sys.executable,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        try:
            self.scratch = Path(tempfile.mkdtemp(prefix="modellab-worker-"))
            descriptor = os.open(self.scratch / "log", os.O_WRONLY | os.O_CREAT)
        except OSError as error:
            raise WorkerError(f"no worker could be started, its log has no place ({error}): disk full?") from error
        self.log = self.scratch / "log"
        request_read, self.requests = os.pipe()
        self.replies, reply_write = os.pipe()
        self.buffer = b""
        try:
            with os.fdopen(descriptor, "wb") as log:
                self.process = subprocess.Popen(
                    [python, "-m", "modellab.worker", str(request_read), str(reply_write)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=(request_read, reply_write),
                    cwd=cwd,
                    env={**os.environ, **self._environment(threads), **(env or {})},
                    start_new_session=True,
                )
        except OSError as error:  # no memory, too many processes, no such Python
            self._forget()
            raise WorkerError(f"no worker process could be started with {python}: {error}") from error
        finally:
            os.close(request_read)
            os.close(reply_write)

    def _environment(self, threads: int) -> dict[str, str]:
        return {
            **thread_environment(threads),
            **allocator.ENVIRONMENT,
            "PYTHONUNBUFFERED": "1",
            SCRATCH: str(self.scratch),
        }

    def ask(self, verb: str, order: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        """One request, one reply. Raises what went wrong on the other side as a ModellabError."""
        try:
            os.write(self.requests, json.dumps({"verb": verb, **order}).encode() + b"\n")
        except BrokenPipeError:
            raise self._crash(verb) from None
        reply: dict[str, Any] = json.loads(self._line(verb, timeout_s))
        if "error" in reply:
            raise_reply(verb, reply, self.tail())
        return reply

    def _line(self, verb: str, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([self.replies], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                self.kill()
                raise HangError(f"no answer to {verb!r} within {timeout_s:g} s: the worker was killed{self.tail()}")
            chunk = os.read(self.replies, 1 << 16)
            if not chunk:
                raise self._crash(verb)
            self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line

    def _crash(self, verb: str) -> CrashError:
        try:
            code = self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.kill()
            return CrashError(f"the worker closed its pipe during {verb!r} and went on running: killed{self.tail()}")
        return CrashError(f"the worker died during {verb!r}: {exit_reason(code)}{self.tail()}")

    def tail(self) -> str:
        """The end of the worker's log, for a message; '' if it printed nothing."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - LOG_TAIL_BYTES))
                lines = file.read().decode(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        except OSError:
            return ""
        return "\nend of the worker's log:\n" + "\n".join(f"  | {line[:300]}" for line in lines) if lines else ""

    def kill(self) -> None:
        """End the worker and whatever it started, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        """Ask the worker to go, insist after a second, and remove its log and what it wrote."""
        self._hang_up()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=1)
        self.kill()
        self._forget()

    def _forget(self) -> None:
        self._hang_up()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _hang_up(self) -> None:
        """Close the pipes, which tells the worker to go."""
        for descriptor in (self.requests, self.replies):
            with suppress(OSError):
                os.close(descriptor)


class InProcess:
    """The same handle without a process, for a debugger: no timeout, no crash barrier, no separate memory."""

    def __init__(self, threads: int) -> None:
        pin_threads(threads)
        self.engine = Engine()

    def ask(self, verb: str, order: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:  # noqa: ARG002
        """Call the engine at once."""
        reply: dict[str, Any] = getattr(self.engine, verb)(order)
        return reply

    def close(self) -> None:
        self.engine.close()


def exit_reason(code: int) -> str:
    """A process's exit code in words.

    >>> exit_reason(-11)
    'killed by SIGSEGV (segmentation fault)'
    >>> exit_reason(3)
    'it exited with status 3'
    """
    if code >= 0:
        return f"it exited with status {code}"
    number = -code
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    known = {"SIGSEGV": "segmentation fault", "SIGKILL": "out of memory, or killed by hand", "SIGABRT": "abort"}
    return f"killed by {name}" + (f" ({known[name]})" if name in known else "")


def raise_reply(verb: str, reply: Mapping[str, Any], tail: str) -> None:
    """Raise the error that a reply carries, as what it means to the parent."""
    text = str(reply["error"])
    if reply["kind"] == "dataset":
        raise DatasetError(text)
    if verb == "load":
        raise LoadError(f"the model could not be loaded: {text}\n{reply['trace']}{tail}")
    raise ModelError(f"{text}\n{reply['trace']}")


def serve(requests: int, replies: int) -> None:
    """The child's loop: a line in, a line out, until the parent is gone."""
    engine = Engine()
    with os.fdopen(requests, "rb") as lines, os.fdopen(replies, "wb") as out:
        for line in lines:
            out.write(_answer(engine, json.loads(line)).encode() + b"\n")
            out.flush()


def _answer(engine: Engine, order: Mapping[str, Any]) -> str:
    try:
        return json.dumps(getattr(engine, order["verb"])(order))
    except Exception as error:  # noqa: BLE001 - the process boundary: whatever a model's code raises becomes one failed utterance
        kind = "dataset" if isinstance(error, DatasetError) else "model"
        text = str(error) if isinstance(error, ModellabError) else f"{type(error).__name__}: {error}"
        return json.dumps({"error": text[:2000], "kind": kind, "trace": traceback.format_exc(limit=-6)[-4000:]})


def _die_with_parent() -> None:
    """Linux: get SIGKILL when the parent ends, however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    _die_with_parent()
    serve(int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)  # its engine's libraries take up to half a second to be taken down; what it wrote its parent removes
