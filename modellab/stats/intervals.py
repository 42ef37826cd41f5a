"""A rate of sums over units (utterances, or the speakers or recordings that a dataset names) and its 95 % interval.

- rates of sums (WER, RTF, chrF): jackknife over units with Student's t. Percentiles, whose counts are histograms, have
  no jackknife: 1,000 bootstrap draws of units with a fixed seed (Efron & Tibshirani 1993, ch. 11 and 13).
- a rate without a single error has no spread to go by: its far end is 3.69 errors (-ln 0.025) over the whole bottom, as
  if one unit could err once (the rule of three, two-sided).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modellab.stats.estimate import Estimate
from modellab.types import Counts, Floats, Metric, Utterance, top_over_bottom

NO_ERROR = -math.log(0.025)
HISTOGRAM = 12  # numbers of a metric's counts above which they are one
DRAWS, SEED = 1_000, 20240229


def rate(metric: Metric, counts: Sequence[Counts], clusters: Sequence[str] | None = None) -> Estimate:
    """The pooled metric over utterances; NaN without any. Ends stay inside [0, 1] where the rate does."""
    if not counts:
        return Estimate(math.nan, unit=metric.unit)
    rows = np.array(counts, dtype=float)
    value, units = float(metric.rate(rows.sum(axis=0))), by_unit(rows, clusters)
    low, high = _interval(metric, value, units)
    return Estimate(value, *_inside(metric, rows, value, low, high), n=len(rows), unit=metric.unit)


def of(metric: Metric, utterances: Iterable[Utterance]) -> Estimate:
    """The same of a result's utterances."""
    own = [utterance for utterance in utterances if metric.name in utterance.counts]
    return rate(metric, [utterance.counts[metric.name] for utterance in own], [utterance.cluster for utterance in own])


def _interval(metric: Metric, value: float, units: Floats) -> tuple[float, float]:
    if len(units) < 2 or not math.isfinite(value):
        return math.nan, math.nan
    if units.shape[1] > HISTOGRAM:
        return _bootstrap(metric, units)
    return PooledRate(value, jackknife(metric.rate(units.sum(axis=0) - units)), len(units)).interval()


def _bootstrap(metric: Metric, units: Floats) -> tuple[float, float]:
    n = len(units)
    drawn = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), size=DRAWS)
    values = np.asarray(metric.rate(drawn @ units), dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return math.nan, math.nan
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _inside(metric: Metric, rows: Floats, value: float, low: float, high: float) -> tuple[float, float]:
    """The ends of a plain rate cut to where it can be; for one without any error the rule of three."""
    if metric.rate is not top_over_bottom or rows.min() < 0 or not math.isfinite(low):
        return low, high
    bounded = metric.unit == "ratio" and bool((rows[:, 0] <= rows[:, 1]).all())
    low, high = max(0.0, low), min(1.0, high) if bounded else high
    bottom = bottom_of(rows)
    if metric.unit == "ratio" and bottom > 0 and not costs(metric, rows).any():
        far = min(1.0, NO_ERROR / bottom)
        return (value, value + far) if metric.better == "lower" else (value - far, value)
    return low, high


# ---------------------------------------------------------------------------- jackknife and Student's t


@dataclass(frozen=True, slots=True)
class PooledRate:
    """A pooled rate, its standard error in the same unit (NaN where there is none), and how many units it rests on."""

    value: float
    error: float
    units: int

    def p_above(self, excess: float) -> float:
        """The chance of being above the truth by `excess` or more, if that were 0; 1.0 where there is no error."""
        from scipy.special import stdtr

        if not self.error > 0:
            return 0.0 if excess > 0 and self.error == 0 else 1.0
        return float(stdtr(self.units - 1, -excess / self.error))

    def half(self, confidence: float = 0.95) -> float:
        """Half the width of the two-sided t interval; NaN where there is no error."""
        return student_t(self.units - 1, confidence) * self.error if math.isfinite(self.error) else math.nan

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """The two-sided t interval; NaN ends where there is no error."""
        half = self.half(confidence)
        return self.value - half, self.value + half


def pooled(metric: Metric, counts: Floats, clusters: Sequence[str] | None = None) -> PooledRate:
    """The rate of counts of shape (n_utterances, k) with its jackknife error; `clusters[i]` names the unit of row i.

    There is no error where the rate does not exist without one of the units.
    """
    units = by_unit(counts, clusters)
    whole = units.sum(axis=0)
    value = float(metric.rate(whole))
    if len(units) < 2 or not math.isfinite(value):
        return PooledRate(value, math.nan, len(units))
    left = metric.rate(whole - units)
    return PooledRate(value, jackknife(left) if np.isfinite(left).all() else math.nan, len(units))


def jackknife_error(metric: Metric, before: Floats, after: Floats) -> float:
    """Standard error of the change of a pooled rate, paired by unit; both of shape (n_units, k); NaN for one."""
    if len(before) < 2:
        return math.nan
    return jackknife(metric.rate(after.sum(axis=0) - after) - metric.rate(before.sum(axis=0) - before))


def jackknife(left: Floats) -> float:
    """Standard error of a number, from what it is with each of n units left out, shape (n,).

    Where the number does not exist without a unit, it is that of the others; NaN for fewer than two of them (Efron &
    Tibshirani 1993, ch. 11). Numbers whose squares are too large for a float (a damaged ledger's) have no finite one.

    >>> round(jackknife(np.array([1.0, 2.0, 3.0, 4.0])), 4)
    1.9365
    """
    n, known = len(left), left[np.isfinite(left)]
    if len(known) < 2:
        return math.nan
    with np.errstate(over="ignore", invalid="ignore"):
        return math.sqrt((n - 1) / n * float(((known - known.mean()) ** 2).sum()))


def student_t(freedom: float, confidence: float = 0.95) -> float:
    """How many standard errors half a two-sided interval is, by Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + confidence) / 2))


# ---------------------------------------------------------------------------- counts and their units


def costs(metric: Metric, counts: Floats) -> Floats:
    """What each row adds to the bad side of the rate: its errors, or what it lacks to a full score. Shape (n,)."""
    if metric.better == "lower" or counts.shape[1] < 2:
        return counts[:, 0]
    return np.asarray(counts[:, 1] - counts[:, 0])


def bottom_of(counts: Floats) -> float:
    """What the summed costs are divided by to give the rate; 1.0 for a plain amount."""
    return float(counts[:, 1].sum()) if counts.shape[1] > 1 else 1.0


def by_unit(counts: Floats, clusters: Sequence[str] | None) -> Floats:
    """Counts summed by cluster, shape (n_units, k); of one cluster for everything the utterances."""
    if clusters is None or len(set(clusters)) < 2:
        return counts
    names = [name or f"\0{row}" for row, name in enumerate(clusters)]
    _, unit = np.unique(np.array(names), return_inverse=True)
    summed: npt.NDArray[np.float64] = np.zeros((int(unit.max()) + 1, counts.shape[1]))
    np.add.at(summed, unit, counts)
    return summed
