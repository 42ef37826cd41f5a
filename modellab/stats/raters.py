"""The mean of what raters said of items, and its interval where both raters and items are samples of more.

    score = mean + rater + item + rest

A plain interval over votes is far too narrow: people differ and sentences differ, and more votes of the same people on
the same sentences do not help against that. The three variances are estimated from squared differences of pairs of
votes (of one rater, of one item, of neither), which is right for any votes that are missing: Ribeiro et al., "CrowdMOS"
(ICASSP 2011). Student's t with the smaller of the two counts less one.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from modellab.stats.estimate import Estimate
from modellab.stats.intervals import PooledRate
from modellab.types import Floats


@dataclass(frozen=True, slots=True)
class Variances:
    """How much raters, items and what is left spread; NaN where the votes cannot tell."""

    rater: float
    item: float
    rest: float


def variances(scores: Sequence[float], raters: Sequence[Hashable], items: Sequence[Hashable]) -> Variances:
    """The three variances, each at least 0; ValueError where a rater has two votes on one item."""
    values, by_rater, by_item = _numbered(scores, raters, items)
    total, pairs = _differences(values, np.zeros(len(values), dtype=int))
    own, own_pairs = _differences(values, by_rater)
    same, same_pairs = _differences(values, by_item)
    if not (own_pairs and same_pairs and (others := pairs - own_pairs - same_pairs)):
        return Variances(math.nan, math.nan, math.nan)
    item_and_rest, rater_and_rest = own / own_pairs / 2, same / same_pairs / 2
    all_three = (total - own - same) / others / 2
    estimates = (all_three - item_and_rest, all_three - rater_and_rest, item_and_rest + rater_and_rest - all_three)
    return Variances(*(max(0.0, estimate) for estimate in estimates))


def mean(
    scores: Sequence[float], raters: Sequence[Hashable], items: Sequence[Hashable], unit: str = "score"
) -> Estimate:
    """The mean vote with its 95 % interval, n in votes; NaN ends for fewer than two raters or items."""
    low, high = pooled(scores, raters, items).interval()
    return Estimate(float(np.mean(scores)) if len(scores) else math.nan, low, high, len(scores), "votes", unit)


def pooled(scores: Sequence[float], raters: Sequence[Hashable], items: Sequence[Hashable]) -> PooledRate:
    """The mean vote, its standard error, and the smaller of the numbers of raters and of items."""
    values, by_rater, by_item = _numbered(scores, raters, items)
    if not len(values):
        return PooledRate(math.nan, math.nan, 0)
    of_raters, of_items = np.bincount(by_rater), np.bincount(by_item)
    units, variance = min(len(of_raters), len(of_items)), variances(scores, raters, items)
    n = len(values)
    error = math.sqrt(
        variance.rater * float((of_raters**2).sum()) / n**2
        + variance.item * float((of_items**2).sum()) / n**2
        + variance.rest / n
    )
    return PooledRate(float(values.mean()), error if units > 1 else math.nan, units)


def _numbered(
    scores: Sequence[float], raters: Sequence[Hashable], items: Sequence[Hashable]
) -> tuple[Floats, np.ndarray, np.ndarray]:
    if len(set(zip(raters, items, strict=True))) != len(scores):
        raise ValueError("expected one vote of each rater on an item, got more: keep the first")
    numbers = [{name: place for place, name in enumerate(dict.fromkeys(names))} for names in (raters, items)]
    by_rater, by_item = (
        np.array([known[name] for name in names], dtype=int)
        for known, names in zip(numbers, (raters, items), strict=True)
    )
    return np.asarray(scores, dtype=float), by_rater, by_item


def _differences(values: Floats, group: np.ndarray) -> tuple[float, int]:
    """The sum of squared differences over all pairs within a group, and how many pairs there are."""
    count = np.bincount(group) if len(group) else np.zeros(1, dtype=int)
    total, squares = np.bincount(group, values), np.bincount(group, values**2)
    return float((count * squares - total**2).sum()), int((count * (count - 1) // 2).sum())
