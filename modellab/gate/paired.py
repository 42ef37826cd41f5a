"""The same utterances before and after: how much a pooled rate changed, and whether that may be chance.

- p: paired permutation test. If nothing got worse, "before" and "after" of a unit may as well be swapped; p is the
  share of swappings that look at least as bad as what happened. All 2^n are counted up to 13 changed units, else 9,999
  drawn with a fixed seed, and p = (1 + as bad) / 10,000 (Phipson & Smyth 2010). For a rate with a fixed bottom such as
  WER this is the sign-flip test on error differences.
- units are clusters (speakers, recordings) where the dataset names them: their utterances are swapped together, because
  one speaker's errors change together.
- interval: jackknife over units (leave one out) with Student's t, for any rate of sums.
- detects: the smallest change for the worse that the test sees with 80 % power, from the spread of what changed now and
  the sizes of the errors in the baseline.

Units that gave the same on both sides tell nothing about a change and take no part in the test.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modellab.types import Floats, Metric

ALPHA = 0.01
POWER = 0.80
PERMUTATIONS = 9_999
EXACT = 13  # changed units up to which every swapping is counted
CHUNK, CELLS = 256, 2**20  # permutations at a time, and units x permutations: what bounds memory
SEED = 20240229
SLACK = 1e-6  # relative: sums in another order are the same sum
STORED = 1e-6  # baselines keep shares to six decimals
BENIGN = 0.02  # share of words that change for no reason when a library is upgraded
CAP_Z = 3.09  # one in a thousand


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed. `p` is for "got worse", `p_better` for "got better"; both 1.0 where nothing changed.

    `change`, `interval` and `detects` are in the metric's unit; `detects` is above 0 whichever direction is worse.
    `units` counts clusters or utterances, `changed` those of them that differ; `words` says it of utterances. `cap` is
    the change that is beyond what an upgrade may do by chance; infinite where the metric has none.
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
    detects: float
    cap: float
    words: str

    def worse(self, metric: Metric) -> float:
        """The change with its sign turned so that above 0 is worse."""
        return self.change if metric.better == "lower" else -self.change


def compare(
    metric: Metric, before: Floats, after: Floats, clusters: Sequence[str] | None = None, alpha: float = ALPHA
) -> Comparison:
    """Compare shares of shape (n_utterances, k), paired by row. `clusters[i]` is the unit of row i; '' is its own."""
    sizes, bottom, allowed = costs(metric, before), bottom_of(before), cap(metric, before, after)
    words = f"{int(_moved(before, after).sum())} of {len(before)} utterances changed"
    before, after = by_unit(before, clusters), by_unit(after, clusters)
    moved = _moved(before, after)
    now, baseline = float(metric.rate(after.sum(axis=0))), float(metric.rate(before.sum(axis=0)))
    p, p_better = permutation_p(metric, before, after) if moved.any() else (1.0, 1.0)
    error = jackknife_error(metric, before, after)
    change = now - baseline if moved.any() else 0.0
    changed = int(moved.sum())
    if len(before) < len(sizes):
        words += f", in {changed} of {len(before)} clusters"
    return Comparison(
        now,
        baseline,
        change,
        _interval(change, error, len(before)),
        p,
        p_better,
        least_p(changed),
        len(before),
        changed,
        detectable(sizes, bottom, len(before), error, alpha),
        allowed,
        words,
    )


def permutation_p(metric: Metric, before: Floats, after: Floats, draws: int = PERMUTATIONS) -> tuple[float, float]:
    """One-sided p of "got worse" and of "got better"; both of shape (n_units, k), some row of them different.

    `draws` is how many swappings are drawn where they are not all counted.
    """
    sign = 1.0 if metric.better == "lower" else -1.0
    seen = sign * float(metric.rate(after.sum(axis=0)) - metric.rate(before.sum(axis=0)))
    worse = better = drawn = 0
    for change in (sign * changes for changes in by_chance(metric, before, after, draws)):
        slack = SLACK * (np.nanmax(np.abs(change), initial=0.0) + abs(seen))
        worse += int((~(change < seen - slack)).sum())  # a rate that does not exist counts as bad
        better += int((~(change > seen + slack)).sum())
        drawn += len(change)
    own = 0 if _moved(before, after).sum() <= EXACT else 1  # among all swappings the one that happened is there already
    return (worse + own) / (drawn + own), (better + own) / (drawn + own)


def by_chance(metric: Metric, before: Floats, after: Floats, draws: int = PERMUTATIONS) -> Iterator[Floats]:
    """The change of the rate after each swapping, in the metric's unit, shape (m,) at a time."""
    sums = before.sum(axis=0), after.sum(axis=0)
    for shift in _shifts((after - before)[_moved(before, after)], draws):
        yield np.asarray(metric.rate(sums[1] - shift) - metric.rate(sums[0] + shift))


def _shifts(difference: Floats, draws: int) -> Iterator[Floats]:
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
    return 2.0**-changed if changed <= EXACT else 1 / (PERMUTATIONS + 1)


