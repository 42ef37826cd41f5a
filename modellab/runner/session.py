"""One case from start to ledger: measure, judge, keep. What `run.py` and the pytest fixtures go through, case by case.

`measure` and `finish` are the two halves: between them the caller holds a measurement, or the ERROR that stands for it.
Whatever is raised inside of one case is that case's ERROR; the next one gets a fresh worker.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from modellab import datasets, tasks
from modellab.audio import saved
from modellab.datasets import Dataset
from modellab.errors import ModellabError, PartialError, StoppedError, UnexpectedError
from modellab.plan.claims import ClaimData
from modellab.plan.matrix import Case
from modellab.plan.ready import ReadyCase
from modellab.plan.settings import Project
from modellab.results import baselines
from modellab.results.entry import Entry
from modellab.results.ledger import Ledger
from modellab.runner import judging, paired, remarks, rerun_broken
from modellab.runner.checkpoints import Checkpoints
from modellab.runner.distributed.cases import DistributedCases, stopped
from modellab.runner.evaluate import IsCancelled, Loaded, again, evaluate, never
from modellab.runner.events import Announcer, CaseDone, CaseStarted, UtteranceDone
from modellab.runner.held_to import HeldTo
from modellab.runner.occupied import Occupied
from modellab.runner.options import RunOptions
from modellab.runner.outcome import Measurement, Outcome, ResourceBaselines
from modellab.runner.paired import PairedRun
from modellab.runner.pool import Pool
from modellab.runner.selftest import outcome as selftest
from modellab.runner.turns import BESIDE, Turns
from modellab.runner.worker import Worker, in_process
from modellab.system import leftovers, machine
from modellab.system.machine import PROCESS, SELFTEST, Commit
from modellab.system.masking import masked
from modellab.tasks import Task
from modellab.types import CaseId, Result, Rule, Status, Utterance
from modellab.types.readings import SERVER

BASELINE_CALLS = 100  # a baseline's times are medians over so many passes that about this many calls were timed
MOST_PASSES = 3


@dataclass(slots=True)
class Session:
    """What the cases of a run share within one process. Not for several threads at once; `close` ends the workers."""

    project: Project
    options: RunOptions
    pool: Pool
    ledger: Ledger
    family: int = 1  # cases of the whole run whose quality is judged
    turns: Turns = field(default_factory=Turns)
    commit: Commit = field(default_factory=Commit)
    paired_run: PairedRun | None = None  # with --against: speed and memory are judged by it, not by what was accepted
    marks: Mapping[str, str] = MappingProxyType({})  # what each result says of how it was measured
    tell: Announcer = field(default_factory=Announcer)
    distributed: DistributedCases | None = None  # workers that measure the quality, of all cases or of some
    samples: dict[CaseId, ClaimData] = field(default_factory=dict)  # of cases that claims are about
    occupied: Occupied = field(default_factory=Occupied)
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    stopped: str = ""  # by a signal, while workers were at a case: no other case is to be measured

    def measure(self, ready: ReadyCase) -> Measurement | Outcome:
        """Run a case. Where there is no measurement, for whatever reason, the outcome is its ERROR."""
        started = time.time()
        self.tell(CaseStarted(str(ready.case.key)))
        try:
            if ready.fault:
                raise ready.fault
            self.checkpoints.before(ready.case)
            return self._measured(ready, started)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - one case ends here, the next one runs
            return self._failed(ready.case, error, started)

    def finish(self, measured: Measurement | Outcome) -> Outcome:
        """Judge a measurement, and keep its outcome: the first thing that happens to it. Never raises for a case."""
        outcome = self._kept(self._judged(measured) if isinstance(measured, Measurement) else measured)
        if outcome.case.header.privacy != "none":
            outcome = outcome.withheld()
            self.pool.forget()
        self.tell(CaseDone(str(outcome.case.key), outcome.summary()))
        return outcome

    def sample(self, case: Case) -> ClaimData | Outcome:
        """What claims about a case are held against; measured now, and neither judged nor kept, unless it was before.

        Where there is no measurement, for whatever reason, its ERROR.
        """
        if case.key not in self.samples:
            started = time.time()
            try:
                task, data = tasks.get(case.key.task), datasets.load(case.dataset)
                with self.turns.loading():
                    loaded = self.pool.get(case)
                with self.turns.measuring(), self.occupied.measuring(of_server=case.key.device == SERVER):
                    self.samples[case.key] = ClaimData.of(self._evaluated(case, task, data, loaded))
            except Exception as error:  # noqa: BLE001 - one claim ends here, as a case does above
                return self._failed(case, error, started)
            except BaseException:
                self.close()
                raise
        return self.samples[case.key]

    def close(self) -> None:
        """End the workers; the next case gets fresh ones."""
        self.pool.close()
        if self.distributed:
            self.distributed.close()
        if self.paired_run:
            self.paired_run.close()

    # ------------------------------------------------------------------------ measuring

    def _measured(self, ready: ReadyCase, started: float) -> Measurement:
        """The measurement, with a confirmation of what looks slower, larger or broken. Raises when there is none."""
        case, task, rules, data = ready.case, ready.task, ready.rules, datasets.load(ready.case.dataset)
        held_to = HeldTo.of(self.project.baselines, case.key, "" if self.paired_run else self._machine_class(case.key))
        keep = str(saved.place(self.project.mlruns, self.ledger.session, case.key))
        try:
            shared = self.distributed.measured(task, case, data, keep, self.pool) if self.distributed else None
            with self.turns.loading():
                loaded = self._loaded(case, keep) if shared is None else None
                if self.paired_run:
                    self.paired_run.get(case)
            alone = self._is_alone(ready.is_timed or any(held_to.resources))
            passage_of = self.occupied.measuring(of_server=case.key.device == SERVER)
            with self.turns.measuring(alone=alone), passage_of as passage:
                first = self._evaluated(case, task, data, loaded) if loaded else self._sampled(ready, data, shared)
                passes = self._repeat(
                    first, held_to.resources, rules, lambda: again(case, data, self.pool.get(case), task, first)
                )
                old = () if self.options.accepts else (held_to.accepted, held_to.pinned)
                broken = rerun_broken.to_run_again(first, old, task, rules)
                anew, told = rerun_broken.run_again(task, data, case, self.pool, broken)
                beside = self._paired(paired.PairedCase(task, case, data, first, rules))
                disturbed = passage.notes if alone else (*passage.notes, BESIDE)
        except BaseException:
            self.close()
            raise
        if ready.is_claimed:
            self.samples[case.key] = ClaimData.of(first)
        result = passes[-1]  # the first one's outputs and scores, with the times that decide
        return Measurement(
            case,
            task,
            data,
            result,
            held_to.accepted,
            held_to.pinned,
            rules,
            passes,
            held_to.resources,
            held_to.machines,
            paired=beside,
            notes=(
                *(*disturbed, *told, *(self.distributed.notes if self.distributed else ())),
                *(beside.notes if beside else ()),
                *remarks.of_task(task, data, result.utterances),
                *remarks.of_dataset(task, data, result.utterances),
            ),
            again=anew,
            started=started,
        )

    def _is_alone(self, timed: bool) -> bool:
        """Whether nothing may run beside a case."""
        needed = timed or self.options.accepts or self.paired_run is not None
        return needed or not self.turns.leave_room(self.pool.threads)

    def _machine_class(self, key: CaseId) -> str:
        return machine.machine_class(self.pool.threads, key.device)

    def _loaded(self, case: Case, keep: str) -> Loaded:
        """The case's model, which keeps its audio in a folder."""
        loaded = self.pool.get(case)
        loaded.keep = keep
        return loaded

    def _sampled(self, ready: ReadyCase, data: Dataset, shared: Result | None) -> Result:
        """What workers made of the first pass, with the times of a sample."""
        assert self.distributed, "only workers leave this process without a model"
        assert shared, "which have measured it"
        return self._marked(self.distributed.timed(ready.task, ready.case, data, self.pool, shared))

    def _evaluated(self, case: Case, task: Task, data: Dataset, loaded: Loaded) -> Result:
        """One pass over the dataset, with what the self-test of this machine said, if there was one."""
        name = str(case.key)

        def progress(done: int, of: int, utterances: Sequence[Utterance]) -> None:
            self.tell(UtteranceDone(name, done, of, utterances, data))

        return self._marked(evaluate(task, case, data, loaded, self.pool.threads, self.commit.hash, progress))

    def _marked(self, result: Result) -> Result:
        return replace(result, provenance={**result.provenance, **self.marks})

    def _repeat(
        self,
        first: Result,
        resource_baselines: ResourceBaselines,
        rules: Mapping[str, Rule],
        once_more: Callable[[], Result],
    ) -> tuple[Result, ...]:
        """All passes: several for a new baseline, one in a fresh process to confirm what looks worse, else one."""
        if first.provenance.get(baselines.TIMED) == baselines.UNTIMED:
            return (first,)
        if self.options.accepts and first.key.device != SERVER:  # whose times nobody accepts, and which may cost money
            passes = min(MOST_PASSES, math.ceil(BASELINE_CALLS / len(first.utterances)))
            return (first, *(once_more() for _ in range(passes - 1)))
        if judging.looks_worse(first, resource_baselines, rules):
            self.pool.close()
            return (first, once_more())
        return (first,)

    def _paired(self, timed_case: paired.PairedCase) -> paired.PairedReadings | None:
        """Speed and memory beside the base; None without one."""

        def fresh() -> Loaded:
            self.pool.close()
            return self.pool.get(timed_case.case)

        return self.paired_run.measure(timed_case, self.pool.get(timed_case.case), fresh) if self.paired_run else None

    # ------------------------------------------------------------------------ judging and keeping

    def _judged(self, measured: Measurement) -> Outcome:
        try:
            return judging.judge(measured, self.project.baselines, self.options, self.family)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - one case ends here, as above
            return self._failed(measured.case, error, measured.started)

    def _failed(self, case: Case, error: Exception | KeyboardInterrupt, started: float) -> Outcome:
        """The outcome of a case that could not be measured or judged; the next one gets a fresh worker."""
        self.close()
        if isinstance(error, KeyboardInterrupt):
            error = stopped(self.distributed, case, error)
        expected = error if isinstance(error, ModellabError) else UnexpectedError.of(error)
        status = Status.PARTIAL if isinstance(error, PartialError) else Status.ERROR
        self.stopped = str(error) if isinstance(error, StoppedError) else self.stopped
        told = str(expected) if case.header.privacy == "none" else f"{type(expected).__name__}: {expected}"
        return Outcome(case, status, error=masked(told), started=started)

    def _kept(self, outcome: Outcome) -> Outcome:
        """Append the outcome to the ledger. Trouble there becomes a note.

        A result that cannot be written as an entry is an ERROR instead, and that is kept.
        """
        try:
            entry = Entry.of(outcome, self.commit, self.ledger.session, outcome.started)
            id = self.distributed.entry_id(outcome.case.key) if self.distributed and outcome.result else ""
            self.ledger.append(replace(entry, id=id) if id else entry)
        except Exception as error:  # noqa: BLE001 - the boundary of one case: what its result holds must not stop the next
            outcome = self._failed(outcome.case, error, outcome.started)
            self.ledger.append(Entry.of(outcome, self.commit, self.ledger.session, outcome.started))
        return replace(outcome, notes=(*outcome.notes, self.ledger.trouble)) if self.ledger.trouble else outcome


def open_session(
    project: Project,
    options: RunOptions,
    session: str,
    *,
    family: int = 1,
    worker: str = "",
    turns: Turns | None = None,
    paired_run: PairedRun | None = None,
    tell: Announcer | None = None,
    cancelled: IsCancelled = never,
    labels: Mapping[str, str] = MappingProxyType({}),
) -> Session:
    """A session that writes to the project's ledger.

    `worker` tells several processes of one run apart, which take `turns`. `cancelled` is asked before each call of a
    model. `labels` go into every entry.
    """
    threads = options.threads or project.threads
    pool = Pool(in_process if options.in_process else Worker, threads, download=options.download, cancelled=cancelled)
    ledger = Ledger(project.mlruns, session, worker or "main", labels)
    leftovers.sweep()
    saved.prune(project.mlruns)
    marks = {SELFTEST: selftest.mark(project.mlruns, threads), PROCESS: "its own" if options.in_process else ""}
    marks, commit = {key: text for key, text in marks.items() if text}, machine.commit(project.root)
    tell = tell or Announcer()
    shared = None if worker else DistributedCases.of(project, options, session, commit.hash, tell, cancelled)
    return Session(project, options, pool, ledger, family, turns or Turns(), commit, paired_run, marks, tell, shared)
