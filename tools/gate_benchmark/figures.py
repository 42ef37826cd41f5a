"""Rates with their bounds, and the smallest effect that is seen."""

from __future__ import annotations

import bisect
import math
import zlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

POWER = 0.8
FALSE_ALARMS = 0.01  # what every gate is tuned to for a fair comparison
CASES = 30  # of a suite
HIGHEST = 3.0  # a slowdown of 300 %: beyond it nothing is looked for
SHOWN = (0.02, 0.03, 0.05, 0.10, 0.20)
EFFECTS = (0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.07, 0.10, 0.15, 0.20, 0.30, 0.50)


def generator(*names: object) -> np.random.Generator:
    """Random numbers of one's own: the same for the same names, whatever else ran before."""
    return np.random.default_rng([zlib.crc32(str(name).encode()) for name in names])


def clopper_pearson(hits: float, trials: float, confidence: float = 0.95) -> tuple[float, float]:
    """The exact two-sided interval of a fraction (Clopper & Pearson 1934). Effective numbers need not be whole.

    >>> [round(end, 4) for end in clopper_pearson(0, 100)]
    [0.0, 0.0362]
    """
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    low = float(betaincinv(hits, trials - hits + 1, tail)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, trials - hits, 1 - tail)) if hits < trials else 1.0
    return low, high


def suite_red(false_alarm: float, cases: int = CASES) -> float:
    """The chance that a clean suite of independent cases is red.

    >>> round(suite_red(0.01), 2)
    0.26
    """
    return -math.expm1(cases * math.log1p(-false_alarm)) if false_alarm < 1 else 1.0


def smallest(seen: Callable[[float], float], steps: int = 7, effects: tuple[float, ...] = EFFECTS) -> float:
    """The smallest effect, a fraction, with 80 % power; infinite above HIGHEST. More effect is taken to be seen more.

    First which of `effects` it lies between, then halving.
    """
    if seen(HIGHEST) < POWER:
        return math.inf
    grid = (0.0, *effects, 1.0, HIGHEST)
    at = bisect.bisect_left(range(len(grid) - 1), True, lo=1, key=lambda place: seen(grid[place]) >= POWER)
    low, high = math.log1p(grid[at - 1]), math.log1p(grid[at])
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (low, middle) if seen(math.expm1(middle)) >= POWER else (middle, high)
    return math.expm1(high)


def threshold(scores: Floats, false_alarms: float = FALSE_ALARMS) -> float:
    """The score that no more than this share of clean runs exceeds."""
    return float(np.quantile(scores, 1 - false_alarms, method="higher"))


def geometric_mean(values: list[float]) -> float:
    """The typical ratio.

    >>> geometric_mean([2.0, 8.0])
    4.0
    """
    return math.exp(sum(map(math.log, values)) / len(values))
