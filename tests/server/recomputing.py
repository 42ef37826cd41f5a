"""Statistics once more, with nothing of modellab's own: from a ledger's lines as JSON, as the documentation has them.

A pooled rate has the jackknife's interval with Student's t; two systems are compared by turning the sign of each
utterance's change, every way counted; Holm's correction is over all that are compared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import stats

from modellab.types import Floats

Ends = tuple[float, float, float]  # value, and the ends of its interval
Step = tuple[int, float, float]  # the first point of a level, the level before and this one
PENALTY, SHORTEST, SPIKE, QN = 2.5, 3, 3.0, 2.2219  # of docs/history.md and its sources


def column(line: dict[str, Any], *names: str) -> Floats:
    """Numbers of each utterance: those of a metric's counts, or of the utterance itself."""
    said = line["result"]["utterances"]
    return np.array([u["shares"][names[0]] if names[0] in u["shares"] else [u[n] for n in names] for u in said])


def interval(counts: Floats, *, is_share: bool = True) -> Ends:
    """The rate of sums with its interval; a share stays below 1, and without any error ends at 3.69 of them."""
    total, n = counts.sum(axis=0), len(counts)
    left = (total[0] - counts[:, 0]) / (total[1] - counts[:, 1])
    half = stats.t.ppf(0.975, n - 1) * math.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())
    value = total[0] / total[1]
    if is_share and not total[0]:
        return value, value, min(1.0, -math.log(0.025) / total[1])
    return value, max(0.0, value - half), min(1.0, value + half) if is_share else value + half


def change(before: Floats, after: Floats) -> tuple[Ends, float]:
    """How much a rate changed, in pairs, with its interval; and its two-sided p by Student's t."""
    a, b, n = before.sum(axis=0), after.sum(axis=0), len(before)
    left = (b - after)[:, 0] / (b - after)[:, 1] - (a - before)[:, 0] / (a - before)[:, 1]
    error = math.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())
    moved, half = float(b[0] / b[1] - a[0] / a[1]), float(stats.t.ppf(0.975, n - 1)) * error
    p = 2 * float(stats.t.sf(abs(moved) / error, n - 1)) if moved else 1.0
    return (moved, moved - half, moved + half), p


def swapped_p(before: Floats, after: Floats) -> float:
    """Two-sided: of all ways to turn the signs of the changes, how many add up to at least as much on either side."""
    changes = (after - before)[:, 0]
    sums = {0: 1.0}
    for each in changes[changes != 0].astype(int):
        turned: dict[int, float] = {}
        for total, share in sums.items():
            for side in (total + each, total - each):
                turned[side] = turned.get(side, 0.0) + share / 2
        sums = turned
    seen = changes.sum()
    above, below = (sum(s for total, s in sums.items() if (total - seen) * sign >= 0) for sign in (1, -1))
    return min(1.0, 2 * min(above, below))


def holm(ps: Sequence[float]) -> list[float]:
    """Each p after Holm's correction."""
    found, highest = [0.0] * len(ps), 0.0
    for number, place in enumerate(sorted(range(len(ps)), key=lambda place: ps[place])):
        highest = min(1.0, max(highest, ps[place] * (len(ps) - number)))
        found[place] = highest
    return found


def time_ratio(before: Floats, after: Floats, of_sessions: float = 0.15) -> Ends:
    """How much longer the same utterances took, by a mean of logarithms without a fifth at each end, with its interval.

    `of_sessions` is the sd of log(time) between sessions of either side where none was measured.
    """
    logs = np.log(after / before)
    cut, n = int(0.2 * len(logs)), len(logs)
    held = np.asarray(stats.mstats.winsorize(logs, (0.2, 0.2)))
    error = math.hypot(held.std(ddof=1) / ((1 - 2 * cut / n) * math.sqrt(n)), of_sessions, of_sessions)
    mean, half = float(stats.trim_mean(logs, 0.2)), float(stats.t.ppf(0.975, n - 2 * cut - 1)) * error
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def steps(values: Floats) -> list[Step]:
    """Where the level of a series moved: of all ways to cut it the cheapest, found by trying every last cut."""
    n = len(values)
    differences = np.diff(values)
    apart = sorted(abs(a - b) for place, a in enumerate(differences) for b in differences[place + 1 :])
    half = len(differences) // 2 + 1
    noise = QN * apart[half * (half - 1) // 2 - 1]
    series = (values - np.median(values)) / (noise / math.sqrt(2))
    around = np.array([np.median(series[max(0, i - 2) : i + 3]) for i in range(n)])
    series = np.clip(series, around - SPIKE, around + SPIKE)
    each = PENALTY * (1 + 12 / n) * math.log(n)
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (-each, ())}
    for end in range(SHORTEST, n + 1):
        starts = [start for start in best if end - start >= SHORTEST]
        tried = [(best[s][0] + each + _spread(series[s:end]), (*best[s][1], s)) for s in starts]
        if tried:
            best[end] = min(tried)
    edges = [*best[n][1], n]
    for i in range(1, len(edges) - 1):  # a level has at least three points while cuts are looked for, and not after
        start, cut, end = edges[i - 1 : i + 2]
        near = range(max(start + 1, cut - 2), min(end, cut + 3))
        edges[i] = min(
            near, key=lambda at: (round(_spread(series[start:at]) + _spread(series[at:end]), 6), abs(at - cut))
        )
    levels = [float(np.median(values[a:b])) for a, b in pairwise(edges)]
    return [(cut, levels[i], levels[i + 1]) for i, cut in enumerate(edges[1:-1]) if levels[i] != levels[i + 1]]


def _spread(values: Floats) -> float:
    return float(((values - values.mean()) ** 2).sum())
