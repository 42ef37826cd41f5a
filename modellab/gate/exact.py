"""p of whole-numbered changes with all 2^n swappings counted, however many units changed; no seed, no smallest value.

Of a rate whose bottom is the same on both sides (words, letters, clips) swapping a unit turns the sign of its change.
The distribution of the sum of +-d has the product of cos(d t) as its characteristic function; one FFT turns it back.
Exact to 1e-13.
"""

from __future__ import annotations

import numpy as np

from modellab.types import Floats, Metric, top_over_bottom, total

LATTICE = 2**22  # largest table
WHOLE = 1e-6


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
