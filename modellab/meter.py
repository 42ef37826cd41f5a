"""Time and memory of this process, around exactly one call.

Sources and known deviations
- wall: `time.perf_counter`; CPU: `time.process_time` (user + system of all threads, not of child processes).
- peak memory: VmHWM of /proc/self/status, reset through /proc/self/clear_refs. `getrusage().ru_maxrss` is not used: a
  child inherits its parent's peak. Where there is no /proc (macOS) the peak is the resident size at the end: too low
  by what was freed in between.
- VRAM: torch's allocator when the engine uses torch, else what the driver says this process holds (no peak: too low
  by what was freed).
- other load: CPU time that other processes and the hypervisor took meanwhile, in cores.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",
)


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one call took, by the two clocks."""

    wall_s: float
    cpu_s: float


def timed[T](call: Callable[[], T], synchronize: Callable[[], None] | None = None) -> tuple[T, Timing]:
    """Run `call` once between two clock readings. `synchronize` waits for a GPU on both sides."""
    if synchronize:
        synchronize()
    cpu, wall = time.process_time(), time.perf_counter()
    output = call()
    if synchronize:
        synchronize()
    return output, Timing(time.perf_counter() - wall, time.process_time() - cpu)


def thread_environment(threads: int) -> dict[str, str]:
    """The environment variables that pin the numeric libraries to `threads`; set before they are imported."""
    return dict.fromkeys(THREAD_VARIABLES, str(threads))


def reset_peak() -> None:
    """Start a new peak of resident memory from the present size. Without effect where there is no /proc."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_rss_bytes() -> int:
    """Largest resident size since `reset_peak`, in bytes."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return int(psutil.Process().memory_info().rss)
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def cuda() -> Any | None:
    """torch.cuda if the engine has loaded torch and there is a GPU, else None. Never imports torch itself."""
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_available() else None


def reset_peak_vram() -> None:
    """Start a new peak of GPU memory from the present size."""
    if gpu := cuda():
        gpu.reset_peak_memory_stats()


def peak_vram_bytes() -> int:
    """Largest GPU memory of this process since `reset_peak_vram`, in bytes; 0 where nothing can be read."""
    if gpu := cuda():
        peak = int(gpu.max_memory_allocated())
        if peak:
            return peak
    return _driver_vram_bytes()


def _driver_vram_bytes() -> int:
    try:
        import pynvml
    except ImportError:
        return 0
    try:
        pynvml.nvmlInit()
        processes = pynvml.nvmlDeviceGetComputeRunningProcesses(pynvml.nvmlDeviceGetHandleByIndex(0))
    except pynvml.NVMLError:
        return 0
    return sum(entry.usedGpuMemory or 0 for entry in processes if entry.pid == os.getpid())


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LoadMeter:
    """How many cores other processes (and the hypervisor's steal) kept busy since it was made."""

    def __init__(self) -> None:
        self.start = self._reading()

    def other_cores(self) -> float:
        """Mean number of cores busy with something else, 0 or more."""
        wall, busy, own = (now - then for now, then in zip(self._reading(), self.start, strict=True))
        return max(0.0, (busy - own) / wall) if wall > 0 else 0.0

    @staticmethod
    def _reading() -> tuple[float, float, float]:
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        guest = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # already inside user and nice
        return time.perf_counter(), sum(times) - idle - guest, time.process_time()
