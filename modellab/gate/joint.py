"""One test for each case, though it has several metrics: the smallest p of all, under the same swappings.

Westfall & Young 1993 (minP, single step): a metric's adjusted p is the fraction of swappings in which any metric has a
p as small. What two metrics see alike (WER and CER) costs nothing so, what only one sees is not lost, and seven
changed units, all for the worse in both, are 2^-7 together.

Up to 13 changed units all swappings are counted. Beyond, it is the number of metrics times p where that is below 1e-3
(Bonferroni), and 9,999 joint swappings above: both hold together, since the first event lies inside the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modellab.stats.intervals import by_unit
from modellab.stats.permutation import EXACT, PERMUTATIONS, SLACK, moved, shifts
from modellab.types import Floats, Metric

BONFERRONI = 1e-3  # below it, where swappings would have to be drawn


@dataclass(frozen=True, slots=True)
class Test:
    """One metric of a case: its counts before and after, shape (n_utterances, k), and its own p of "got worse"."""

    metric: Metric
    before: Floats
    after: Floats
    p: float


def level(alpha: float, tests: int) -> float:
    """What a metric's own p has to reach so that the case's is `alpha`, of so many metrics that all changed.

    Bonferroni's share of it where that is what `adjusted` does. Above, metrics that see the same cost nothing: what the
    joint test takes from one of them is what another one finds.
    """
    return alpha / tests if alpha <= BONFERRONI else alpha


def adjusted(tests: Sequence[Test], clusters: Sequence[str] | None, alpha: float) -> list[float]:
    """The p of each test with the others counted; its own where that is above `alpha`, and red it can never be."""
    live = [test for test in tests if moved(test.before, test.after).any()]
    bounds = [test.p if test.p > alpha else min(1.0, len(live) * test.p) for test in tests]
    smallest = min((test.p for test in live), default=1.0)
    if len(live) < 2 or smallest > alpha:
        return bounds
    sides = [(by_unit(test.before, clusters), by_unit(test.after, clusters)) for test in live]
    changed = np.logical_or.reduce([moved(before, after) for before, after in sides])
    drawn = int(changed.sum()) > EXACT
    if drawn and len(live) * smallest <= BONFERRONI and all(len(live) * t.p <= BONFERRONI or t.p > alpha for t in live):
        return bounds
    by_test = dict(zip(map(id, live), _joint(live, sides, changed, drawn=drawn), strict=True))
    exact = [bound if test.p > alpha else by_test.get(id(test), 1.0) for test, bound in zip(tests, bounds, strict=True)]
    if not drawn:
        return exact
    return [b if b <= BONFERRONI else max(p, BONFERRONI) for p, b in zip(exact, bounds, strict=True)]


def _joint(
    live: Sequence[Test], sides: Sequence[tuple[Floats, Floats]], changed: np.ndarray, *, drawn: bool
) -> list[float]:
    """For each metric the fraction of swappings of which some metric's p is as small as this one's is without any."""
    parts = [(after - before)[changed] for before, after in sides]
    ends = np.cumsum([0, *(part.shape[1] for part in parts)])
    sums = [(before.sum(axis=0), after.sum(axis=0)) for before, after in sides]
    values: list[list[Floats]] = [
        [_worse(t.metric, *s)[None]] if drawn else [] for t, s in zip(live, sums, strict=True)
    ]
    for shift in shifts(np.hstack(parts), PERMUTATIONS):
        for at, test in enumerate(live):
            mine, (before, after) = shift[:, ends[at] : ends[at + 1]], sums[at]
            values[at].append(_worse(test.metric, before + mine, after - mine))
    ranks = np.array([_ranks(np.concatenate(one)) for one in values])  # the first swapping of each is none
    least = ranks.min(axis=0)
    return [float((least <= rank * (1 + SLACK)).mean()) for rank in ranks[:, 0]]


def _worse(metric: Metric, before: Floats, after: Floats) -> Floats:
    """The change with its sign turned so that above 0 is worse; a rate that does not exist is the worst."""
    sign = 1.0 if metric.better == "lower" else -1.0
    change = np.asarray(sign * (metric.rate(after) - metric.rate(before)))
    return np.where(np.isnan(change), np.inf, change)


def _ranks(change: Floats) -> Floats:
    """For each swapping the fraction of swappings that are as bad."""
    finite = change[np.isfinite(change)]
    slack = 2 * SLACK * np.abs(finite).max(initial=0.0)
    return np.asarray(1.0 - np.searchsorted(np.sort(change), change - slack, side="left") / len(change))
