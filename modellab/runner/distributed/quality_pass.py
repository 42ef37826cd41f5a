"""A pass over a dataset by all workers of an executor: the utterances of a case, exactly once each.

Only quality comes of it. Workers share machines, so their clocks stay in the parts (`parts.py`), and an utterance here
has none: `speed_sample.py` times a fixed sample alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from modellab import errors
from modellab.datasets import Dataset, sessions
from modellab.errors import Cancelled, ModelError, ModellabError, PartialError, StoppedError, UnexpectedError
from modellab.plan.matrix import Case
from modellab.results import serialization
from modellab.runner.distributed import batches, pass_report, shards
from modellab.runner.distributed import plan as plans
from modellab.runner.distributed.controller import Controller
from modellab.runner.distributed.executor import Done, Early, Event, Executor, Failed, Gone, Loading, Lost, Refused, Up
from modellab.runner.distributed.parts import Parts
from modellab.runner.distributed.pass_report import Happened
from modellab.runner.events import WorkersProgress
from modellab.runner.stopping import Stopping
from modellab.tasks import Task
from modellab.types import Utterance
from modellab.types.utterances import Utterances, raised

LOOK_S = 0.2
TOLD_EVERY_S = 0.5
WAIT_S = 600.0  # without any worker before a pass is given up


@dataclass(frozen=True, slots=True)
class PassOptions:
    """How a pass is made, whatever the case."""

    root: str
    session: str
    threads: int
    download: bool = False
    shard_audio_s: float = shards.SHARD_AUDIO_S
    wait_s: float = field(default_factory=lambda: WAIT_S)
    told_every_s: float = TOLD_EVERY_S


@dataclass(frozen=True, slots=True)
class Passed:
    """What came of a pass: the utterances of each seed in the order of the dataset, without clocks."""

    runs: Sequence[Sequence[Utterance]]
    loaded: Mapping[str, Any]  # what loading told a worker
    readings: Mapping[str, float]
    notes: tuple[str, ...] = ()


def run(
    task: Task,
    case: Case,
    data: Dataset,
    executor: Executor,
    parts: Parts,
    options: PassOptions,
    tell: Callable[[WorkersProgress], None],
    cancelled: Callable[[], bool],
    keep: str = "",
) -> Passed:
    """Every utterance once. PartialError where some are missing in the end; and what a case itself does wrong."""
    lengths_s = shards.lengths(data.rows)
    window = batches.window(case.batch, len(lengths_s)) if case.batch > 1 else 1
    controller = Controller(shards.cut(lengths_s, options.shard_audio_s, window), lengths_s, parts.keep, parts.known)
    known = len(lengths_s) - controller.left
    going = _Pass(case, data, executor, parts, controller, options, tell, cancelled)
    if not controller.is_complete:
        going.through(_plan(case, data, options, parts.loaded, keep))
    readings = pass_report.readings(controller, going.happened, going.took_s, case.batch)
    notes = pass_report.notes(controller, going.happened, parts, known)
    return Passed(_runs(task, data, parts), parts.loaded, readings, tuple(notes))


def identity(case: Case, data: Dataset, threads: int) -> dict[str, Any]:
    """What the parts of a case are about: with any of it different, they would be another case's."""
    return {
        "case": str(case.key),
        "dataset_digest": data.digest,
        "rows": len(data.rows),
        "threads": threads,
        "preprocessing": str(case.chain),
        "options": serialization.plain(case.model.options_for(case.key.variant)),
        "code": plans.code(),
    }


def _plan(case: Case, data: Dataset, options: PassOptions, loaded: Mapping[str, Any], keep: str) -> dict[str, Any]:
    return {
        **plans.environment(),
        "case": str(case.key),
        "device": case.key.device,
        "root": options.root,
        "session": options.session,
        "preprocessing": str(case.chain) if case.chain_from == "run" else "",
        "batch": case.batch,
        "threads": options.threads,
        "download": options.download,
        "dataset_digest": data.digest,
        "rows": len(data.rows),
        "weights": str(loaded["facts"]["weights"]) if loaded else "",
        "keep": keep,
    }


def _runs(task: Task, data: Dataset, parts: Parts) -> list[Sequence[Utterance]]:
    """The kept utterances, seed by seed, with sessions scored as wholes; no clock of workers that shared a machine."""
    count = int(parts.loaded["seeds"])
    runs = [Utterances() for _ in range(count)]
    for encoded in parts.utterances():
        per_seed = encoded if isinstance(encoded, list) else [encoded] * count
        for run_, one in zip(runs, per_seed, strict=True):
            run_.append(replace(serialization.decode_utterance(one), wall_s=math.nan, cpu_s=math.nan, gpu_s=math.nan))
    if raised(runs[0]).all():
        raise ModelError(f"every one of {len(runs[0])} utterances raised; the first: {runs[0][0].error}")
    return [sessions.settled(task, data.rows, data.options, run_) for run_ in runs]


