"""The suite's false alarms: many cases, one chance of 1 % that any of them is red for nothing.

Holm's step-down over what could be found at all (`stats/multiple_testing.py`): thirty cases of which one engine's
changed are not thirty tests. A case is one test, however many metrics it has (`joint.py`).

Of the suite's alpha 0.8 are for this test, so that seven changed units (2^-7) still suffice, and 0.2 for what broke
(`breaks.py`), whose chance falls tenfold with each further utterance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from modellab.gate.detectable_effect import smallest_detectable
from modellab.gate.joint import level
from modellab.stats.multiple_testing import Hypothesis, stepped_down
from modellab.types import Basis, Status, Verdict

SWAPPED = 0.8  # fraction of the suite's alpha


def settle(cases: Sequence[tuple[Verdict, ...]], alpha: float = 0.01) -> list[tuple[Verdict, ...]]:
    """A whole session's verdicts, case by case: `detects` as the suite sees it, and REGRESSED what its test finds."""
    by_side = {
        versus: _found(cases, versus, alpha) for versus in dict.fromkeys(v.versus for case in cases for v in case)
    }
    return [
        tuple(
            turned(seen)
            if seen.pending and i in by_side[seen.versus][0] and _stands_out(seen, by_side[seen.versus][1])
            else seen
            for seen in (_with_detectable_effect(verdict, by_side[verdict.versus][1], verdicts) for verdict in verdicts)
        )
        for i, verdicts in enumerate(cases)
    ]


def _found(cases: Sequence[tuple[Verdict, ...]], versus: str, alpha: float) -> tuple[set[int], int]:
    """The cases that stand out against the baseline, or the pinned release, and by how many alpha was divided.

    Each of the two is a question of its own, as it is while the suite runs.
    """
    tested = {i: [v for v in case if v.versus == versus and _p(v) is not None] for i, case in enumerate(cases)}
    tested = {i: verdicts for i, verdicts in tested.items() if verdicts}
    hits, count = stepped_down([_hypothesis(verdicts, alpha) for verdicts in tested.values()], alpha * SWAPPED)
    return {i for i, hit in zip(tested, hits, strict=True) if hit}, count


def _hypothesis(verdicts: Iterable[Verdict], alpha: float) -> Hypothesis:
    """The case's: that of the metric with the smallest p, each counted by its own alpha."""
    scaled = [(alpha / v.alpha, _p(v), v.least_p) for v in verdicts]
    p = min(scale * p for scale, p, _ in scaled if p is not None)
    return Hypothesis(p, min(scale * least for scale, _, least in scaled if least is not None), alpha * SWAPPED)


def _p(verdict: Verdict) -> float | None:
    """The p that the suite goes by; None without a test, and of old verdicts the metric's own."""
    return None if verdict.least_p is None else verdict.p if verdict.adjusted_p is None else verdict.adjusted_p


def _stands_out(verdict: Verdict, count: int) -> bool:
    """Whether it is this metric that the case is red for."""
    p = _p(verdict)
    return p is not None and p <= SWAPPED * verdict.alpha / count


def _with_detectable_effect(verdict: Verdict, count: int, case: Sequence[Verdict]) -> Verdict:
    if verdict.basis is None:
        return verdict
    tests = sum(
        verdict_of_case.basis is not None and verdict_of_case.versus == verdict.versus for verdict_of_case in case
    )
    return replace(verdict, detects=detectable_in_suite(verdict.basis, SWAPPED * verdict.alpha / count, tests))


def detectable_in_suite(basis: Basis, alpha: float, tests: int) -> float:
    """The smallest change for the worse that is red in four of five suites, in the metric's unit.

    `alpha` is the level of the case, and `tests` the number of its metrics that are judged.
    """
    return smallest_detectable(basis, level(alpha, tests))


def turned(verdict: Verdict) -> Verdict:
    """A pending verdict after the suite's test."""
    why = verdict.why.removesuffix(": may be chance")
    return replace(verdict, status=Status.REGRESSED, red=True, pending=False, why=why)
