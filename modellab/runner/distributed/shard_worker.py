"""A worker's own side: the model of one case, loaded, and shards of its dataset through it.

The same code as in a run without workers measures and scores each utterance, so the outcome is the same. The model has
a process of its own below this one: where that dies, what was done is answered, with the place at which it died.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modellab import datasets, tasks
from modellab.datasets import Dataset
from modellab.errors import ConfigError, CrashError, HangError, ModelError, ProtocolError
from modellab.plan.availability import why_not
from modellab.plan.matrix import Case, Matrix
from modellab.plan.settings import Project
from modellab.results import serialization
from modellab.runner.distributed import ahead, batches, shards
from modellab.runner.distributed import plan as plans
from modellab.runner.evaluate import Answering, Loaded, utterance_of
from modellab.runner.pool import Pool
from modellab.runner.reply import CLOCKS
from modellab.runner.turns import Turns
from modellab.runner.worker import Worker
from modellab.system import leftovers
from modellab.system.machine import hardware, hostname, machine_class
from modellab.tasks import Task
from modellab.types import Metric, Row

Reply = dict[str, Any]
MODEL_DIED = (CrashError, HangError, ProtocolError)


def machine_turns() -> Turns:
    """The lock of this machine: many may compute shards at once, and nobody while speed is measured."""
    return Turns(Path(leftovers.named("machine", f"{os.getuid()}.lock")))


@dataclass(slots=True)
class Opened:
    """A case that shards are of."""

    case: Case
    task: Task
    data: Dataset
    keep: str
    loaded: Loaded | None = None


class ShardWorker:
    """`open` a case, then `shard` after shard. Raises nothing that belongs to one utterance."""

    def __init__(self, root: Path | None = None) -> None:
        """`root` is the project here, if it lies elsewhere than where the run was started."""
        self.root = root
        self.pool: Pool | None = None
        self.opened: Opened | None = None
        self.told_to_go: Callable[[], bool] = lambda: False

    def open(self, plan: Mapping[str, Any]) -> Reply:
        """Load the model of a case. ConfigError where this worker would compute something else."""
        root = self.root or Path(plan["root"])
        matrix = Matrix(Project.at(root), plan["preprocessing"], plan["batch"])
        case = matrix.find(plan["case"])
        if not isinstance(case, Case):
            raise ConfigError(f"{root} has no case {plan['case']!r}: is it the same project, with the same models?")
        data = datasets.load(case.dataset)
        if refused := plans.why_refused(plan, data.digest, len(data.rows)):
            raise ConfigError(refused)
        if absent := why_not(case, download=plan["download"]):
            raise ConfigError(f"this machine cannot run the case: {absent}")
        if self.pool is None or (self.pool.threads, self.pool.download) != (plan["threads"], plan["download"]):
            self.close()
            self.pool = Pool(Worker, plan["threads"], download=plan["download"])
        keep = Path(plan["keep"])
        if keep.is_relative_to(plan["root"]):
            keep = root / keep.relative_to(plan["root"])
        self.opened = Opened(case, tasks.get(case.key.task), data, str(keep))
        loaded = self._ready()
        if case.batch > 1 and not loaded.facts.get("batches"):
            where = f"{case.folder / 'config.yaml'} says batches: true"
            raise ConfigError(f"{where}, and its adapter has no transcribe_batch: write one, or leave --batch out")
        weights = str(loaded.facts["weights"])
        if plan.get("weights") and weights != plan["weights"]:
            raise ConfigError(f"the weights here are {weights}, the run's are {plan['weights']}: fetch the same ones")
        return {
            "facts": loaded.facts,
            "seeds": loaded.seeds,
            "host": hostname(),
            "machine": machine_class(plan["threads"], case.key.device),
            "hardware": hardware(case.key.device),
        }

    def shard(self, order: Mapping[str, Any]) -> Reply:
        """Utterances `start` to `stop`, as JSON and as hashes: as many of them as could be done."""
        assert self.opened is not None, "open comes before shard"
        began_s = time.monotonic()
        lines: list[str] = []
        hashes: list[int] = []
        reply: Reply = {"start": order["start"], "lines": lines, "hashes": hashes, "died": ""}
        data = self.opened.data
        with machine_turns().loading():
            try:
                place = order["start"], order["stop"]
                for utterances in self._said(*place, str(order["error"]), careful=order["careful"]):
                    lines.append(serialization.dumps(utterances if len(utterances) > 1 else utterances[0]))
                    hashes.append(_hash(utterances, self.opened.task.METRICS))
            except MODEL_DIED as error:
                self.forget()
                reply["died"] = str(error)
        return {**reply, "wall_s": time.monotonic() - began_s, "audio": _seen(data)}

    def forget(self) -> None:
        """End the model; the next shard loads it anew."""
        if self.pool:
            self.pool.close()
        if self.opened:
            self.opened.loaded = None

    def close(self) -> None:
        """End the model for good."""
        self.forget()
        self.pool = self.opened = None

    def _ready(self) -> Loaded:
        """The loaded model, warm."""
        opened = self.opened
        assert opened is not None
        assert self.pool is not None
        if opened.loaded is None:
            opened.loaded = self._warm(self.pool, opened)
        return opened.loaded

    def _warm(self, pool: Pool, opened: Opened) -> Loaded:
        """The loaded model after one utterance, scored as all are; cold, where it is the first row that kills it."""
        try:
            loaded = self._started(pool, opened)
            utterance_of(opened.task, opened.data.rows[0], opened.data, loaded)
        except MODEL_DIED:
            pool.close()
            loaded = self._started(pool, opened)
        return loaded

    def _started(self, pool: Pool, opened: Opened) -> Loaded:
        """The loaded model, with nothing metered: workers share machines, and what is metered would take their time."""
        loaded = pool.get(opened.case)
        loaded.keep = opened.keep
        loaded.ask("start", {"task": opened.task.NAME, "keep": loaded.keep, "warm_up": True})
        return loaded

    def _said(self, start: int, stop: int, error: str, *, careful: bool) -> Iterator[list[Any]]:
        """What the model makes of each row, once for each of its seeds; without a model where it has killed some."""
        opened = self.opened
        assert opened is not None
        if opened.case.batch > 1 and not error:
            yield from self._in_batches(start, stop, opened.case.batch)
            return
        answered: Iterator[tuple[Row, Sequence[Answering]]]
        if error:
            answered = ((row, [_Raising(error)]) for row, _ in self._rows(start, stop))
        else:
            answered = iter(ahead.answers(self._ready(), self._rows(start, stop, careful=careful)))
        for row, answers in answered:
            yield self._scored(row, answers)

    def _scored(self, row: Row, answers: Sequence[Answering]) -> list[Any]:
        """The utterances of a row, encoded, one for each seed."""
        assert self.opened is not None
        task, data = self.opened.task, self.opened.data
        return [serialization.encode_utterance(utterance_of(task, row, data, answer)) for answer in answers]

    def _in_batches(self, start: int, stop: int, size: int) -> Iterator[list[Any]]:
        """The same for so many utterances in one call, in the dataset's order; window by window."""
        width = batches.window(size, len(self._data.rows))
        for low in range(start - start % width, stop, width):
            own = range(max(start, low), min(stop, low + width))
            yield from self._window(low, self._data.rows[low : low + width], own, size)

    def _window(self, low: int, rows: Sequence[Row], own: range, size: int) -> Iterator[list[Any]]:
        """The places of a shard in a window by its batches; one by one where the model raised, or died."""
        every = batches.of_window(low, own, size, shards.lengths(rows))
        by_place: dict[int, tuple[Row, list[Any]]] = {}
        while every and not self.told_to_go():
            of_rows = [[rows[place - low] for place in batch] for batch in every]
            with_next = zip(of_rows, [*of_rows[1:], []], strict=True)
            asked = itertools.takewhile(lambda _: not self.told_to_go(), with_next)
            try:
                for pairs in ahead.batches(self._ready(), asked):
                    scored = zip(every.pop(0), pairs, strict=True)
                    by_place |= {
                        place: (row, self._scored(row, answers)) for place, (row, answers) in scored if place in own
                    }
            except (ModelError, *MODEL_DIED) as error:
                if not isinstance(error, ModelError):
                    self.forget()
                each_alone = self._one_by_one([(place, rows[place - low]) for place in every.pop(0)], str(error))
                by_place |= {place: answers for place, answers in each_alone.items() if place in own}
        for place in own:
            if place in by_place:
                row, answers = by_place.pop(place)
                self._see(row)
                yield answers
                continue
            alone = [] if self.told_to_go() else list(ahead.answers(self._ready(), self._rows(place, place + 1)))
            if not alone:  # it was told to go
                return
            yield self._scored(*alone[0])

    def _one_by_one(self, batch: Sequence[tuple[int, Row]], why: str) -> dict[int, tuple[Row, list[Any]]]:
        """What each of a batch that failed gives alone, as far as none kills the model or this worker is told to go.

        Where all of them are answered the batch is to blame: in it, none was.
        """
        by_place: dict[int, tuple[Row, list[Any]]] = {}
        try:
            for place, row in batch:
                if self.told_to_go():
                    return by_place
                ((_, answers),) = ahead.answers(self._ready(), [(row, [])])
                by_place[place] = row, self._scored(row, answers)
        except MODEL_DIED:
            self.forget()
            return by_place
        if any(utterance.get("error") for _, answers in by_place.values() for utterance in answers):
            return by_place
        blamed = _Raising(f"in a batch of {len(batch)}, though not alone: {why}")
        return {place: (row, self._scored(row, [blamed] * len(answers))) for place, (row, answers) in by_place.items()}

    def _see(self, row: Row) -> None:
        """Count the audio of a row as heard."""
        if self._data.audio:
            self._data.audio.see(row)

    @property
    def _data(self) -> Dataset:
        assert self.opened is not None
        return self.opened.data

    def _rows(self, start: int, stop: int, *, careful: bool = False) -> Iterator[tuple[Row, list[Row]]]:
        """Those of a shard until this worker is told to go, each with the next two: one to begin, one to prepare.

        `careful`: not beside the first one, at which a model has died, so that it is known which of the two kills it.
        """
        row, *following = self._data.rows[start : min(start + 2, stop)]
        for place in range(start, stop):
            if self.told_to_go():
                return
            following += self._data.rows[place + 2 : min(place + 3, stop)]
            self._see(row)
            yield row, [] if careful and place == start else following[:]
            if following:
                row, *following = following


