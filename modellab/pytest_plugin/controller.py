"""pytest glue, the controlling process: collect every case's row, print, track, set the exit status.

Exit status: as `runner/settling.py` has it, where any failed assertion counts as a regression; 2, 4 and 5 are pytest's
own (interrupted, wrong usage, nothing collected).
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from modellab.plan.matrix import Broken, Matrix
from modellab.pytest_plugin.case_outcomes import Fates, first_line, is_of_a_case, is_stopped, name_of, why_skipped
from modellab.pytest_plugin.options import how_to_go_on
from modellab.reports import terminal
from modellab.results import ledger
from modellab.results.headline import Headline
from modellab.system import escape, leftovers
from modellab.system import machine as environment
from modellab.types import Status

if TYPE_CHECKING:  # collecting tests imports nothing that only running them needs
    from modellab.runner.summary import CaseSummary
    from modellab.tracking import Prestart

MOST_OF_A_NOTE = 1_000  # characters
PAINT: dict[str, dict[str, bool]] = {
    "green": {"green": True},
    "yellowgreen": {},
    "yellow": {"yellow": True},
    "red": {"red": True},
}
STATUS_PAINT = {
    "REGRESSED": "red", "ERROR": "red", "PARTIAL": "red", "ABOVE_LIMIT": "red", "BELOW_LIMIT": "red",
    "INCONCLUSIVE": "yellow", "IMPROVED": "green",
}  # fmt: skip
BROKEN = pytest.StashKey[bool]()  # this failure is no regression: the measurement could not be made
EARLY: pytest.StashKey[Prestart] = pytest.StashKey()  # the process that will send the results


def fail_broken(request: pytest.FixtureRequest, message: str) -> NoReturn:
    """Fail the test because there is no measurement, which is no regression."""
    request.node.stash[BROKEN] = True
    pytest.fail(escape.lines(message), pytrace=False)


def turns_file(session: str) -> Path:
    """Where the processes of a session, xdist's workers and MLflow's, lock each other out of a timed passage."""
    return leftovers.named("session", session) / "turns"


class Controller:
    """What the controlling process (the only one without xdist) hears of the cases, and what it makes of it."""

    def __init__(self, config: pytest.Config, matrix: Matrix, session: str) -> None:
        self.config, self.matrix, self.session = config, matrix, session
        self.project, self.ledger = matrix.project, ledger.Ledger(matrix.project.mlruns, session)
        self.finished: dict[str, tuple[CaseSummary, Any]] = {}  # by node id: a case, and the report that brought it
        self.skips: list[str] = []  # reasons
        self.unread: dict[str, str] = {}  # cases that left no row, and the first line of why
        self.fates = Fates(config, matrix, self.ledger)
        self.swallowed: list[str] = []  # cases that are red, and whose tests passed
        self.published = False  # the scorecard's file is this session's
        self.regressions = self.broken = 0
        self.trouble = ""  # the ledger's
        self.folder: leftovers.Folder | None = None  # where the session's processes take turns
        with suppress(OSError):  # no room: then they take none
            self.folder = leftovers.Folder("session", session)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.fates.refuse(report)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.fates.select(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self.fates.select(ids)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.fates.reach(report)
        encoded = getattr(report, "modellab", None)
        if encoded is not None:
            from modellab.runner.summary import CaseSummary

            self.finished.pop(report.nodeid, None)  # a test that is run once more takes the place of the one before
            self.finished[report.nodeid] = CaseSummary.decode(encoded), report
        if report.failed and is_of_a_case(report):
            self._fallen(report)
        if report.failed and getattr(report, "modellab_broken", False):
            self.broken += 1
        elif report.failed:
            self.regressions += 1
        elif getattr(report, "modellab_case", False) and report.nodeid not in self.finished:
            if report.skipped:
                self.skips.append(why_skipped(report))
            elif report.when == "call" and report.outcome == "passed":
                self.fates.pass_without_verdict(report)

    @property
    def rows(self) -> list[CaseSummary]:
        """The cases that have finished so far."""
        return [case for case, _ in self.finished.values()]

    def _fallen(self, report: Any) -> None:
        """Hear of a case whose test failed: one whose row is not red fell beside its verdicts, and is an ERROR."""
        from modellab.runner.without_result import keep_error

        name, (case, brought) = name_of(report.nodeid), self.finished.get(report.nodeid, (None, None))
        entry, line = self.matrix.find(name), first_line(report)
        if case is None:
            if name not in self.unread:
                whole = entry.error if isinstance(entry, Broken) else f"{line}\n{report.longrepr}"
                keep_error(self.matrix, self.ledger, entry, whole)
            self.unread.setdefault(name, line)
        elif not (case.red or case.error):
            beside = f"its test failed beside its verdicts ({report.when}): {line}"
            error = keep_error(self.matrix, self.ledger, entry, f"{beside}\n{report.longrepr}")
            self.finished[report.nodeid] = replace(case, status=Status.ERROR, verdicts=(), error=error), brought

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, Any, Any]:
        """When every case has run, the suite's test decides on those that are red only if they stand out among all."""
        done = yield
        if not self.finished:
            return done
        from modellab.runner import settling

        before, reports = self.rows, [report for _, report in self.finished.values()]
        after = settling.settled(before, self.project.judging.alpha)
        self.finished = dict(zip(self.finished, zip(after, reports, strict=True), strict=True))
        turned = settling.turned(before, after)
        for i in turned:
            if reports[i].passed:
                self._fail(reports[i], after[i].pending)
        self.trouble = settling.keep(self.project.mlruns, self.session, [after[i] for i in turned])
        return done

    def _fail(self, passed: Any, text: str) -> None:
        """Report a case that has passed as failed after all, to everyone who listens."""
        late = copy.copy(passed)
        late.outcome, late.longrepr, late.modellab = "failed", text, None
        reporter: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter and passed in reporter.stats.get("passed", []):
            reporter.stats["passed"].remove(passed)
        self.config.hook.pytest_runtest_logreport(report=late)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.broken and (exitstatus == pytest.ExitCode.TESTS_FAILED or is_stopped(session)):
            from modellab.runner import settling

            session.exitstatus = settling.exit_status(regressions=self.regressions, errors=self.broken)
        names = [str(case.key) for case, report in self.finished.values() if report.passed and (case.red or case.error)]
        self.swallowed = names if exitstatus == pytest.ExitCode.OK else []
        if self.swallowed:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self.fates.keep_not_run(str(session.shouldfail or session.shouldstop or "the session was interrupted before"))
        self.fates.keep_gone()
        for plugin in self.config.pluginmanager.get_plugins() if self._is_of_cases else ():
            if hasattr(plugin, "add_global_property"):  # pytest's JUnit XML
                plugin.add_global_property("modellab", escape.line(self._headline().text))

    def pytest_unconfigure(self) -> None:
        if self.folder:
            self.folder.close()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The scorecard, what was skipped and why, what was written, and where the results are."""
        if not self._is_of_cases:
            if self.config.option.scorecard:  # or that of a session before would be taken for this one's
                write = terminal.writer(terminalreporter)
                publish(self.config, "**Nothing was measured.** No case was selected.\n", write)
            return
        from modellab.reports.scorecard import table

        write = terminal.writer(terminalreporter)
        terminalreporter.section("modellab")
        self._show_rows(write)
        if os.environ.get("GITHUB_ACTIONS") == "true":
            self._annotate(terminalreporter)
        for line in table.skipped(self.skips):
            write(escape.line(line))
        if (self.rows or self.unread) and not self.config.option.no_mlflow:
            from modellab import tracking

            prestarted = self.config.stash.get(EARLY, None)
            write(tracking.push(self.project.mlruns, root=self.project.root, prestarted=prestarted))
        self._tell_baselines(terminalreporter)

    @property
    def _is_of_cases(self) -> bool:
        """Whether any case was selected, or is in a file that could not be collected."""
        fates = self.fates
        return bool(
            self.rows or self.skips or self.unread or fates.uncollected or fates.not_run or fates.without_verdict
        )

    def _show_rows(self, write: terminal.Write) -> None:
        from modellab.reports.scorecard import table

        machine = environment.machine_class(self.config.option.threads or self.project.threads, "cpu")
        title = table.title(environment.commit(self.project.root).short, machine, self.rows)
        write(title, bold=True)
        write("")
        for line in table.first(self.rows):
            write(escape.line(line), yellow=True)
        for line in table.tables(self.rows, width=terminal.width(self.config)).splitlines():
            write(line, **_colour(line))
        write("")
        headline = self._headline()
        write(headline.text, **PAINT[headline.colour], bold=True)
        for note in self._notes():
            write(f"note: {escape.line(note)}")
        for trouble in filter(None, (self.ledger.trouble, self.trouble)):
            write(f"note: {trouble}")
        if self.config.option.scorecard or "GITHUB_STEP_SUMMARY" in os.environ:
            self._write_markdown(title, write)

    def _headline(self) -> Headline:
        """How the session went, in one line."""
        unread = (*self.unread, *self.fates.errors)
        return Headline.of(self.rows, left=self.fates.left(len(self.skips)), unread=unread)

    def _notes(self) -> list[str]:
        """What stands below the tables, cases that left no row first."""
        from modellab.reports.scorecard import table

        lost = [f"{name} ERROR: {why}" for name, why in self.unread.items()]
        lost += [f"{name} is red, and its test passed: does it catch what gate(...) raises?" for name in self.swallowed]
        rest = how_to_go_on(self.config, self.session, self.rows, self.fates.not_run)
        return [*lost, *self.fates.notes(), *rest, *table.footnotes(self.rows), *table.advice(self.rows)]

    def _annotate(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Red cases on the files that ran them, where GitHub shows them."""
        from modellab.reports.scorecard import github_annotations

        root = self.config.rootpath
        repository = os.environ.get("GITHUB_WORKSPACE", root)
        pairs = ((case, report.location) for case, report in self.finished.values())
        red = [
            (row, (os.path.relpath(root / file, repository), (line or 0) + 1))
            for row, (file, line, _) in pairs
            if row.red or row.error
        ]
        for line in github_annotations.errors(red):
            terminal.command(terminalreporter, line)

    def _tell_baselines(self, terminalreporter: pytest.TerminalReporter) -> None:
        written = [path for row in self.rows for path in row.written]
        if written:
            terminalreporter.section("BASELINES WRITTEN", sep="!", yellow=True, bold=True)
            write = terminal.writer(terminalreporter)
            write(f"{len(written)} files now hold this run's results, because: {self.config.option.reason}")
            held = ("only absolute limits were held", "quality was judged and stays as accepted")
            write(f"{held[self.config.option.speed_only]}; review with `git diff baselines/` and commit")
            for path in written:
                shown = Path(path)
                inside = shown.is_relative_to(self.project.root)
                write(f"  {shown.relative_to(self.project.root) if inside else shown}")

    def _write_markdown(self, title: str, write: Callable[[str], None]) -> None:
        """The scorecard as Markdown."""
        from modellab.reports.scorecard import table

        headline = self._headline()
        first = "\n".join(table.first(self.rows))
        text = f"### {escape.markdown(title)}\n\n**{headline.lead}.** {headline.judged}.\n\n"
        text += f"{escape.block(first)}\n\n" if first else ""
        text += f"{table.tables(self.rows, 'github')}\n\n"
        text += "".join(f"- {escape.markdown(note, MOST_OF_A_NOTE)}\n" for note in self._notes())
        publish(self.config, text, write)
        self.published = True


def publish(config: pytest.Config, text: str, write: Callable[[str], None], mode: str = "w") -> None:
    """Markdown to --scorecard FILE and, under GitHub Actions, after the job's summary; trouble there is only told."""
    for path, how in ((config.option.scorecard, mode), (os.environ.get("GITHUB_STEP_SUMMARY"), "a")):
        if path:
            try:
                with Path(path).open(how, encoding="utf-8") as file:
                    file.write(text)
            except OSError as error:
                write(f"note: the scorecard could not be written to {path}: {error.strerror}")


def _colour(line: str) -> dict[str, bool]:
    """How to paint a line of the scorecard, by its verdict."""
    for word, paint in STATUS_PAINT.items():
        if f"  {word}" in line:
            return {paint: True}
    return {}
