"""A rate of sums over units (utterances, or the speakers or recordings that a dataset names) and its 95 % interval.

- rates of sums (WER, RTF, chrF): jackknife over units with Student's t. Percentiles, whose shares are histograms, have
  no jackknife: 1,000 bootstrap draws of units with a fixed seed (Efron & Tibshirani 1993, ch. 11 and 13).
- a rate without a single error has no spread to go by: its far end is 3.69 errors (-ln 0.025) over the whole bottom, as
  if one unit could err once (the rule of three, two-sided).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from modellab.stats.estimate import Estimate
from modellab.types import Floats, Metric, Share, Utterance, top_over_bottom

NO_ERROR = -math.log(0.025)
HISTOGRAM = 12  # sums of a share above which it is one
DRAWS, SEED = 1_000, 20240229


def rate(metric: Metric, shares: Sequence[Share], clusters: Sequence[str] | None = None) -> Estimate:
    """The pooled metric over utterances; NaN without any. Ends stay inside [0, 1] where the rate does."""
    if not shares:
        return Estimate(math.nan, unit=metric.unit)
    rows = np.array(shares, dtype=float)
    value, units = float(metric.rate(rows.sum(axis=0))), by_unit(rows, clusters)
    low, high = _interval(metric, value, units)
    return Estimate(value, *_inside(metric, rows, value, low, high), n=len(rows), unit=metric.unit)


def of(metric: Metric, utterances: Iterable[Utterance]) -> Estimate:
    """The same of a result's utterances."""
    own = [each for each in utterances if metric.name in each.shares]
    return rate(metric, [each.shares[metric.name] for each in own], [each.cluster for each in own])


def _interval(metric: Metric, value: float, units: Floats) -> tuple[float, float]:
    if len(units) < 2 or not math.isfinite(value):
        return math.nan, math.nan
    if units.shape[1] > HISTOGRAM:
        return _bootstrap(metric, units)
    error = (
        jackknife_error(metric, np.zeros_like(units), units) if metric.rate is not top_over_bottom else _error(units)
    )
    if not math.isfinite(error):
        return math.nan, math.nan
    half = student_t(len(units) - 1) * error
    return value - half, value + half


def _error(units: Floats) -> float:
    """Jackknife standard error of top/bottom; NaN where leaving one out leaves no bottom."""
    left = top_over_bottom(units.sum(axis=0) - units)
    left, n = left[np.isfinite(left)], len(units)
    return math.sqrt((n - 1) / n * float(((left - left.mean()) ** 2).sum())) if len(left) > 1 else math.nan


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


def student_t(freedom: int) -> float:
    """The 97.5 % quantile of Student's t: half a 95 % interval in standard errors."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))


def jackknife_error(metric: Metric, before: Floats, after: Floats) -> float:
    """Standard error of the change: leave one unit out (Efron & Tibshirani 1993, ch. 11). NaN for fewer than two."""
    n = len(before)
    if n < 2:
        return math.nan
    left = metric.rate(after.sum(axis=0) - after) - metric.rate(before.sum(axis=0) - before)
    known = left[np.isfinite(left)]
    return math.sqrt((n - 1) / n * float(((known - known.mean()) ** 2).sum())) if len(known) else math.nan


def costs(metric: Metric, shares: Floats) -> Floats:
    """What each row adds to the bad side of the rate: its errors, or what it lacks to a full score. Shape (n,)."""
    if metric.better == "lower" or shares.shape[1] < 2:
        return shares[:, 0]
    return np.asarray(shares[:, 1] - shares[:, 0])


def bottom_of(shares: Floats) -> float:
    """What the summed costs are divided by to give the rate; 1.0 for a plain amount."""
    return float(shares[:, 1].sum()) if shares.shape[1] > 1 else 1.0


def by_unit(shares: Floats, clusters: Sequence[str] | None) -> Floats:
    """Shares summed by cluster, shape (n_units, k); of one cluster for everything the utterances."""
    if clusters is None or len(set(clusters)) < 2:
        return shares
    names = [name or f"\0{row}" for row, name in enumerate(clusters)]
    _, unit = np.unique(np.array(names), return_inverse=True)
    summed: npt.NDArray[np.float64] = np.zeros((int(unit.max()) + 1, shares.shape[1]))
    np.add.at(summed, unit, shares)
    return summed
