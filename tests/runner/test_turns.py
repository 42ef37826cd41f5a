"""Turns between processes."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from modellab.runner import turns
from modellab.runner.turns import Turns

TRY = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDWR), getattr(fcntl, sys.argv[2]) | fcntl.LOCK_NB)"
HOLD = """
import sys
from pathlib import Path
from modellab.runner.turns import Turns

with getattr(Turns(Path(sys.argv[1])), sys.argv[2])():
    print("in", flush=True)
    sys.stdin.read()
"""


def another_may(path: Path, how: str) -> bool:
    """Whether a second process gets its turn at once."""
    return (
        subprocess.run([sys.executable, "-S", "-c", TRY, str(path), how], capture_output=True, check=False).returncode
        == 0
    )


@pytest.mark.parametrize(
    ("mine", "other", "at_once"),
    [
        ("loading", "LOCK_SH", True),
        ("loading", "LOCK_EX", False),
        ("measuring", "LOCK_SH", False),
        ("measuring", "LOCK_EX", False),
    ],
)
def test_many_load_at_once_and_one_measures_alone(tmp_path: Path, mine: str, other: str, at_once: bool) -> None:
    path = tmp_path / "turns"
    with getattr(Turns(path), mine)():
        assert another_may(path, other) is at_once
    assert another_may(path, other), "the turn is over"


@pytest.mark.parametrize("ends", ["leaves", "is killed"])
def test_a_turn_ends_when_the_other_process_leaves_it_or_dies(tmp_path: Path, ends: str) -> None:
    path = tmp_path / "turns"
    command = [sys.executable, "-c", HOLD, str(path), "measuring"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == b"in\n"
        descriptor = os.open(path, os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        os.close(descriptor)
        if ends == "leaves":
            other.stdin.close()
        else:
            other.kill()
        with Turns(path).loading():
            assert another_may(path, "LOCK_SH")


def test_a_turn_ends_with_an_error(tmp_path: Path) -> None:
    path = tmp_path / "turns"
    with pytest.raises(ZeroDivisionError), Turns(path).measuring():
        raise ZeroDivisionError
    assert another_may(path, "LOCK_EX")


def test_a_process_alone_waits_for_nobody() -> None:
    turns = Turns()
    with turns.measuring(), turns.loading(), turns.measuring():
        pass


@pytest.mark.parametrize(("other", "at_once"), [("LOCK_SH", True), ("LOCK_EX", False)])
def test_what_nobody_times_is_measured_beside_others_and_holds_up_who_is_timed(
    tmp_path: Path, other: str, at_once: bool
) -> None:
    path = tmp_path / "turns"
    with Turns(path).measuring(alone=False):
        assert another_may(path, other) is at_once


@pytest.mark.parametrize(
    ("others", "threads", "cores", "room"),
    [(0, 1, 8, False), (1, 1, 2, True), (1, 2, 2, False), (3, 1, 2, False), (3, 1, 8, True), (3, 2, 8, False)],
)
def test_others_leave_room_as_far_as_the_clocks_stay_valid(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, others: int, threads: int, cores: int, room: bool
) -> None:
    monkeypatch.setattr(turns, "usable_cores", lambda: cores)
    assert Turns(tmp_path / "turns", others).leave_room(threads) is room
    assert not Turns(None, others).leave_room(threads), "there is nobody to take turns with"
