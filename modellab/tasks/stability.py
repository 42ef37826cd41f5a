"""Stability: the same clip again and again. The output must stay the same, memory must not grow.

Manifest row: {id, audio, duration_s}. Settings: `repeats`, calls of each clip; `leak_bytes`, growth per call that is
no leak.
Model: any recogniser, `transcribe(audio) -> Transcript`, 16 kHz mono in.
Output as JSON: {"text": of the first call, "others": [[call, text], ...] of calls whose output differs from the first,
"wall_s": [...], "rss_bytes": [...] after each call, "duration_s": of all calls together}.

Where memory grew in practically every call the clip is heard again, up to AGAIN times `repeats` calls more, as long as
it goes on to grow: an engine fills its heap and caches in its first calls, a leak never ends. The last `repeats` calls
are judged.

Output is the whole transcript, times and language included. A decoder that draws at random drifts by nature: leave the
task out of its `tasks`. Memory is the resident set of the model's process, read after each call; on a GPU it is the
host's part. See `modellab/metrics/stability.py` for the slope and the percentiles.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from modellab import audio
from modellab.errors import DatasetError
from modellab.metrics.stability import NO_CALLS, Growth, calls, growth, percentile
from modellab.tasks import _transcript
from modellab.tasks.asr import Transcriber
from modellab.types import Audio, Counts, Metric, Ratio, Row
from modellab.types.display import DisplayBlock, Lines
from modellab.types.rows import length_s

NAME = "stability"
PACED = "it is about a process's own times and memory"
RATE_HZ = 16_000
AGAIN = 2  # rounds of more calls that growth has to last
SHOWN = 3  # differing outputs that are printed
ENDS = 8  # readings that a page shows from the start, and from the end

METRICS = (
    Metric("drift_rate", unit="ratio", better="lower"),
    Metric("success_rate", unit="ratio", better="higher"),
    Metric("leak_rate", unit="ratio", better="lower", kind="sanity"),
    Metric("growth_bytes", unit="bytes", better="lower", gated=False),
    Metric("growth_low_bytes", unit="bytes", better="lower", gated=False),
    Metric("growth_high_bytes", unit="bytes", better="lower", gated=False),
    Metric("call_p50_s", unit="s", better="lower", gated=False, rate=percentile(0.50)),
    Metric("call_p95_s", unit="s", better="lower", gated=False, rate=percentile(0.95)),
    Metric("call_p99_s", unit="s", better="lower", gated=False, rate=percentile(0.99)),
)
LIMITS: Mapping[str, float] = {"drift_rate": 0.0, "success_rate": 1.0, "leak_rate": 0.0}
ROW = ()
SETTINGS: Mapping[str, Any] = {"repeats": 5, "leak_bytes": 131_072}


@dataclass(frozen=True, slots=True)
class Sample:
    """One clip, how often it is heard, and how much memory a call may keep."""

    id: str
    duration_s: float
    repeats: int
    leak_bytes: float


@dataclass(frozen=True, slots=True)
class Given:
    """A clip and how often it is heard."""

    audio: Audio
    repeats: int
    leak_bytes: float


@dataclass(frozen=True, slots=True)
class Runs:
    """What each call gave, how long it took and how much memory the process had then."""

    outputs: list[Any] = field(default_factory=list)
    wall_s: list[float] = field(default_factory=list)
    rss_bytes: list[int] = field(default_factory=list)
    duration_s: float = 0.0  # of all calls together


def read(row: Row, options: Mapping[str, Any]) -> Sample:
    """A Sample, or DatasetError where the settings are no numbers that make sense."""
    repeats, leak_bytes = _settings(options)
    if not isinstance(repeats, int) or isinstance(repeats, bool) or repeats < 2:
        raise DatasetError(f"settings.repeats is {repeats!r}, expected a whole number of calls, 2 or more")
    if not isinstance(leak_bytes, int | float) or isinstance(leak_bytes, bool) or leak_bytes < 0:
        raise DatasetError(f"settings.leak_bytes is {leak_bytes!r}, expected bytes per call, 0 or more")
    return Sample(str(row["id"]), length_s(row), repeats, float(leak_bytes))


def _settings(given: Mapping[str, Any]) -> tuple[Any, Any]:
    """`repeats` and `leak_bytes` of a dataset's header, or of a row on its way to the worker."""
    settings = {**SETTINGS, **given.get("settings", {})}
    return settings["repeats"], settings["leak_bytes"]


def prepare(row: Row) -> Given:
    """The row's audio as 16 kHz mono, and the calls to make."""
    repeats, leak_bytes = _settings(row)
    return Given(audio.read(Path(row["audio"]), rate_hz=RATE_HZ), int(repeats), float(leak_bytes))


