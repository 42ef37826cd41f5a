"""The same call again and again: how its memory grows and how its time varies.

Memory: Theil-Sen slope of resident bytes over calls, the median of the slopes of all pairs of calls, with Sen's 95 %
interval (Sen 1968, by scipy.stats.theilslopes). A single jump, such as a buffer that grows once, hardly moves it; a
least-squares slope would call it a leak. With five calls the interval spans nearly all slopes of pairs, so only growth
in practically every call lies wholly above 0.

Times: the counts are of calls by duration, in PER_DECADE steps for each factor of ten from FLOOR_S on, so that
percentiles are of the calls of all utterances together. A percentile is the middle of its step (nearest rank), which
is within 3 % of the exact one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from modellab.types import Counts, Floats

FLOOR_S = 1e-4
PER_DECADE = 40
DECADES = 7
STEPS = DECADES * PER_DECADE
NO_CALLS: Counts = (0.0,) * STEPS


@dataclass(frozen=True, slots=True)
class Growth:
    """Bytes per call, with the ends of the 95 % interval; NaN for fewer than two readings."""

    slope: float
    low: float
    high: float

    def leaks(self, limit: float) -> bool:
        """Whether the whole interval lies above `limit` bytes per call."""
        return self.low > limit


def growth(rss_bytes: Sequence[float]) -> Growth:
    """The slope of memory over successive calls.

    >>> growth([100, 200, 300, 400, 500]) == Growth(100, 100, 100)
    True
    """
    if len(rss_bytes) < 2:
        return Growth(math.nan, math.nan, math.nan)
    from scipy.stats import theilslopes

    slope, _, low, high = theilslopes(np.asarray(rss_bytes, dtype=float), alpha=0.95)
    return Growth(float(slope), float(low), float(high))


def calls(wall_s: Sequence[float]) -> Counts:
    """How many calls took how long: counts of length STEPS; what is too short or too long is in the first or last."""
    if not len(wall_s):
        return NO_CALLS
    steps = np.floor(np.log10(np.maximum(wall_s, FLOOR_S) / FLOOR_S) * PER_DECADE + 1e-9).astype(int)
    return tuple(float(count) for count in np.bincount(np.minimum(steps, STEPS - 1), minlength=STEPS))


def percentile(fraction: float) -> Callable[[Floats], Floats]:
    """The rate for a metric whose counts are `calls`: summed counts (..., STEPS) -> s (...). NaN for no calls."""

    def rate(sums: Floats) -> Floats:
        counts = np.asarray(sums, dtype=float)
        total = counts.sum(axis=-1)
        reached = np.cumsum(counts, axis=-1) >= np.maximum(np.ceil(fraction * total), 1)[..., None]
        middle_s = FLOOR_S * 10 ** ((reached.argmax(axis=-1) + 0.5) / PER_DECADE)
        value: Floats = np.where(total > 0, middle_s, np.nan)
        return value

    return rate
