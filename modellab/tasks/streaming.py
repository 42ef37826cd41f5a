"""Streaming recognition: audio in chunks while it is spoken, words out on the way.

Manifest row: {id, audio, text, duration_s, words?: [[word, start_s, end_s], ...], speaker?}. Latencies of words need
`words`; without them only the last final has one, from the end of the audio.
Model: `open_stream(rate_hz)` (see `modellab/streaming/protocol.py`), or `transcribe(audio)`, which is then called again
and again on a growing window; 16 kHz mono in. Which of the two, the clock, the chunks: `modellab/streaming/options.py`.
Output as JSON: {"text": str, "events": [[kind, text, at_s, fed_s], ...], "batch": str or null, "clock": str}.

`batch` is what the same model's `transcribe` says to the whole clip, asked for outside the clocks. Word error rates are
those of `modellab.tasks.asr`, and so is the text "" of a clip in which nobody speaks. A model that raised counts as one
that said nothing. Latencies are reported and never judged against a baseline: they are the machine's as much as the
model's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from modellab import audio, text
from modellab.errors import DatasetError
from modellab.metrics import alignment, streaming, transcript_sanity
from modellab.metrics.alignment_text import lines
from modellab.metrics.edit_distance import align
from modellab.streaming.feed import Noted, listen
from modellab.streaming.options import DEFAULTS, Choice, choice
from modellab.tasks import _transcript
from modellab.text import Normaliser
from modellab.types import RARE, Audio, Counts, Floats, Gross, Metric, Ratio, Row, Transcript
from modellab.types.display import DisplayBlock, Lane, Lines, Span, Timeline, Words
from modellab.types.rows import length_s, text_of, timed_words

NAME = "streaming"
PACED = "what is heard until when hangs on how fast the model is"
RATE_HZ = 16_000
LAST_S = 0.2  # how long the last text is drawn


def more(sums: Floats) -> Floats:
    """(errors of the stream - errors of the batch) / words of summed counts: shape (..., 3) -> (...)."""
    words = np.where(sums[..., 2] == 0, np.nan, sums[..., 2])
    rate: Floats = (sums[..., 0] - sums[..., 1]) / words
    return rate


METRICS = (
    Metric("wer", unit="ratio", better="lower", margin=0.001, margin_relative=0.01, gross=Gross()),
    Metric("corrections", unit="ratio", better="lower", margin=0.02),
    Metric("success_rate", unit="ratio", better="higher"),
    Metric("pretend_rate", unit="ratio", better="lower", kind="sanity", margin=0.1, gross=RARE),
    Metric("wer_above_batch", unit="ratio", better="lower", kind="sanity", margin=0.02, rate=more),
    Metric("batch_wer", unit="ratio", better="lower", gated=False),
    Metric("hallucination_rate", unit="ratio", better="lower", kind="sanity", margin=0.05),
    Metric("erasure", unit="ratio", better="lower", gated=False),
    Metric("first_word_latency_s", unit="s", better="lower", gated=False),
    Metric("confirmed_latency_s", unit="s", better="lower", gated=False),
    Metric("final_latency_s", unit="s", better="lower", gated=False),
    Metric("final_latency_p95_s", unit="s", better="lower", gated=False, rate=alignment.percentile(95), optional=True),
    Metric("emission_latency_s", unit="s", better="lower", gated=False, optional=True),
    Metric("settling_latency_s", unit="s", better="lower", gated=False, optional=True),
    Metric("revision_rate", unit="ratio", better="lower", gated=False, optional=True),
)
LIMITS: Mapping[str, float] = {"success_rate": 1.0, "pretend_rate": 0.1}
ROW = ("text", "words", "speaker")
WITHOUT_SPEECH = True  # a row's text may be "": nobody speaks
SETTINGS: Mapping[str, Any] = DEFAULTS


@dataclass(frozen=True, slots=True)
class Sample:
    """One utterance with its words."""

    id: str
    duration_s: float
    text: str
    reference: str  # `text` after the normaliser
    normaliser: Normaliser
    words: tuple[streaming.Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """A clip and how it is to be streamed."""

    audio: Audio
    how: Choice


@dataclass(frozen=True, slots=True)
class Streamed:
    """What a stream said, and how to ask the model for the whole clip once the clocks have stopped."""

    noted: list[Noted]
    batch: Callable[[], Transcript] | None
    clock: str


def read(row: Row, options: Mapping[str, Any]) -> Sample:
    """A Sample, or DatasetError where words are missing or their times are no times; ConfigError for odd settings."""
    choice(options.get("settings", {}), {})
    written = text_of(row, options)
    normaliser = text.of_row(row, options)
    if not isinstance(written, str) or (written and transcript_sanity.is_empty(normaliser(written))):
        raise DatasetError(f"case {row['id']!r}: expected `text` with the words spoken, got {written!r}")
    duration_s = length_s(row)
    return Sample(str(row["id"]), duration_s, written, normaliser(written), normaliser, timed_words(row))


def prepare(row: Row) -> Given:
    """The row's audio as 16 kHz mono, and the settings with the environment's over them."""
    return Given(audio.read(Path(row["audio"]), rate_hz=RATE_HZ), choice(row.get("settings", {})))


def run(model: Any, given: Given) -> Streamed:
    """Stream one utterance: the timed call. With the clock `real` it takes as long as the audio."""
    provider = given.how.provider_of(model)
    noted = listen(provider, given.audio, partial(given.how.new_clock, provider), given.how.chunk_s)
    transcribe = getattr(model, "transcribe", None)
    return Streamed(noted, transcribe and partial(transcribe, given.audio), given.how.clock_of(provider))


def encode(output: Any) -> dict[str, Any]:
    """Events as JSON types, with the transcript of the whole clip; TypeError for anything but what `run` gives."""
    if not isinstance(output, Streamed):
        raise TypeError(f"expected what run() gives, got a {type(output).__name__}")
    events = [[noted.event.kind, noted.event.text, noted.at_s, _finite(noted.fed_s)] for noted in output.noted]
    updates = [streaming.Update.of(event) for event in events]
    whole = output.batch and output.batch()
    return {
        "text": streaming.transcript(updates),
        "events": events,
        "batch": None if whole is None else _transcript.encode(whole)["text"],
        "clock": output.clock,
    }


def score(sample: Sample, output: Mapping[str, Any] | None) -> dict[str, Counts]:
    """Counts for each metric; `None` (the model raised) is scored as an empty transcript with success 0."""
    wer = align(sample.reference, _hypothesis(sample, output, "text")).wer()
    batch = None if output is None or output["batch"] is None else _hypothesis(sample, output, "batch")
    whole = Ratio(0.0, 0.0) if batch is None else align(sample.reference, batch).wer()
    plain = text.get("basic")
    reading = streaming.read(output or {"events": []}, plain)
    spoken = len(plain(sample.text).split())
    completed = reading.completed(sample.words, sample.duration_s)
    emission, settling = reading.emitted(sample.words)
    return {
        "wer": wer,
        "corrections": Ratio(reading.corrections(), spoken),
        "success_rate": Ratio(float(output is not None)),
        "pretend_rate": Ratio(float(spoken > 0 and reading.pretends(sample.duration_s)), float(spoken > 0)),
        "wer_above_batch": (0.0, 0.0, 0.0) if batch is None else (wer.top, whole.top, wer.bottom),
        "batch_wer": whole,
        "hallucination_rate": transcript_sanity.made_up(sample.reference, _hypothesis(sample, output, "text")),
        "erasure": Ratio(reading.erased(), len(reading.states[-1]) if reading.states else 0),
        "first_word_latency_s": reading.first_word(sample.words),
        "confirmed_latency_s": reading.confirmed(sample.words),
        "final_latency_s": completed,
        "final_latency_p95_s": alignment.histogram([max(0.0, completed.top)] if completed.bottom else []),
        "emission_latency_s": emission,
        "settling_latency_s": settling,
        "revision_rate": reading.revisions(),
    }


def remember(output: Mapping[str, Any] | None) -> str | None:
    """The text that stood there in the end, before the normaliser."""
    return None if output is None else str(output["text"])


def words(sample: Sample, output: Mapping[str, Any] | None) -> tuple[str, str, Normaliser]:
    """What was spoken and what was heard, both as written, and what normalises them."""
    return sample.text, "" if output is None else str(output["text"]), sample.normaliser


def show(sample: Sample, output: Mapping[str, Any] | None) -> list[str]:
    """Reference over hypothesis as they were scored, then what came when."""
    failed = ["(the model raised: nothing was said)"] if output is None else []
    came = [
        f"{at_s:6.2f} s  {kind:7}  {transcript}" for kind, transcript, at_s, _ in (output or {"events": []})["events"]
    ]
    return [*lines(align(sample.reference, _hypothesis(sample, output, "text"))), *came, *failed]


def draw(sample: Sample, output: Mapping[str, Any] | None) -> list[DisplayBlock]:
    """The text in the end against the reference, the words in time over what came of them, then every event."""
    aligned = align(sample.reference, _hypothesis(sample, output, "text"))
    spoken = tuple(Span(start_s, end_s, "reference", word) for word, start_s, end_s in sample.words)
    events = (output or {"events": []})["events"]
    end_s = max([sample.duration_s, *(at_s for _, _, at_s, _ in events)]) + LAST_S
    until_s = [*(at_s for _, _, at_s, _ in events[1:]), end_s][: len(events)]
    stood = tuple(
        Span(at_s, next_s, "hypothesis", transcript)
        for (_, transcript, at_s, _), next_s in zip(events, until_s, strict=True)
    )
    lanes = (Lane("spoken", spoken), Lane("the latest text, from when it came", stood))
    lines_of_events = tuple(show(sample, output)[len(lines(aligned)) :])
    timeline = [Timeline(end_s, lanes)] if spoken or stood else []
    return [Words(aligned.steps), *timeline, Lines(lines_of_events)]


def _hypothesis(sample: Sample, output: Mapping[str, Any] | None, key: str) -> str:
    return "" if output is None else sample.normaliser(output[key])


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
