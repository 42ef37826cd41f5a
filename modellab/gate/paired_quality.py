"""The same utterances before and after: how much a pooled rate changed, and whether that may be chance.

- p: paired permutation test (`stats/permutation.py`).
- units are clusters (speakers, recordings) where the dataset names them: their utterances are swapped together, because
  one speaker's errors change together. One name for everything is one unit: of it alone nothing can be said of others.
- interval: jackknife over units (leave one out) with Student's t, for any rate of sums.
- detects: the smallest change for the worse that the test sees with 80 % power (`detectable_effect.py`).

Units that gave the same on both sides tell nothing about a change and take no part in the test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from modellab.gate.detectable_effect import basis_of, smallest_detectable
from modellab.stats.intervals import bottom_of, by_unit, costs, jackknife_error, student_t
from modellab.stats.permutation import least_p, moved, swap_p
from modellab.types import Basis, Floats, Metric

ALPHA = 0.01


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed. `p` is for "got worse", `p_better` for "got better"; both 1.0 where nothing changed.

    `change`, `interval` and `detects` are in the metric's unit; `detects` is above 0 whichever direction is worse.
    `units` counts clusters or utterances, `changed` those of them that differ; `words` says it of utterances. `basis`
    is what `detects` was computed from.
    """

    now: float
    baseline: float
    change: float
    interval: tuple[float, float] | None
    p: float
    p_better: float
    least_p: float
    units: int
    changed: int
    basis: Basis
    alpha: float
    words: str

    @property
    def detects(self) -> float:
        """The smallest change for the worse that a comparison like this one sees at `alpha`, alone."""
        return smallest_detectable(self.basis, self.alpha)

    def worse(self, metric: Metric) -> float:
        """The change with its sign turned so that above 0 is worse."""
        return self.change if metric.better == "lower" else -self.change


def compare(
    metric: Metric,
    before: Floats,
    after: Floats,
    clusters: Sequence[str] | None = None,
    alpha: float = ALPHA,
    family: int = 1,
) -> Comparison:
    """Compare counts of shape (n_utterances, k), paired by row. `clusters[i]` is the unit of row i; '' is its own.

    `alpha / family` is the level that p will be held to: it says how finely a p has to be known that is drawn.
    """
    sizes, bottom = costs(metric, before), bottom_of(before)
    words = f"{int(moved(before, after).sum())} of {len(before)} utterances changed"
    before, after = by_unit(before, clusters), by_unit(after, clusters)
    error, rows = jackknife_error(metric, before, after), len(before)
    if alone(clusters):
        before, after = (side.sum(axis=0, keepdims=True) for side in (before, after))
    differ = moved(before, after)
    now, baseline = float(metric.rate(after.sum(axis=0))), float(metric.rate(before.sum(axis=0)))
    p, p_better = swap_p(metric, before, after, alpha / family) if differ.any() else (1.0, 1.0)
    change, changed = now - baseline if differ.any() else 0.0, int(differ.sum())
    if len(before) < len(sizes):
        words += f", in {changed} of {len(before)} cluster{'s' if len(before) > 1 else ''}"
    basis = basis_of(sizes, bottom, len(before), error)
    if metric.better == "higher" and metric.unit == "ratio" and math.isfinite(baseline):
        basis = basis._replace(most=baseline)
    return Comparison(
        now,
        baseline,
        change,
        _interval(change, error, rows),
        p,
        p_better,
        least_p(changed),
        len(before),
        changed,
        basis,
        alpha,
        words,
    )


def _interval(change: float, error: float, units: int) -> tuple[float, float] | None:
    if not math.isfinite(error) or not math.isfinite(change):
        return None
    half = student_t(units - 1) * error
    return change - half, change + half


def alone(clusters: Sequence[str] | None) -> bool:
    """Whether everything is of one named speaker or recording."""
    return clusters is not None and len(clusters) > 0 and set(clusters) == {clusters[0]} and clusters[0] != ""
