"""One metric of the same utterances in A and in B.

- change: B - A of the pooled values, with the jackknife's 95 % interval.
- p: two-sided, twice the smaller one-sided p of the gate's paired permutation test, clusters swapped together.
- wins, losses, ties: utterances in which B is better, worse, the same; the sign test on them is a second opinion, which
  takes every utterance as independent and every win as large.
- detects: the smallest difference that this test would have told in four of five cases, all comparisons counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from modellab.gate import detectable_effect, paired_quality
from modellab.reports.comparison.pairing import CasePair
from modellab.stats import intervals, permutation
from modellab.stats.multiple_testing import adjusted, sign_p
from modellab.types import Counts, Floats, Metric, Utterance

POOLED = "all"  # the dataset of a line that pools several
FINE = 199_999  # permutations at most, where many comparisons ask for a very small p


@dataclass(frozen=True, slots=True)
class Line:
    """One metric on one dataset, B against A. `change` and `interval` are B - A in the metric's unit.

    `p` is two-sided; `adjusted` is Holm's over everything that is shown, None where so few changed that no small p was
    possible. `told` says who is better beyond chance: "A", "B" or "".
    """

    dataset: str
    metric: Metric
    a: float
    b: float
    change: float
    interval: tuple[float, float] | None
    p: float
    wins: int
    losses: int
    ties: int
    n: int
    units: int
    changed: int
    adjusted: float | None = None
    detects: float = math.inf
    told: str = ""

    @property
    def sign_p(self) -> float:
        return sign_p(self.wins, self.losses)


@dataclass(frozen=True, slots=True)
class Rows:
    """The counts of the utterances that both sides have, row by row: (n, k) each, and each row's cluster."""

    before: Floats
    after: Floats
    clusters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A line before it is known how many there are."""

    line: Line
    rows: Rows

    @property
    def least_p(self) -> float:
        """The smallest two-sided p that so many changed units can give."""
        return min(1.0, 2 * permutation.least_p(self.line.changed))


def both(case_pair: CasePair) -> list[tuple[Utterance, Utterance]]:
    """The utterances that both sides have, in A's order."""
    ours, theirs = case_pair.results
    by_id = {item.id: item for item in theirs.utterances}
    return [(item, by_id[item.id]) for item in ours.utterances if item.id in by_id]


def left_out(case_pair: CasePair) -> tuple[int, int]:
    """How many utterances of A, and of B, have no partner."""
    shared = len(both(case_pair))
    ours, theirs = (len(result.utterances) for result in case_pair.results)
    return ours - shared, theirs - shared


def rows(case_pair: CasePair, metric: Metric) -> Rows | None:
    """The counts of one metric; None where a side lacks it. Clusters are the dataset's, so that pooling mixes none."""
    pairs = [(a, b) for a, b in both(case_pair) if metric.name in a.counts and metric.name in b.counts]
    if not pairs:
        return None
    clusters = tuple(f"{case_pair.dataset}/{name}" if (name := a.cluster or b.cluster) else "" for a, b in pairs)
    before, after = (
        np.array([utterance.counts[metric.name] for utterance in side], dtype=float)
        for side in zip(*pairs, strict=True)
    )
    return Rows(before, after, clusters)


def pooled(parts: Sequence[Rows]) -> Rows:
    """The utterances of several datasets together."""
    return Rows(
        np.concatenate([part.before for part in parts]),
        np.concatenate([part.after for part in parts]),
        tuple(cluster for part in parts for cluster in part.clusters),
    )


def draft(metric: Metric, dataset: str, counts: Rows) -> Draft | None:
    """The line of one metric; None where neither side has a value."""
    test = paired_quality.compare(metric, counts.before, counts.after, counts.clusters)
    if math.isnan(test.now) and math.isnan(test.baseline):
        return None
    wins, losses, ties = _wins(metric, counts)
    line = Line(
        dataset,
        metric,
        test.baseline,
        test.now,
        test.change,
        test.interval,
        min(1.0, 2 * min(test.p, test.p_better)),
        wins,
        losses,
        ties,
        len(counts.before),
        test.units,
        test.changed,
    )
    return Draft(line, counts)


