"""The same utterances before and after: how much a pooled rate changed, and whether that may be chance.

- p: paired permutation test. If nothing got worse, "before" and "after" of a unit may as well be swapped; p is the
  share of swappings that look at least as bad as what happened. All 2^n are counted up to 13 changed units, and for
  whole-numbered changes of a rate with a fixed bottom such as WER always (`exact.py`). Else 9,999 are drawn with a
  fixed seed, and more where hardly any is as bad; p = (1 + as bad) / (1 + drawn) (Phipson & Smyth 2010).
- units are clusters (speakers, recordings) where the dataset names them: their utterances are swapped together, because
  one speaker's errors change together. One name for everything is one unit: of it alone nothing can be said of others.
- interval: jackknife over units (leave one out) with Student's t, for any rate of sums.
- detects: the smallest change for the worse that the test sees with 80 % power (`sight.py`).

Units that gave the same on both sides tell nothing about a change and take no part in the test.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modellab.gate.exact import changes, sign_flip_p
from modellab.gate.sight import basis_of, visible
from modellab.stats.intervals import bottom_of, by_unit, costs, jackknife_error
from modellab.types import Basis, Floats, Metric

ALPHA = 0.01
PERMUTATIONS = 9_999
EXACT = 13  # changed units up to which every swapping is counted
CHUNK, CELLS = 256, 2**20  # permutations at a time, and units x permutations: what bounds memory
SEED = 20240229
SLACK = 1e-6  # relative: sums in another order are the same sum
STORED = 1e-6  # baselines keep shares to six decimals
ENOUGH = 10  # swappings as bad, below which more are drawn
FINE = 20  # times the number of swappings among which one is that bad by the level that is asked for


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
        return visible(self.basis, self.alpha)

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
    """Compare shares of shape (n_utterances, k), paired by row. `clusters[i]` is the unit of row i; '' is its own.

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


def swap_p(metric: Metric, before: Floats, after: Floats, level: float) -> tuple[float, float]:
    """`permutation_p` from so many swappings that it can tell whether p is `level` or less."""
    ends = permutation_p(metric, before, after)
    draws = math.ceil(FINE / level)
    drawn = moved(before, after).sum() > EXACT and _counted(metric, before, after) is None
    if drawn and draws > PERMUTATIONS and min(ends) < ENOUGH / (PERMUTATIONS + 1):
        return permutation_p(metric, before, after, draws)
    return ends


def permutation_p(metric: Metric, before: Floats, after: Floats, draws: int = PERMUTATIONS) -> tuple[float, float]:
    """One-sided p of "got worse" and of "got better"; both of shape (n_units, k), some row of them different.

    `draws` is how many swappings are drawn where they are not all counted.
    """
    many = moved(before, after).sum() > EXACT
    if many and (counted := _counted(metric, before, after)) is not None:
        return counted
    sign = 1.0 if metric.better == "lower" else -1.0
    seen = sign * float(metric.rate(after.sum(axis=0)) - metric.rate(before.sum(axis=0)))
    worse = better = drawn = 0
    for change in (sign * each for each in by_chance(metric, before, after, draws)):
        slack = SLACK * (np.nanmax(np.abs(change), initial=0.0) + abs(seen))
        worse += int((~(change < seen - slack)).sum())  # a rate that does not exist counts as bad
        better += int((~(change > seen + slack)).sum())
        drawn += len(change)
    own = int(many)  # among all swappings the one that happened is there already
    return (worse + own) / (drawn + own), (better + own) / (drawn + own)


def _counted(metric: Metric, before: Floats, after: Floats) -> tuple[float, float] | None:
    """p with every swapping counted; None where the change is no sum of whole numbers."""
    each = changes(metric, before, after)
    return None if each is None else sign_flip_p(each)


def by_chance(metric: Metric, before: Floats, after: Floats, draws: int = PERMUTATIONS) -> Iterator[Floats]:
    """The change of the rate after each swapping, in the metric's unit, shape (m,) at a time."""
    sums = before.sum(axis=0), after.sum(axis=0)
    for shift in shifts((after - before)[moved(before, after)], draws):
        yield np.asarray(metric.rate(sums[1] - shift) - metric.rate(sums[0] + shift))


def shifts(difference: Floats, draws: int) -> Iterator[Floats]:
    """What swapping moves from after to before, shape (m, k) at a time; the order of the units does not matter."""
    units = len(difference)
    difference = difference[np.lexsort(difference.T)]
    if units <= EXACT:
        yield ((np.arange(2**units)[:, None] >> np.arange(units)) & 1) @ difference
        return
    generator = np.random.default_rng(SEED)
    chunk = min(CHUNK, max(4, CELLS // units // 4 * 4))  # a multiple of 4: the same draws in chunks of any size
    for start in range(0, draws, chunk):
        rows = min(chunk, draws - start)
        bits = np.frombuffer(generator.bytes(rows * ((units + 7) // 8)), dtype=np.uint8).reshape(rows, -1)
        swapped = np.unpackbits(bits, axis=1, count=units).astype(np.float32)
        yield (swapped @ difference.astype(np.float32)).astype(float)


def least_p(changed: int) -> float:
    """The smallest p that so many changed units can give; 1.0 for none."""
    return 2.0 ** -min(changed, 1000)


def _interval(change: float, error: float, units: int) -> tuple[float, float] | None:
    if not math.isfinite(error) or not math.isfinite(change):
        return None
    from scipy.special import stdtrit

    half = float(stdtrit(units - 1, 0.975)) * error
    return change - half, change + half


def moved(before: Floats, after: Floats) -> npt.NDArray[np.bool_]:
    """Which rows differ; what is no number differs from everything."""
    moved: npt.NDArray[np.bool_] = ~(np.abs(after - before) <= STORED).all(axis=1)
    return moved


def alone(clusters: Sequence[str] | None) -> bool:
    """Whether everything is of one named speaker or recording."""
    return clusters is not None and len(clusters) > 0 and set(clusters) == {clusters[0]} and clusters[0] != ""
