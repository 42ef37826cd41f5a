"""pytest glue: what would pass silently: every case skipped, or an accepted baseline whose case is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modellab.plan.matrix import Matrix
from modellab.pytest_plugin.case_outcomes import why_skipped
from modellab.pytest_plugin.options import is_strict
from modellab.reports import terminal

if TYPE_CHECKING:
    from modellab.runner.orphans import OrphanedBaseline

EMPTY = "got empty parameter set"  # pytest's own words for a test without a case
NARROWING = ("keyword", "markexpr", "model", "dataset", "device", "precision", "tier")


class Unmeasured:
    """What the controlling process makes of cases that were not measured."""

    def __init__(self, config: pytest.Config, matrix: Matrix) -> None:
        self.config, self.matrix = config, matrix
        self.selected: set[str] = set()  # ids of cases
        self.skipped: dict[str, str] = {}  # id -> why
        self.without_case = 0  # tests that ask for cases, and have none
        self.lines: list[str] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        if getattr(report, "modellab_case", False) or getattr(report, "modellab_claimed", False):
            name = report.nodeid.partition("[")[2].removesuffix("]")
            self.selected.add(name)
            if report.skipped and getattr(report, "modellab", None) is None:  # expected to fail, and measured
                self.skipped[name] = why_skipped(report)
        elif report.skipped and report.nodeid.endswith("[NOTSET]") and EMPTY in str(report.longrepr):
            self.without_case += 1

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Turn a green session red, each time with the sentence that says why."""
        if exitstatus not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            return
        if not self.selected and not self.without_case:
            return  # nothing was to be measured, so that there is nothing to load either
        from modellab.plan import unmet
        from modellab.runner import orphans, settling

        if not self._is_narrowed:
            self.lines += unmet.datasets(self.matrix)
        if self.selected == self.skipped.keys() and self._should_measure:
            self.lines.append(f"nothing was measured: {self._why_nothing()}")
            if session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = settling.exit_status(regressions=0, errors=0, nothing_measured=True)
        if not self.selected:
            return
        if missed := orphans.missed(self.matrix, self.selected):
            self.lines += self._told(missed)
            if is_strict(self.config) and not self.config.option.update_baselines:
                session.exitstatus = settling.exit_status(regressions=0, errors=0, orphans=True)

    @property
    def _is_narrowed(self) -> bool:
        """Whether only some cases were asked for."""
        return any(getattr(self.config.option, name, None) for name in NARROWING)

    @property
    def _should_measure(self) -> bool:
        """Whether the session was to measure something."""
        meant = self.selected or (self.without_case and not self._is_narrowed)
        return bool(meant) and not self.config.getoption("benchmark_skip", False)

    def _why_nothing(self) -> str:
        from modellab.plan import unmet

        if not self.selected:
            has = "" if self.matrix.datasets else f": there is no dataset in {self.matrix.project.golden}"
            return f"no model meets a dataset here{has}"
        would = unmet.what_would(self.skipped.values())
        return f"{_all(len(self.selected))} skipped{f'; this would run one: {would}' if would else ''}"

    def _told(self, missed: list[OrphanedBaseline]) -> list[str]:
        root = self.matrix.project.root
        count = f"{len(missed)} accepted baseline{'s have' if len(missed) > 1 else ' has'} no case any more"
        hint = "renamed? Then rename the files too; removed on purpose? Then remove them with git rm"
        paths = [
            orphan.path.relative_to(root) if orphan.path.is_relative_to(root) else orphan.path for orphan in missed
        ]
        return [f"{count}: {hint}", *(f"  {path}" for path in paths)]

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The sentences, below the scorecard."""
        write = terminal.writer(terminalreporter)
        for line in self.lines:
            write(line, red=True)


def _all(count: int) -> str:
    return "the only selected case was" if count == 1 else f"all {count} selected cases were"
