"""What a child process has started itself, wherever that has gone: into a session of its own, or to another parent.

Every child gets a mark of its own in its environment, behind those of the processes above it, and whatever it starts
inherits them all. On Linux alone, where the environment of a process can be read; what a child started with an emptied
environment is not found.
"""

from __future__ import annotations

import os
import signal
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

MARKS = "MODELLAB_CHILD_OF"
PROC = Path("/proc")
MOST_ROUNDS = 5  # of looking: what is being killed may just be starting another one


def marked(environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """A new mark, and the environment with it."""
    mark = uuid.uuid4().hex
    above = environment.get(MARKS)
    return mark, {**environment, MARKS: f"{above},{mark}" if above else mark}


def end(mark: str) -> list[int]:
    """Kill every process of this user's, but this one, that has `mark` in its environment; their process ids."""
    ended: list[int] = []
    for _ in range(MOST_ROUNDS):
        pids = [pid for pid in _own() if pid not in ended and _has(pid, mark.encode())]
        if not pids:
            break
        for pid in pids:
            with suppress(OSError):  # it has gone meanwhile
                os.kill(pid, signal.SIGKILL)
        ended += pids
    return ended


def _own() -> Iterator[int]:
    """The other processes of this user; none where there is no /proc."""
    if sys.platform != "linux":
        return
    user, this = os.getuid(), os.getpid()
    with suppress(OSError), os.scandir(PROC) as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.name.isdigit() and int(entry.name) != this and entry.stat().st_uid == user:
                    yield int(entry.name)


def _has(pid: int, mark: bytes) -> bool:
    try:
        return mark in (PROC / str(pid) / "environ").read_bytes()
    except OSError:  # it has ended, or may not be looked at
        return False
