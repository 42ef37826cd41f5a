"""Concurrency: how a server holds up when many ask at once.

Manifest row: {id, audio, duration_s, streams or requests_per_s, text?, language?}: one level of load on one clip.
Settings: `calls` of a level altogether (two for each stream at least), `longest_s` after which none is begun any more,
`call_limit_s` that one call may take, `latency_bound_s` that 95 % of the answers have to keep.
Model: `another(limit_s) -> Transcriber`, a caller of its own that asks once and never again; 16 kHz mono in.
Output as JSON: {"calls": [[due_s, wall_s, fault], ...], "level_s", "texts": {text: calls}, "duration_s": of the audio
that was answered}, times from the beginning of the level, fault "" for an answer.

With `streams` the loop is closed: so many callers, each asks again when it was answered, so a slow server is asked less
often and its tail looks better than users would find it (coordinated omission). With `requests_per_s` it is open: calls
are due at random moments (exponential gaps, the same each time) whether or not anybody was answered, and a latency
counts from the moment that it was due. Each call lacks 1 ms more of the clip's end than the one before, so that no
cache knows it.

A call that fails is a failed call and is not made again. Where not one of a level was answered the server is taken for
down: the case is an ERROR, not a server that answers nothing.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from modellab import audio, text
from modellab.errors import DatasetError, ModelError, ServerError
from modellab.metrics.concurrency import LEVELS, at, largest, most_streams
from modellab.metrics.edit_distance import align
from modellab.system import load_loops
from modellab.tasks import _transcript
from modellab.tasks.asr import Transcriber
from modellab.text import Normaliser
from modellab.types import Audio, Counts, Metric, Ratio, Row
from modellab.types.rows import length_s

NAME = "concurrency"
PACED = "it sets itself how many ask at once"
RATE_HZ = 16_000
MOST_RATE = 100.0  # requests per second
STEP_S = 0.001  # what each call lacks more of the clip

METRICS = (
    Metric("failed_call_rate", unit="ratio", better="lower", margin=0.02),
    Metric("peak_throughput", unit="s/s", better="higher", gated=False, rate=largest),
    Metric("most_streams", unit="1", better="higher", gated=False, rate=most_streams),
    Metric("wer_under_load", unit="ratio", better="lower", gated=False),
    Metric("success_rate", unit="ratio", better="higher"),
)
LIMITS: Mapping[str, float] = {"success_rate": 1.0}
ROW = ("text", "streams", "requests_per_s", "language")
SETTINGS: Mapping[str, Any] = {"calls": 32, "longest_s": 60.0, "call_limit_s": 30.0, "latency_bound_s": 2.0}


class Served(Protocol):
    """What the adapter of a server provides besides."""

    def another(self, limit_s: float) -> Transcriber: ...


@dataclass(frozen=True, slots=True)
class Level:
    """A load: so many streams, or so many requests per second, and how long it lasts."""

    streams: int  # 0 for an open loop
    requests_per_s: float
    calls: int
    longest_s: float
    call_limit_s: float
    latency_bound_s: float

    def __str__(self) -> str:
        if self.streams:
            return f"{self.streams} stream{'s' if self.streams > 1 else ''}"
        return f"{self.requests_per_s:g} requests/s"


@dataclass(frozen=True, slots=True)
class Sample:
    """One level of load on one clip."""

    id: str
    duration_s: float
    level: Level
    reference: str | None  # normalised; None where nobody says what is spoken
    normaliser: Normaliser


@dataclass(frozen=True, slots=True)
class Given:
    """A clip and how often, by how many at once, it is asked for."""

    audio: Audio
    level: Level


@dataclass(frozen=True, slots=True)
class Call:
    """When it was due, how long it took from then on, and what came of it."""

    due_s: float
    wall_s: float
    audio_s: float
    text: str | None
    fault: str = ""


@dataclass(slots=True)
class Load:
    """The calls of a level as they end."""

    calls: list[Call] = field(default_factory=list)
    level_s: float = 0.0
    first_fault: ServerError | None = None


def read(row: Row, options: Mapping[str, Any]) -> Sample:
    """A Sample, or DatasetError for a level that cannot be."""
    level = _level({**row, "settings": options.get("settings", {})})
    written, normaliser = row.get("text"), text.of_row(row, options)
    reference = normaliser(written) if isinstance(written, str) and written.strip() else None
    return Sample(str(row["id"]), length_s(row), level, reference, normaliser)


def _level(row: Row) -> Level:
    settings = {**SETTINGS, **row.get("settings", {})}
    streams, rate = row.get("streams", 0), row.get("requests_per_s", 0)
    where = f"case {row['id']!r}"
    if bool(streams) == bool(rate):
        raise DatasetError(f"{where}: expected either `streams` or `requests_per_s`, got {streams!r} and {rate!r}")
    if streams and streams not in LEVELS:
        raise DatasetError(f"{where}: streams is {streams!r}, expected a power of two up to {LEVELS[-1]}")
    if rate and not (isinstance(rate, int | float) and 0 < rate <= MOST_RATE):
        raise DatasetError(f"{where}: requests_per_s is {rate!r}, expected a number up to {MOST_RATE:g}")
    for name, value in settings.items():
        if name in SETTINGS and not (isinstance(value, int | float) and not isinstance(value, bool) and value > 0):
            raise DatasetError(f"settings.{name} is {value!r}, expected a number above 0")
    numbers = (float(settings[name]) for name in ("longest_s", "call_limit_s", "latency_bound_s"))
    return Level(int(streams), float(rate), max(int(settings["calls"]), 2 * int(streams)), *numbers)


def prepare(row: Row) -> Given:
    """The row's audio as 16 kHz mono, and the load."""
    clip = audio.read(Path(row["audio"]), rate_hz=RATE_HZ)
    return Given(Audio(clip.samples, clip.rate_hz, str(row.get("language", ""))), _level(row))


