"""Time and memory of this process, around exactly one call.

Sources and known deviations
- wall: `time.perf_counter`; CPU: `time.process_time` (user + system of all threads) and that of child processes.
- GPU: two CUDA events around the call, where the engine has loaded torch: what the GPU needed from the first to the
  last of the call's kernels, the gaps between them included, but not the wait before and after.
- peak memory: VmHWM of /proc/self/status, reset through /proc/self/clear_refs. `getrusage().ru_maxrss` is not used: a
  child inherits its parent's peak. Where there is no /proc (macOS) the peak is the resident size at the end: too low
  by what was freed in between.
- VRAM: torch's allocator when the engine uses torch, else what the driver says this process holds (no peak: too low
  by what was freed).
- other load: CPU time that other processes and the hypervisor took meanwhile, in cores.
- lowered GPU clocks: the driver's reasons at the end of each call: heat and power supply. The software's power cap is
  not one of them: a GPU at full load reaches it every day.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from modellab.system.child_processes import ChildProcesses

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",
)


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one call took, by each clock; NaN where there is no GPU to ask."""

    wall_s: float
    cpu_s: float
    gpu_s: float = math.nan


def timed[T](call: Callable[[], T], gpu: Any | None = None, children: ChildProcesses | None = None) -> tuple[T, Timing]:
    """Run `call` once between two clock readings. `gpu` is torch.cuda: it is waited for on both sides.

    `children` watches child processes, whose CPU time is added.
    """
    if children is None:
        return _timed(call, gpu)
    with children:
        before_s = children.spent_s()
        output, timing = _timed(call, gpu)
        return output, replace(timing, cpu_s=timing.cpu_s + children.spent_s() - before_s)


def _timed[T](call: Callable[[], T], gpu: Any | None) -> tuple[T, Timing]:
    if gpu is None:
        cpu, wall = time.process_time(), time.perf_counter()
        output = call()
        return output, Timing(time.perf_counter() - wall, time.process_time() - cpu)
    start, end = gpu.Event(enable_timing=True), gpu.Event(enable_timing=True)
    gpu.synchronize()
    cpu, wall = time.process_time(), time.perf_counter()
    start.record()
    output = call()
    end.record()
    gpu.synchronize()
    wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    return output, Timing(wall_s, cpu_s, start.elapsed_time(end) / 1000)


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
    processes = ask_driver("nvmlDeviceGetComputeRunningProcesses") or []
    return sum(entry.usedGpuMemory or 0 for entry in processes if entry.pid == os.getpid())


def ask_driver(function: str) -> Any | None:
    """What a function of the driver's library says of the GPU; None where it cannot be asked."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()  # from the second time on this only counts
        return getattr(pynvml, function)(pynvml.nvmlDeviceGetHandleByIndex(0))
    except pynvml.NVMLError:
        return None


@dataclass(frozen=True, slots=True)
class Gpu:
    """Who is asked about the GPU: the engine's torch, and the driver's library."""

    cuda: Callable[[], Any | None] = cuda
    reset_peak: Callable[[], None] = reset_peak_vram
    peak_bytes: Callable[[], int] = peak_vram_bytes
    ask_driver: Callable[[str], Any | None] = ask_driver


GPU = Gpu()


class ThrottleMeter:
    """After which fraction of the calls the GPU had lowered its clocks, for heat or its power supply."""

    REASONS = 0x08 | 0x20 | 0x40 | 0x80  # hardware slowdown, software and hardware thermal slowdown, power brake

    def __init__(self, ask_driver: Callable[[str], Any | None] = ask_driver) -> None:
        self.ask_driver = ask_driver
        self.lowered: list[bool] = []

    def sample(self) -> None:
        """Ask once; without effect where the driver cannot be asked."""
        reasons = self.ask_driver("nvmlDeviceGetCurrentClocksThrottleReasons")
        if reasons is not None:
            self.lowered.append(bool(reasons & self.REASONS))

    def readings(self) -> dict[str, float]:
        """`gpu_throttled`, 0 to 1; empty where nothing could be asked."""
        return {"gpu_throttled": sum(self.lowered) / len(self.lowered)} if self.lowered else {}


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
