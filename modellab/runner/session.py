"""One case from start to verdict: measure, judge, confirm, keep. What the pytest fixtures call."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from modellab import datasets, diagnosis, gate
from modellab.audio import saved
from modellab.datasets import Dataset
from modellab.errors import BaselineError, ModellabError, UnexpectedError
from modellab.gate.timing_validity import invalid, too_busy
from modellab.plan import thresholds  # fmt: skip
from modellab.plan.claims import Sample, concern
from modellab.plan.matrix import Cell
from modellab.plan.settings import Project
from modellab.results import baselines, changed_outputs, other_answers
from modellab.results.entry import Entry
from modellab.results.ledger import Ledger
from modellab.runner import paired as against
from modellab.runner import remarks, rerun_broken
from modellab.runner.evaluate import Loaded, Progress, again, evaluate
from modellab.runner.paired import Duel
from modellab.runner.pool import Pool, Turns
from modellab.runner.selftest import outcome
from modellab.system import leftovers
from modellab.system import machine as environment
from modellab.system.machine import SELFTEST, Commit, today
from modellab.system.masking import masked
from modellab.tasks import Task
from modellab.types import Accepted, Key, Pace, Result, Rule, Status, Verdict

BASELINE_CALLS = 100  # a baseline's times are medians over so many passes that about this many calls were timed
MOST_PASSES = 3
PACE = ("speed", "memory")  # kinds of verdicts that a machine class has baselines of its own for
Paces = tuple[Pace | None, Pace | None]  # the last baseline, the pinned release


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says of a run."""

    strict_baselines: bool = False  # a missing quality baseline is red
    reason: str | None = None  # why this run becomes the baseline; None: it is held to one
    family: int = 1  # cases of the whole session whose quality is judged
    speed_only: bool = False  # with a reason: only speed and memory become the baseline
    undecided_fails: bool = False  # an INCONCLUSIVE quality is red