class _Raising:
    """In place of a model, for an utterance that has killed it."""

    def __init__(self, error: str) -> None:
        self.error = error

    def call(self, row: Row) -> dict[str, Any]:  # noqa: ARG002
        raise ModelError(self.error)

    def examined(self, task: Task, row: Row, output: Any) -> Any:  # noqa: ARG002
        return output


def without_clocks(stored: Any, metrics: Iterable[Metric]) -> Any:
    """Utterances as JSON without what no model gives twice: their own clocks, and those of their task."""
    clocks = {*CLOCKS, *(metric.name for metric in metrics if metric.clock)}

    def kept(part: Any) -> Any:
        if isinstance(part, Mapping):
            return {name: kept(value) for name, value in part.items() if name not in clocks}
        return [*map(kept, part)] if isinstance(part, list | tuple) else part

    return kept(stored)


def _hash(utterances: list[Any], metrics: Iterable[Metric]) -> int:
    """Of all but the clocks: 64 bits."""
    told = without_clocks(utterances, metrics)
    return int.from_bytes(hashlib.blake2b(serialization.dumps(told).encode(), digest_size=8).digest())


def _seen(data: Dataset) -> Mapping[str, Any]:
    """What was seen of the files that were heard since the last shard."""
    if data.audio is None:
        return {}
    audio = data.audio
    told = {"seen": audio.seen, "unknown": audio.unknown, "stale": dict(audio.stale)}
    audio.seen = audio.unknown = 0
    return told
