"""`modellab demo`: words, a verdict, pages; and after Ctrl-C nothing is left of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests import processes

pytestmark = [pytest.mark.slow, pytest.mark.engine]
LIMIT_S = 240.0


@contextmanager
def demo(tmp_path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command, in a process group of its own and with its folder below `tmp_path`."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "modellab", "demo", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment,
        start_new_session=True,
    ) as child:  # fmt: skip
        try:
            yield child
        finally:
            child.terminate()


def read_to(child: subprocess.Popen[str], words: str) -> str:
    """What it says up to the line that has these words in it."""
    assert child.stdout
    said = ""
    for line in child.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(f"it never said {words!r}, but: {said}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_words_a_verdict_and_pages_and_then_nothing_is_left(tmp_path: Path, number: signal.Signals) -> None:
    with demo(tmp_path) as child:
        said = read_to(child, "until Ctrl-C")
        assert 'light.flac: "turn on the kitchen light"' in said
        assert "example_v1" in said
        address = said.partition("open in a browser: ")[2].split()[0]
        with urllib.request.urlopen(f"{address}results", timeout=60) as answer:
            assert b"example_v1" in answer.read()
        begun = psutil.Process(child.pid).children(recursive=True)
        assert begun
        child.send_signal(number)
        rest, errors = child.communicate(timeout=LIMIT_S)
    assert (child.returncode, errors) == (0, "")
    assert rest.endswith("ended; nothing stays behind\n")
    assert not list(tmp_path.glob("modellab-run-demo-*"))
    assert not processes.alive(begun)


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with demo(tmp_path, "--port", port) as child:
            _, errors = child.communicate(timeout=LIMIT_S)
    assert child.returncode == 2
    assert errors.startswith(f"modellab: the server did not begin: cannot listen on 127.0.0.1, port {port}: ")
    assert errors.count("\n") == 1
