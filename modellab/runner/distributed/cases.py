"""The cases of a run whose quality is measured by several workers: what `runner/session.py` asks for each of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from modellab import tasks
from modellab.datasets import Dataset
from modellab.errors import BusyError, ConfigError, StoppedError
from modellab.plan.availability import why_not
from modellab.plan.matrix import Case
from modellab.plan.settings import Project
from modellab.results import baselines
from modellab.runner import stopping
from modellab.runner.distributed import batch_sample, choice, local, parts, quality_pass, speed_sample
from modellab.runner.distributed.executor import Executor
from modellab.runner.distributed.quality_pass import Passed, PassOptions
from modellab.runner.distributed.shard_worker import MODEL_DIED
from modellab.runner.evaluate import IsCancelled, checked
from modellab.runner.events import Announcer, WorkersProgress
from modellab.runner.options import RunOptions
from modellab.runner.pool import Pool
from modellab.runner.result import result_of
from modellab.tasks import Task
from modellab.types import CaseId, Result


@dataclass(slots=True)
class DistributedCases:
    """What the cases of one session share: the workers, and the folder of what they have computed."""

    executor: Executor
    mlruns: Path
    session: str
    options: PassOptions
    commit: str
    tell: Callable[[WorkersProgress], None]
    cancelled: IsCancelled
    asked: bool = True  # an executor was named; else cases that several GPUs are worth sharing for, and no others
    elsewhere: bool = False  # the workers are not all on this machine
    batch: int = 1  # utterances that go in one call of the models that can
    notes: list[str] = field(default_factory=list)  # of the last case
    shared: set[CaseId] = field(default_factory=set)  # the cases that workers have measured

    @classmethod
    def of(
        cls, project: Project, options: RunOptions, session: str, commit: str, tell: Announcer, cancelled: IsCancelled
    ) -> DistributedCases | None:
        """Those of a session, with the executor that its options name; ConfigError for one that nobody knows.

        Without one, that of this machine's GPUs; None where the options want every case in one process.
        """
        asked = bool(options.executor)
        if not asked and (options.in_process or options.against or options.against_env or options.speed_only):
            return None
        name, threads = options.executor or choice.LOCAL, options.threads or project.threads
        how = PassOptions(str(project.root), session, threads, options.download, options.shard_audio_s)
        executor, elsewhere = choice.executor(name, options.workers), choice.is_elsewhere(name)
        return cls(executor, project.mlruns, session, how, commit, tell, cancelled, asked, elsewhere, options.batch)

    def shares(self, task: Task, case: Case, rows: int) -> bool:
        """Whether workers measure a case. Unasked they do on several GPUs, where it saves time and changes nothing.

        A sample is timed afterwards by one model alone, so a dataset that is no larger gains nothing. A task about time
        is never shared.
        """
        if isinstance(task, tasks.Paced):
            return False
        if self.asked:
            return True
        one_seed = case.model.seeds_for(case.key.variant) == 1
        alike = one_seed and rows > speed_sample.SAMPLE and tasks.get(case.key.task) is task
        return case.key.device == "cuda" and alike and len(local.visible_gpus()) > 1

    def measured(self, task: Task, case: Case, data: Dataset, keep: str, pool: Pool) -> Result | None:
        """The quality of a case, by all workers; None where they do not share it. What should be known is in `notes`.

        Its utterances have no clock. The model that `pool` holds leaves its GPU to them.
        """
        self.notes = []
        if not self.shares(task, case, len(data.rows)):
            self.executor.stop()  # what comes now is timed
            if self.asked and isinstance(task, tasks.Paced):
                self.notes.append(f"measured by one model on this machine, without the executor: {task.PACED}")
            return None
        self._check(task, case)
        self.shared.add(case.key)
        if case.key.device == "cuda":
            pool.close()
        told = checked(task, data)
        path = parts.place(self.mlruns, self.session, str(case.key))
        kept = parts.Parts(path, quality_pass.identity(case, data, self.options.threads))
        try:
            passed = quality_pass.run(
                task, case, data, self.executor, kept, self.options, self.tell, self.cancelled, keep
            )
            return self._result(task, case, data, passed, told)
        finally:
            kept.close()
            if data.audio:
                data.audio.close()

    def timed(self, task: Task, case: Case, data: Dataset, pool: Pool, result: Result) -> Result:
        """The same with the times of a sample, where this machine can run the case and is free."""
        self.executor.stop()  # a copy that lost may still be at work, and a GPU holds a model
        what = "what batches change was" if case.batch > 1 else "speed and memory were"
        if why := why_not(case, download=self.options.download):
            self.notes.append(f"{what} not measured: {why}")
            return result
        try:
            loaded = pool.get(case)
            if (here := str(loaded.facts["weights"])) != (theirs := result.provenance["weights"]):
                self.notes.append(f"{what} not measured: the weights here are {here}, the workers' {theirs}")
                return result
            if case.batch > 1:  # no utterance in a batch has a time of its own
                self.notes.append(batch_sample.company(task, case, data, loaded, result))
                return result
            return speed_sample.timed(task, case, data, loaded, result)
        except (BusyError, *MODEL_DIED) as error:
            pool.close()
            self.notes.append(f"{what} not measured: {str(error).splitlines()[0]}")
            return result

    def entry_id(self, key: CaseId) -> str:
        """The ledger's id of a case that workers measured, made of its session and name; '' for any other case.

        So the entry of a session that is gone on with takes the place of the one before.
        """
        name = json.dumps([self.session, str(key)])
        return hashlib.sha256(name.encode()).hexdigest()[:32] if key in self.shared else ""

    def close(self) -> None:
        """End the workers."""
        self.executor.stop()

    def _check(self, task: Task, case: Case) -> None:
        if tasks.get(case.key.task) is not task:
            raise ConfigError(f"workers know the tasks of modellab alone, and {case.key.task} is another one here")
        if self.elsewhere and case.header.privacy != "none":
            raise ConfigError(f"{case.key.dataset} is private: its audio and texts go to no worker elsewhere")

    def _result(self, task: Task, case: Case, data: Dataset, passed: Passed, told: dict[str, str]) -> Result:
        self.notes = list(passed.notes)
        if case.batch < self.batch:
            self.notes.append("one utterance at a time, without --batch: its model takes no several in one call")
        facts, threads = passed.loaded["facts"], self.options.threads
        result = result_of(task, case, data, passed.runs, facts, threads, self.commit, passed.readings, told)
        batch = {baselines.BATCH: str(case.batch)} if case.batch > 1 else {}
        return replace(result, provenance={**result.provenance, **batch, baselines.TIMED: baselines.UNTIMED})


def stopped(cases: DistributedCases | None, case: Case, interrupt: KeyboardInterrupt) -> StoppedError:
    """What becomes of a case that was interrupted after its workers' pass; any other one ends the run, as always."""
    if cases is None or case.key not in cases.shared:
        raise interrupt
    go_on = f"--resume {cases.options.session} goes on"
    kept = f"what workers have computed is kept and none of it is judged ({go_on})"
    return StoppedError(f"PARTIAL: {kept}: {stopping.why(interrupt)}")
