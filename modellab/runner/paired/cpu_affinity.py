"""Both processes of a pair on the same core, and the next pair on the next core.

Left alone, the kernel keeps each process on a core of its own for seconds. A core with a busy sibling, a hot one or a
slow one (phones and laptops mix two kinds) then slows one side and not the other, pair after pair, and no statistics
can tell. On two loaded cores, means of 20 pairs of one model with itself differed by 4.0 % (sd) when left alone, up to
15 %, and by 1.2 % when placed. The price: a placed process cannot flee from a busy core, and its wall clock spreads.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from modellab.runner.evaluate import Handle, Loaded
from modellab.runner.paired.interleave import Place, anywhere
from modellab.runner.paired.process import Named
from modellab.runner.worker import Worker


@contextmanager
def shared(sides: tuple[Loaded, Loaded], threads: int, device: str) -> Iterator[Place]:
    """A function that is given a pair's number and places both sides; afterwards they may run anywhere again.

    On a GPU, with as many threads as cores, or where the system has no such thing (macOS), it does nothing.
    """
    cores = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
    pids = [pid for side in sides if (pid := _pid(side.handle)) is not None]
    if device != "cpu" or threads >= len(cores):
        yield anywhere
        return

    def place(number: int) -> None:
        first = number * threads
        _put(pids, {cores[(first + i) % len(cores)] for i in range(threads)})

    try:
        yield place
    finally:
        _put(pids, set(cores))


def _pid(handle: Handle) -> int | None:
    """The process behind a handle; None where there is none of its own."""
    inner = handle.handle if isinstance(handle, Named) else handle
    return inner.process.pid if isinstance(inner, Worker) else None


def _put(pids: list[int], cores: set[int]) -> None:
    """Let every thread of the processes run on these cores only; one that ends meanwhile is left out."""
    for pid in pids:
        with suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                with suppress(OSError):
                    os.sched_setaffinity(int(task.name), cores)
