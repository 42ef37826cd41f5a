"""Any audio or video file through one model, in a worker process as in the suite. Nothing is judged."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from modellab import audio
from modellab.audio.preprocessing import NONE, Chain, parse
from modellab.errors import ConfigError, ModelError, WeightsError, WorkerError, did_you_mean
from modellab.models import Model, environment, so_far, weights
from modellab.plan.availability import obstacle, why_not
from modellab.plan.matrix import Matrix, ModelInstance
from modellab.plan.selection import find_model, known
from modellab.runner import evaluate
from modellab.runner.evaluate import Loaded
from modellab.runner.worker import Worker
from modellab.types.readings import SERVER

Heard = TypeVar("Heard")
TASK = "asr"
REAL = "faster_whisper:base"  # the default that knows words: any language, the quickest engine
REAL_MB = 145
QUICK = "faster_whisper:tiny.en"  # the smallest that knows words, of English alone: what is fetched to try things
QUICK_MB = 75
DEFAULT = "faster_whisper:lab"  # the quickest to start; where it cannot run, the first embedded variant that can


@dataclass(frozen=True, slots=True)
class Transcription:
    """What a model heard in one file. `wall_s` is the model call alone; a first call is not warmed up."""

    file: str
    text: str
    language: str
    segments: tuple[dict[str, Any], ...]  # text, start_s, end_s (None where the engine gives no time)
    duration_s: float
    wall_s: float
    preprocessing: str = ""  # the chain that the audio went through, as whole text
    preprocessing_s: float = 0.0  # which took so long, beside `wall_s`

    @property
    def rtf(self) -> float:
        """Real-time factor: seconds of computing for one second of audio; lower is faster."""
        return self.wall_s / self.duration_s


def real(matrix: Matrix, device: str = "cpu", precision: str = "") -> ModelInstance | None:
    """The checkpoint that a file of one's own is heard with, on this disk or to be fetched; None where it cannot run.

    >>> from modellab.plan.settings import Project
    >>> real(Matrix(Project.at(Path("."))), device="abacus") is None
    True
    """
    return could_run(matrix, REAL, device, precision)


def could_run(matrix: Matrix, name: str, device: str = "cpu", precision: str = "") -> ModelInstance | None:
    """The first of MODEL:VARIANT, or of any variant of MODEL, that runs here once its weights are; None for none."""
    head, _, variant = name.partition(":")
    on_device = [
        instance for instance in matrix.instances() if (instance.key.model, instance.key.device) == (head, device)
    ]
    fitting = [
        candidate
        for candidate in on_device
        if variant in ("", candidate.key.variant) and precision in ("", candidate.key.precision)
    ]
    return next((candidate for candidate in fitting if not why_not(candidate, download=True)), None)


def is_embedded(instance: ModelInstance) -> bool:
    """Whether its weights are those that come with modellab, which know a small vocabulary only."""
    return weights.split(instance.source.name)[0] == "embedded"


def choose(matrix: Matrix, name: str = "", device: str = "cpu", precision: str = "", task: str = TASK) -> ModelInstance:
    """The first that can run here of what is named (MODEL or MODEL:VARIANT), or of the embedded ones.

    ConfigError for unknown names; WeightsError with the reason and what mends it when none can run.
    """
    candidates = _named(matrix, name, task) if name else _embedded(matrix)
    shown = name or "the embedded model"
    offered = dict.fromkeys(instance.key.device for instance in candidates)
    device = SERVER if list(offered) == [SERVER] else device  # such a model has no other, and nobody has to say so
    known("device", device, offered, f" of {shown}")
    there = [instance for instance in candidates if instance.key.device == device]
    if precision:
        known(
            "precision",
            precision,
            dict.fromkeys(instance.key.precision for instance in there),
            f" of {shown} on {device}",
        )
        there = [instance for instance in there if instance.key.precision == precision]
    reasons = []
    for instance in there:
        why, mend = obstacle(instance)
        if not why:
            return instance
        reasons.append(
            f"{instance.key.model}:{instance.key.variant} cannot run here: {why}" + (f": {mend}" if mend else "")
        )
    raise WeightsError(reasons[0])


def _named(matrix: Matrix, name: str, task: str) -> list[ModelInstance]:
    folder, model, variant = find_model(matrix, name)
    if task not in model.tasks:
        able = sorted({instance.key.model for instance in matrix.instances() if task in instance.model.tasks})
        raise ConfigError(f"{folder.name} does {_tasks(model)} and no {task}: expected one of {', '.join(able)}")
    every = [instance for instance in matrix.instances() if instance.key.model == folder.name]
    return [candidate for candidate in every if variant in {"", candidate.key.variant}]


def _tasks(model: Model) -> str:
    return " and ".join(model.tasks)


def _embedded(matrix: Matrix) -> list[ModelInstance]:
    every = [instance for instance in matrix.instances() if TASK in instance.model.tasks and is_embedded(instance)]
    if not every:
        raise ConfigError(f"no embedded model does {TASK}: {did_you_mean('', matrix.model_names())}")
    return sorted(every, key=lambda candidate: f"{candidate.key.model}:{candidate.key.variant}" != DEFAULT)


def chain_of(instance: ModelInstance, asked: str) -> Chain:
    """What audio goes through before this model hears it: what is asked for, else what its variant says."""
    return parse(asked if asked.strip() else instance.variant.preprocessing)


class Listener:
    """A model in a worker process, ready for files of a task. One that is lost is loaded again for the next file."""

    def __init__(self, instance: ModelInstance, threads: int, task: str = TASK, chain: Chain = NONE) -> None:
        self.instance, self.threads, self.task, self.chain = instance, threads, task, chain
        self._ready: Loaded | None = None
        self._scratch: Path | None = None  # of its process

    def get(self) -> Loaded:
        """The model, loaded. Raises WorkerError where it cannot be."""
        if self._ready is None:
            place: environment.Start = {**self.instance.place}
            place["env"] = {**place.get("env", {}), **so_far.ASKED}
            worker = Worker(self.threads, **place)
            self._scratch = worker.scratch.path
            try:
                ready = evaluate.load(self.instance, worker, self.threads)
                ready.handle.ask("start", {"task": self.task}, evaluate.LOAD_TIMEOUT_S)  # no call of the model's
                ready.preprocessing = str(self.chain)
            except BaseException:  # Ctrl-C too: no process stays behind
                worker.close()
                raise
            self._ready = ready
        return self._ready

    def hear(self, listen: Callable[[Loaded], Heard]) -> Heard:
        """What `listen` makes of the model; after a crash, a hang or nonsense its process is gone."""
        ready = self.get()
        if self._scratch:
            so_far.forget(self._scratch)
        try:
            return listen(ready)
        except WorkerError as error:
            if not isinstance(error, ModelError):  # which is an answer
                self.close()
            raise

    def so_far_s(self) -> float:
        """Seconds of the recording in hand that are heard; NaN where its adapter does not tell. For another thread."""
        return so_far.read(self._scratch) if self._scratch else math.nan

    def close(self) -> None:
        """End the process, if there is one."""
        if self._ready is not None:
            self._ready.handle.close()
            self._ready = None


@contextmanager
def listening(instance: ModelInstance, threads: int, task: str = TASK, chain: Chain = NONE) -> Iterator[Listener]:
    """The model in a worker process; gone when the block ends. Raises WorkerError where it cannot be loaded.

    Audio goes through the chain before the model hears it; ConfigError where a step cannot work here.
    """
    if why := chain.lacking():
        raise ConfigError(why)
    listener = Listener(instance, threads, task, chain)
    try:
        listener.get()
        yield listener
    finally:
        listener.close()


@contextmanager
def loaded(instance: ModelInstance, threads: int, task: str = TASK, chain: Chain = NONE) -> Iterator[Loaded]:
    """The same for one file."""
    with listening(instance, threads, task, chain) as listener:
        yield listener.get()


def transcribe(ready: Loaded, file: Path, duration_s: float = 0.0) -> Transcription:
    """One file, whole, which is so long where the caller knows it already.

    AudioError for one that cannot be used; WorkerError when the model or its process fails.
    """
    duration_s = duration_s or audio.info(file).duration_s
    row = {"id": file.name, "audio": str(file), "duration_s": duration_s}
    reply = ready.ask("utterance", {"row": row}, duration_s)
    transcript = reply["output"]
    segments = tuple({"text": text, "start_s": start, "end_s": end} for text, start, end in transcript["segments"])
    return Transcription(
        str(file),
        transcript["text"],
        transcript["language"],
        segments,
        duration_s,
        reply["wall_s"],
        ready.preprocessing,
        reply.get("preprocessing_s", 0.0),
    )
