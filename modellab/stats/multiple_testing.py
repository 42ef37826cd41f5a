"""Many comparisons, one chance that any of them is told for nothing: Holm's step-down (1979) as adjusted p.

A comparison in which so little changed that its p could not be small enough whatever happened is no chance of a false
alarm, so it does not count (Tarone 1990 in its plainest form, at one fixed level).
"""

from __future__ import annotations

from collections.abc import Sequence

ALPHA = 0.01  # the chance that two equal systems are told apart anywhere in one comparison


def adjusted(ps: Sequence[float | None]) -> list[float | None]:
    """Holm's adjusted p of each; None does not count and stays None.

    >>> adjusted([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    order = sorted((p, at) for at, p in enumerate(ps) if p is not None)
    found: list[float | None] = [None] * len(ps)
    highest = 0.0
    for rank, (p, at) in enumerate(order):
        highest = min(1.0, max(highest, p * (len(order) - rank)))
        found[at] = highest
    return found


def sign_p(wins: int, losses: int) -> float:
    """The two-sided exact sign test, 0 to 1: how often a fair coin is at least as uneven. 1.0 for no throw.

    >>> round(sign_p(1, 7), 4)
    0.0703
    """
    from scipy.special import bdtr  # 0.1 s that other commands need not pay

    throws = wins + losses
    return min(1.0, 2 * float(bdtr(min(wins, losses), throws, 0.5))) if throws else 1.0
