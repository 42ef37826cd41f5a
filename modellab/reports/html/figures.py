"""Small drawings of a page as numbers in percent of their box, so that they stay sharp at any width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from modellab import units
from modellab.types import Utterance

MOST_CALLS = 5_000  # bars of a chart: of more calls several share one
MOST_BINS = 30
STEPS = (1.0, 2.0, 5.0)


class Bar(NamedTuple):
    """A bar or mark: left edge, width and height in percent, and what it is."""

    x: float
    width: float
    height: float
    label: str


class Tick(NamedTuple):
    """A place on an axis in percent, and its text."""

    at: float
    text: str


class Chart(NamedTuple):
    """Marks over an axis, with lines that name special values; `n` marks in all."""

    title: str
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    lines: tuple[Tick, ...]
    top: str  # what the full height stands for


def latencies(utterances: Sequence[Utterance], percentiles: Sequence[tuple[str, float]]) -> Chart | None:
    """A histogram of the model calls' times; `percentiles` are (name, seconds). None for no times.

    >>> from types import SimpleNamespace as Call
    >>> chart = latencies([Call(wall_s=1.0), Call(wall_s=1.1), Call(wall_s=3.0)], [("p50", 1.1)])
    >>> chart.top, [bar.label for bar in chart.bars], [line.text for line in chart.lines]
    ('2', ['2: 1 s to 1.67 s', '1: 2.33 s to 3 s'], ['p50 1.1 s'])
    """
    times = np.array([utterance.wall_s for utterance in utterances if math.isfinite(utterance.wall_s)])
    if not len(times):
        return None
    low, high = float(times.min()), float(times.max())
    bins = min(MOST_BINS, max(1, math.ceil(2 * len(times) ** (1 / 3)))) if high > low else 1  # Rice's rule
    counts, edges = np.histogram(times, bins, range=(low, high) if high > low else (0.9 * low, 1.1 * low + 1e-9))
    left, span, most = float(edges[0]), float(edges[-1] - edges[0]), int(counts.max())
    bars = tuple(
        Bar(100 * i / bins, 100 / bins, 100 * int(count) / most, f"{count}: {_s(edges[i])} to {_s(edges[i + 1])}")
        for i, count in enumerate(counts)
        if count
    )
    lines = [Tick(100 * (at_s - left) / span, f"{name} {_s(at_s)}") for name, at_s in percentiles]
    title = f"Time of the model's call, N {len(times)}"
    inside = tuple(line for line in lines if 0 <= line.at <= 100)
    return Chart(title, bars, tuple(axis(left, left + span, "s")), inside, str(most))


def speed_chart(utterances: Sequence[Utterance], most_calls: int = MOST_CALLS) -> Chart | None:
    """The real-time factor of each utterance in the order in which they ran; None where nothing has a duration."""
    known = [utterance for utterance in utterances if utterance.duration_s > 0 and math.isfinite(utterance.wall_s)]
    if not known:
        return None
    together = math.ceil(len(known) / most_calls)
    groups = [known[i : i + together] for i in range(0, len(known), together)]
    factors = [
        sum(utterance.wall_s for utterance in group) / sum(utterance.duration_s for utterance in group)
        for group in groups
    ]
    most, width = max(factors) or 1.0, 100 / len(groups)
    bars = tuple(
        Bar(width * i, width, 100 * factor / most, f"{_calls(group)}: {units.value(factor, 's/s')}")
        for i, (group, factor) in enumerate(zip(groups, factors, strict=True))
    )
    pooled = sum(utterance.wall_s for utterance in known) / sum(utterance.duration_s for utterance in known)
    ticks = (Tick(0.0, "first"), Tick(100.0, "last"))
    title = f"Real-time factor, call by call, N {len(known)}; pooled {units.value(pooled, 's/s')}"
    return Chart(title, bars, ticks, (Tick(100 * pooled / most, ""),), units.value(most, "s/s"))


def _calls(group: Sequence[Utterance]) -> str:
    """The call that a bar is of, or the first of several."""
    return group[0].id if len(group) == 1 else f"{len(group)} calls from {group[0].id}"


def axis(low: float, high: float, unit: str, most: int = 6) -> list[Tick]:
    """Round values from `low` to `high`, `most` at most, with their places between the two.

    >>> [(round(tick.at), tick.text) for tick in axis(0.0, 2.9, "s", most=3)]
    [(0, '0 s'), (34, '1 s'), (69, '2 s')]
    """
    span = high - low
    if not span > 0:
        return []
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((power * factor for factor in STEPS if power * factor >= rough), 10 * power)
    places = np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1) * step
    return [Tick(100 * (float(at) - low) / span, f"{float(at):.6g} {unit}") for at in places]


def _s(seconds: float) -> str:
    return units.value(float(seconds), "s")
