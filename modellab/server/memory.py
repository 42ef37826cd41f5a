"""How much memory one process of a model may take, so that one request cannot take the machine's."""

from __future__ import annotations

import resource
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from modellab.plan.serve_settings import Serve

CGROUP = Path("/sys/fs/cgroup/memory.max")  # what a container may have
SHARE = 0.75  # of all memory
MB = 1e6


def of_worker(settings: Serve, device: str) -> int:
    """Bytes that a process of a model may allocate; 0 for any number, as where a GPU's driver reserves addresses."""
    if settings.worker_memory_mb is not None:
        return round(settings.worker_memory_mb * MB)
    return round(SHARE * installed()) if device == "cpu" else 0


def installed() -> int:
    """Bytes of memory that this machine, or this container, has."""
    machine = int(psutil.virtual_memory().total)
    try:
        return min(machine, int(CGROUP.read_text()))
    except (OSError, ValueError):  # no container, or one with as much as there is ("max")
        return machine


def bound(pid: int, most_bytes: int) -> None:
    """Let a process allocate no more than this: in Python that is a MemoryError, and it goes on."""
    if most_bytes and sys.platform == "linux":
        with suppress(OSError):  # it has just ended
            resource.prlimit(pid, resource.RLIMIT_DATA, (most_bytes, most_bytes))
