"""Many cases from plan to exit status: measure, judge once, confirm, keep, settle. Needs no pytest.

    plan -> for each case: skip, or session.measure -> session.finish -> the suite's test -> ledger -> exit status

The pytest plugin goes the same way with pytest's loop in the middle. Nothing here is global: two runs of one process
know nothing of each other, and a queue or an executor can hand each `PlannedCase` to a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from modellab.errors import Cancelled
from modellab.plan import thresholds
from modellab.plan.availability import why_not
from modellab.plan.cases import PlannedCase, family, in_order
from modellab.plan.matrix import Broken, Case, Matrix
from modellab.plan.ready import ready_case
from modellab.plan.selection import find_case
from modellab.plan.settings import Project
from modellab.results.headline import GONE, NOT_RUN, SKIPPED, Headline
from modellab.results.ledger import new_session
from modellab.results.running import Journal
from modellab.runner import orphans, paired, settling, without_result
from modellab.runner.evaluate import IsCancelled, never
from modellab.runner.events import Announcer, CaseSkipped, Listener, Notice, SuiteSettled, SuiteStarted
from modellab.runner.options import RunOptions
from modellab.runner.session import Session, open_session
from modellab.runner.summary import CaseSummary

PLAIN = RunOptions()


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of a run. Everything else, utterance by utterance, is in the ledger under the name of the session."""

    session: str
    ledger: Path
    cases: tuple[CaseSummary, ...]  # those that were measured, or tried, after the suite's test
    unread: Mapping[str, str] = field(default_factory=dict)  # cases that could not even be tried -> why
    skipped: Mapping[str, str] = field(default_factory=dict)  # cases that this machine cannot run -> why
    not_run: tuple[str, ...] = ()  # cases whose turn never came
    orphans: tuple[Path, ...] = ()  # accepted results whose case is gone
    notes: tuple[str, ...] = ()  # what else a person should know: trouble with the ledger, with a listener
    exit_status: int = settling.PASSED

    @property
    def regressions(self) -> tuple[CaseSummary, ...]:
        """The cases that are red and were measured."""
        return tuple(case for case in self.cases if case.red and not case.status.is_unmeasured)

    @property
    def errors(self) -> tuple[CaseSummary, ...]:
        """The cases without a whole measurement; those in `unread` are errors, too."""
        return tuple(case for case in self.cases if case.status.is_unmeasured)

    @property
    def headline(self) -> str:
        """How the run went, in the line that every report shows."""
        left = {SKIPPED: len(self.skipped), NOT_RUN: len(self.not_run), GONE: len(self.orphans)}
        return Headline.of(self.cases, left=left, unread=tuple(self.unread)).text


def run(
    cases: Iterable[PlannedCase | Case | str],
    project: Project | Path | str = ".",
    options: RunOptions = PLAIN,
    *,
    listeners: Sequence[Listener] = (),
    cancelled: IsCancelled = never,
    session: str = "",
    labels: Mapping[str, str] = MappingProxyType({}),
) -> RunResult:
    """Measure, judge and keep these cases of a project, one after the other, those of one model together.

    `cases` are cases of the matrix, planned ones, or names as pytest shows them; `project` is a folder in or above
    which there is a project. With the same `options` this is the run that `modellab run` makes, without MLflow and
    without pytest: the same ledger lines, accepted results and exit status (`RunResult.exit_status`).

    `listeners` are told of every event (`modellab.runner.events`) in this thread. `cancelled` is asked between cases
    and before each call of a model; once it says True the run ends, and cases without a result are kept as not run.
    `session` is the run's name in the ledger, and `labels` go into each of its entries.
    Whatever is raised inside of one case is that case's ERROR. Raises ConfigError before anything is measured: for a
    name that no case has, and for options that contradict each other or the project.
    """
    matrix = Matrix(Project.of(project), options.preprocessing, options.batch)
    thresholds.check(matrix)
    planned = _planned(matrix, cases)
    tell, name = Announcer(listeners), session or new_session(options.resume)
    with_reference = options.against or options.against_env
    base = paired.resolve(options.against, options.against_env, matrix, Path.cwd()) if with_reference else None
    threads = options.threads or matrix.project.threads
    paired_run = paired.PairedRun(base, threads, options.download, lambda line: tell(Notice(line))) if base else None
    count = family(map(matrix.find, planned), download=options.download)
    opened = open_session(
        matrix.project, options, name,
        family=count, paired_run=paired_run, tell=tell, cancelled=cancelled, labels=labels,
    )  # fmt: skip
    going = _Run(matrix, options, opened, planned)
    journal = None if session else Journal(matrix.project.mlruns, name, len(planned))  # who named it tells of it
    with closing(opened), closing(journal) if journal else nullcontext():
        try:
            going.through(cancelled)
        finally:
            going.keep_not_run()  # before the workers end: that may fail, too
    return going.settle()


