"""The 20 % trimmed mean of log time ratios, its standard error and Student's t: a fifth of hiccups decides nothing.

Sources: Tukey & McLaughlin 1963 (standard error from the winsorised values, t with the degrees of freedom of what is
kept); Yuen 1974. The same figures as scipy.stats.trim_mean and scipy.stats.mstats.trimmed_stde.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from modellab.stats.intervals import student_t
from modellab.types import Floats

TRIM = 0.2  # the fraction cut from each end
FEWEST = 2  # values without which there is no spread


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A trimmed mean, its standard error (both in the values' unit) and the degrees of freedom."""

    mean: float
    error: float
    df: int

    def p_above(self, null: float = 0.0) -> float:
        """The one-sided chance, 0 to 1, of a mean this far above `null` if the truth were `null`.

        Without any spread the mean is the truth: 0.0 above `null`, else 1.0.
        """
        from scipy.special import stdtr  # 0.1 s that collection need not pay

        if self.error == 0.0:
            return 0.0 if self.mean > null else 1.0
        return float(stdtr(self.df, (null - self.mean) / self.error))

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """The two-sided interval around the mean, in the values' unit."""
        half = student_t(self.df, confidence) * self.error
        return self.mean - half, self.mean + half


def log_ratios(pairs: Iterable[tuple[float, float]]) -> Floats:
    """log(now / then) of each pair of times of which both exist and are above 0, shape (n,).

    >>> log_ratios([(1.0, 1.0), (2.0, 0.0), (math.nan, 1.0)]).tolist()
    [0.0]
    """
    kept = [pair for pair in pairs if min(pair) > 0 and math.isfinite(sum(pair))]
    now, then = np.array(kept, dtype=float).reshape(-1, 2).T
    return np.asarray(np.log(now / then), dtype=float)


def trimmed_mean(values: Floats) -> float:
    """The mean of finite values, shape (n,), without the fifth at each end; NaN for none."""
    ordered = np.sort(np.asarray(values, dtype=float))
    g = int(TRIM * len(ordered))
    return float(ordered[g : len(ordered) - g].mean()) if len(ordered) else math.nan


def trimmed(values: Floats) -> Trimmed:
    """The trimmed mean of two or more finite values, shape (n,); their order is of no consequence."""
    n = len(values)
    if n < FEWEST:
        raise ValueError(f"{n} values: a trimmed mean with its error needs at least {FEWEST}")
    ordered = np.sort(np.asarray(values, dtype=float))
    g = int(TRIM * n)
    winsorised = np.clip(ordered, ordered[g], ordered[n - g - 1])
    error = float(winsorised.std(ddof=1)) / ((1 - 2 * g / n) * math.sqrt(n))
    return Trimmed(trimmed_mean(ordered), error, n - 2 * g - 1)
