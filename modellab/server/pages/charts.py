"""Charts of the pages as numbers: across in percent of their width, so that text keeps its size, down in pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from modellab import units
from modellab.reports.html.figures import Tick, axis
from modellab.stats.estimate import Estimate

HEIGHT = 150  # of a panel, in pixels
TALL = 320  # of a chart that stands alone
MARGIN = 0.08  # of the range, left empty on each side
TENFOLD = 8.0  # a range wider than that is drawn by its logarithm


class Dot(NamedTuple):
    """A point: where it is, the ends of its intervals in the same units, what it is, and how it is drawn."""

    x: float
    y: float
    left: float
    right: float
    top: float
    bottom: float
    label: str
    kind: str
    number: str = ""


class Scale(NamedTuple):
    """From numbers to places: an axis of `size` from `low` to `high`, by the logarithm where `is_log`."""

    low: float
    high: float
    size: float
    is_log: bool = False
    is_up: bool = False  # larger numbers are further from the end, as on a page that grows downwards

    def at(self, value: float) -> float:
        """The place of a number; the middle of an axis without a range."""
        low, high, value = (math.log(number) if self.is_log else number for number in (self.low, self.high, value))
        share = (value - low) / (high - low) if high > low else 0.5
        return round(self.size * (1 - share if self.is_up else share), 2)

    def ticks(self, unit: str, most: int = 5) -> list[Tick]:
        """Round values with their places; of those that read alike the first."""
        if self.is_log:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            values = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
        else:
            one = 2.0**20 if unit == "bytes" else 1.0  # so that ticks are round in what is shown
            span = self.high - self.low
            values = [self.low + span * tick.at / 100 for tick in axis(self.low / one, self.high / one, "", most)]
        inside = {units.value(value, unit): value for value in reversed(values) if self.low <= value <= self.high}
        return [Tick(self.at(value), text) for text, value in reversed(inside.items())]


def scale(estimates: Sequence[Estimate], size: float, *, is_up: bool = False, may_log: bool = False) -> Scale:
    """An axis that holds numbers and their intervals, with a margin."""
    ends = [
        end for estimate in estimates for end in (estimate.value, estimate.low, estimate.high) if math.isfinite(end)
    ]
    low, high = min(ends), max(ends)
    if may_log and low > 0 and high / low > TENFOLD:
        margin = (high / low) ** MARGIN
        return Scale(low / margin, high * margin, size, is_log=True, is_up=is_up)
    margin = MARGIN * (high - low) or 0.05 * abs(high) or 0.01
    bottom = max(0.0, low - margin) if low >= 0 else low - margin
    return Scale(bottom, high + margin, size, is_up=is_up)


def dot(x: Estimate, y: Estimate, across: Scale, down: Scale, label: str, kind: str, number: str = "") -> Dot:
    """A point with its two intervals; one without an interval is a point alone."""
    left, right = x.interval or (x.value, x.value)
    low, high = y.interval or (y.value, y.value)
    places = across.at(x.value), down.at(y.value), across.at(left), across.at(right), down.at(high), down.at(low)
    return Dot(*places, label, kind, number)


class Level(NamedTuple):
    """A stretch between two steps: from where to where, how high, and the step that begins it, '' for none."""

    x1: float
    x2: float
    y: float
    label: str
    kind: str


def line(dots: Sequence[Dot]) -> list[tuple[float, float, float, float]]:
    """The pieces between neighbours: percent cannot stand in a path."""
    return [(left.x, left.y, right.x, right.y) for left, right in pairwise(dots)]


def spread(count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Places of so many results in order, in percent: equal steps, with a margin."""
    return np.linspace(2, 98, count) if count > 1 else np.array([50.0])
