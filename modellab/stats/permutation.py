"""The paired permutation test: if nothing got worse, "before" and "after" of a unit may as well be swapped.

p is the fraction of swappings that look at least as bad as what happened. All 2^n are counted up to 13 changed units.
Beyond, where each change is a whole number and the rate's bottom is the same on both sides (words, letters, clips),
swapping a unit turns the sign of its change: the sum of +-d has the product of cos(d t) as its characteristic function,
and one FFT turns it back, so that again every swapping is counted, to 1e-13, with no seed and no smallest value. Else
9,999 are drawn with a fixed seed, and more where hardly any is as bad; p = (1 + as bad) / (1 + drawn) (Phipson & Smyth
2010).

Units that gave the same on both sides tell nothing about a change and take no part. Counts have the shape (n_units, k):
those of a unit, which `Metric.rate` turns into a rate once they are summed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from modellab.types import Floats, Metric, top_over_bottom, total

PERMUTATIONS = 9_999
EXACT = 13  # changed units up to which every swapping is counted
CHUNK, CELLS = 256, 2**20  # permutations at a time, and units x permutations: what bounds memory
SEED = 20240229
SLACK = 1e-6  # relative: sums in another order are the same sum
STORED = 1e-6  # baselines keep counts to six decimals
ENOUGH = 10  # swappings as bad, below which more are drawn
FINE = 20  # times the number of swappings among which one is that bad by the level that is asked for
LATTICE = 2**22  # largest table of sums
WHOLE = 1e-6  # so far from a whole number still is one


def swap_p(metric: Metric, before: Floats, after: Floats, level: float) -> tuple[float, float]:
    """`permutation_p` from so many swappings that it can tell whether p is `level` or less."""
    ends = permutation_p(metric, before, after)
    draws = math.ceil(FINE / level)
    drawn = moved(before, after).sum() > EXACT and _counted(metric, before, after) is None
    if drawn and draws > PERMUTATIONS and min(ends) < ENOUGH / (PERMUTATIONS + 1):
        return permutation_p(metric, before, after, draws)
    return ends


def permutation_p(
    metric: Metric, before: Floats, after: Floats, draws: int = PERMUTATIONS, *, exact: int = EXACT, cells: int = CELLS
) -> tuple[float, float]:
    """One-sided p of "got worse" and of "got better"; both of shape (n_units, k), some row of them different.

    `draws` is how many swappings are drawn where they are not all counted, which they are up to `exact` changed units;
    `cells` bounds the memory that it takes.
    """
    many = moved(before, after).sum() > exact
    if many and (counted := _counted(metric, before, after)) is not None:
        return counted
    sign = 1.0 if metric.better == "lower" else -1.0
    seen = sign * float(metric.rate(after.sum(axis=0)) - metric.rate(before.sum(axis=0)))
    worse = better = drawn = 0
    for change in (
        sign * difference for difference in by_chance(metric, before, after, draws, exact=exact, cells=cells)
    ):
        slack = SLACK * (np.nanmax(np.abs(change), initial=0.0) + abs(seen))
        worse += int((~(change < seen - slack)).sum())  # a rate that does not exist counts as bad
        better += int((~(change > seen + slack)).sum())
        drawn += len(change)
    own = int(many)  # among all swappings the one that happened is there already
    return (worse + own) / (drawn + own), (better + own) / (drawn + own)


def _counted(metric: Metric, before: Floats, after: Floats) -> tuple[float, float] | None:
    """p with every swapping counted; None where the change is no sum of whole numbers."""
    unit_changes = changes(metric, before, after)
    return None if unit_changes is None else sign_flip_p(unit_changes)


def by_chance(
    metric: Metric, before: Floats, after: Floats, draws: int = PERMUTATIONS, *, exact: int = EXACT, cells: int = CELLS
) -> Iterator[Floats]:
    """The change of the rate after each swapping, in the metric's unit, shape (m,) at a time."""
    sums = before.sum(axis=0), after.sum(axis=0)
    for shift in shifts((after - before)[moved(before, after)], draws, exact=exact, cells=cells):
        yield np.asarray(metric.rate(sums[1] - shift) - metric.rate(sums[0] + shift))


def shifts(difference: Floats, draws: int, *, exact: int = EXACT, cells: int = CELLS) -> Iterator[Floats]:
    """What swapping moves from after to before, shape (m, k) at a time; the order of the units does not matter."""
    units = len(difference)
    difference = difference[np.lexsort(difference.T)]
    if units <= exact:
        yield ((np.arange(2**units)[:, None] >> np.arange(units)) & 1) @ difference
        return
    generator = np.random.default_rng(SEED)
    chunk = min(CHUNK, max(4, cells // units // 4 * 4))  # a multiple of 4: the same draws in chunks of any size
    for start in range(0, draws, chunk):
        rows = min(chunk, draws - start)
        bits = np.frombuffer(generator.bytes(rows * ((units + 7) // 8)), dtype=np.uint8).reshape(rows, -1)
        swapped = np.unpackbits(bits, axis=1, count=units).astype(np.float32)
        yield (swapped @ difference.astype(np.float32)).astype(float)


def least_p(changed: int) -> float:
    """The smallest p that so many changed units can give; 1.0 for none."""
    return 2.0 ** -min(changed, 1000)


def moved(before: Floats, after: Floats) -> npt.NDArray[np.bool_]:
    """Which rows differ; what is no number differs from everything."""
    moved: npt.NDArray[np.bool_] = ~(np.abs(after - before) <= STORED).all(axis=1)
    return moved


# ---------------------------------------------------------------------------- every swapping counted by one FFT


def sign_flip_p(changes: Floats) -> tuple[float, float] | None:
    """p of "got worse" and "got better" of changes (above 0 is worse), shape (n,); None where it cannot be counted.

    >>> sign_flip_p(np.array([1.0, 2.0, 1.0]))
    (0.125, 1.0)
    """
    whole = np.rint(changes)
    if not np.isfinite(changes).all() or np.abs(changes - whole).max(initial=0) > WHOLE:
        return None
    if (unit := np.gcd.reduce(whole.astype(np.int64))) == 0:
        return None
    whole /= unit
    sizes, times = np.unique(np.abs(whole[whole != 0]), return_counts=True)
    size = int((sizes * times).sum())
    if size >= LATTICE // 2 or size * len(sizes) > 16 * LATTICE:
        return None
    points = 1 << (2 * size + 1).bit_length()
    angle = np.arange(points // 2 + 1) * (2 * np.pi / points)
    wave = np.ones(len(angle))
    for one, count in zip(sizes, times, strict=True):
        wave *= np.cos(one * angle) ** int(count)
    chance = np.roll(np.fft.irfft(wave, points), size)[: 2 * size + 1]  # of the sums -size ... size
    at, least = int(whole.sum()) + size, 2.0 ** -min(int(times.sum()), 1000)
    worse, better = (float(min(1.0, max(part.sum(), least))) for part in (chance[at:], chance[: at + 1]))
    return worse, better


def changes(metric: Metric, before: Floats, after: Floats) -> Floats | None:
    """What each unit adds to the change, above 0 for the worse, shape (n,); None where it is no plain sum."""
    sign = 1.0 if metric.better == "lower" else -1.0
    if metric.rate is total:
        return np.asarray(sign * (after - before)[:, 0])
    same_bottom = before.shape[1] == 2 and np.abs(after[:, 1] - before[:, 1]).max(initial=0) <= WHOLE
    return np.asarray(sign * (after - before)[:, 0]) if metric.rate is top_over_bottom and same_bottom else None
