"""Reasons not to trust the clocks of a run, one sentence each; '' where there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from modellab.system.machine import PROCESS, SELFTEST
from modellab.types import Result
from modellab.types.utterances import CPU, WALL, timed

SPARE = 0.1  # cores above half of them that other processes may take
NO_SPARE = 0.35  # the same where the model itself may use every core
DRIFT = 0.10  # fraction by which the reference workload may slow down within a run
THROTTLED = 0.05  # fraction of the calls after which the GPU may have lowered its clocks
CORES = 1.2  # cores in use for each thread that was granted
CACHED = 0.2  # fraction of the first call's time in which the same call again cannot be computing


def invalid(result: Result) -> str:
    """The first reason there is."""
    return untrusted(result) or too_busy(result) or throttled(result) or too_many_cores(result) or drifted(result)


def untrusted(result: Result) -> str:
    """Why the clocks prove nothing, neither slower nor faster: meters that are wrong, answers that are not computed."""
    return broken_meters(result) or cached(result)


def broken_meters(result: Result) -> str:
    """The machine had failed `modellab doctor --selftest`, or what was measured is not the model's process alone."""
    if result.provenance.get(PROCESS):
        return "the model ran in the run's own process (--in-process), which is there for debuggers"
    state, _, told = result.provenance.get(SELFTEST, "").partition(" ")
    return f"the meters of this machine failed their self-test ({told})" if state == "failed" else ""


def cached(result: Result) -> str:
    """The same call again took next to no time (see `modellab.runner.meters.cached_answers`)."""
    fraction = result.readings.get("repeat_share", 1.0)
    return (
        f"answers come from a cache: the same call again took {fraction:.0%} of its time" if fraction < CACHED else ""
    )


def too_busy(result: Result) -> str:
    """Other processes took too many cores meanwhile; '' for a result of old that did not count them.

    On two cores one busy core moved either clock by up to 5 %; 1.4 to 1.7 busy cores moved the wall clock by 25 to
    220 % and the CPU clock by 1 to 9 %.
    """
    return crowded(result.readings, _threads(result))


def crowded(readings: Mapping[str, float], threads: int) -> str:
    """The same of readings, those of accepted speed among them."""
    others, cores = (readings.get(name, math.nan) for name in ("other_cores", "cores"))
    if math.isnan(others + cores):
        return ""
    allowed = cores / 2 + SPARE if cores > threads else NO_SPARE
    return f"other processes kept {others:.1f} of {cores:.0f} cores busy" if others > allowed else ""


def drifted(result: Result) -> str:
    """The machine grew slower during the run: heat, or a neighbour that came. Of a GPU the workload tells nothing."""
    drift = result.readings.get("reference_drift", 0.0)
    if result.key.device != "cpu" or not drift > DRIFT:
        return ""
    return f"the machine slowed down meanwhile: its reference workload took {drift:+.0%} in the second half of the run"


def throttled(result: Result) -> str:
    """The GPU lowered its clocks because of heat or its power supply."""
    fraction = result.readings.get("gpu_throttled", 0.0)
    return (
        f"the GPU had lowered its clocks (heat, power) after {fraction:.0%} of the calls"
        if fraction > THROTTLED
        else ""
    )


def too_many_cores(result: Result) -> str:
    """The model used more cores than its threads: it ignores the setting, and waiting threads burn CPU time."""
    table = timed(result.utterances)
    good = table[np.isfinite(table[:, CPU])]
    wall_s, cpu_s = good[:, WALL].sum(), good[:, CPU].sum()
    threads = _threads(result)
    if result.key.device != "cpu" or cpu_s <= CORES * threads * wall_s:
        return ""
    granted = "1 thread" if threads == 1 else f"{threads} threads"
    return f"the model used {cpu_s / wall_s:.1f} cores with {granted}" if wall_s > 0 else ""


def _threads(result: Result) -> int:
    return int(result.provenance.get("threads", "1"))