def fewest_units(alpha: float) -> int:
    """So many units must have changed, all for the worse, before p can be `alpha` or less: 7 for 1 %."""
    return math.ceil(-math.log2(alpha))


def jackknife_error(metric: Metric, before: Floats, after: Floats) -> float:
    """Standard error of the change: leave one unit out (Efron & Tibshirani 1993, ch. 11). NaN for fewer than two."""
    n = len(before)
    if n < 2:
        return math.nan
    left = metric.rate(after.sum(axis=0) - after) - metric.rate(before.sum(axis=0) - before)
    known = left[np.isfinite(left)]
    return math.sqrt((n - 1) / n * float(((known - known.mean()) ** 2).sum())) if len(known) else math.nan


def cap(metric: Metric, before: Floats, after: Floats) -> float:
    """A change for the worse that chance does not explain: CAP_Z standard errors of benign churn.

    The variance of a paired difference is a burst times the share of what differs, per word. Between real systems the
    burst of WER is 3.6 to 5.5 (`metric.burst`); where the baseline's own errors come in larger bursts, it is theirs.
    What differs benignly is taken as three times what got better, which damage cannot raise (twice would do if gains
    and losses were equal, but where a change looks bad gains were few), and at least BENIGN. So an upgrade that changes
    every transcript has a wider cap than one that should change none.
    """
    if metric.cap is not None:
        return metric.cap
    bottom = bottom_of(before)
    if bottom <= 0:
        return math.inf
    sizes = costs(metric, before)
    gained = float(np.clip(sizes - costs(metric, after), 0.0, None).sum())
    burst = max(metric.burst, float((sizes**2).sum() / sizes.sum()) if sizes.sum() > 0 else 0.0)
    return CAP_Z * math.sqrt(burst * max(BENIGN, 3 * gained / bottom) / bottom)


def detectable(sizes: Floats, bottom: float, units: int, error: float, alpha: float) -> float:
    """The smallest change for the worse that is seen with 80 % power, in the metric's unit.

    `sizes` are what each utterance of the baseline adds to the bad side, which damage is taken to do as well; `bottom`
    is what their sum is divided by; `error` is the standard error of the present change. Two parts, added as squares:
    the damage that hits enough units for p to be `alpha` where nothing else changed, and the sum that stands out of
    what did change. Infinite where no change can be seen, whatever its size.
    """
    from scipy.special import bdtrc, ndtri

    hit = sizes[sizes > 0]
    mean, spread = (float(hit.mean()), float((hit**2).sum() / hit.sum())) if len(hit) else (1.0, 1.0)
    need = fewest_units(alpha)
    if need > units or bottom <= 0:
        return math.inf
    low, high = 0.0, 50.0 * units
    for _ in range(60):  # damaged utterances so that `need` of the units are hit with 80 % power
        middle = (low + high) / 2
        enough = bdtrc(need - 1, units, -math.expm1(-middle / units)) >= POWER
        low, high = (low, middle) if enough else (middle, high)
    counted = high * mean / bottom
    z2 = float(ndtri(1 - alpha) + ndtri(POWER)) ** 2
    own = z2 * spread / bottom  # what damage alone would need if its sum were normal: `counted` knows better
    among = (own + math.sqrt(own**2 + 4 * z2 * (error if math.isfinite(error) else 0.0) ** 2)) / 2
    return math.sqrt(counted**2 + among**2 - own**2)


def _interval(change: float, error: float, units: int) -> tuple[float, float] | None:
    if not math.isfinite(error) or not math.isfinite(change):
        return None
    from scipy.special import stdtrit

    half = float(stdtrit(units - 1, 0.975)) * error
    return change - half, change + half


def costs(metric: Metric, shares: Floats) -> Floats:
    """What each row adds to the bad side of the rate: its errors, or what it lacks to a full score. Shape (n,)."""
    if metric.better == "lower" or shares.shape[1] < 2:
        return shares[:, 0]
    return np.asarray(shares[:, 1] - shares[:, 0])


def bottom_of(shares: Floats) -> float:
    """What the summed costs are divided by to give the rate; 1.0 for a plain amount."""
    return float(shares[:, 1].sum()) if shares.shape[1] > 1 else 1.0


def _moved(before: Floats, after: Floats) -> npt.NDArray[np.bool_]:
    """Which rows differ; what is no number differs from everything."""
    moved: npt.NDArray[np.bool_] = ~(np.abs(after - before) <= STORED).all(axis=1)
    return moved


def by_unit(shares: Floats, clusters: Sequence[str] | None) -> Floats:
    """Shares summed by cluster, shape (n_units, k). One cluster of everything is no cluster: utterances are units."""
    if clusters is None or len(set(clusters)) < 2:
        return shares
    names = [name or f"\0{row}" for row, name in enumerate(clusters)]
    _, unit = np.unique(np.array(names), return_inverse=True)
    summed: npt.NDArray[np.float64] = np.zeros((int(unit.max()) + 1, shares.shape[1]))
    np.add.at(summed, unit, shares)
    return summed
