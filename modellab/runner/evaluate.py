"""The whole measurement: every utterance of a dataset through one model, scored, nothing judged."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from modellab.datasets import Dataset, clusters, decoded_length, sessions
from modellab.errors import Cancelled, ModelError, ServerError, WorkerError
from modellab.plan.matrix import Case, ModelInstance
from modellab.results import seeds, withheld
from modellab.runner import preprocessed, reply, worker_environment
from modellab.runner.latencies import latencies
from modellab.runner.meters import cached_answers
from modellab.runner.result import load_readings, result_of
from modellab.system.json_child import MoreTime
from modellab.tasks import Sample, Signed, Task
from modellab.types import Counts, Result, Row, Utterance, finite
from modellab.types.rows import asked, seconds, sendable
from modellab.types.utterances import Utterances, raised

LOAD_TIMEOUT_S = 600.0
TICKS_S = 0.05  # by which CPU time may come out below 0


class Handle(Protocol):
    """A model behind a process boundary, or not: `worker.Worker` or `worker.InProcess`."""

    def ask(
        self, verb: str, order: Mapping[str, Any], timeout_s: float, more_s: MoreTime | None = None
    ) -> dict[str, Any]: ...
    def close(self) -> None: ...


Progress = Callable[[int, int, Sequence[Utterance]], None]  # utterances done, of how many, what they gave
IsCancelled = Callable[[], bool]  # whether somebody wants the run to end: asked before each call


def never() -> bool:
    """Nobody cancels the run."""
    return False


@dataclass(slots=True)
class Loaded:
    """A handle and what loading its model told."""

    handle: Handle
    engine: tuple[str, str, str, str]
    facts: Mapping[str, Any]
    timeout_for: Callable[[float], float]  # seconds of audio -> seconds a call may take
    seeds: int = 1  # passes over a dataset, each with a seed of its own
    keep: str = ""  # folder for the audio that the model makes; '': a scratch folder
    judge: Loaded | None = None  # a model that listens to what this one says, or after a judge
    preprocessing: str = ""  # the chain that its audio goes through, as whole text; '' for none
    cancelled: IsCancelled = never

    def ask(self, verb: str, order: Mapping[str, Any], audio_s: float = 0.0) -> dict[str, Any]:
        """One request to the model's process, with the time that so much audio may take."""
        through = preprocessed.asking(self.handle.ask, self.preprocessing)
        return through(verb, order, self.timeout_for(audio_s))

    def call(self, row: Row, then: Sequence[Row] = (), *, go_on: bool = False) -> dict[str, Any]:
        """The timed call on one manifest row: its encoded output, and its time by each clock. May raise Cancelled.

        `then` comes next, and is prepared meanwhile; to `go_on` is to begin the first of it when this one is answered:
        where nobody looks at the clocks.
        """
        if self.cancelled():
            raise Cancelled
        limit_s = self.timeout_for(seconds(row)) * asked(row)
        order = {"row": sendable(row), **_following(then), **({"go_on": True} if go_on and then else {})}
        answer = preprocessed.asking(self.handle.ask, self.preprocessing)(
            "utterance", order, limit_s, lambda: self.timeout_for(decoded_length.longest_s(row)) * asked(row)
        )
        return reply.checked(answer, row)

    def call_together(self, rows: Sequence[Row], then: Sequence[Row] = ()) -> list[dict[str, Any]]:
        """One call on several rows: an encoded output each. May raise Cancelled, and ModelError for all of them."""
        if self.cancelled():
            raise Cancelled
        limit_s = sum(self.timeout_for(seconds(row)) for row in rows)
        order = {"rows": [sendable(row) for row in rows], **_following(then)}
        replies: list[dict[str, Any]] = preprocessed.asking(self.handle.ask, self.preprocessing)(
            "utterances", order, limit_s, lambda: sum(self.timeout_for(decoded_length.longest_s(row)) for row in rows)
        )["replies"]
        return [reply.checked(answer, row) for answer, row in zip(replies, rows, strict=True)]

    def examined(self, task: Task, row: Row, output: Any) -> Any:
        """The output with what the judge hears in it; unchanged where the dataset has no judge."""
        if self.judge is None:
            return output
        try:
            heard = self.judge.ask("examine", {"task": task.NAME, "row": sendable(row), "output": output})["output"]
        except ModelError as error:
            raise WorkerError(f"the judge {self.judge.engine[0]}:{self.judge.engine[1]} failed: {error}") from error
        return self.judge.examined(task, row, heard)  # a second judge listens, too

    def seed(self, number: int) -> None:
        """Set the random seed of the model, where it has one."""
        if self.seeds > 1:
            self.ask("seed", {"seed": number})


