"""A rate by group (gender, age, accent): each group's own, the worst, and the gap between worst and best.

Conventions
-----------
- units are speakers or recordings where the dataset names them, else utterances; a group of fewer than `FEWEST`
  utterances or `FEWEST_UNITS` named units has no number, because it would say something of these people and nothing of
  the group: it is too few to tell.
- each group is held against all others together: the difference of the two rates, jackknife over units, two-sided p by
  Student's t with Welch's degrees of freedom, at most those of the smaller side; Holm's correction over the groups.
- the worst and the best are chosen after looking, so the interval of their gap covers all pairs at once: 95 % shared
  among the k (k - 1) / 2 of them (Bonferroni). The gap is told from chance where it does not hold 0.
- a unit with utterances in both groups (a speaker in two conditions) is left out of both at once, so that what they
  have in common does not count as spread.

Source: jackknife as in `intervals.py`; Holm (1979) as in `multiple_testing.py`; gaps of speech recognition between
groups as in Koenecke et al., "Racial disparities in automated speech recognition" (PNAS 2020).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modellab.stats import intervals, multiple_testing
from modellab.stats.estimate import Estimate
from modellab.types import Floats, Metric

Rows = npt.NDArray[np.intp]
FEWEST, FEWEST_UNITS = 20, 5
ALPHA = 0.05  # of a difference that is told from chance


@dataclass(frozen=True, slots=True)
class GroupRate:
    """One group. `estimate` is NaN where it is too few to tell; `p` is that against all others, None without a test."""

    name: str
    utterances: int
    units: int
    estimate: Estimate
    p: float | None = None  # after Holm's correction
    above: float = math.nan  # its rate less that of all others

    @property
    def is_told(self) -> bool:
        """Whether the group is large enough for a number."""
        return self.estimate.known

    @property
    def apart(self) -> bool:
        """Whether it differs from the others by more than chance."""
        return self.p is not None and self.p <= ALPHA


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups by name, and the gap between worst and best of those that can be told; NaN for fewer than two."""

    metric: Metric
    rates: tuple[GroupRate, ...]
    gap: Estimate

    @property
    def told(self) -> list[GroupRate]:
        """The groups with a number, worst first."""
        known = [group for group in self.rates if group.is_told]
        return sorted(known, key=lambda group: group.estimate.value, reverse=self.metric.better == "lower")

    @property
    def worst(self) -> GroupRate | None:
        return next(iter(self.told), None)

    @property
    def few(self) -> list[GroupRate]:
        """The groups that are too few to tell."""
        return [group for group in self.rates if not group.is_told]

    @property
    def apart(self) -> bool:
        """Whether the gap is larger than chance explains."""
        return self.gap.interval is not None and self.gap.low > 0


def compare(metric: Metric, counts: Floats, clusters: Sequence[str], labels: Sequence[str]) -> Groups:
    """Counts of shape (n, k), with the cluster and the group of each row; '' is no group, and takes no part."""
    names = sorted({label for label in labels if label})
    rows = {name: np.array([i for i, label in enumerate(labels) if label == name], dtype=np.intp) for name in names}
    sized = [_sized(metric, counts, clusters, rows[name], name) for name in names]
    told = [group.name for group in sized if group.is_told]
    tests = {name: _against_the_rest(metric, counts, clusters, rows, name, told) for name in told}
    adjusted = dict(zip(told, multiple_testing.adjusted([tests[name][1] for name in told]), strict=True))
    rates = tuple(
        GroupRate(
            group.name, group.utterances, group.units, group.estimate, adjusted.get(group.name), tests[group.name][0]
        )
        if group.name in tests
        else group
        for group in sized
    )
    return Groups(metric, rates, _gap(metric, counts, clusters, rows, Groups(metric, rates, Estimate(math.nan)).told))


