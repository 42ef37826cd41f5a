"""How one run differs from what was accepted, as numbers, and how much runs of one unchanged model differ.

A *session* is a mapping of such numbers: "rtf", "rtf_cpu", "rtf_gpu" are the trimmed mean over utterances of
log(now / accepted), "reference_arithmetic_s" and "reference_walk_s" log(now / accepted) of the reference workload,
"peak_rss_bytes" and "peak_vram_bytes" are bytes. `modellab calibrate` keeps sessions of an unchanged model; a gated
run is one more of them, and is held to their spread.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from modellab.stats.trimmed_mean import trimmed
from modellab.types import Floats, ResourceBaseline, Result
from modellab.types.readings import CLOCKS, PEAKS, REFERENCE
from modellab.types.utterances import RAISED, clocks, ids

Session = Mapping[str, float]

FEWEST = 5  # utterances without which nothing is decided
FEWEST_SESSIONS = 5  # sessions without which a case has not earned the right to fail


def session(result: Result, resources: ResourceBaseline) -> dict[str, float]:
    """The numbers of one run compared with what was accepted; those that cannot be computed are left out."""
    numbers: dict[str, float] = {}
    for metric, column in CLOCKS.items():
        ratios = log_ratios(result, resources, column)
        if len(ratios) >= FEWEST:
            numbers[metric] = trimmed(ratios).mean
    numbers |= machine_parts(result.readings, resources.readings)
    return numbers | {peak: float(result.readings[peak]) for peak in PEAKS if peak in result.readings}


def log_ratios(result: Result, resources: ResourceBaseline, column: int) -> Floats:
    """log(now / accepted) of each utterance that has a time on both sides, shape (n,); columns as in CLOCKS."""
    table, names = clocks(result.utterances), ids(result.utterances)
    accepted = (resources.times.get(name, ()) for name in names)
    then = np.fromiter((times[column] if len(times) > column else math.nan for times in accepted), float, len(names))
    now = table[:, column]
    known = (table[:, RAISED] == 0) & np.isfinite(now + then) & (np.minimum(now, then) > 0)
    return np.asarray(np.log(now[known] / then[known]), dtype=float)


def machine_parts(now: Mapping[str, float], accepted: Mapping[str, float]) -> dict[str, float]:
    """log(now / accepted) of the parts of the reference workload; {} where one side has not the same version of it."""
    if now.get("reference_version", 0) != accepted.get("reference_version", -1):
        return {}
    return {part: math.log(now[part] / accepted[part]) for part in REFERENCE}


def unexplained(run: Session, metric: str, parts: Sequence[str], sign: int = 1) -> float:
    """What of a clock's logarithm the machine cannot account for; `sign` -1 turns it into how much faster it is.

    The machine can account for whatever the most changed of the `parts` of the reference workload shows: engines lean
    on arithmetic and memory in different shares. A machine that is faster now excuses no slowdown; what it may hide is
    `behind`.
    """
    return sign * run[metric] - max([0.0, *(sign * run[part] for part in parts)])


def behind(run: Session, metric: str, parts: Sequence[str]) -> float:
    """By how much a clock's logarithm lags behind the part of the reference workload that gained most (or lost least).

    An engine that leans on that part, and takes as long as before, became slower by so much. 0.0 without parts.
    """
    return run[metric] - min(run[part] for part in parts) if parts else 0.0


@dataclass(frozen=True, slots=True)
class Noise:
    """Mean and standard deviation of a number over n sessions, in its unit (0.0, 0.0 without sessions)."""

    mean: float
    sd: float
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Noise:
        """The noise of these sessions' values."""
        if len(values) < FEWEST_SESSIONS:
            return cls(0.0, 0.0, len(values))
        return cls(float(np.mean(values)), float(np.std(values, ddof=1)), len(values))

    @property
    def calibrated(self) -> bool:
        return self.n >= FEWEST_SESSIONS

    @property
    def error(self) -> float:
        """Standard deviation of the next session's distance from the mean of these."""
        return self.sd * math.sqrt(1 + 1 / self.n) if self.n else 0.0

    def beyond(self, chance: float) -> float:
        """How far above the mean the next session lies with only this chance (a prediction limit by Student's t)."""
        from scipy.special import stdtrit  # 0.1 s that collection need not pay

        return float(stdtrit(self.n - 1, 1 - chance)) * self.error if self.calibrated else 0.0

    def p_above(self, distance: float) -> float:
        """The chance of a next session at least this far above the mean."""
        from scipy.special import stdtr

        if self.error == 0.0:
            return 0.0 if distance > 0 else 1.0
        return float(stdtr(self.n - 1, -distance / self.error))
