"""The suite's false alarms: many tests, one chance of 1 % that any of them is red for nothing.

Holm's step-down (1979) on Tarone's testable hypotheses (1990): a comparison in which so little changed that its p could
never be small enough is left out of the count. So thirty cases of which one engine's changed are not thirty tests. It
holds because how much changed says nothing about the direction if nothing got worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from modellab.types import Status, Verdict


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One test: its p, the smallest p its data could have given, and the chance of a false alarm it may have alone."""

    p: float
    least_p: float
    alpha: float = 0.01


def rejected(hypotheses: Sequence[Hypothesis], alpha: float = 0.01) -> list[bool]:
    """Which of them stand out so that the chance of any false one is at most `alpha`.

    A hypothesis with a smaller alpha of its own is held to it: its p counts as alpha / own alpha times as large.

    >>> rejected([Hypothesis(0.004, 0.001), Hypothesis(0.3, 0.001)]), rejected([Hypothesis(0.008, 0.001)] * 2)
    ([True, False], [False, False])
    """
    scaled = [(h.p * alpha / h.alpha, h.least_p * alpha / h.alpha) for h in hypotheses]
    open_ = set(range(len(scaled)))
    while True:
        level = alpha / _testable(sorted(scaled[i][1] for i in open_), alpha)
        found = {i for i in open_ if max(scaled[i]) <= level}
        if not found:
            return [i not in open_ for i in range(len(scaled))]
        open_ -= found


def _testable(least: Sequence[float], alpha: float) -> int:
    """The smallest k such that at most k of the smallest attainable p are alpha / k or less."""
    k = 1
    while sum(p <= alpha / k for p in least) > k:
        k += 1
    return k


def settle(cases: Sequence[tuple[Verdict, ...]], alpha: float = 0.01) -> list[tuple[Verdict, ...]]:
    """A whole session's verdicts, case by case, with those turned to REGRESSED that the suite's test finds."""
    tests = [
        (case, position, Hypothesis(verdict.p, verdict.least_p, verdict.alpha))
        for case, verdicts in enumerate(cases)
        for position, verdict in enumerate(verdicts)
        if verdict.p is not None and verdict.least_p is not None
    ]
    found = rejected([test for _, _, test in tests], alpha)
    settled = [list(verdicts) for verdicts in cases]
    for (case, position, _), hit in zip(tests, found, strict=True):
        if hit and settled[case][position].pending:
            settled[case][position] = turned(settled[case][position])
    return [tuple(verdicts) for verdicts in settled]


def turned(verdict: Verdict) -> Verdict:
    """A pending verdict after the suite's test."""
    why = verdict.why.removesuffix(": may be chance")
    return replace(verdict, status=Status.REGRESSED, red=True, pending=False, why=why)
