"""Speech synthesis: text in, speech out, heard by a second model.

Manifest row: {id, text, voice?, reference_audio?, estimates?, condition?}; `voice` is a name the model knows,
`reference_audio` a recording of the same words to be compared with, `estimates` a list out of ESTIMATES.
Model: `speak(text: str, voice: str) -> Audio` or an iterator of Audio, the pieces in order as they are made; it is
called without `voice` where the row has none.
Output as JSON: {"audio": a file, "duration_s", "health": see metrics/audio_health.py, "first_audio_s": null where it
came in one piece}, from the judge {"heard": str, "loudness_lufs", "mcd_db", "similarity", ...}, null for unknown, and
from a second one {"second_heard": str}.

The prompt and what the dataset's judge (an ASR model) heard go through the normaliser before anything is counted, so
the error rates hold the judge's own errors too: compare models under the same judge only. A model that raised counts as
one that said nothing. A silent output is not played to the judge, who might make words up: nothing was heard.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from modellab import audio, text
from modellab.errors import DatasetError, did_you_mean
from modellab.metrics import (
    alignment_text,
    audio_health,
    mel_cepstral_distortion,
    prosody,
    speech_quality,
    transcript_sanity,
)
from modellab.metrics.edit_distance import Alignment, align
from modellab.tasks import _speech_pieces, _transcript
from modellab.tasks.asr import Transcriber
from modellab.text import Normaliser
from modellab.types import Audio, Counts, Gross, Metric, Ratio, Row
from modellab.types.display import DisplayBlock, Lines, Sound, Words
from modellab.types.gate_counts import FASTER_THAN_SPEECH, HALF_AS_LONG_AGAIN

NAME = "tts"
HEARS_AUDIO = False
SECOND_JUDGE = True  # a dataset may name one
JUDGE_RATE_HZ = 16_000
# what only rows that ask get, by models that take seconds, and the library of each
ESTIMATES = {"mos": "speechmos", "speaker": "resemblyzer", "naturalness": "distillmos", "pitch": "librosa"}

METRICS = (
    Metric("wer", unit="ratio", better="lower", margin=0.001, margin_relative=0.01, gross=Gross()),
    Metric("cer", unit="ratio", better="lower", margin=0.001, margin_relative=0.01),
    Metric("success_rate", unit="ratio", better="higher"),
    Metric("length_ratio", unit="ratio", better="lower", kind="sanity", margin=0.25, gross=HALF_AS_LONG_AGAIN),
    *audio_health.HEALTH_METRICS,
    *audio_health.LENGTH_METRICS,
    Metric("words_per_s", unit="words/s", better="lower", kind="sanity", margin=1.0, gross=FASTER_THAN_SPEECH),
    Metric("loudness_lufs", unit="LUFS", better="lower", gated=False),
    Metric("first_audio_s", unit="s", better="lower", gated=False, clock=True),
    Metric("mcd_db", unit="dB", better="lower", gated=False),
    Metric("similarity", unit="1", better="higher", gated=False),
    Metric("mos", unit="1", better="higher", gated=False),
    Metric("mos_signal", unit="1", better="higher", gated=False),
    Metric("mos_background", unit="1", better="higher", gated=False),
    Metric("second_wer", unit="ratio", better="lower", gated=False, optional=True),
    Metric("agreed_error_rate", unit="ratio", better="lower", gated=False, optional=True),
    Metric("naturalness", unit="1", better="higher", gated=False, optional=True),
    Metric("pitch_hz", unit="Hz", better="lower", gated=False, optional=True),
    Metric("pitch_sd_semitones", unit="semitones", better="higher", gated=False, optional=True),
    Metric("pitch_distance_semitones", unit="semitones", better="lower", gated=False, optional=True),
    Metric("duration_error", unit="ratio", better="lower", gated=False, optional=True),
)
MEANS = (
    *("loudness_lufs", "first_audio_s", "mcd_db", "similarity", "mos", "mos_signal", "mos_background", "naturalness"),
    *("pitch_hz", "pitch_sd_semitones", "pitch_distance_semitones"),
)
LIMITS: Mapping[str, float] = {
    "success_rate": 1.0,
    "length_ratio": 1.5,
    "words_per_s": 8.0,
    **audio_health.HEALTH_LIMITS,
    **audio_health.LENGTH_LIMITS,
}
ROW = ("text", "voice", "reference_audio", "estimates", "condition")
SETTINGS: Mapping[str, Any] = {}


class Speaker(Protocol):
    """What a TTS model's adapter provides; `voice` is only given where a row names one."""

    def speak(self, text: str, voice: str = ...) -> Audio | Iterator[Audio]: ...


