"""What a worker prints: the beginning and the end of it, whatever it is and however much."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import psutil
import pytest

from modellab.system.child_log import HEAD_LINES, KEPT_BYTES, TAIL_LINES, ChildLog


@pytest.fixture
def log() -> Iterator[ChildLog]:
    opened = ChildLog()
    yield opened
    opened.close()


def tail_of(log: ChildLog, content: bytes) -> list[str]:
    writer = threading.Thread(target=os.write, args=(log.end, content))
    writer.start()
    writer.join()
    return log.tail().splitlines()


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"one\ntwo\n", ["one", "two"], id="short"),
        pytest.param(b"".join(b"%d\n" % i for i in range(50)), [str(i) for i in range(30, 50)], id="the last lines"),
        pytest.param(b"x" * 1000, ["x" * 300], id="a long line is cut"),
        pytest.param(b"caf\xe9\n", ["caf\ufffd"], id="not UTF-8"),
        pytest.param(b"10 %\r20 %\r30 %\n", ["10 %", "20 %", "30 %"], id="a progress bar"),
    ],
)
def test_the_tail_of_the_log(log: ChildLog, content: bytes, lines: list[str]) -> None:
    shown = tail_of(log, content)
    assert shown == (["", "end of the worker's log:", *(f"  | {line}" for line in lines)] if lines else [])
    assert len(lines) <= TAIL_LINES


def test_of_much_the_beginning_and_the_end_are_kept(log: ChildLog) -> None:
    block = b"middle\n" * 10_000
    shown = tail_of(log, b"first\n" + block * 100 + b"last\n")
    assert shown[1] == f"beginning of the worker's log, {11 + 100 * len(block):,} bytes in all:"
    assert shown[2] == "  | first"
    assert shown[2 + HEAD_LINES] == "end of the worker's log:"
    assert shown[-1] == "  | last"
    assert len(log._head) + len(log._tail) <= 4 * KEPT_BYTES


def test_what_a_dead_process_wrote_is_all_there(log: ChildLog) -> None:
    subprocess.run([sys.executable, "-c", "print('a' * 100_000); print('end')"], stdout=log.end, check=True)
    assert log.tail().endswith("  | end")


def test_secrets_are_masked(log: ChildLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2")
    assert tail_of(log, b"it is hunter2\n")[-1] == "  | it is ***"


def test_it_closes_though_somebody_keeps_its_end() -> None:
    before = psutil.Process().num_fds()
    log = ChildLog()
    kept = os.dup(log.end)
    log.close()
    log.close()
    assert log.tail() == ""
    os.close(kept)
    assert psutil.Process().num_fds() == before
