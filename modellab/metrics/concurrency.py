"""Numbers of a load by level, so that they add up over rows and the levels stay apart.

Counts are of length 2 * LEVELS: values by level, then how many rows had that level. 1, 2, 4, ... 512 streams.
"""

from __future__ import annotations

import numpy as np

from modellab.types import Counts, Floats

LEVELS = tuple(2**power for power in range(10))  # streams that a row may ask for


def at(streams: int, value: float) -> Counts:
    """A value at the level of so many streams; nothing at all for 0 streams.

    >>> at(2, 5.0)[:3], at(2, 5.0)[10:13], sum(at(0, 5.0))
    ((0.0, 5.0, 0.0), (0.0, 1.0, 0.0), 0.0)
    """
    counts = [0.0] * (2 * len(LEVELS))
    if streams:
        column = LEVELS.index(streams)
        counts[column], counts[len(LEVELS) + column] = value, 1.0
    return tuple(counts)


def largest(sums: Floats) -> Floats:
    """The largest mean of a level, of sums and counts by level: shape (..., 2 * levels) -> (...). NaN for no level."""
    total, rows = sums[..., : len(LEVELS)], sums[..., len(LEVELS) :]
    means = np.where(rows > 0, total / np.maximum(rows, 1), -np.inf)
    best: Floats = means.max(axis=-1)
    return np.where(np.isfinite(best), best, np.nan)


def most_streams(sums: Floats) -> Floats:
    """The largest level up to which every row kept the bound: kept and asked by level; 0 where the lowest did not."""
    kept, rows = sums[..., : len(LEVELS)], sums[..., len(LEVELS) :]
    holds = np.cumprod(np.where(rows > 0, kept >= rows, True), axis=-1)
    highest: Floats = (holds * (rows > 0) * np.array(LEVELS)).max(axis=-1)
    return np.where(rows.sum(axis=-1) > 0, highest, np.nan)
