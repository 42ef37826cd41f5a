"""Change points of a series: where its level moved, told from noise and from single odd values.

    values -> scaled by the noise of their differences -> single spikes clipped -> PELT -> Steps

Noise is Qn (Rousseeuw & Croux 1993) of the differences between neighbours: a step spoils one difference and not the
scale. A point more than 3 sd from the median of the five around it is clipped to 3 sd (Hampel 1974): one bad run is no
step. PELT (Killick, Fearnhead & Eckley 2012) with squared error finds the split of least cost, where every change
costs PENALTY (1 + 12 / n) log n: the BIC's form, with constants from simulation, for the sd is estimated and the
place is searched.

What that gives (5,000 series each, by `tools/change_points.py`; a step comes after 30 points, and is found when it is
said to be at most two points beside its place):

    no step, independent normal noise, 12 to 120 points    0.9 to 1.5 % of the series flagged
    no step, Student's t with 3 degrees of freedom         1.4 to 4.9 %
    no step, 5 % of the points up by 6 sd                  2.1 to 6.8 %
    a step of 2 sd, 3 / 5 / 10 points after it            found in 27 / 56 / 88 %; delay 5 points, at most 11 in 90 %
    a step of 3 sd                                         found in 76 / 96 / 99 %; delay 3 points, at most 4 in 90 %

Noise that remembers (a machine that is slow for days) is taken for steps: with an autocorrelation of 0.3, 16 to 27 % of
the series of 30 to 60 points are flagged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from modellab.errors import ConfigError
from modellab.system import extras
from modellab.types import Floats

FEWEST = 10  # points without which nothing is looked for
SHORTEST = 3  # points of a level
PENALTY = 2.5
SMALL = 12.0  # short series estimate their noise badly: their penalty is (1 + SMALL / n) times larger
QN = 2.2219  # makes Qn the sd of normal values
SPIKE = 3.0  # sd
LARGEST = 1e100  # of a value: squares of differences stay finite; larger ones are scaled down
AROUND = 2  # points on each side that say what is odd


@dataclass(frozen=True, slots=True)
class Step:
    """The level moved between the points `index - 1` and `index` of a series; levels are medians, in its unit."""

    index: int
    before: float
    after: float

    @property
    def change(self) -> float:
        return self.after - self.before


def steps(values: Floats, penalty: float = PENALTY) -> list[Step]:
    """The steps of a series, shape (n,), all finite, oldest first. None among fewer than FEWEST points.

    Shifting or scaling the series moves no step. A larger `penalty` finds fewer; ConfigError for one not above 0.
    """
    if not (penalty > 0 and math.isfinite(penalty)):
        raise ConfigError(f"the penalty is {penalty:g}, expected more than 0; {PENALTY:g} is usual, less finds more")
    n = len(values)
    small = values / max(1.0, float(np.abs(values).max(initial=0.0)) / LARGEST)
    if n < FEWEST or np.ptp(small) == 0:
        return []
    flat = clipped(scaled(small))
    cuts = _placed(flat, _pelt(flat, penalty * (1 + SMALL / n) * math.log(n)))
    edges = [0, *cuts, n]
    levels = [float(np.median(values[start:end])) for start, end in pairwise(edges)]
    return [Step(cut, levels[i], levels[i + 1]) for i, cut in enumerate(cuts) if levels[i] != levels[i + 1]]


def scaled(values: Floats) -> Floats:
    """The series around its median in units of its noise.

    Where most neighbours are equal (the quality of a model that always answers the same) there is no noise to be in
    units of: then of each value only its rank counts, so that an outage hides no small change that lasts.
    """
    differences = np.diff(values)
    noise = qn(differences)
    if noise == 0:
        values = np.unique(values, return_inverse=True)[1].astype(float)
        noise = float(np.sqrt(np.mean(np.diff(values) ** 2)))
    return np.asarray((values - np.median(values)) / (noise / math.sqrt(2)), dtype=float)


def qn(values: Floats) -> float:
    """The scale estimate Qn: 2.22 times the first quartile of all distances between two values. 0 if most are equal."""
    half = len(values) // 2 + 1
    rank = half * (half - 1) // 2
    distances = np.abs(values[:, None] - values)[np.triu_indices(len(values), 1)]
    return QN * float(np.partition(distances, rank - 1)[rank - 1])


def clipped(values: Floats) -> Floats:
    """The series, each point at most SPIKE from the median of the points around it; its edges stay where they are."""
    around = [values[max(0, i - AROUND) : i + AROUND + 1] for i in range(len(values))]
    middle = np.array([np.median(window) for window in around])
    return np.clip(values, middle - SPIKE, middle + SPIKE)


def _placed(values: Floats, cuts: list[int]) -> list[int]:
    """The cuts where they fit best: one that SHORTEST held back, near the end of the series, moves on."""
    edges = [0, *cuts, len(values)]
    for i in range(1, len(edges) - 1):
        start, cut, end = edges[i - 1 : i + 2]
        near = range(max(start + 1, cut - SHORTEST + 1), min(end, cut + SHORTEST))
        costs = {at: values[start:at].var() * (at - start) + values[at:end].var() * (end - at) for at in near}
        edges[i] = min(near, key=lambda at: (round(costs[at], 6), abs(at - cut)))
    return edges[1:-1]


def _pelt(values: Floats, penalty: float) -> list[int]:
    """The first index of each new level. ruptures' KernelCPD with a linear kernel is PELT with squared error, in C."""
    extras.need("reports", "finding change points")
    from ruptures import KernelCPD

    cuts = KernelCPD(kernel="linear", min_size=SHORTEST).fit(values[:, None]).predict(pen=penalty)
    return [int(cut) for cut in cuts[:-1]]  # the last is the end of the series
