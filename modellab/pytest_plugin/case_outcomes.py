"""pytest glue: what became of the selected cases that left no verdict, so that no door reads greener than the truth.

A case may be skipped, expected to fail, never reached (Ctrl-C, `-x`, a lost process of pytest-xdist) or pass without a
verdict, and its file may not even be collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modellab import tasks
from modellab.plan.matrix import Broken, Case, Matrix
from modellab.plan.selection import Selection
from modellab.pytest_plugin.options import is_strict
from modellab.results.headline import GONE, NOT_RUN, SKIPPED
from modellab.system.masking import masked
from modellab.types import Status

if TYPE_CHECKING:
    from modellab.results.ledger import Ledger
    from modellab.runner.orphans import OrphanedBaseline

NO_VERDICT = "passed without a verdict"  # in the headline, after a count
NOT_REALLY = ("collectonly", "setuponly", "setupplan")  # options with which pytest runs no test
ONLY_CASES = "benchmarks"  # a folder whose files are about nothing else


class Fates:
    """The cases that were selected, and which of them some report was about."""

    def __init__(self, config: pytest.Config, matrix: Matrix, ledger: Ledger) -> None:
        self.config, self.matrix, self.ledger = config, matrix, ledger
        self.selected: dict[str, str] = {}  # names of cases by their node id
        self.reached: set[str] = set()  # node ids
        self.without_verdict: list[str] = []  # names of cases
        self.uncollected: dict[str, str] = {}  # files of tests, and the first line of why
        self.gone: list[OrphanedBaseline] = []  # accepted, with no case any more

    def __bool__(self) -> bool:
        """Whether there is anything to say of them."""
        return bool(self.uncollected or self.not_run or self.without_verdict)

    def select(self, nodeids: Iterable[str]) -> None:
        """Remember the tests that are cases."""
        if any(getattr(self.config.option, name, False) for name in NOT_REALLY):
            return
        self.selected |= {nodeid: name for nodeid in nodeids if self.matrix.find(name := name_of(nodeid))}

    def reach(self, report: Any) -> None:
        """Hear of a report: a test was reached when it was called, or could not be."""
        if report.when not in {"setup", "teardown"} or report.outcome != "passed":
            self.reached.add(report.nodeid)

    def pass_without_verdict(self, report: Any) -> None:
        """Hear of a case that passed, and that nothing was made of."""
        if report.nodeid in self.selected:
            self.without_verdict.append(self.selected[report.nodeid])

    @property
    def not_run(self) -> list[str]:
        """Names of the cases whose turn never came."""
        return [name for nodeid, name in self.selected.items() if nodeid not in self.reached]

    def keep_not_run(self, why: str) -> None:
        """An ERROR in the ledger for each case that could have run and has no result yet: a report shall miss none."""
        from modellab.runner import without_result

        download = self.config.option.download
        without_result.keep_not_run(self.matrix, self.ledger, self.not_run, why, download=download)

    def keep_gone(self) -> None:
        """The accepted cases that should have been among those that ran: errors, where a baseline has to be there."""
        from modellab.runner import orphans, without_result

        ran = {name for nodeid, name in self.selected.items() if nodeid in self.reached}
        self.gone = orphans.missed(self.matrix, ran) if ran else []
        without_result.keep_gone(self.matrix, self.ledger, self.gone if self._is_strict else ())

    @property
    def _is_strict(self) -> bool:
        return is_strict(self.config) and not self.config.option.update_baselines

    @property
    def errors(self) -> list[str]:
        """What is an error beside the cases that were to run: files of tests, cases that are gone."""
        return [*self.uncollected, *(str(orphan.key) for orphan in self.gone if self._is_strict)]

    def refuse(self, report: Any) -> None:
        """Keep a file of benchmarks that could not be collected as an ERROR."""
        from modellab.results import entry
        from modellab.runner import without_result

        path = self.config.rootpath / report.nodeid
        if report.nodeid in self.uncollected or not _is_about_cases(path):
            return
        why = self.uncollected[report.nodeid] = _why_uncollected(str(report.longrepr))
        task = path.stem.removeprefix("test_")
        key = entry.unread(task if task in tasks.names() else tasks.names()[0])
        error = f"{report.nodeid} could not be collected, so none of its cases ran: {why}"
        without_result.append_error(self.matrix, self.ledger, key, error)

    def notes(self) -> Iterator[str]:
        """What a person should know of all these."""
        for file, why in self.uncollected.items():
            yield f"{file} ERROR: it could not be collected, so none of its cases ran: {why}"
        if self.gone:
            named = _some([str(orphan.key) for orphan in self.gone])
            yield f"{named} {'ERROR: ' if self._is_strict else ''}accepted before, and there is no such case any more"
        for broken in self._broken_by_keyword():
            yield f"{broken} was not selected by -k, so none of its cases ran: {masked(broken.error)}"
        if names := self.not_run:
            yield f"{_some(names)} not run: the session was stopped before"
        if names := self.without_verdict:
            yield f"{_some(names)} passed without a verdict: a test that has `gate(evaluate(task))` gets one"

    def _broken_by_keyword(self) -> Iterator[Broken]:
        """What cannot be read and would have had cases beside those that -k selected, for all that anybody knows."""
        if not getattr(self.config.option, "keyword", ""):
            return
        selected = [case for name in self.selected.values() if (case := self.matrix.find(name))]
        names = {case.key.task for case in selected if isinstance(case, Case)}
        option = self.config.option
        meant = Selection(tuple(getattr(option, "model", ())), tuple(getattr(option, "dataset", ())))
        broken = (entry for entry in (*self.matrix.models, *self.matrix.datasets) if isinstance(entry, Broken))
        for entry in broken:
            is_near = not entry.tasks or not names.isdisjoint(entry.tasks)
            if entry not in selected and is_near and meant.takes(self.matrix, entry):
                yield entry

    def left(self, skipped: int) -> dict[str, int]:
        """How many cases have no verdict, by why."""
        gone = 0 if self._is_strict else len(self.gone)
        return {SKIPPED: skipped, NOT_RUN: len(self.not_run), NO_VERDICT: len(self.without_verdict), GONE: gone}


def why_skipped(report: Any) -> str:
    """Why a test was skipped, or that it was expected to fail."""
    if hasattr(report, "wasxfail"):
        reason = str(report.wasxfail).removeprefix("reason: ").strip()
        return f"expected to fail (xfail){f': {reason}' if reason else ''}"
    told = report.longrepr
    text = told[2] if isinstance(told, tuple | list) and len(told) > 2 else told  # file, line, reason
    return str(text).removeprefix("Skipped: ")


def is_of_a_case(report: Any) -> bool:
    """Whether a failure is of a case: its own test, or one during which pytest-xdist's process died."""
    return bool(getattr(report, "modellab_case", report.when == "???" and "[" in report.nodeid))


def name_of(nodeid: str) -> str:
    """The name of the case that a test is about."""
    return nodeid.partition("[")[2].removesuffix("]")


def first_line(report: Any) -> str:
    """What a failed report says, in one line."""
    crash = getattr(report.longrepr, "reprcrash", None)  # of a traceback: what was raised
    text = crash.message.removeprefix("Failed: ") if crash else str(report.longrepr)
    lines = [line.removeprefix("E").strip() for line in text.splitlines() if line.strip()]
    return masked(lines[0]) if lines else "it failed without a word"


def _is_about_cases(path: Path) -> bool:
    try:
        return ONLY_CASES in path.parts or "modellab" in path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def _why_uncollected(text: str) -> str:
    """What was raised: pytest marks it with an E in front; else the last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    raised = [line.removeprefix("E ").strip() for line in lines if line.startswith("E ")]
    return masked((raised or lines[-1:] or ["it failed without a word"])[0])


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def is_stopped(session: pytest.Session) -> bool:
    """Whether somebody stopped workers at a case, which is PARTIAL: `--resume` goes on with it."""
    return str(session.shouldstop).startswith(Status.PARTIAL)