@dataclass(frozen=True, slots=True)
class Sample:
    """One prompt, as written and as scored."""

    id: str
    duration_s: float  # 0: the model is given no audio
    text: str
    reference: str  # `text` after the normaliser
    normaliser: Normaliser
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is given."""

    text: str
    voice: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What the model gave: whatever it was, and when its first samples came, in s from the call, if in pieces."""

    pieces: Any
    first_audio_s: float | None = None


def read(row: Row, options: Mapping[str, Any]) -> Sample:
    """A Sample, or DatasetError; uses the header's `normaliser` and `judge`."""
    words, wanted = row.get("text"), row.get("estimates", [])
    if not isinstance(words, str) or not words.strip():
        raise DatasetError(f"case {row['id']!r} has no prompt: expected `text` with the words to say, got {words!r}")
    normaliser = text.of_row(row, options)
    reference = normaliser(words)
    if transcript_sanity.is_empty(reference):
        raise DatasetError(
            f"case {row['id']!r} has a prompt with no words: {normaliser.name} leaves nothing of {words!r}"
        )
    if not options.get("judge"):
        raise DatasetError(
            "the header names no `judge`: expected MODEL:VARIANT of an ASR model that hears what was said"
        )
    if not isinstance(wanted, list):
        raise DatasetError(f"case {row['id']!r}: expected `estimates` as a list, got {wanted!r}")
    if unknown := next((name for name in wanted if name not in ESTIMATES), ""):
        raise DatasetError(f"case {row['id']!r}: unknown estimate {unknown!r}: {did_you_mean(unknown, ESTIMATES)}")
    if "speaker" in wanted and "reference_audio" not in row:
        raise DatasetError(f"case {row['id']!r}: the estimate 'speaker' needs `reference_audio` to compare voices with")
    return Sample(str(row["id"]), 0.0, words, reference, normaliser, str(row.get("condition", "")))


def prepare(row: Row) -> Prompt:
    """The row's text and voice."""
    return Prompt(row["text"], str(row.get("voice") or ""))


def run(model: Speaker, given: Prompt) -> Made:
    """Say one prompt to its end: the timed call."""
    start_s = time.perf_counter()
    made = model.speak(given.text, given.voice) if given.voice else model.speak(given.text)
    if not isinstance(made, Iterator | list):
        return Made(made)
    pieces: list[Any] = []
    first_s: float | None = None
    for piece in made:
        pieces.append(piece)
        if first_s is None and isinstance(piece, Audio) and len(piece.samples):
            first_s = time.perf_counter() - start_s
    return Made(pieces, first_s)


def encode(output: Made) -> dict[str, Any]:
    """The speech in one piece and its health; TypeError where the model gave something else."""
    speech = _speech_pieces.joined(output.pieces)
    return {
        "audio": speech,
        "duration_s": speech.duration_s,
        "health": audio_health.health(speech),
        "first_audio_s": output.first_audio_s,
    }


def examine(judge: Transcriber, row: Row, output: Mapping[str, Any]) -> dict[str, Any]:
    """The output with what the judge heard, its loudness, and its distance from the reference."""
    again = "heard" in output  # by the judge, and now by the second one
    if audio_health.is_silent(output["health"]):
        return {**output, "second_heard" if again else "heard": ""}
    speech = audio.read(Path(output["audio"]["audio"]))
    if again:
        return {**output, "second_heard": _transcript.heard(judge, audio.resample(speech, JUDGE_RATE_HZ))}
    narrow, wanted = audio.resample(speech, JUDGE_RATE_HZ), row.get("estimates", [])
    measured: dict[str, Any] = {
        "heard": _transcript.heard(judge, narrow),
        "loudness_lufs": speech_quality.loudness(speech),
    }
    if "reference_audio" in row:
        reference = audio.read(Path(row["reference_audio"]), JUDGE_RATE_HZ)
        measured["mcd_db"] = mel_cepstral_distortion.distortion(reference, narrow)
        measured["reference_s"] = audio_health.health(reference)["span_s"]
        if "speaker" in wanted:
            measured["similarity"] = speech_quality.similarity(reference, narrow)
    if "mos" in wanted:
        measured |= speech_quality.opinion(narrow) or {}
    if "naturalness" in wanted:
        measured["naturalness"] = speech_quality.naturalness(narrow)
    if "pitch" in wanted:
        measured |= prosody.compared(narrow, reference if "reference_audio" in row else None)
    libraries = ["pyloudnorm", *(ESTIMATES[name] for name in wanted)]
    missing = {library: how for library in libraries if (how := speech_quality.missing(library))}
    return {**output, **measured, **({"missing": missing} if missing else {})}


