"""What the self-test has done, as data: pieces of work with the clocks or the peak that they are for."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 2**20
SECONDS = 0.1
SIZE = 64 * MIB


@dataclass(frozen=True, slots=True)
class Probe:
    """One piece of work. `work` is a method of known_cost/adapter.py, `amount` is in seconds, bytes or GPU cycles.

    A probe of memory is measured against the same work with nothing held, so that what is known is `amount` itself.
    """

    name: str
    work: str
    amount: float
    clocks: tuple[str, ...] = ()  # "wall", "cpu", "gpu"; empty: memory
    peak: str = "peak_rss_bytes"  # the reading that holds its memory
    device: str = "cpu"


CLOCKS = ("wall", "cpu")
PROBES = (
    Probe("nothing", "sleep", 0.0, CLOCKS),
    Probe("computing", "burn", SECONDS, CLOCKS),
    Probe("waiting", "sleep", SECONDS, CLOCKS),
    Probe("computing in a thread", "thread", SECONDS, CLOCKS),
    Probe("computing in a child process", "new_child", SECONDS, CLOCKS),
    Probe("computing in a standing child process", "standing_child", SECONDS, CLOCKS),
    Probe("memory in Python objects", "objects", SIZE),
    Probe("memory in a numpy array", "array", SIZE),
    Probe("memory in a thread", "array_in_thread", SIZE),
    Probe("memory of a child process", "memory_of_new_child", SIZE),
    Probe("memory of a standing child process", "memory_of_standing_child", SIZE),
    Probe("computing on the GPU", "gpu_burn", 2e8, ("gpu",), device="cuda"),
    Probe("memory of the GPU", "gpu_array", SIZE, peak="peak_vram_bytes", device="cuda"),
)
