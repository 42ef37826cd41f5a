"""Word error rate over the strength of a condition, as lines for people: one curve per kind, one column per case."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from modellab import units
from modellab.audio.conditions import mildest_first, parse
from modellab.types import Counts, Metric, Result

BAR = 20  # characters for 100 %


def rates(result: Result, named: Mapping[str, str], metric: Metric) -> dict[str, float]:
    """The pooled metric of each condition by name; `named` maps an utterance's id to its condition."""
    counts: dict[str, list[Counts]] = {}
    for utterance in result.utterances:
        if utterance.id in named:
            counts.setdefault(str(parse(named[utterance.id])), []).append(utterance.counts[metric.name])
    return {condition: metric.value(own_counts) for condition, own_counts in counts.items()}


def table(names: Sequence[str], by_case: Sequence[Mapping[str, float]]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows, kinds together and mildest first; the bar is of the first case."""
    conditions = sorted({name for rates in by_case for name in rates}, key=lambda name: mildest_first(parse(name)))
    rows = []
    for condition in conditions:
        values = [rates.get(condition, math.nan) for rates in by_case]
        rows.append([condition, *(units.value(value, "ratio") for value in values), bar(values[0])])
    return ["condition", *names, ""], rows


def bar(rate: float) -> str:
    """A rate as a bar of up to BAR characters; what is above 100 % ends in a plus.

    >>> bar(0.25), bar(1.5)[-2:]
    ('█████', '█+')
    """
    if math.isnan(rate):
        return ""
    return "█" * round(BAR * min(rate, 1.0)) + "+" * (rate > 1)
