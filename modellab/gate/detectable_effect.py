"""How small a change for the worse the swapping test sees: red in four of five runs, without drawing any.

Damage is taken to hit utterances by chance (Poisson), each with errors of a size that the baseline has, on top of what
changed now. By how much p falls follows from the exponential bound on swapping the signs (Chernoff 1952):

    p  =  prefactor exp(-G),   G  =  largest over t of   sum (t d - ln cosh t d)  -  (t error)^2 / 2

A hit of any size adds at most ln 2 to G: one coin. That is why a normal distribution asks for too much where little
else changed, and a count of hits for too little where much did. The mean and the variance of G over the hits, and over
what changed for no reason, give its lowest fifth; the prefactor is that of Bahadur & Rao (1960) for sums that move in
steps, and 1 where no other swapping is as bad.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from modellab.types import Basis, Floats

POWER = 0.80
STEPS = 14  # halvings: the number of hits is known to 0.1 %
TILTS = np.geomspace(0.005, 20.0, 48)  # t, in units of 1 / the mean size
SIZES = 8  # equal parts that the sizes of the errors are told by


def fewest_units(alpha: float) -> int:
    """So many units must have changed, all for the worse, before p can be `alpha` or less: 7 for 1 %."""
    return math.ceil(-math.log2(alpha))


def minimum_detectable_effect(sizes: Floats, bottom: float, units: int, error: float, alpha: float) -> float:
    """The smallest change for the worse that is seen with 80 % power, in the metric's unit.

    `sizes` are what each utterance of the baseline adds to the bad side, which damage is taken to do as well; `bottom`
    is what their sum is divided by; `error` is the standard error of the present change.
    """
    return smallest_detectable(basis_of(sizes, bottom, units, error), alpha)


def basis_of(sizes: Floats, bottom: float, units: int, error: float) -> Basis:
    """The little of a comparison that `visible` needs: of the sizes the means of equal parts, the smallest first."""
    hit = np.sort(sizes[sizes > 0])
    parts = np.repeat(hit, SIZES).reshape(SIZES, -1).mean(axis=1) if len(hit) else np.ones(1)
    return Basis(tuple(parts.tolist()), bottom, units, error)


@lru_cache(maxsize=4096)
def smallest_detectable(basis: Basis, alpha: float) -> float:
    """The smallest change for the worse that a test at level `alpha` sees with 80 % power, in the metric's unit.

    Infinite where no change can be seen, whatever its size.
    """
    need = fewest_units(alpha)
    if need > basis.units or basis.bottom <= 0:
        return math.inf
    low, high = math.log(need / 2), math.log(50.0 * basis.units)
    if not _seen(basis, math.exp(high), alpha):
        return math.inf
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if _seen(basis, math.exp(middle), alpha) else (middle, high)
    effect = math.exp(high) * float(np.mean(basis.sizes)) / basis.bottom
    return effect if effect <= basis.most else math.inf


def _seen(basis: Basis, hits: float, alpha: float) -> bool:
    """Whether p is `alpha` or less in four of five runs with so many hits on average."""
    from scipy.special import ndtri

    fraction = -math.expm1(-hits / basis.units)  # of the units are hit, each so often:
    sizes = np.array(basis.sizes) * (hits / basis.units / fraction)
    tilts = TILTS / float(np.mean(basis.sizes))
    noise = (basis.error * basis.bottom) ** 2 if math.isfinite(basis.error) else 0.0
    tilted = tilts[:, None] * sizes
    gain = math.log(2.0) - np.log1p(np.exp(-2 * tilted))  # t d - ln cosh t d
    first, second = gain.mean(axis=1), (gain**2).mean(axis=1)
    mean = basis.units * fraction * first - noise * tilts**2 / 2
    variance = basis.units * (fraction * second - (fraction * first) ** 2) + noise * tilts**2
    lowest = mean - float(ndtri(POWER)) * np.sqrt(np.maximum(variance, 0.0))
    at = int(lowest.argmax())
    inside = np.exp(-2 * tilted[at])  # 1 / cosh^2 = 4 e^-2x / (1 + e^-2x)^2
    spread = math.sqrt(noise + basis.units * fraction * float((sizes**2 * 4 * inside / (1 + inside) ** 2).mean()))
    return float(lowest[at]) - _log_prefactor(float(tilts[at]), spread, float(sizes[0])) >= -math.log(alpha)


def _log_prefactor(tilt: float, spread: float, step: float) -> float:
    """ln of p exp(G) for a sum that moves in twice `step` and has so large a standard deviation when it is tilted."""
    steps = math.sqrt(2 * math.pi) * spread * -math.expm1(-2 * step * tilt) / (2 * step)
    return -math.log(max(1.0, steps))
