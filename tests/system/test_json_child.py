"""A child asked in JSON lines: what it answers, raises, prints and leaves open, and how it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from modellab.errors import CrashError, HangError, ProtocolError, WorkerError
from modellab.system.json_child import END_S, JsonChild, exit_reason

CODE = """
import os, sys, time
from modellab.system import json_child

def answer(order):
    verb, given = order["verb"], order.get("given")
    if verb == "echo":
        print("printed by the child")
        return {"given": given}
    if verb == "raise":
        raise ValueError(given)
    if verb == "odd":
        return {"given": object()}
    if verb == "sleep":
        time.sleep(given)
    if verb == "exit":
        print("last words", flush=True)
        os._exit(given)
    return {}

json_child.run(answer, **eval(sys.argv[1]))
"""
Open = Callable[..., JsonChild]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    made: list[JsonChild] = []
    (tmp_path / "child.py").write_text(CODE)

    def open_(most_bytes: int = 2**20, end_s: float = END_S, **options: float) -> JsonChild:
        given = repr({**options, "most_bytes": most_bytes})
        made.append(JsonChild([sys.executable, str(tmp_path / "child.py"), given], most_bytes=most_bytes, end_s=end_s))
        return made[-1]

    yield open_
    for child in made:
        child.close()


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_one_request_one_reply_whatever_is_printed(
    opened: Open, unbuffered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it prints is in its log by its reply, so that a crash behind it has it too."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    child = opened()
    for given in ("é\n", [1, None], {"a": 0.5}):
        assert child.ask("echo", {"given": given}, 60) == {"given": given}
    assert "printed by the child" in child.log.tail()
    assert child.is_alive()


def test_what_it_raises_is_told_and_it_goes_on(opened: Open) -> None:
    child = opened()
    with pytest.raises(WorkerError, match=r"^ValueError: lost \(during 'raise'\)$"):
        child.ask("raise", {"given": "lost"}, 60)
    with pytest.raises(WorkerError, match="TypeError: Object of type object is not JSON serializable"):
        child.ask("odd", {}, 60)
    assert child.ask("echo", {"given": 1}, 60) == {"given": 1}


def test_a_crash_is_told_with_its_last_words(opened: Open) -> None:
    child = opened()
    with pytest.raises(CrashError, match=r"the worker died during 'exit': it exited with status 3[^$]*last words"):
        child.ask("exit", {"given": 3}, 60)
    with pytest.raises(CrashError, match="the worker died during 'echo'"):
        child.ask("echo", {}, 60)


def test_a_hang_is_killed_with_its_group(opened: Open) -> None:
    child = opened()
    child.ask("echo", {}, 60)
    with pytest.raises(HangError, match=r"no answer to 'sleep' within 0\.2 s: the worker was killed"):
        child.ask("sleep", {"given": 600}, 0.2)
    assert not child.is_alive()


def test_a_reply_has_a_length_that_the_parent_chose(opened: Open) -> None:
    assert opened(most_bytes=2**21).ask("echo", {"given": "x" * 2**20}, 60)["given"] == "x" * 2**20
    with pytest.raises(ProtocolError, match=r"the worker's reply has 1\.0 MiB so far, at most 0\.5 MiB are taken"):
        opened(most_bytes=2**19).ask("echo", {"given": "x" * 2**20}, 60)


def test_it_goes_when_nobody_asks_any_more(opened: Open) -> None:
    child = opened(idle_s=0.2)
    child.ask("echo", {}, 60)
    assert child.process.wait(60) == 0
    with pytest.raises(CrashError, match="it exited with status 0"):
        child.ask("echo", {}, 60)


PARENT = """
import sys
from modellab.system.json_child import JsonChild
child = JsonChild([sys.executable, sys.argv[1], "{}"])
child.ask("echo", {}, 60)
print(child.process.pid, flush=True)
child.ask("sleep", {"given": 600}, 600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a child that is busy notices at its next reply")
def test_it_dies_with_its_parent_in_the_middle_of_an_answer(tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(CODE)
    command = [sys.executable, "-c", PARENT, str(tmp_path / "child.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    deadline = time.monotonic() + 30
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_command_that_is_not_there_is_told() -> None:
    with pytest.raises(WorkerError, match="no worker process could be started with /no/such/python"):
        JsonChild(["/no/such/python"])


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (0, "it exited with status 0"),
        (3, "it exited with status 3"),
        (-signal.SIGSEGV, "killed by SIGSEGV (segmentation fault)"),
        (-signal.SIGABRT, "killed by SIGABRT (abort)"),
        (-signal.SIGTERM, "killed by SIGTERM"),
        (-(signal.SIGRTMIN + 3), f"killed by signal {signal.SIGRTMIN + 3}"),
    ],
)
def test_exit_codes_in_words(code: int, says: str) -> None:
    assert exit_reason(code) == says


def test_one_that_takes_long_to_go_is_waited_for_beside_what_goes_on(opened: Open) -> None:
    """On a busy machine it was forgotten instead, and Python complained of it within whatever came next."""
    child = opened(end_s=0.0)
    process = child.process
    child.kill()
    end_s = time.monotonic() + 60
    while process.returncode is None and time.monotonic() < end_s:  # set by whoever waits for it: nobody here does
        time.sleep(0.01)
    assert process.returncode == -signal.SIGKILL