@dataclass(frozen=True, slots=True)
class Measurement:
    """A result on its way to the gate, with what judging and showing it needs."""

    cell: Cell
    task: Task
    data: Dataset
    result: Result
    accepted: Accepted | None
    anchor: Accepted | None
    rules: Mapping[str, Rule]
    pace_verdicts: tuple[Verdict, ...]
    passes: tuple[Result, ...]
    notes: tuple[str, ...] = ()  # of the measurement itself
    again: rerun_broken.Again | None = None  # what broken utterances gave in a fresh process


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case, judged; or, with an `error`, one that could not be measured."""

    cell: Cell
    status: Status
    verdicts: tuple[Verdict, ...] = ()
    result: Result | None = None
    accepted: Accepted | None = None
    error: str = ""
    changed: int | None = None  # outputs that differ from the baseline's; None without one
    notes: tuple[str, ...] = ()  # what a person should know though nothing is red
    written: tuple[Path, ...] = ()  # baseline files

    @property
    def red(self) -> bool:
        return self.status is Status.ERROR or any(verdict.red for verdict in self.verdicts)


@dataclass(slots=True)
class Suite:
    """What one pytest process shares between its cases."""

    project: Project
    options: Options
    pool: Pool
    ledger: Ledger
    turns: Turns = field(default_factory=Turns)
    commit: Commit = field(default_factory=Commit)
    duel: Duel | None = None  # with --against: speed and memory are judged by it and not by what was accepted
    mark: str = ""  # what the last self-test of this machine said
    samples: dict[Key, Sample] = field(default_factory=dict)  # of cells that claims are about

    def measure(self, task: Task, cell: Cell, progress: Progress | None = None) -> Measurement:
        """Run the cell. Raises when there is no measurement; the next case then gets a new worker."""
        data, rules = datasets.load(cell.dataset), thresholds.rules(task, cell, self.project)
        accepted = baselines.load(self.project.baselines, cell.key)
        anchor = baselines.load(self.project.baselines / baselines.ANCHOR, cell.key)
        try:
            with self.turns.loading():
                loaded = self.pool.get(cell)
                loaded.keep = str(saved.place(self.project.mlruns, self.ledger.session, cell.key))
                if self.duel:
                    self.duel.get(cell)
            with self.turns.measuring():
                first = self._marked(evaluate(task, cell, data, loaded, self.pool.threads, self.commit.hash, progress))
                paces = self._paces(cell, first.machine)
                passes = self._repeat(first, paces, rules, lambda: again(cell, data, self.pool.get(cell), task, first))
                old = () if self.options.reason is not None else (accepted, anchor)
                anew, told = rerun_broken.run_again(
                    task, data, cell, self.pool, rerun_broken.to_run_again(first, old, task, rules)
                )
                paired, notes = self._paired(against.Case(task, cell, data, first, rules), self.pool.get(cell))
        except BaseException:
            self.close()
            raise
        if concern(cell):
            self.samples[cell.key] = Sample.of(first)
        kept = replace(first, readings=passes[-1].readings)
        others = baselines.other_machines(self.project.baselines, cell.key)
        verdicts, said = [*paired, *_others(_judge_pace(passes[-1], paces, rules, others), paired)], (*told, *notes)
        said += tuple(remarks.of_dataset(task, data, kept.utterances))
        return Measurement(cell, task, data, kept, accepted, anchor, rules, tuple(verdicts), passes, said, anew)

    def _marked(self, result: Result) -> Result:
        """The result with what the self-test of its machine said, if there was one."""
        return replace(result, provenance={**result.provenance, SELFTEST: self.mark}) if self.mark else result

    def sample(self, task: Task, cell: Cell, progress: Progress | None = None) -> Sample:
        """What claims about a cell are held against; measured now, and not judged, unless this session has it."""
        if cell.key not in self.samples:
            data = datasets.load(cell.dataset)
            try:
                with self.turns.loading():
                    loaded = self.pool.get(cell)
                with self.turns.measuring():
                    result = evaluate(task, cell, data, loaded, self.pool.threads, self.commit.hash, progress)
            except BaseException:
                self.close()
                raise
            self.samples[cell.key] = Sample.of(result)
        return self.samples[cell.key]

    def _paired(self, case: against.Case, loaded: Loaded) -> tuple[list[Verdict], list[str]]:
        """The verdicts on speed and memory against the base, and notes; none without one."""

        def fresh() -> Loaded:
            self.pool.close()
            return self.pool.get(case.cell)

        return self.duel.judge(case, loaded, fresh) if self.duel else ([], [])

    def _paces(self, cell: Cell, machine: str) -> Paces:
        """What speed and memory are held to: the last baseline and the pinned release; with --against neither."""
        roots = self.project.baselines, self.project.baselines / baselines.ANCHOR
        last, anchor = (None if self.duel else baselines.load_pace(root, cell.key, machine) for root in roots)
        return last, anchor

    def _repeat(
        self, first: Result, paces: Paces, rules: Mapping[str, Rule], once_more: Callable[[], Result]
    ) -> tuple[Result, ...]:
        """All passes: several for a new baseline, one in a fresh process to confirm what looks worse, else one."""
        if self.options.reason is not None:
            passes = min(MOST_PASSES, math.ceil(BASELINE_CALLS / len(first.utterances)))
            return (first, *(once_more() for _ in range(passes - 1)))
        if any(verdict.red for verdict in _judge_pace(first, paces, rules)):
            self.pool.close()
            return (first, once_more())
        return (first,)

    def judge(self, m: Measurement) -> Outcome:
        """Verdicts on a measurement; with a reason it becomes the baseline and only absolute limits can fail it."""
        metrics, options = m.task.METRICS, self.options
        setting = gate.Setting(options.strict_baselines, family=options.family, again=m.again)
        creep = gate.creep(m.result, m.anchor, m.accepted, metrics, m.rules, setting)
        verdicts = (*gate.judge(m.result, m.accepted, metrics, m.rules, setting), *m.pace_verdicts, *creep)
        verdicts = rerun_broken.shown(verdicts, m.task, m.data, m.result, {"baseline": m.accepted, "anchor": m.anchor})
        verdicts = gate.undecided_red(verdicts) if options.undecided_fails else verdicts
        written: tuple[Path, ...] = ()
        if self.options.reason is not None:
            verdicts, written = self._accept(m, verdicts, self.options.reason)
        changed = sum(1 for _ in changed_outputs.changed(m.task, m.result, m.accepted)) if m.accepted else None
        return Outcome(
            m.cell,
            gate.worst(verdicts),
            verdicts,
            m.result,
            m.anchor if _crept(verdicts) else m.accepted,
            changed=changed,
            notes=tuple(map(masked, self._notes(m, verdicts, changed))),
            written=written,
        )

    def _accept(
        self, m: Measurement, verdicts: tuple[Verdict, ...], reason: str
    ) -> tuple[tuple[Verdict, ...], tuple[Path, ...]]:
        """Make the measurement the baseline: the verdicts that are left to fail it, and the files written."""
        only = self.options.speed_only
        if only and any(v.red for v in verdicts if v.kind not in PACE):
            return verdicts, ()  # speed of a model whose quality is red is nobody's to accept
        if only and (doubt := next(filter(None, map(invalid, m.passes)), "")):
            raise BaselineError(f"its speed and memory were not accepted: {doubt}; run it again on a quiet machine")
        pace = gate.judge_pace(m.passes[-1], None, m.rules)
        beyond = {v.metric for v in (*gate.judge(m.result, None, m.task.METRICS, m.rules), *pace) if v.red}
        left = tuple(v if v.metric in beyond or (only and v.kind not in PACE) else _accept(v) for v in verdicts)
        return left, tuple(baselines.save(self.project.baselines, m.task, m.passes, reason, today(), speed_only=only))

    def _notes(self, m: Measurement, verdicts: Sequence[Verdict], changed: int | None) -> list[str]:
        machines = baselines.other_machines(self.project.baselines, m.cell.key)
        others = other_answers.asked(self.project.baselines, m.result)
        looks = diagnosis.notes(verdicts, m.task, m.result, m.data, m.accepted, others)
        notes = [*looks, *m.notes, *remarks.about(m.result, m.accepted, changed, machines)]
        if self.options.speed_only and (bad := [v.metric for v in verdicts if v.red and v.kind not in PACE]):
            notes.append(f"its speed and memory were not accepted: {', '.join(bad)} is red against what was accepted")
        if self.options.reason is not None and not self.options.speed_only and (busy := too_busy(m.result)):
            notes.append(f"speed was accepted while {busy}: accept it again on a quiet machine")
        if m.accepted and (what := changed_outputs.unmoved(m.task, m.result, m.accepted, m.rules)):
            notes.append(what)
        return notes

    def failed(self, cell: Cell, error: Exception) -> Outcome:
        """The outcome of a case that could not be measured or judged; the next one gets a fresh worker."""
        self.close()
        expected = error if isinstance(error, ModellabError) else UnexpectedError.of(error)
        return Outcome(cell, Status.ERROR, error=masked(str(expected)))

    def keep(self, outcome: Outcome, started: float) -> Outcome:
        """Append the outcome to the ledger: the first thing that happens to it. Trouble there becomes a note.

        A result that cannot be written as an entry is an ERROR instead, and that is kept.
        """
        try:
            self.ledger.append(Entry.of(outcome, self.commit, self.ledger.session, started))
        except Exception as error:  # noqa: BLE001 - the boundary of one case: what its result holds must not stop the next
            outcome = self.failed(outcome.cell, error)
            self.ledger.append(Entry.of(outcome, self.commit, self.ledger.session, started))
        return replace(outcome, notes=(*outcome.notes, self.ledger.trouble)) if self.ledger.trouble else outcome

    def close(self) -> None:
        self.pool.close()
        if self.duel:
            self.duel.close()


def _judge_pace(result: Result, paces: Paces, rules: Mapping[str, Rule], others: Sequence[str] = ()) -> list[Verdict]:
    last, anchor = paces
    return [*gate.judge_pace(result, last, rules, others), *gate.pace_creep(result, anchor, last, rules)]


def _crept(verdicts: Sequence[Verdict]) -> bool:
    """Whether quality is red against the pinned release alone: its outputs are then what to show."""
    red = {verdict.versus for verdict in verdicts if verdict.red and verdict.kind == "quality"}
    return red == {"anchor"}


def turned(outcome: Outcome) -> Outcome:
    """The outcome as it is should the suite's test find every pending verdict."""
    verdicts = tuple(gate.turned(verdict) if verdict.pending else verdict for verdict in outcome.verdicts)
    return replace(outcome, verdicts=verdicts, status=gate.worst(verdicts))


def _others(verdicts: Sequence[Verdict], instead: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts on other metrics than those of `instead`."""
    named = {verdict.metric for verdict in instead}
    return [verdict for verdict in verdicts if verdict.metric not in named]


def _accept(verdict: Verdict) -> Verdict:
    """A verdict of a run that becomes the baseline: what it would have failed is told, not failed."""
    if verdict.status in {Status.PASS, Status.IMPROVED}:
        return verdict
    return replace(verdict, status=Status.NEW, red=False, why=f"accepted by this run; was {verdict.status}")


def open_suite(
    project: Project,
    options: Options,
    pool: Pool,
    session: str,
    worker: str,
    turns: Path | None,
    duel: Duel | None = None,
) -> Suite:
    """A suite that writes to the project's ledger; `worker` is pytest-xdist's name of this process, or ''."""
    ledger = Ledger(project.mlruns, session, worker or "main")
    leftovers.sweep()
    saved.prune(project.mlruns)
    mark = outcome.mark(project.mlruns, pool.threads)
    return Suite(project, options, pool, ledger, Turns(turns), environment.commit(project.root), duel, mark)
