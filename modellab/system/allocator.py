"""The memory allocator of a worker process, settled before it starts, so that the same code has the same peak.

glibc hands blocks above a threshold straight to the system (mmap) and gives them back when they are freed; smaller ones
come from a heap that keeps what is freed. The threshold moves: each freed block of up to 32 MiB raises it to its own
size. Whether a block of some MiB is freed early or late in a process is chance (garbage collection, a second thread),
so unchanged code had two peaks some 10 MiB apart. Naming both thresholds in the environment switches the moving off.
They stand where glibc's own end up in a process that has freed a large block, so speed is as before: thresholds below
the size of a model's tensors cost up to 80 % more CPU time in page faults.

What the heap keeps of loading would hide growth afterwards, so `trim` gives it back before a peak is measured.

Other libraries (musl, macOS) know none of these variables, and `trim` does nothing there.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import PurePath

KEY = "allocator"  # of a result's provenance and of the header of accepted speed and memory
MIB = 2**20
ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(32 * MIB),  # the highest that glibc's own would reach on 64 bits
    "MALLOC_TRIM_THRESHOLD_": str(64 * MIB),  # twice that, as glibc does
}
OTHERS = ("jemalloc", "tcmalloc", "mimalloc", "hoard", "scudo")  # libraries that take malloc's place by LD_PRELOAD
DEFAULT = "default"


def described() -> str:
    """How the allocator of this process is set, for a result's provenance: peaks under other settings differ.

    'default' where nothing is set, and where no variable of glibc's has an effect.
    """
    preloaded = [PurePath(path).name for path in os.environ.get("LD_PRELOAD", "").replace(":", " ").split()]
    replaced = [name for name in preloaded if any(other in name for other in OTHERS)]
    if replaced or not _glibc():
        return " ".join(replaced) or DEFAULT
    given = sorted((name, value) for name, value in os.environ.items() if name.startswith("MALLOC_"))
    tuned = [("GLIBC_TUNABLES", value) for value in (os.environ.get("GLIBC_TUNABLES", ""),) if "malloc" in value]
    return " ".join(f"{name.strip('_').lower()}={value}" for name, value in (*given, *tuned)) or DEFAULT


def trim() -> None:
    """Give back to the system what the heap keeps of freed memory. Without effect where there is no glibc."""
    if _glibc():
        ctypes.CDLL(None).malloc_trim(0)


def _glibc() -> bool:
    return sys.platform == "linux" and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")