def score(sample: Sample, output: Mapping[str, Any] | None) -> dict[str, Counts]:
    """Counts for each metric; `None` (the model raised) is scored as silence with success 0."""
    alignment, given = _align(sample, output), output or {}
    health = given.get("health")
    spoken_s = health["span_s"] if health else 0.0
    rate = Ratio(alignment.words.reference_length, spoken_s) if spoken_s else Ratio(0.0, given.get("duration_s", 0.0))
    return {
        "wer": alignment.wer(),
        "cer": alignment.cer(),
        "success_rate": Ratio(float(output is not None)),
        "length_ratio": Ratio(alignment.words.hypothesis_length, alignment.words.reference_length),
        **audio_health.health_counts(health),
        **audio_health.length_counts(sample.text, health),
        "words_per_s": rate,
        **{name: _mean_of(given.get(name)) for name in MEANS},
        **_second(alignment, sample, given.get("second_heard")),
        "duration_error": prosody.duration_error(spoken_s, given.get("reference_s") or 0.0),
    }


def remember(output: Mapping[str, Any] | None) -> str | None:
    """What the judge heard, before the normaliser."""
    return None if output is None else str(output.get("heard", ""))


def show(sample: Sample, output: Mapping[str, Any] | None) -> list[str]:
    """Prompt over what was heard, errors named; where the audio lies, its numbers, and what is wrong with it."""
    lines = alignment_text.lines(_align(sample, output))
    if output is None:
        return [*lines, "(the model raised: no speech)"]
    health, missing = output["health"], output.get("missing", {})
    facts = [f"{output['duration_s']:.2f} s", f"{audio_health.dbfs(health['power']):.1f} dBFS"]
    facts += [f"{name} {output[name]:.3g}" for name in MEANS if output.get(name) is not None]
    faults = audio_health.faults(sample.text, health)
    return [
        *lines,
        f"audio  {_shown(Path(output['audio']['audio']))}",
        f"       {', '.join(facts)}",
        *([f"faults {', '.join(faults)}"] if faults else []),
        *(f"not measured: {library} is not installed ({how})" for library, how in missing.items()),
    ]


def draw(sample: Sample, output: Mapping[str, Any] | None) -> list[DisplayBlock]:
    """The speech, the prompt against what the judge heard in it, then its numbers and faults."""
    alignment = _align(sample, output)
    words = Words(alignment.steps, "prompt above, what the judge heard below")
    if output is None:
        return [words, Lines(("(the model raised: no speech)",))]
    lines = show(sample, output)[len(alignment_text.lines(alignment)) + 1 :]
    return [Sound(Path(output["audio"]["audio"]), "what the model said"), words, Lines(tuple(map(str.strip, lines)))]


def _shown(path: Path) -> Path:
    """A file as seen from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _align(sample: Sample, output: Mapping[str, Any] | None) -> Alignment:
    return align(
        sample.reference, sample.normaliser(str((output or {}).get("heard") or "")), not sample.normaliser.splits
    )


def _second(first: Alignment, sample: Sample, heard: str | None) -> dict[str, Counts]:
    """What a second judge heard, and the words of the prompt that neither heard; {} without one."""
    if heard is None:
        return {}
    second = align(sample.reference, sample.normaliser(heard), not sample.normaliser.splits)
    lost, too = ({i for what, i, _ in alignment.edits if what != "I"} for alignment in (first, second))
    return {"second_wer": second.wer(), "agreed_error_rate": Ratio(len(lost & too), len(first.reference))}


def _mean_of(value: float | None) -> Ratio:
    return Ratio(0.0, 0.0) if value is None else Ratio(float(value))