def _sized(metric: Metric, counts: Floats, clusters: Sequence[str], rows: Rows, name: str) -> GroupRate:
    """A group's own rate, or none where it is too few."""
    own, units = [clusters[i] for i in rows], _units(clusters, rows)
    named = [cluster for cluster in own if cluster]
    is_few = len(rows) < FEWEST or (bool(named) and units < FEWEST_UNITS)
    nothing = Estimate(math.nan, n=len(rows), unit=metric.unit)
    estimate = nothing if is_few else intervals.rate(metric, [tuple(row) for row in counts[rows].tolist()], own)
    return GroupRate(name, len(rows), units, estimate)


def _units(clusters: Sequence[str], rows: Rows) -> int:
    """Named speakers or recordings, and utterances of nobody."""
    return len({clusters[i] or f"\0{i}" for i in rows})


def _against_the_rest(
    metric: Metric, counts: Floats, clusters: Sequence[str], rows: dict[str, Rows], name: str, told: Sequence[str]
) -> tuple[float, float | None]:
    """How far a group's rate is above that of all others that can be told, and the two-sided p of it."""
    others = [rows[other] for other in told if other != name]
    if not others:
        return math.nan, None
    difference, error, freedom = _difference(metric, counts, clusters, rows[name], np.concatenate(others))
    return difference, _p(difference, error, freedom)


def _gap(
    metric: Metric, counts: Floats, clusters: Sequence[str], rows: dict[str, Rows], told: Sequence[GroupRate]
) -> Estimate:
    """The rate of the worst group less that of the best one, turned so that it is never below 0."""
    if len(told) < 2:
        return Estimate(math.nan, unit=metric.unit)
    worst, best = told[0].name, told[-1].name
    difference, error, freedom = _difference(metric, counts, clusters, rows[worst], rows[best])
    pairs = len(told) * (len(told) - 1) / 2
    half = intervals.student_t(freedom, 1 - ALPHA / pairs) * error if math.isfinite(error) else math.nan
    gap, n = abs(difference), told[0].utterances + told[-1].utterances
    return Estimate(gap, gap - half, gap + half, n=n, unit=metric.unit)


def _p(difference: float, error: float, freedom: float) -> float | None:
    if not math.isfinite(difference) or not math.isfinite(error):
        return None
    if error == 0:
        return 1.0 if difference == 0 else 0.0
    from scipy.special import stdtr

    return float(2 * stdtr(freedom, -abs(difference) / error))


def _difference(
    metric: Metric, counts: Floats, clusters: Sequence[str], one: Rows, other: Rows
) -> tuple[float, float, float]:
    """The rate of some rows less that of others, its jackknife error, and the degrees of freedom."""
    names = {name: i for i, name in enumerate(sorted({clusters[i] or f"\0{i}" for i in (*one, *other)}))}
    sides = []
    for rows in (one, other):
        sums = np.zeros((len(names), counts.shape[1]))
        np.add.at(sums, [names[clusters[i] or f"\0{i}"] for i in rows], counts[rows])
        sides.append(sums)
    whole = [side.sum(axis=0) for side in sides]
    difference = float(metric.rate(whole[0])) - float(metric.rate(whole[1]))
    if counts.shape[1] > intervals.HISTOGRAM:  # a percentile, which has no jackknife
        return difference, math.nan, 1
    left = metric.rate(whole[0] - sides[0]) - metric.rate(whole[1] - sides[1])
    if not np.isfinite(left).all() or min(_units(clusters, one), _units(clusters, other)) < 2:
        return difference, math.nan, 1
    owns = [{names[clusters[i] or f"\0{i}"] for i in rows} for rows in (one, other)]
    return difference, *_error(left, [owns[0] - owns[1], owns[1] - owns[0], owns[0] & owns[1]])


def _error(left: Floats, parts: Sequence[set[int]]) -> tuple[float, float]:
    """The jackknife error of a difference whose units are of one side, of the other and of both, and its freedom."""
    fewest = min(len(parts[0] | parts[2]), len(parts[1] | parts[2])) - 1
    spreads = [(np.square(intervals.jackknife(left[sorted(part)])), len(part) - 1) for part in parts if len(part) > 1]
    variance = float(sum(spread for spread, _ in spreads))
    shares = float(sum(spread**2 / freedom for spread, freedom in spreads))
    return math.sqrt(variance), min(fewest, variance**2 / shares) if shares else 1.0
