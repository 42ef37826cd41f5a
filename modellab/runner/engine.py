"""One loaded model and the meters around it. Lives in a worker process, or in pytest's own with --in-process.

Speaks plain dictionaries, because a pipe lies between it and the rest. `start` and `finish` bracket one dataset.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from modellab import tasks
from modellab.audio.saved import SavedAudio
from modellab.models import adapter_code, weights, weights_check
from modellab.runner import preprocessed
from modellab.runner.engine_streams import Streams
from modellab.runner.meters import process
from modellab.runner.meters.reference_workload import Reference
from modellab.runner.prepared import Prepared
from modellab.system import allocator
from modellab.system.child_processes import ChildProcesses
from modellab.system.machine import versions
from modellab.types import Audio, Setting

if TYPE_CHECKING:
    from modellab.models.remote.meter import Meter

METER = "modellab.models.remote.meter"
ENGINES = (
    "torch",
    "ctranslate2",
    "transformers",
    "openai-whisper",
    "faster-whisper",
    "pywhispercpp",
    "silero-vad",
    "espeakng-loader",
    "onnxruntime",
    "numpy",
)


class Engine:
    """Holds one model of one variant on one device at one precision."""

    def __init__(self, gpus: process.Gpu = process.GPU) -> None:
        self.gpus = gpus  # who tells of the GPU
        self.model: Any = None
        self.task: tasks.Task | None = None
        self.load_meter = process.LoadMeter()
        self.children = ChildProcesses()
        self.reference = Reference()
        self.throttle_meter = process.ThrottleMeter(gpus.ask_driver)
        self.gpu: Any = None  # torch.cuda where the model computes there
        self.on_gpu = False
        self.metered = True
        self.saved_audio = SavedAudio()
        self.prepared = Prepared()
        self.preprocessing_s: list[float] = []  # of each utterance since `start`, in s
        self.preprocessed_s = 0.0  # audio that went through a chain since then
        self.streams: Streams | None = None  # of the model's own
        self.middle = -1  # collections of the middle generation up to the last time that garbage was collected

    def load(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Import the adapter and load the weights; both are timed, the search for the weights is not."""
        folder = Path(order["folder"])
        places = tuple(order.get("places", (order["weights"],)))
        source = weights.Source(places, order["revision"], folder, order.get("sha256", {}))
        with _variables(order.get("fetching", {})):
            path = weights.locate(source, download=order["download"])
        weights_check.check(path, order.get("files", ()))
        setting = Setting(
            model=order["model"],
            variant=order["variant"],
            weights=path,
            device=order["device"],
            precision=order["precision"],
            threads=order["threads"],
            options=order["options"],
        )
        process.reset_peak()
        self.model, timing = process.timed(lambda: _import_adapter(folder).load(setting))
        self.streams = Streams(self.model)
        self.on_gpu = order["device"] == "cuda"
        self.gpu = self.gpus.cuda() if self.on_gpu else None
        return {
            "load_s": timing.wall_s,
            "load_peak_rss_bytes": process.peak_rss_bytes(),
            "weights": weights.digest(source, path),
            "versions": versions(ENGINES) | dict(getattr(self.model, "facts", {})),
            "python": sys.version.split()[0],
            "batches": callable(getattr(self.model, "transcribe_batch", None)),
            **({"streams": self.streams.most} if self.streams.most else {}),
            allocator.KEY: allocator.described(),
        }

    @property
    def meter(self) -> Meter | None:
        """What the adapter of a server keeps of its requests; None for a model that runs here."""
        meter = getattr(self.model, "meter", None)
        home = sys.modules.get(METER)  # imported by the adapter that has one
        return meter if home and isinstance(meter, home.Meter) else None

    def start(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Get ready for a dataset of a task: fresh meters from here on, unless it is only to warm up."""
        with _without_collector():
            self.task = tasks.get(order["task"])
        self.saved_audio.keep(order.get("keep"))
        self.metered = not order.get("warm_up")
        if not self.metered:
            return {}
        self.preprocessing_s, self.preprocessed_s = [], 0.0
        self._collect_garbage()
        allocator.trim()
        self.reference.start(int(order.get("utterances", 0)))
        if self.meter:
            self.meter.start()
        process.reset_peak()
        self.gpus.reset_peak()
        self.children.start()
        self.load_meter, self.throttle_meter = process.LoadMeter(), process.ThrottleMeter(self.gpus.ask_driver)
        return {}

    def _collect_garbage(self) -> None:
        """Collect what is left of the dataset before, so that no peak holds it.

        The libraries' own objects, a hundred thousand and more, are gone through again only where so much was made
        since that Python has moved some of it among them (7,000 containers, on Python 3.13 20,000).
        """
        unmoved = gc.get_stats()[1]["collections"] == self.middle
        gc.collect(1 if unmoved else 2)
        self.middle = gc.get_stats()[1]["collections"]

    def seed(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Start every generator that a decoder may draw from at the same place."""
        number = int(order["seed"])
        random.seed(number)
        np.random.seed(number)
        if torch := sys.modules.get("torch"):
            torch.manual_seed(number)
        if callable(own := getattr(self.model, "seed", None)):
            own(number)
        return {}

    def utterance(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Decode one utterance, then call the model: only the call is between the clocks. `then`: what is next."""
        task = self.task
        assert task is not None, "start comes before utterance"
        given = self.prepared.take(task, order["row"])
        self.prepared.begin(task, order.get("then", ()))
        parts = self._preprocessed(given, chain) if (chain := order.get("preprocessing", "")) else [(0.0, given)]
        outputs, timing = process.timed(
            lambda: [task.run(self.model, part) for _, part in parts], self.gpu, self.children
        )
        if self.meter and timing.wall_s > 0:
            timing = replace(timing, wall_s=max(0.0, timing.wall_s - self.meter.taken()))
        if self.on_gpu:
            self.throttle_meter.sample()
        if self.metered:
            self.reference.follow()
        encoded = [(start_s, task.encode(output)) for (start_s, _), output in zip(parts, outputs, strict=True)]
        kept = self.saved_audio.stored(preprocessed.output(task, encoded), order["row"]["id"])
        through = {"preprocessing": chain, "preprocessing_s": self.preprocessing_s[-1]} if chain else {}
        return {"output": kept, "given_s": _given_s(given), **asdict(timing), **through}

    def utterances(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Several rows in one call of a model that has `transcribe_batch`; each reply has its share of the time.

        With preprocessing each piece of a recording is one of the several.
        """
        task = self.task
        assert task is not None, "start comes before utterances"
        if not isinstance(task, tasks.Batched):
            raise TypeError(f"the task {task.NAME} gives its models one utterance at a time")
        given = [self.prepared.take(task, row) for row in order["rows"]]
        self.prepared.begin(task, order.get("then", ()))
        chain = order.get("preprocessing", "")
        parts = [self._preprocessed(input_, chain) if chain else [(0.0, input_)] for input_ in given]
        every = [piece for part in parts for _, piece in part]
        outputs, timing = process.timed(lambda: task.run_batch(self.model, every), self.gpu, self.children)
        share = {name: value / len(given) for name, value in asdict(timing).items()}
        left, replies = iter(outputs), []
        for one, pieces in zip(given, parts, strict=True):
            encoded = [(start_s, task.encode(next(left))) for start_s, _ in pieces]
            replies.append({"output": preprocessed.output(task, encoded), "given_s": _given_s(one), **share})
        return {"replies": replies, **({"preprocessing": chain} if chain else {})}

    def _preprocessed(self, given: Any, chain: str) -> list[preprocessed.Piece]:
        """What a chain makes of what the model would be given; its time is a reading of its own."""
        from modellab.audio import preprocessing  # most audio goes through none

        start_s = time.perf_counter()
        parts = preprocessed.pieces(given, preprocessing.parse(chain))
        self.preprocessing_s.append(time.perf_counter() - start_s)
        self.preprocessed_s += _given_s(given) or 0.0
        return parts

    def examine(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """As a judge: what this model makes of another's output. Not timed."""
        task = cast(tasks.Spoken, tasks.get(order["task"]))
        return {"output": task.examine(self.model, order["row"], order["output"])}

    def inspect(self, order: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """`device/precision` of everything the model computes with, as far as it can be seen."""
        return {"computes_with": sorted(set(_computes_with(self.model)))}

    def finish(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """What the meters say of the dataset since `start`."""
        vram = self.gpus.peak_bytes() if order["device"] == "cuda" else 0
        read = {"peak_vram_bytes": vram} if vram else {}  # 0 says that nothing could be read
        load = {"other_cores": self.load_meter.other_cores(), "cores": process.usable_cores()}
        machine = {**self.throttle_meter.readings(), **self.reference.readings()}
        machine |= self.meter.readings() if self.meter else {}
        if self.preprocessed_s:
            machine["rtf_preprocessing"] = sum(self.preprocessing_s) / self.preprocessed_s
        return {"peak_rss_bytes": process.peak_rss_bytes() + self.children.peak_bytes, **load, **read, **machine}

    def stream(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """What `engine_streams.py` does with a stream of the model's own: `does` is open, feed, finish or drop."""
        assert self.streams is not None, "load comes before stream"
        reply: dict[str, Any] = getattr(self.streams, order["does"])(order)
        return reply

    def close(self) -> None:
        self.model = self.streams = None
        self.saved_audio.close()
        gc.collect()


@contextmanager
def _variables(more: Mapping[str, str]) -> Iterator[None]:
    """Environment variables that are there for so long: a token is the hub's alone, not the model's."""
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _given_s(given: Any) -> float | None:
    """The seconds of decoded audio that a model is given; None for text alone."""
    if isinstance(given, Audio):
        return given.duration_s
    parts = given if isinstance(given, list | tuple) else [getattr(given, "audio", None)]
    lengths = [part.duration_s for part in parts if isinstance(part, Audio)]
    return sum(lengths) if lengths else None


def _computes_with(held: Any, depth: int = 3) -> Iterator[str]:
    """Of the torch modules and CTranslate2 models among an object's attributes."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(held, torch.nn.Module):
        yield from (
            f"{held_by.device.type}/{str(held_by.dtype).removeprefix('torch.')}" for held_by in held.parameters()
        )
    elif isinstance(kind := getattr(held, "compute_type", None), str):
        yield f"{held.device}/{kind}"
    elif depth and hasattr(held, "__dict__"):
        for held_by in vars(held).values():
            yield from _computes_with(held_by, depth - 1)


def pin_threads(threads: int) -> None:
    """Pin this process's numeric libraries; call before anything imports them."""
    os.environ.update(process.thread_environment(threads))


@contextmanager
def _without_collector() -> Iterator[None]:
    """Python's collector at rest: a fifth of what importing costs is looking for garbage among modules."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _import_adapter(folder: Path) -> Any:
    """The module `adapter.py` of a model folder."""
    with _without_collector():
        module = adapter_code.load(folder, "adapter")
    if not hasattr(module, "load"):
        raise AttributeError(f"{folder / 'adapter.py'} has no `load`: it must define load(setting)")
    return module