def _following(rows: Sequence[Row]) -> dict[str, Any]:
    """What an order says of the rows that come next; nothing where nobody knows, as to an older worker."""
    return {"then": [sendable(row) for row in rows]} if rows else {}


class Answering(Protocol):
    """What gives the outputs of a model: `Loaded`, or whoever stands for it."""

    def call(self, row: Row) -> dict[str, Any]: ...
    def examined(self, task: Task, row: Row, output: Any) -> Any: ...


def load(case: ModelInstance, handle: Handle, threads: int, *, download: bool = False) -> Loaded:
    """Load the case's model behind `handle`."""
    order = {
        "folder": str(case.folder),
        "model": case.key.model,
        "variant": case.key.variant,
        "weights": case.source.name,
        "revision": case.source.revision,
        **({"places": case.source.places, "sha256": case.source.sha256} if case.source.is_plural else {}),
        "files": case.model.files,
        "device": case.key.device,
        "precision": case.key.precision,
        "threads": threads,
        "options": case.model.options_for(case.key.variant),
        "download": download,
        **({"fetching": worker_environment.for_fetching()} if download else {}),
    }
    facts = handle.ask("load", order, LOAD_TIMEOUT_S)
    return Loaded(handle, case.engine, facts, case.model.timeout_for, case.model.seeds_for(case.key.variant))


def evaluate(
    task: Task, case: Case, data: Dataset, loaded: Loaded, threads: int, commit: str, progress: Progress | None = None
) -> Result:
    """Run the model over the dataset: row -> case -> output -> counts, one warm-up call before the clock counts.

    Raises DatasetError for audio that cannot be used, CrashError or HangError when the worker is lost, ServerError when
    a server could not be asked (an outage deletes no words), ModelError when every single utterance raised. One that
    raises among others is an utterance with an `error`. Of several seeds the first is timed, see `seeds.merged`.
    """
    told = checked(task, data)
    first_s = warm_up(task, data, loaded)
    done = _looked_at(data, lambda: _pass(task, data, loaded, progress))
    if raised(done).all():
        raise ModelError(f"every one of {len(done)} utterances raised; the first: {done[0].error}")
    meters = loaded.ask("finish", {"device": case.key.device})
    again_s = cached_answers.readings(done, lambda i: _wall_s(loaded, data.rows[i]))
    runs = [done, *(_pass(task, data, loaded, progress, seed) for seed in range(1, loaded.seeds))]
    readings = {**load_readings(loaded.facts), "first_call_s": first_s, **meters, **latencies(done), **again_s}
    return result_of(task, case, data, runs, loaded.facts, threads, commit, readings, told)


def checked(task: Task, data: Dataset) -> dict[str, str]:
    """The signature of a dataset's cases, where its task has one. DatasetError for the first that is not sound."""
    told = {"signature": task.signature(_cases(task, data))} if isinstance(task, Signed) else {}
    if not data.is_checked:
        for _ in _cases(task, data):
            pass  # a fault in the last row is found before the first call
    sessions.check(data.rows, data.options)
    return told


def _looked_at(data: Dataset, measure: Callable[[], Sequence[Utterance]]) -> Sequence[Utterance]:
    """What is measured; the hashes of audio that was looked at on the way are kept, however that ends."""
    try:
        return measure()
    finally:
        if data.audio:
            data.audio.close()


def _cases(task: Task, data: Dataset) -> Iterator[Any]:
    """The case of each row, one after the other: never are all of them in memory."""
    options = data.options
    return (task.read(row, options) for row in data.rows)


def _pass(task: Task, data: Dataset, loaded: Loaded, progress: Progress | None, seed: int = 0) -> Sequence[Utterance]:
    """Every utterance once, with one seed."""
    done, total = Utterances(), len(data.rows)
    loaded.seed(seed)
    for row in data.rows:
        if data.audio and not seed:
            data.audio.see(row)
        try:
            done.append(utterance_of(task, row, data, loaded))
        except ServerError as error:
            raise ServerError(f"{error} (after {len(done)} of {total} utterances; none of them is judged)") from error
        if progress:
            progress(seed * total + len(done), loaded.seeds * total, done)
    return sessions.settled(task, data.rows, data.options, done)


