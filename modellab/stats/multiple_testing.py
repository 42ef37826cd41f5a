"""Many tests, one chance that any of them is believed for nothing: Holm's step-down (1979), and the sign test.

A test in which so little changed that its p could not be small enough, whatever happened, is no chance of a false alarm
and is left out of the count. `rejected` asks that anew at each step (Tarone 1990); for `adjusted` the caller leaves it
out at one fixed level. It holds because how much changed says nothing about the direction if nothing got worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ALPHA = 0.01  # the chance of a false finding anywhere in the family of tests


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One test: its p, the smallest p its data could have given, and the chance of a false alarm it may have alone."""

    p: float
    least_p: float
    alpha: float = ALPHA


def rejected(hypotheses: Sequence[Hypothesis], alpha: float = ALPHA) -> list[bool]:
    """Which of them stand out so that the chance of any false one is at most `alpha`.

    A hypothesis with a smaller alpha of its own is held to it: its p counts as alpha / own alpha times as large.

    >>> rejected([Hypothesis(0.004, 0.001), Hypothesis(0.3, 0.001)]), rejected([Hypothesis(0.008, 0.001)] * 2)
    ([True, False], [False, False])
    """
    return stepped_down(hypotheses, alpha)[0]


def stepped_down(hypotheses: Sequence[Hypothesis], alpha: float = ALPHA) -> tuple[list[bool], int]:
    """What `rejected` gives, and by how many tests alpha was divided at last."""
    scaled = [(h.p * alpha / h.alpha, h.least_p * alpha / h.alpha) for h in hypotheses]
    open_ = set(range(len(scaled)))
    while True:
        tests = _testable(sorted(scaled[i][1] for i in open_), alpha)
        newly_rejected = {i for i in open_ if max(scaled[i]) <= alpha / tests}
        if not newly_rejected:
            return [i not in open_ for i in range(len(scaled))], tests
        open_ -= newly_rejected


def _testable(least: Sequence[float], alpha: float) -> int:
    """The smallest k such that at most k of the smallest attainable p are alpha / k or less."""
    k = 1
    while sum(p <= alpha / k for p in least) > k:
        k += 1
    return k


def adjusted(ps: Sequence[float | None]) -> list[float | None]:
    """Holm's adjusted p of each; None does not count and stays None.

    >>> adjusted([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    order = sorted((p, at) for at, p in enumerate(ps) if p is not None)
    adjusted_ps: list[float | None] = [None] * len(ps)
    highest = 0.0
    for rank, (p, at) in enumerate(order):
        highest = min(1.0, max(highest, p * (len(order) - rank)))
        adjusted_ps[at] = highest
    return adjusted_ps


def sign_p(wins: int, losses: int) -> float:
    """The two-sided exact sign test, 0 to 1: how often a fair coin is at least as uneven. 1.0 for no throw.

    >>> round(sign_p(1, 7), 4)
    0.0703
    """
    from scipy.special import bdtr  # 0.1 s that other commands need not pay

    throws = wins + losses
    return min(1.0, 2 * float(bdtr(min(wins, losses), throws, 0.5))) if throws else 1.0
