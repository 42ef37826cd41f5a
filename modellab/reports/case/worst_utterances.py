"""Which utterances did most damage to a case, and what they cost before."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

from modellab import units
from modellab.types import Counts, Metric, QualityBaseline, Utterance

ROUNDING = 1e-4  # a difference below is that between a number and its stored form


def worst_first(
    utterances: Sequence[Utterance], accepted: QualityBaseline | None, metric: Metric, most: int | None = None
) -> list[Utterance]:
    """The utterances by what they cost more than in the baseline, then by what they cost; equals stay in order.

    With `most` the first so many, without all the others in memory.
    """

    def order(utterance: Utterance) -> tuple[float, float]:
        return -damage(utterance, accepted, metric), -cost(utterance.counts.get(metric.name), metric)

    return sorted(utterances, key=order) if most is None else heapq.nsmallest(most, utterances, key=order)


def damage(utterance: Utterance, accepted: QualityBaseline | None, metric: Metric) -> float:
    """How much more the utterance costs than in the baseline; without one, what it costs. Baselines are rounded."""
    more = cost(utterance.counts.get(metric.name), metric) - cost(then(utterance, accepted, metric), metric)
    return 0.0 if abs(more) < ROUNDING else more


def then(utterance: Utterance, accepted: QualityBaseline | None, metric: Metric) -> Counts | None:
    """The utterance's counts in the baseline; None where there is none."""
    return accepted.counts.get(utterance.id, {}).get(metric.name) if accepted else None


def cost(numbers: Counts | None, metric: Metric) -> float:
    """What an utterance adds to the bad side of a rate: its errors, or what it lacks to a full score; 0 for no numbers.

    >>> wer, f1 = Metric("wer", "ratio", "lower"), Metric("f1", "ratio", "higher")
    >>> cost((2.0, 8.0), wer), cost((6.0, 8.0), f1), cost(None, f1)
    (2.0, 2.0, 0.0)
    """
    if numbers is None:
        return 0.0
    if len(numbers) > 2:  # counts of another kind (chrF, percentiles): the utterance's own rate
        value = metric.value([numbers])
        return 0.0 if math.isnan(value) else value if metric.better == "lower" else 1.0 - value
    return numbers[0] if metric.better == "lower" else sum(numbers[1:]) - numbers[0]


def was(utterance: Utterance, accepted: QualityBaseline | None, metric: Metric) -> str:
    """The metric of this utterance, now and in the baseline, in words."""
    numbers, before = utterance.counts.get(metric.name), then(utterance, accepted, metric)
    now = units.value(metric.value([numbers]) if numbers else None, metric.unit)
    if before is None:
        return f"{metric.name} {now} (no baseline)"
    return f"{metric.name} {now} (was {units.value(metric.value([before]), metric.unit)})"
