"""How much memory one process of a model may take, so that one request cannot take the machine's."""

from __future__ import annotations

import math
import resource
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from modellab.plan.serve_settings import Serve

CGROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))  # of 2, of 1
SHARE = 0.75  # of all memory
MB = 1e6


def of_worker(settings: Serve, device: str, cgroups: Iterable[Path] = CGROUPS) -> int:
    """Bytes that a process of a model may allocate; 0 for any number, as where a GPU's driver reserves addresses."""
    if settings.worker_memory_mb is not None:
        return round(settings.worker_memory_mb * MB)
    return round(SHARE * installed(cgroups)) if device == "cpu" else 0


def installed(cgroups: Iterable[Path] = CGROUPS) -> int:
    """Bytes of memory that this machine, or this container, has."""
    return int(min(psutil.virtual_memory().total, *map(_limit, cgroups)))


def _limit(cgroup: Path) -> float:
    """What a container may have by a file of its control group."""
    try:
        return int(cgroup.read_text())
    except (OSError, ValueError):  # no container, the other version, or as much as there is ("max")
        return math.inf


def bound(pid: int, most_bytes: int) -> None:
    """Let a process allocate no more than this: in Python that is a MemoryError, and it goes on."""
    if most_bytes and sys.platform == "linux":
        with suppress(OSError):  # it has just ended
            resource.prlimit(pid, resource.RLIMIT_DATA, (most_bytes, most_bytes))
