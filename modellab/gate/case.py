"""All metrics of one case together: what changed, what broke, what broke again, and one p for the case.

`seen` compares; `retried` adds what one more run of the broken utterances in a fresh process gave. It tells what a
process draws at random from what repeats, and nothing else: an upgrade's bad luck (another rounding, another chunk
border) repeats as faithfully as a bug. So it may acquit, and it has to confirm what is red by broken utterances alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from modellab.gate import breaks as counting
from modellab.gate import joint
from modellab.gate.breaks import Breaks
from modellab.gate.paired_quality import Comparison, compare
from modellab.gate.suite_alpha import SWAPPED
from modellab.stats.intervals import costs
from modellab.types import Break, Counts, Floats, Gross, Metric, Rule


@dataclass(frozen=True, slots=True)
class Sides:
    """One metric of a case before and after: counts of shape (n, k), paired by row."""

    metric: Metric
    rule: Rule
    before: Floats
    after: Floats


@dataclass(frozen=True, slots=True)
class Again:
    """One more run of the broken utterances. `rows` of the `asked` ones broke again by this metric.

    `left` is the change for the worse with the new outputs in their place. `acquits` says that by no metric of the case
    any of them broke again, and that an unchanged model has as many in one case of twenty.
    """

    asked: frozenset[int]
    rows: frozenset[int]
    left: float
    acquits: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """One metric, compared. `p` has the case's `tests` metrics counted; `shared` of them count what broke."""

    sides: Sides
    found: Comparison
    p: float
    breaks: Breaks | None = None
    shared: int = 1
    tests: int = 1
    again: Again | None = None

    @property
    def broke(self) -> int:
        """How many utterances broke."""
        return self.breaks.count if self.breaks else 0

    def named(self, ids: Sequence[str]) -> tuple[Break, ...]:
        """The broken utterances, worst first, as far as they are run again."""
        if self.breaks is None:
            return ()
        return tuple(
            Break(ids[row], float(self.breaks.lost[row]), float(self.breaks.bottom[row]), self._again(int(row)))
            for row in self.breaks.rows[: counting.MOST_AGAIN]
        )

    def _again(self, row: int) -> bool | None:
        return row in self.again.rows if self.again and row in self.again.asked else None


def seen(given: Sequence[Sides], clusters: Sequence[str] | None, family: int) -> list[Seen]:
    """Each metric compared, in order. `family` is the number of cases in the suite."""
    comparisons = [
        compare(one.metric, one.before, one.after, clusters, SWAPPED * one.rule.alpha, family) for one in given
    ]
    tests = [
        joint.Test(one.metric, one.before, one.after, comparison.p)
        for one, comparison in zip(given, comparisons, strict=True)
    ]
    together = joint.adjusted(tests, clusters, max((one.rule.alpha for one in given), default=0.0))
    hows = [counting.gross(one.metric, one.rule) for one in given]
    counted = sum(how is not None for how in hows)
    return [
        Seen(one, comparison, p, _what_broke(one, how, clusters) if how else None, counted, len(given))
        for one, comparison, p, how in zip(given, comparisons, together, hows, strict=True)
    ]


def _what_broke(one: Sides, how: Gross, clusters: Sequence[str] | None) -> Breaks:
    return counting.find(one.metric, how, one.before, one.after, clusters)


def retried(case: Sequence[Seen], ids: Sequence[str], anew: Mapping[str, Mapping[str, Counts]]) -> list[Seen]:
    """The case with the counts of a further run: utterance -> metric -> counts. Unchanged where nothing had broken."""
    asked = [row for row, name in enumerate(ids) if name in anew]
    if not asked or not any(seen_metric.broke for seen_metric in case):
        return list(case)
    fresh = [_fresh(seen_metric, ids, asked, anew) for seen_metric in case]
    again = [_broke_again(seen_metric, after, asked) for seen_metric, after in zip(case, fresh, strict=True)]
    acquits = not any(again) and all(
        seen_metric.breaks.p > counting.COMMON and set(seen_metric.breaks.rows.tolist()) <= set(asked)
        for seen_metric in case
        if seen_metric.breaks
    )
    return [
        replace(seen_metric, again=Again(frozenset(asked), rows, _worse(seen_metric, after), acquits))
        for seen_metric, after, rows in zip(case, fresh, again, strict=True)
    ]


def _fresh(
    seen_metric: Seen, ids: Sequence[str], asked: Sequence[int], anew: Mapping[str, Mapping[str, Counts]]
) -> Floats:
    """The metric's counts with those of the further run in their place."""
    after = seen_metric.sides.after.copy()
    for row in asked:
        after[row] = anew[ids[row]][seen_metric.sides.metric.name]
    return after


def _broke_again(seen_metric: Seen, fresh: Floats, asked: Sequence[int]) -> frozenset[int]:
    if seen_metric.breaks is None:
        return frozenset()
    before = costs(seen_metric.sides.metric, seen_metric.sides.before)
    lost = costs(seen_metric.sides.metric, fresh) - before
    once = set(seen_metric.breaks.rows.tolist()) & set(asked)
    broke = counting.broken(lost, seen_metric.breaks.bottom, seen_metric.breaks.gross, before)
    return frozenset(once & set(np.flatnonzero(broke).tolist()))


def _worse(seen_metric: Seen, fresh: Floats) -> float:
    """The change for the worse of these counts."""
    metric = seen_metric.sides.metric
    change = metric.value(fresh) - metric.value(seen_metric.sides.before)
    return change if metric.better == "lower" else -change
