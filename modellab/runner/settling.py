"""What is decided when every case has run: the suite's test, and the exit status.

Exit status: 0 pass, 1 regression, 2 stopped before the end, 3 a measurement was not possible and nothing regressed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from modellab import gate
from modellab.results import ledger
from modellab.runner.summary import CaseSummary

PASSED, REGRESSED, STOPPED, NOT_MEASURED = 0, 1, 2, 3


def settled(cases: Sequence[CaseSummary], alpha: float) -> list[CaseSummary]:
    """The cases after the suite's test, which decides on those that are red only if they stand out among all."""
    verdicts = gate.settle([case.verdicts for case in cases], alpha)
    return [
        replace(case, verdicts=after, status=gate.worst(after)) if after else case
        for case, after in zip(cases, verdicts, strict=True)
    ]


def turned(before: Sequence[CaseSummary], after: Sequence[CaseSummary]) -> list[int]:
    """Which of the cases the suite's test has turned red."""
    states = [[[verdict.status for verdict in case.verdicts] for case in cases] for cases in (before, after)]
    return [i for i, (then, now) in enumerate(zip(*states, strict=True)) if then != now]


def keep(mlruns: Path, session: str, cases: Sequence[CaseSummary]) -> str:
    """Put cases that were turned into the ledger once more; '' or what the user should know."""
    if not cases:
        return ""
    now = {case.key: (case.status, case.verdicts) for case in cases}
    trouble = ledger.amend(mlruns, session, now)
    return f"{trouble}: it has the verdicts from before the suite's test" if trouble else ""


def exit_status(*, regressions: int, errors: int, nothing_measured: bool = False, orphans: bool = False) -> int:
    """How a run that came to its end ended: with cases that regressed, with ERRORs, every case skipped,
    or accepted results whose case is gone.

    >>> exit_status(regressions=0, errors=2), exit_status(regressions=1, errors=2)
    (3, 1)
    """
    if regressions or orphans:
        return REGRESSED
    return NOT_MEASURED if errors or nothing_measured else PASSED
