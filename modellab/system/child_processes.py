"""The child processes of this one: CPU time and memory that no clock and no peak of this process holds.

One system call tells whether there are any; only then are they looked for. Once a call has started some (the warm-up
is such a call), a thread looks every LOOK_S while a call runs; the CPU time that this takes is taken off.

Known deviations: pages that a forked child shares with its parent count in both (too high); children that come and go
during the first call in which there are any are not seen (too low); grandchildren's CPU time counts when they or their
parent have been waited for. Away from Linux only children that have been waited for count, and only their time.
"""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

LOOK_S = 0.01
PROC = Path("/proc")


class ChildProcesses:
    """Watches the children of this process, from `start` on: `with children:` around each call."""

    def __init__(self) -> None:
        self.peak_bytes = 0
        self.known = False  # whether a call has ever had children
        self.cost_s = 0.0  # CPU time of looking
        self.before_s = 0.0
        self.stop: threading.Event | None = None
        self.thread: threading.Thread | None = None

    def start(self) -> None:
        """Forget the peak, theirs too: from here on."""
        self.peak_bytes = 0
        for pid in living():
            with suppress(OSError):
                (PROC / str(pid) / "clear_refs").write_text("5")

    def spent_s(self) -> float:
        """CPU seconds of all children so far, those that have ended and those alive, less the cost of looking."""
        return _ended_s() + sum(map(_cpu_s, living())) - self.cost_s

    def look(self) -> None:
        """The sum of the children's peaks; the largest such sum is `peak_bytes`."""
        self.peak_bytes = max(self.peak_bytes, sum(map(_peak_bytes, living())))

    def __enter__(self) -> ChildProcesses:
        self.before_s = _ended_s()
        if self.known:
            self.stop = threading.Event()
            self.thread = threading.Thread(target=self._watch, args=(self.stop,), daemon=True)
            self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.stop is not None and self.thread is not None:
            self.stop.set()
            self.thread.join()
            self.stop = self.thread = None
        if any_living():
            self.known = True
            self.look()
        self.known = self.known or _ended_s() > self.before_s

    def _watch(self, stop: threading.Event) -> None:
        before_s = self.cost_s
        while not stop.wait(LOOK_S):
            self.look()
            self.cost_s = before_s + time.thread_time()


def any_living() -> bool:
    """Whether this process has children, ended ones that nobody has waited for included."""
    if not hasattr(os, "waitid"):
        return bool(psutil.Process().children())
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def living(proc: Path = PROC) -> list[int]:
    """The process ids of all descendants, by what the kernel tells in `proc` if it does."""
    if not any_living():
        return []
    if not (proc / "self" / "task" / str(threading.get_native_id()) / "children").exists():
        return [child.pid for child in psutil.Process().children(recursive=True)]
    pids = list(_children(os.getpid()))
    for pid in pids:  # grows while it is read
        pids += _children(pid)
    return pids


def _children(pid: int) -> Iterator[int]:
    """Of each thread of a process, as the kernel lists them."""
    for path in (PROC / str(pid) / "task").glob("*/children"):
        with suppress(OSError):  # a thread or process that has just ended
            yield from map(int, path.read_text().split())


def _ended_s() -> float:
    """CPU seconds of the children that have ended and been waited for, with theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cpu_s(pid: int) -> float:
    """CPU seconds of one living process, all its threads: its clock has its number from the process id (Linux)."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _peak_bytes(pid: int) -> int:
    """VmHWM of one living process; 0 for one that has ended, or where there is no /proc."""
    try:
        status = (PROC / str(pid) / "status").read_text()
    except OSError:
        return 0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
    return int(line.split()[1]) * 1024