def run(model: Served, given: Given) -> Load:
    """Every call of a level: the timed call, all of them together."""
    own = threading.local()
    load, level, begun_s = Load(), given.level, time.perf_counter()

    def call(number: int, due_s: float | None) -> None:
        if not hasattr(own, "caller"):
            own.caller = model.another(level.call_limit_s)
        clip = _shortened(given.audio, number)
        due_s = time.perf_counter() - begun_s if due_s is None else due_s
        transcript, fault = None, ""
        try:
            transcript = _transcript.encode(own.caller.transcribe(clip))["text"]
        except (ServerError, ModelError) as error:
            fault = str(error).splitlines()[0]
            load.first_fault = load.first_fault or (error if isinstance(error, ServerError) else ServerError(fault))
        load.calls.append(Call(due_s, time.perf_counter() - begun_s - due_s, clip.duration_s, transcript, fault))

    bounds: dict[str, Any] = {"calls": level.calls, "longest_s": level.longest_s, "begun_s": begun_s}
    bounds["stop"] = threading.Event()
    if level.streams:
        load_loops.closed(call, streams=level.streams, **bounds)
    else:
        threads = min(level.calls, load_loops.MOST_THREADS)
        load_loops.open_loop(call, load_loops.poisson(level.requests_per_s), threads=threads, **bounds)
    load.level_s = time.perf_counter() - begun_s
    if load.first_fault and all(answered.fault for answered in load.calls):
        raise ServerError(f"none of {len(load.calls)} calls at {level} was answered; the first: {load.first_fault}")
    return load


def _shortened(clip: Audio, number: int) -> Audio:
    """The clip without a little of its end, more for each call; half of it stays."""
    lost = min(number * round(STEP_S * clip.rate_hz), len(clip.samples) // 2)
    return Audio(clip.samples[: len(clip.samples) - lost], clip.rate_hz, clip.language)


def encode(output: Any) -> dict[str, Any]:
    """The calls as JSON types, in the order in which they were due."""
    if not isinstance(output, Load):
        raise TypeError(f"expected what run() gives, got a {type(output).__name__}")
    calls = sorted(output.calls, key=lambda call: call.due_s)
    return {
        "calls": [[round(call.due_s, 6), round(call.wall_s, 6), call.fault] for call in calls],
        "level_s": output.level_s,
        "texts": dict(Counter(call.text for call in calls if call.text is not None)),
        "duration_s": sum(call.audio_s for call in calls if not call.fault),
    }


def score(sample: Sample, output: Mapping[str, Any] | None) -> dict[str, Counts]:
    """Counts for each metric; of a model that raised nothing is known but that."""
    level = sample.level
    answered = output if level.streams else None  # an open loop has no streams
    failed = Ratio(0.0, 0.0) if output is None else Ratio(len(_faults(output)), len(output["calls"]))
    kept = answered is not None and not _faults(answered) and percentile_s(answered, 95) <= level.latency_bound_s
    return {
        "peak_throughput": at(level.streams if answered else 0, throughput(answered) if answered else 0.0),
        "most_streams": at(level.streams, float(kept)),
        "failed_call_rate": failed,
        "wer_under_load": _wer(sample, output),
        "success_rate": Ratio(float(output is not None)),
    }


def _wer(sample: Sample, output: Mapping[str, Any] | None) -> Ratio:
    """Errors of the answers over their words; nothing for a clip without a text."""
    if sample.reference is None or output is None:
        return Ratio(0.0, 0.0)
    errors, words = 0.0, 0.0
    for transcript, times in output["texts"].items():
        one = align(sample.reference, sample.normaliser(transcript)).wer()
        errors, words = errors + times * one.top, words + times * one.bottom
    return Ratio(errors, words)


def throughput(output: Mapping[str, Any]) -> float:
    """Seconds of audio that were answered in a second."""
    return float(output["duration_s"] / output["level_s"]) if output["level_s"] else math.nan


def percentile_s(output: Mapping[str, Any], rank: float) -> float:
    """A percentile of the latencies of what was answered, in s; NaN where nothing was."""
    walls = [wall_s for _, wall_s, fault in output["calls"] if not fault]
    return float(np.percentile(walls, rank)) if walls else math.nan


def _faults(output: Mapping[str, Any]) -> Sequence[str]:
    return [fault for _, _, fault in output["calls"] if fault]


def remember(output: Mapping[str, Any] | None) -> str | None:
    """The text that most answers had."""
    if output is None:
        return None
    return max(output["texts"], key=lambda transcript: (output["texts"][transcript], transcript), default="")


def show(sample: Sample, output: Mapping[str, Any] | None) -> list[str]:
    """The level in one line, then what failed."""
    if output is None:
        return [f"{sample.level}: (the model raised)"]
    return [sentence(sample, output), *(f"failed: {fault}" for fault in dict.fromkeys(_faults(output)))]


def notes(samples: Sequence[Sample], outputs: Sequence[Mapping[str, Any] | None]) -> list[str]:
    """A sentence for each level, for every result."""
    return [sentence(sample, output) for sample, output in zip(samples, outputs, strict=True) if output is not None]


def sentence(sample: Sample, output: Mapping[str, Any]) -> str:
    """What a level gave."""
    p50_s, p95_s, p99_s = (percentile_s(output, rank) for rank in (50, 95, 99))
    return (
        f"{sample.level}: {throughput(output):.3g} s of audio per second; answers after {p50_s:.3g} s (p50),"
        f" {p95_s:.3g} s (p95), {p99_s:.3g} s (p99); {len(_faults(output))} of {len(output['calls'])} calls failed"
    )