def finer(drafts: Sequence[Draft], alpha: float) -> list[Draft]:
    """With a p from more permutations where it was the smallest possible one and the family asks for a smaller one."""
    family = sum(drafted.least_p <= alpha for drafted in drafts)
    draws = min(FINE, math.ceil(8 * family / alpha))
    floor = 2 / (permutation.PERMUTATIONS + 1)
    if draws <= permutation.PERMUTATIONS:
        return list(drafts)
    return [
        _finer(drafted, draws) if drafted.line.p <= floor and drafted.line.changed > permutation.EXACT else drafted
        for drafted in drafts
    ]


def _finer(drafted: Draft, draws: int) -> Draft:
    before, after = (
        intervals.by_unit(side, drafted.rows.clusters) for side in (drafted.rows.before, drafted.rows.after)
    )
    ends = permutation.permutation_p(drafted.line.metric, before, after, draws)
    return replace(drafted, line=replace(drafted.line, p=min(1.0, 2 * min(ends))))


def settled(drafted: Draft, p: float | None, family: int, alpha: float) -> Line:
    """The line, with what the whole family makes of it."""
    line, counts = drafted.line, drafted.rows
    before, after = (intervals.by_unit(side, counts.clusters) for side in (counts.before, counts.after))
    mde = detectable_effect.minimum_detectable_effect(
        intervals.costs(line.metric, counts.before),
        intervals.bottom_of(counts.before),
        line.units,
        intervals.jackknife_error(line.metric, before, after),
        alpha / (2 * max(1, family)),
    )
    if line.metric.better == "higher" and line.metric.unit == "ratio" and mde > max(line.a, line.b):
        mde = math.inf  # nothing can fall so far
    told = p is not None and p <= alpha and line.change != 0
    better = "B" if (line.change < 0) == (line.metric.better == "lower") else "A"
    return replace(line, adjusted=p, detects=mde, told=better if told else "")


def all_settled(
    drafts: Sequence[Draft], alpha: float, clocks: Sequence[float] = ()
) -> tuple[list[Line], list[float | None], int]:
    """The lines and the adjusted p of `clocks`, as one family of tests by Holm's correction; and how many it counts."""
    counted = [drafted.line.p if drafted.least_p <= alpha else None for drafted in drafts]
    ps = adjusted([*counted, *clocks])
    family = sum(p is not None for p in ps)
    lines = [settled(drafted, p, family, alpha) for drafted, p in zip(drafts, ps, strict=False)]
    return lines, ps[len(drafts) :], family


def costs(metric: Metric, counts: Floats) -> Floats:
    """How bad each utterance is, shape (n,): what it adds to the bad side of a rate, else its own value so turned."""
    if counts.shape[1] <= 2:
        return intervals.costs(metric, counts)
    sign = 1.0 if metric.better == "lower" else -1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nan_to_num(sign * metric.rate(counts)))


def value(metric: Metric, counts: Mapping[str, Counts]) -> float:
    """One utterance's own value."""
    return metric.value([counts[metric.name]]) if metric.name in counts else math.nan


def _wins(metric: Metric, counts: Rows) -> tuple[int, int, int]:
    """In how many utterances B is better, worse, the same; where one has no rate, by what it adds to the bad side."""
    a, b = (_standing(metric, side) for side in (counts.before, counts.after))
    without = ~(np.isfinite(a) & np.isfinite(b))
    a, b = (np.where(without, costs(metric, side), rate) for side, rate in ((counts.before, a), (counts.after, b)))
    slack = 1e-9 * (np.abs(a) + np.abs(b))
    wins, losses = int((b < a - slack).sum()), int((b > a + slack).sum())
    return wins, losses, len(a) - wins - losses


def _standing(metric: Metric, counts: Floats) -> Any:
    """Each utterance's own value, shape (n,), its sign turned so that more is worse."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return (1.0 if metric.better == "lower" else -1.0) * np.asarray(metric.rate(counts))