def again(case: Case, data: Dataset, loaded: Loaded, task: Task, result: Result) -> Result:
    """The same utterances timed once more, on fresh data: the outputs and scores of `result` with new times."""
    warm_up(task, data, loaded)
    loaded.seed(0)
    pairs = zip(result.utterances, data.rows, strict=True)
    fresh = Utterances(_retimed(utterance, row, loaded) for utterance, row in pairs)
    meters = loaded.ask("finish", {"device": case.key.device})
    return replace(result, utterances=fresh, readings={**result.readings, **meters, **latencies(fresh)})


def once_more(task: Task, data: Dataset, loaded: Loaded, names: Collection[str]) -> Sequence[Utterance]:
    """These utterances alone, with every seed of the model; their times prove nothing."""
    wanted = sessions.names_of(data.rows, data.options, names)
    rows = [row for row in data.rows if str(row["id"]) in wanted]
    loaded.ask("start", {"task": task.NAME, "keep": loaded.keep, "utterances": len(rows)})
    runs = []
    for seed in range(loaded.seeds):
        loaded.seed(seed)
        utterances = [utterance_of(task, row, data, loaded) for row in rows]
        runs.append(sessions.settled(task, rows, data.options, utterances))
    return seeds.merged(runs)


def warm_up(task: Task, data: Dataset, loaded: Loaded) -> float:
    """One call that is not counted, then fresh meters. Its wall time in s; NaN when the model raised."""
    start = {"task": task.NAME, "keep": loaded.keep, "utterances": len(data.rows)}
    loaded.ask("start", {**start, "warm_up": True})
    try:
        first_s = times(loaded.call(data.rows[0]))[0]
    except ModelError:
        first_s = float("nan")
    loaded.ask("start", start)
    return first_s


def utterance_of(task: Task, row: Row, data: Dataset, loaded: Answering) -> Utterance:
    """What the model makes of one row, scored; with an error where it raised."""
    try:
        answer, error = loaded.call(row), ""
    except ModelError as raised:
        answer, error = {"output": None}, str(raised)
    output, given_s = None if error else loaded.examined(task, row, answer["output"]), answer.get("given_s")
    sample = decoded_length.sample(task, row, data.options, given_s, output)
    counts, (wall_s, cpu_s, gpu_s) = _scored(task, sample, output, data), times(answer)
    said_by = clusters.cluster(row, data.header)
    audio_s = decoded_length.heard_s(row, given_s, sample.duration_s, output)
    return Utterance(sample.id, counts, output, wall_s, cpu_s, audio_s, error, said_by, gpu_s)


def _scored(task: Task, sample: Sample, output: Any, data: Dataset) -> Mapping[str, Counts]:
    """The counts of an output; whatever scoring raises names the utterance, and so does a count that is no number."""
    try:
        counted = finite.judgeable(task.score(sample, output), task.METRICS)
        return {**counted, **(withheld.counted(task, sample, output) if data.is_private else {})}
    except Exception as error:
        error.add_note(f"while utterance {sample.id!r} was scored")
        raise


def _retimed(utterance: Utterance, row: Row, loaded: Loaded) -> Utterance:
    """The utterance with the times of a new call; as it was where the model raised, then or now, or nobody timed it."""
    if utterance.error or math.isnan(utterance.wall_s):
        return utterance
    try:
        answer = loaded.call(row)
    except ModelError:
        return utterance
    wall_s, cpu_s, gpu_s = times(answer)
    return replace(utterance, wall_s=wall_s, cpu_s=cpu_s, gpu_s=gpu_s)


def _wall_s(loaded: Loaded, row: Row) -> float:
    """The wall seconds of one more call; infinite where the model raised."""
    try:
        return times(loaded.call(row))[0]
    except ModelError:
        return math.inf


def times(answer: Mapping[str, Any]) -> tuple[float, float, float]:
    """Wall, CPU and GPU seconds of a call; NaN where a clock does not exist, or the model raised.

    WorkerError where a clock ran backwards: no number can be made of that. CPU time is less the cost of looking after
    child processes, in ticks, so that a call that takes hardly any may come out a little below 0.
    """
    wall_s, cpu_s, gpu_s = (float(answer.get(clock, math.nan)) for clock in reply.CLOCKS)
    for clock, took_s, slack_s in (("wall", wall_s, 0.0), ("CPU", cpu_s, TICKS_S), ("GPU", gpu_s, 0.0)):
        if took_s < -slack_s:
            raise WorkerError(
                f"the {clock} clock ran backwards by {-took_s:.3g} s while the model was called: nothing can be timed;"
                " was the machine suspended, or does its adapter replace Python's clocks?"
            )
    return wall_s, 0.0 if cpu_s < 0 else cpu_s, gpu_s