def _planned(matrix: Matrix, cases: Iterable[PlannedCase | Case | str]) -> list[str]:
    """The names of the cases as planned here, each once and in their order; ConfigError for one that nothing has."""
    names = dict.fromkeys(case if isinstance(case, str) else PlannedCase.name_of(case) for case in cases)
    planned = [matrix.find(name) or matrix.asked_for(name) or find_case(matrix, name) for name in names]
    return [PlannedCase.of(case).name for case in in_order(planned)]


class _Run:
    """A run on its way: what became of its cases so far."""

    def __init__(self, matrix: Matrix, options: RunOptions, session: Session, planned: Sequence[str]) -> None:
        self.matrix, self.options, self.session = matrix, options, session
        self.left = dict.fromkeys(planned)  # those whose turn has not come, in order
        self.names = frozenset(self.left)
        self.cases: list[CaseSummary] = []
        self.unread: dict[str, str] = {}
        self.skipped: dict[str, str] = {}
        self.interrupted = False

    def through(self, cancelled: IsCancelled) -> None:
        """Each case in its turn, until all are done or somebody wants the end."""
        self.session.tell(SuiteStarted(self.session.ledger.session, len(self.left)))
        try:
            for name in tuple(self.left):
                if cancelled():
                    raise Cancelled
                self._one(name)
                del self.left[name]
                if self.session.stopped:
                    break
        except Cancelled:
            self.interrupted = True

    def _one(self, name: str) -> None:
        case = self.matrix.find(name)
        assert case is not None, f"{name} was planned"
        if isinstance(case, Broken):
            self._refused(case, case.error)
            return
        if reason := why_not(case, download=self.options.download):
            if self.options.strict_matrix:
                self._refused(case, f"--strict-matrix: {reason}")
            else:
                self._skip(name, reason)
            return
        ready = ready_case(case, self.matrix.project)
        if reason := without_result.why_skipped(self.matrix, case, self.options):
            self._skip(name, reason)
        else:
            self.cases.append(self.session.finish(self.session.measure(ready)).summary())

    def _skip(self, name: str, reason: str) -> None:
        """Leave out a case that cannot run here, or that the run's options leave out."""
        self.skipped[name] = reason
        self.session.tell(CaseSkipped(name, reason))

    def _refused(self, case: Case | Broken, error: str) -> None:
        """Keep a case that could not even be tried as an ERROR."""
        name = str(case.key if isinstance(case, Case) else case)
        kept = without_result.keep_error(self.matrix, self.session.ledger, case, error)
        self.unread[name] = kept.splitlines()[0] if kept else ""

    def keep_not_run(self) -> None:
        """Whatever ended the run: the cases that it has not come to are in the ledger."""
        why, download = "the run was stopped before", self.options.download
        without_result.keep_not_run(self.matrix, self.session.ledger, list(self.left), why, download=download)

    def settle(self) -> RunResult:
        """The suite's test, and what came of it all."""
        ledger, project = self.session.ledger, self.matrix.project
        cases = settling.settled(self.cases, project.judging.alpha)
        now_red = [cases[i] for i in settling.turned(self.cases, cases)]
        trouble = settling.keep(project.mlruns, ledger.session, now_red)
        gone = orphans.missed(self.matrix, self.names) if self.names else []
        missed = tuple(orphan.path for orphan in gone)
        strict = self.options.strict_baselines and not self.options.accepts
        without_result.keep_gone(self.matrix, ledger, gone if strict else ())
        status = settling.exit_status(
            regressions=sum(bool(case.red) and not case.status.is_unmeasured for case in cases),
            errors=sum(case.status.is_unmeasured for case in cases) + len(self.unread),
            nothing_measured=bool(self.names) and self.names == self.skipped.keys(),
            orphans=strict and bool(missed),
        )
        result = RunResult(
            ledger.session,
            ledger.path,
            tuple(cases),
            self.unread,
            self.skipped,
            tuple(self.left),
            missed,
            tuple(note for note in (ledger.trouble, trouble, *self.session.tell.troubles) if note),
            settling.STOPPED if self.interrupted else status,
        )
        self.session.tell(SuiteSettled(result.session, result.cases, result.exit_status))
        return result
