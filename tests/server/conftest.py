"""A server in a process of its own, on a port of loopback, with a project of the embedded models and a fake one."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from tests import processes
from tests.server.forked import Forked

PATIENCE_S = 300  # that a loaded machine may take for anything
FAKE = '''
"""Says how long a clip is; what the clip's length is besides decides how it behaves."""

import os
import time
from pathlib import Path

from modellab.types import Transcript

HERE = Path(__file__).parent


class Fake:
    def __init__(self, setting):
        if (HERE / "unloadable").exists():
            raise RuntimeError("no such weights")
        self.rounds = 0

    def transcribe(self, audio):
        self.rounds += 1
        tenths = round(10 * audio.duration_s)
        if tenths == 11 and not (HERE / "crashed").exists():
            (HERE / "crashed").touch()
            os.kill(os.getpid(), 9)
        if tenths == 12:
            os.kill(os.getpid(), 9)
        if tenths == 13:
            raise ValueError("cannot hear this")
        if tenths == 20:
            time.sleep(0.5)
        if tenths == 21:
            (HERE / "begun").touch()
            time.sleep(50)
        sure = ((str(tenths), 0.9), ("tenths", 0.6)) if tenths == 8 else ()
        return Transcript.of([(f"{tenths} tenths", 0.0, audio.duration_s)], confidences=sure)


load = Fake
'''
CONFIG = """
summary: says how long a clip is
tasks: [asr]
status: candidate
devices: {cpu: [float32]}
timeout_s: 60
variants:
  one: {weights: "package"}
"""


@dataclass
class Server:
    """The process, and where it listens."""

    process: Forked
    address: str
    root: Path
    tokens: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)  # what it says on its standard error

    @property
    def fake(self) -> Path:
        return self.root / "models" / "fake"

    def get(self, path: str) -> tuple[int, Any]:
        """(status, body) of a GET; a body that is JSON, read."""
        try:
            with urllib.request.urlopen(f"{self.address}{path}", timeout=PATIENCE_S) as answer:
                return answer.status, _read(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _read(error.read())

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = MappingProxyType({})
    ) -> tuple[int, Any]:
        """(status, body) of any request; `body` is sent as JSON."""
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(
            f"{self.address}{path}", data, {"Content-Type": "application/json", **headers}, method=method
        )
        try:
            with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:
                return answer.status, _read(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _read(error.read())

    def workers(self) -> list[int]:
        """The process ids of its children that hold a model."""
        return [each.pid for each in processes.workers_below(self.process.pid)]


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode()


def project(root: Path, settings: str = "") -> Path:
    """A folder with the fake model beside the embedded ones."""
    folder = root / "models" / "fake"
    folder.mkdir(parents=True)
    (folder / "adapter.py").write_text(FAKE)
    (folder / "config.yaml").write_text(CONFIG)
    (root / "pyproject.toml").write_text(f'[tool.modellab]\nmodels = ["models"]\n[tool.modellab.serve]\n{settings}\n')
    return root


@contextmanager
def serving(root: Path, **options: Any) -> Iterator[Server]:
    """A server of a project; ended when the block ends."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV_")}
    environment["MODELLAB_OCCUPIED"] = str(root / "occupied")  # what other tests measure is no reason to wait
    process = Forked([str(root), json.dumps({"port": 0, **options})], environment)
    log: list[str] = []
    reader = threading.Thread(target=log.extend, args=(process.stderr,), daemon=True)  # so that it never waits for one
    try:
        line = process.stderr.readline()
        found = re.match(r"serving on (http://\S+)/v1 ", line)
        if found is None:
            raise RuntimeError(f"the server did not start: {line}{process.stderr.read()}")
        reader.start()
        server = Server(process, found[1], root, log=log)
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if reader.ident:
            reader.join()
        process.stderr.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(
        project(
            tmp_path_factory.mktemp("served"), "max_upload_mb = 2\nmax_audio_s = 60\nmax_queue = 4\nstream_idle_s = 300"
        )
    ) as up:
        yield up