def run(model: Transcriber, given: Given) -> Runs:
    """Transcribe one clip `repeats` times, and again while memory grows: the timed call, all of them together."""
    import psutil

    process = psutil.Process()
    runs = Runs()
    for _ in range(1 + AGAIN):
        for _ in range(given.repeats):
            start_s = time.perf_counter()
            runs.outputs.append(model.transcribe(given.audio))
            runs.wall_s.append(time.perf_counter() - start_s)
            runs.rss_bytes.append(process.memory_info().rss)
        if not growth(runs.rss_bytes[-given.repeats :]).leaks(given.leak_bytes):
            break
    return replace(runs, duration_s=len(runs.outputs) * given.audio.duration_s)


def encode(output: Any) -> dict[str, Any]:
    """The calls as JSON types; TypeError where one of them gave no Transcript."""
    if not isinstance(output, Runs):
        raise TypeError(f"expected what run() gives, got a {type(output).__name__}")
    first, *later = [_transcript.encode(transcript) for transcript in output.outputs]
    return {
        "text": first["text"],
        "others": [[call, other["text"]] for call, other in enumerate(later, start=2) if other != first],
        "wall_s": output.wall_s,
        "rss_bytes": output.rss_bytes,
        "duration_s": output.duration_s,
    }


def score(sample: Sample, output: Mapping[str, Any] | None) -> dict[str, Counts]:
    """Counts for each metric; a model that raised has drifted, and its memory and times are not known."""
    grown = _grown(sample, output)
    known = output is not None
    drifted = Ratio(len(output["others"]), len(output["rss_bytes"]) - 1) if output is not None else Ratio(1.0)
    return {
        "drift_rate": drifted,
        "success_rate": Ratio(float(known)),
        "leak_rate": Ratio(float(grown.leaks(sample.leak_bytes)), float(known)),
        "growth_bytes": Ratio(grown.slope, 1.0) if known else Ratio(0.0, 0.0),
        "growth_low_bytes": Ratio(grown.low, 1.0) if known else Ratio(0.0, 0.0),
        "growth_high_bytes": Ratio(grown.high, 1.0) if known else Ratio(0.0, 0.0),
        **dict.fromkeys(("call_p50_s", "call_p95_s", "call_p99_s"), calls(output["wall_s"]) if output else NO_CALLS),
    }


def _grown(sample: Sample, output: Mapping[str, Any] | None) -> Growth:
    """How memory grew in the last `repeats` calls."""
    return growth([] if output is None else output["rss_bytes"][-sample.repeats :])


def remember(output: Mapping[str, Any] | None) -> str | None:
    """The text of the first call."""
    return None if output is None else str(output["text"])


def show(sample: Sample, output: Mapping[str, Any] | None) -> list[str]:
    """The first output and those that differ from it, then the growth of memory."""
    if output is None:
        return ["(the model raised: no calls)"]
    grown = _grown(sample, output)
    return [
        *_outputs(output),
        f"memory {_kib(grown.slope)} a call, 95 % interval {_kib(grown.low)} to {_kib(grown.high)}",
    ]


def draw(sample: Sample, output: Mapping[str, Any] | None) -> list[DisplayBlock]:
    """The outputs as in `show`, and memory and time as they were: the slope is among the case's metrics."""
    if output is None:
        return [Lines(tuple(show(sample, output)))]
    rss = [f"{amount / 2**20:.1f}" for amount in output["rss_bytes"]]
    times = [f"{1000 * wall_s:.1f}" for wall_s in output["wall_s"]]
    return [
        Lines(tuple(_outputs(output))),
        Lines((_ends(rss),), "memory after each call, MiB"),
        Lines((_ends(times),), "time of each call, ms"),
    ]


def _outputs(output: Mapping[str, Any]) -> list[str]:
    """The first output, and those that differ from it."""
    others = [f"call {call:<4} {text}" for call, text in output["others"][:SHOWN]]
    return [f"call 1    {output['text']}", *(others or [f"the same in all {len(output['rss_bytes'])} calls"])]


def _ends(texts: Sequence[str]) -> str:
    """The values, of many the first and the last ones.

    >>> _ends([str(i) for i in range(30)])
    '0  1  2  3  4  5  6  7  ...  22  23  24  25  26  27  28  29'
    """
    return "  ".join(texts if len(texts) <= 2 * ENDS + 1 else [*texts[:ENDS], "...", *texts[-ENDS:]])


def _kib(amount: float) -> str:
    return f"{amount / 1024:+.1f} KiB"