@dataclass(slots=True)
class _Pass:
    """A pass on its way."""

    case: Case
    data: Dataset
    executor: Executor
    parts: Parts
    controller: Controller
    options: PassOptions
    tell: Callable[[WorkersProgress], None]
    cancelled: Callable[[], bool]
    happened: Happened = field(default_factory=Happened)
    began_s: float = 0.0
    took_s: float = 0.0
    before: int = 0  # utterances done when it began
    told_s: float = 0.0
    alone_since_s: float = 0.0

    def through(self, plan: Mapping[str, Any]) -> None:
        """Until every utterance is kept, or it makes no sense to go on."""
        self.began_s = self.alone_since_s = time.monotonic()
        self.before = len(self.controller.done) - self.controller.left
        try:
            with Stopping() as stopping:
                self.executor.start(plan)
                stopping.listen()
                while not self.controller.is_complete:
                    if self.cancelled():
                        raise Cancelled
                    if stopping.why:
                        break
                    self._step()
                if stopping.why:
                    raise StoppedError(self._partial(stopping.why))
        except OSError as error:  # no room for the parts, or in a shared folder
            where = error.filename or self.parts.path
            self.executor.stop()
            raise PartialError(self._partial(f"{where} cannot be written: {error.strerror or error}")) from error
        except BaseException:
            self.executor.stop()
            raise
        finally:
            self.took_s = time.monotonic() - self.began_s
        self._told(force=True)

    def _step(self) -> None:
        for event in self.executor.events(LOOK_S):
            self._hear(event)
        now_s = time.monotonic()
        for worker, attempt in self.controller.orders(now_s):
            self.executor.submit(worker, attempt)
        if why := self.controller.hopeless:
            raise PartialError(self._partial(why))
        if self.controller.members or self.happened.loading:
            self.alone_since_s = now_s
        elif now_s - self.alone_since_s > self.options.wait_s:
            last = f"; the last one was lost: {lost}" if (lost := self.controller.last_loss) else ""
            raise PartialError(self._partial(f"no worker has been there for {self.options.wait_s:.0f} s{last}"))
        self._told()

    def _hear(self, event: Event) -> None:
        controller, now_s = self.controller, time.monotonic()
        self.happened.loading.discard(event.worker)
        match event:
            case Loading():
                self.happened.loading.add(event.worker)
            case Up():
                self._up(event)
            case Done():
                controller.answered(event.worker, event.attempt, event.answer, now_s)
                if member := controller.members.get(event.worker):
                    self.happened.computed_s[event.worker] = member.busy_s, member.audio_s
                self._heard(event.audio)
            case Early():
                controller.early(event.worker, event.start, event.answer.lines, event.answer.hashes)
            case Lost():
                self.happened.losses += 1
                controller.lost(event.worker, event.why)
            case Gone():
                controller.gone(event.worker)
            case Refused():
                self.happened.refused.append(event.why)
            case Failed():
                self._failed(event)

    def _up(self, event: Up) -> None:
        """A worker whose weights are those of the others; what loading told the first one is kept."""
        facts = event.facts
        self.parts.start({name: facts[name] for name in ("facts", "seeds", "machine", "hardware")})
        known, here = self.parts.loaded["facts"], facts["facts"]
        if here["weights"] != known["weights"]:
            self.happened.refused.append(
                f"{facts['host']} has the weights {here['weights']}, the run {known['weights']}"
            )
            return
        self.happened.machines[event.worker] = f"{facts['machine']}, {facts['hardware']}"
        self.controller.up(event.worker)

    def _failed(self, event: Failed) -> None:
        """A fault of the case: what was done before is kept, so that a run goes on with it where it was mended."""
        kind = getattr(errors, event.error, UnexpectedError)
        if self.controller.left < len(self.controller.done):
            raise PartialError(self._partial(f"{event.error}: {event.text}"))
        raise kind(event.text) if issubclass(kind, ModellabError) else UnexpectedError(event.text)

    def _heard(self, seen: Mapping[str, Any]) -> None:
        """What a worker saw of the audio's files counts as seen here."""
        if self.data.audio and seen:
            self.data.audio.seen += int(seen["seen"])
            self.data.audio.unknown += int(seen["unknown"])
            self.data.audio.stale.update(seen["stale"])

    def _partial(self, why: str) -> str:
        total = len(self.controller.done)
        done = total - self.controller.left
        go_on = f"--resume {self.options.session} goes on"
        refused = f"; refused: {self.happened.refused[0]}" if self.happened.refused else ""
        return f"PARTIAL: {done} of {total} utterances are done and none is judged ({go_on}): {why}{refused}"

    def _told(self, *, force: bool = False) -> None:
        now_s = time.monotonic()
        if not force and now_s - self.told_s < self.options.told_every_s:
            return
        self.told_s = now_s
        took_s = now_s - self.began_s
        self.tell(pass_report.progress(str(self.case.key), self.controller, self.happened, self.before, took_s))
