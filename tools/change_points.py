"""How often `modellab history` is wrong, and how soon it is right: the figures in `modellab/stats/change_points.py`.

    python tools/change_points.py [SERIES]        5,000 series each take ten minutes

Made-up noise of sd 1, once without a step and once with one after 30 points.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from modellab.stats.change_points import steps
from modellab.types import Floats

SEED = 20261121
BEFORE = 30
NEAR = 2  # points between a step and where it is said to be
LONGEST_DELAY = 40
Noise = Callable[[np.random.Generator, int], Floats]


def normal(generator: np.random.Generator, n: int) -> Floats:
    """What every textbook has."""
    return generator.normal(size=n)


def heavy(generator: np.random.Generator, n: int) -> Floats:
    """Student's t with 3 degrees of freedom."""
    return generator.standard_t(3, size=n)


def spiked(generator: np.random.Generator, n: int) -> Floats:
    """One point in twenty is up by 6 sd on average: a busy machine."""
    return generator.normal(size=n) + (generator.random(n) < 0.05) * generator.exponential(6.0, size=n)


def remembering(generator: np.random.Generator, n: int) -> Floats:
    """Autocorrelation 0.3 from one point to the next."""
    values = generator.normal(size=n)
    for i in range(1, n):
        values[i] = 0.3 * values[i - 1] + np.sqrt(1 - 0.3**2) * values[i]
    return values


def flagged(noise: Noise, n: int, series: int) -> float:
    """The fraction of series without a step that are said to have one."""
    generator = np.random.default_rng(SEED)
    return float(np.mean([bool(steps(noise(generator, n))) for _ in range(series)]))


def detection_rate(size: float, after: int, series: int) -> float:
    """The fraction of series whose step of `size` sd is found near its place with `after` points behind it."""
    generator = np.random.default_rng(SEED)
    return float(np.mean([_sees(_stepped(generator, size, after)) for _ in range(series)]))


def delays(size: float, series: int) -> Floats:
    """Points behind the step until it is found for the first time, as a person sees it who looks after each point."""
    generator = np.random.default_rng(SEED)
    taken = []
    for _ in range(series):
        values = _stepped(generator, size, LONGEST_DELAY)
        looks = (after for after in range(1, LONGEST_DELAY + 1) if _sees(values[: BEFORE + after]))
        taken.append(next(looks, np.inf))
    return np.array(taken, dtype=float)


def _stepped(generator: np.random.Generator, size: float, after: int) -> Floats:
    return generator.normal(size=BEFORE + after) + size * (np.arange(BEFORE + after) >= BEFORE)


def _sees(values: Floats) -> bool:
    return any(abs(step.index - BEFORE) <= NEAR for step in steps(values))


def main() -> None:
    """Print every figure."""
    series = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    for noise in (normal, heavy, spiked, remembering):
        counts = {n: f"{flagged(noise, n, series):.1%}" for n in (12, 20, 30, 45, 60, 120)}
        print(f"no step, {noise.__name__}, by points:", counts, flush=True)
    for size in (1.0, 2.0, 3.0, 5.0):
        counts = {after: f"{detection_rate(size, after, series):.0%}" for after in (3, 4, 5, 7, 10, 20)}
        print(f"step of {size:g} sd, found by points behind it:", counts, flush=True)
        quantiles = np.quantile(delays(size, series // 10), [0.5, 0.9], method="higher")
        print(f"step of {size:g} sd, delay in points, median and 90 %:", quantiles.tolist(), flush=True)


if __name__ == "__main__":
    main()
