"""Robustness: speech recognition of the same utterances under conditions of known strength.

Manifest row: {id, audio, text, duration_s, condition: "noise:10", speaker?}; the audio is the clean clip, the
conditions are those of `modellab/audio/conditions.py`. Settings: `seed`.
Model: `transcribe(audio: Audio) -> Transcript`, 16 kHz mono in.
Output as JSON: that of `modellab.tasks.asr`, and "duration_s" of what was heard (`speed` changes it).

The clip under its condition is made before the clocks start, once per machine. `wer` pools all conditions and is what
is judged; the word error rate of each kind of condition is reported beside it, and per level by
`modellab.reports.robustness_curves`. A model that raised counts as one that said nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modellab import audio
from modellab.audio import augmentation, conditions
from modellab.audio.conditions import Condition
from modellab.errors import ConfigError, DatasetError
from modellab.metrics import transcript_sanity
from modellab.metrics.alignment_text import lines
from modellab.tasks import _batch, _transcript, asr
from modellab.tasks._transcript import recall as recall
from modellab.tasks._transcript import remember as remember
from modellab.text import Normaliser
from modellab.types import Audio, Counts, Floats, Gross, Metric, Ratio, Row, Transcript

NAME = "robustness"
RATE_HZ = 16_000
OF_KIND = {kind: f"wer_{kind}" for kind in conditions.KINDS}


def above(sums: Floats) -> Floats:
    """Word error rate under conditions minus that of clean clips, of summed counts: shape (..., 4) -> (...)."""
    bottoms = np.where(sums[..., 1::2] == 0, np.nan, sums[..., 1::2])
    rates = sums[..., 0::2] / bottoms
    difference: Floats = rates[..., 0] - rates[..., 1]
    return difference


METRICS = (
    Metric("wer", unit="ratio", better="lower", margin=0.001, margin_relative=0.01, gross=Gross()),
    Metric("success_rate", unit="ratio", better="higher"),
    Metric("wer_above_clean", unit="ratio", better="lower", gated=False, rate=above),
    *(Metric(name, unit="ratio", better="lower", gated=False) for name in OF_KIND.values()),
    Metric("hallucination_rate", unit="ratio", better="lower", kind="sanity", margin=0.05),
)
LIMITS: Mapping[str, float] = {"success_rate": 1.0}
ROW = ("text", "references", "condition", "speaker")
WITHOUT_SPEECH = True  # a row's text may be "": nobody speaks
SETTINGS: Mapping[str, Any] = {"seed": 1}
PACKAGES: Mapping[str, str] = {"torch_audiomentations": "robustness"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One utterance under one condition."""

    id: str
    duration_s: float
    spoken: asr.Sample
    condition: Condition


@dataclass(frozen=True, slots=True)
class Heard:
    """What a model made of a clip that lasts so long."""

    transcript: Transcript
    duration_s: float


def read(row: Row, options: Mapping[str, Any]) -> Sample:
    """A Sample, or DatasetError where the words or a known condition are missing."""
    spoken = asr.read(row, options)
    return Sample(spoken.id, spoken.duration_s, spoken, _condition(row))


def prepare(row: Row) -> Audio:
    """The row's audio under its condition, as 16 kHz mono."""
    return audio.read(augmentation.file(Path(row["audio"]), _condition(row), _seed(row)), rate_hz=RATE_HZ)


def run(model: asr.Transcriber, given: Audio) -> Heard:
    """Transcribe one utterance: the timed call."""
    return Heard(model.transcribe(given), given.duration_s)


def run_batch(model: Any, every: Sequence[Audio]) -> list[Heard]:
    """Transcribe several in one call."""
    transcripts = _batch.run_batch(model, every)
    return [Heard(transcript, given.duration_s) for transcript, given in zip(transcripts, every, strict=True)]


def encode(output: Any) -> dict[str, Any]:
    """A Transcript as JSON types; TypeError for anything else."""
    if not isinstance(output, Heard):
        raise TypeError(f"expected what run() gives, got a {type(output).__name__}")
    return {**_transcript.encode(output.transcript), "duration_s": output.duration_s}


def score(sample: Sample, output: Mapping[str, Any] | None) -> dict[str, Counts]:
    """Counts for each metric; `None` (the model raised) is scored as an empty transcript with success 0."""
    held = sample.spoken.held(output)
    wer = held.alignment.wer()
    clean = sample.condition.kind == "clean"
    return {
        "wer": wer,
        "success_rate": Ratio(float(output is not None)),
        "wer_above_clean": (0.0, 0.0, *wer) if clean else (*wer, 0.0, 0.0),
        **{name: wer if kind == sample.condition.kind else Ratio(0.0, 0.0) for kind, name in OF_KIND.items()},
        "hallucination_rate": transcript_sanity.made_up(held.reference.normalised, _hypothesis(sample, output)),
    }


def words(sample: Sample, output: Mapping[str, Any] | None) -> tuple[str, str, Normaliser]:
    """What was spoken and what was heard, both as written, and what normalises them."""
    return asr.words(sample.spoken, output)


def show(sample: Sample, output: Mapping[str, Any] | None) -> list[str]:
    """The condition, then reference over hypothesis as they were scored."""
    failed = ["(the model raised: no transcript)"] if output is None else []
    return [f"under {sample.condition}", *lines(sample.spoken.held(output).alignment), *failed]


def overview(samples: Sequence[Sample], outputs: Sequence[Mapping[str, Any] | None]) -> list[str]:
    """The word error rate under each condition, from mild to hard."""
    counts: dict[str, list[Counts]] = {}
    for sample, output in zip(samples, outputs, strict=True):
        counts.setdefault(str(sample.condition), []).append(score(sample, output)["wer"])
    names = sorted(counts, key=lambda name: conditions.mildest_first(conditions.parse(name)))
    return [
        "WER by condition",
        *(f"{condition:12}  {METRICS[0].value(counts[condition]):7.2%}" for condition in names),
    ]


def signature(samples: Iterable[Sample]) -> str:  # noqa: ARG001  (the same for all)
    """What made the clips: another version of a library may make others."""
    return ", ".join(augmentation.recipe())


def altered(row: Row) -> Path | None:
    """The clip under its condition as the model heard it; None where this machine does not have it."""
    return augmentation.kept(Path(row["audio"]), _condition(row), _seed(row))


def _seed(row: Row) -> int:
    return int({**SETTINGS, **row.get("settings", {})}["seed"])


def _condition(row: Row) -> Condition:
    try:
        return conditions.parse(str(row.get("condition", "")))
    except ConfigError as error:
        raise DatasetError(f"case {row['id']!r}: {error}") from error


def _hypothesis(sample: Sample, output: Mapping[str, Any] | None) -> str:
    return "" if output is None else sample.spoken.normaliser(output["text"])
