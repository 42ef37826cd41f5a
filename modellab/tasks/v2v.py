"""Voice to voice: speech in, speech out: said again, in another voice, or in another language.

Manifest row: {id, audio, duration_s, reference?, text?, language?, target_language?, reference_audio?, estimates?,
    speaker?, condition?}. `reference` is what is to be said, or a list of ways to say it; where it is missing, the
    words that the model itself says it says. `text` is what is spoken in the input, for a person to read.
    `estimates: [speaker]` compares the voice with that of `reference_audio`, else with that of the input.
Model: `respond(audio: Audio, language: str) -> Reply`, 16 kHz mono in; `language` is that of what is to be said, as
    the dataset writes it, '' where it leaves that to the model.
Output as JSON: the Reply (see tasks/_dialogue.py) with "duration_s" of the speech, and from the judge "heard" and
    "similarity".

The dataset's judge, an ASR model that knows the target language, hears the speech; its words and the reference go
through the normaliser. So the error rates hold the judge's own errors: compare models under the same judge only. WER
and CER count against the closest reference; `bleu` and `chrf` are what the literature calls ASR-BLEU and ASR-chrF, for
translations, where one wording is as good as another. A model that raised, or whose output is silent, said nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from modellab import audio, text
from modellab.errors import ConfigError, DatasetError
from modellab.metrics import alignment_text, speech_quality, transcript_sanity, translation
from modellab.metrics.edit_distance import Alignment, align
from modellab.tasks import _dialogue
from modellab.tasks.asr import Transcriber
from modellab.text import Normaliser, languages
from modellab.types import RARE, Audio, Counts, Gross, Metric, Ratio, Reply, Row
from modellab.types.display import DisplayBlock, Lines, Sound, Words
from modellab.types.rows import length_s

NAME = "v2v"
RATE_HZ = 16_000
AUTO = "auto"
NO_COUNTS: Mapping[str, Counts] = {"bleu": (0.0,) * 12, "chrf": (0.0,) * 20}

METRICS = (
    Metric("wer", unit="ratio", better="lower", margin=0.001, margin_relative=0.01, gross=Gross()),
    Metric("cer", unit="ratio", better="lower", margin=0.001, margin_relative=0.01),
    Metric("chrf", unit="ratio", better="higher", margin=0.005, rate=translation.chrf_rate),
    Metric("success_rate", unit="ratio", better="higher"),
    Metric("bleu", unit="ratio", better="higher", rate=translation.bleu_rate, gated=False),
    Metric("spoken_rate", unit="ratio", better="higher", kind="sanity", margin=0.02),
    Metric("complete_rate", unit="ratio", better="higher", kind="sanity", margin=0.02, gross=RARE),
    *_dialogue.METRICS,
    Metric("similarity", unit="1", better="higher", gated=False),
)
LIMITS: Mapping[str, float] = {"success_rate": 1.0, "spoken_rate": 1.0, "complete_rate": 0.95, **_dialogue.LIMITS}
ROW = (*("text", "reference", "language", "target_language", "reference_audio", "estimates", "speaker", "condition"),)
SETTINGS: Mapping[str, Any] = {"target_language": "", "tokeniser": AUTO}
PACKAGES: Mapping[str, str] = {"sacrebleu": "translation"}
ESTIMATES = ("speaker",)


class Responder(Protocol):
    """What a voice-to-voice model's adapter provides."""

    def respond(self, audio: Audio, language: str) -> Reply: ...


@dataclass(frozen=True, slots=True)
class Given:
    """What a model is given: 16 kHz speech, and the language of what is to be said."""

    audio: Audio
    language: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One recording with what is to be said, as it is scored; no reference: what the model says it says."""

    id: str
    duration_s: float
    references: tuple[str, ...]
    tokeniser: str  # of BLEU
    normaliser: Normaliser
    spoken: str = ""
    condition: str = ""


def read(row: Row, options: Mapping[str, Any]) -> Sample:
    """A Sample, or DatasetError; uses the header's `normaliser`, `judge`, `language` and `settings`."""
    settings = {**SETTINGS, **options.get("settings", {})}
    if not options.get("judge"):
        raise DatasetError("the header names no `judge`: expected MODEL:VARIANT of an ASR model that hears the speech")
    wanted = row.get("estimates", [])
    if not isinstance(wanted, list) or not set(wanted) <= set(ESTIMATES):
        raise DatasetError(
            f"case {row['id']!r}: expected `estimates` as a list of {', '.join(ESTIMATES)}, got {wanted!r}"
        )
    try:
        target = languages.code(_language(row, settings) or str(options["language"]))
        tokeniser = settings["tokeniser"]
        tokeniser = translation.tokeniser_for(target) if tokeniser == AUTO else tokeniser
        translation.check(tokeniser)
        normaliser = text.get(options["normaliser"]).for_language(target)
    except ConfigError as error:
        raise DatasetError(f"case {row['id']!r}: {error}") from error
    references = _references(row, normaliser)
    facts = (str(row.get(name, "")) for name in ("text", "condition"))
    return Sample(str(row["id"]), length_s(row), references, tokeniser, normaliser, *facts)


def prepare(row: Row) -> Given:
    """The row's speech as 16 kHz mono, and the language it is to become."""
    given = audio.read(Path(row["audio"]), rate_hz=RATE_HZ)
    speech = Audio(given.samples, given.rate_hz, str(row.get("language") or ""))
    return Given(speech, _language(row, row.get("settings", {})))


def run(model: Responder, given: Given) -> Reply:
    """Answer one recording: the timed call."""
    return model.respond(given.audio, given.language)


def encode(output: Any) -> dict[str, Any]:
    """The reply as JSON types, its audio as it is; TypeError for anything else."""
    reply = _dialogue.as_json(output, "respond()")
    return {**reply, **({"duration_s": reply["audio"].duration_s} if reply["audio"] else {})}


def examine(judge: Transcriber, row: Row, output: Mapping[str, Any]) -> dict[str, Any]:
    """The output with what the judge heard, and how alike the voices are where the row asks for it."""
    reply = _dialogue.heard(judge, output)
    if "speaker" not in row.get("estimates", []) or not reply.get("heard"):
        return reply
    wanted, ours = (
        audio.read(Path(path), speech_quality.RATE_HZ)
        for path in (row.get("reference_audio", row["audio"]), output["audio"]["audio"])
    )
    return {
        **reply,
        "similarity": speech_quality.similarity(wanted, ours),
        "missing": speech_quality.missing("resemblyzer"),
    }


def score(sample: Sample, output: Mapping[str, Any] | None) -> dict[str, Counts]:
    """Counts for each metric; `None` (the model raised) is scored as silence with success 0."""
    reply = output or _dialogue.NOTHING
    references, hypothesis = _wanted(sample, reply), sample.normaliser(reply.get("heard") or "")
    closest = _closest(references, hypothesis)
    similarity = reply.get("similarity")
    counts = NO_COUNTS
    if references:
        counts = {
            "chrf": translation.chrf(references, hypothesis),
            "bleu": translation.bleu(references, hypothesis, sample.tokeniser),
        }
    return {
        "wer": closest.wer() if closest else Ratio(0.0, 0.0),
        "cer": closest.cer() if closest else Ratio(0.0, 0.0),
        **counts,
        "success_rate": Ratio(float(output is not None)),
        "spoken_rate": Ratio(float("audio" in _dialogue.modality(reply))),
        "complete_rate": Ratio(float(reply["complete"])),
        **_dialogue.counts(reply),
        "similarity": Ratio(0.0, 0.0) if similarity is None else Ratio(similarity),
    }


def remember(output: Mapping[str, Any] | None) -> str | None:
    """What the judge heard, before the normaliser."""
    return None if output is None else str(output.get("heard") or "")


def show(sample: Sample, output: Mapping[str, Any] | None) -> list[str]:
    """What was spoken to the model; the closest reference over what was heard, errors named; the reply's own facts."""
    reply = output or _dialogue.NOTHING
    closest = _closest(_wanted(sample, reply), sample.normaliser(reply.get("heard") or ""))
    return [
        *([f"given  {sample.spoken}"] if sample.spoken else []),
        *(alignment_text.lines(closest) if closest else ["(no reference, and the model gave no words of its own)"]),
        *(
            [f"model  {reply['text']}", *_dialogue.lines(reply)]
            if output is not None
            else ["(the model raised: no speech)"]
        ),
        *([f"similarity {reply['similarity']:.2f}"] if reply.get("similarity") is not None else []),
        *([f"not measured: resemblyzer is not installed ({reply['missing']})"] if reply.get("missing") else []),
    ]


def draw(sample: Sample, output: Mapping[str, Any] | None) -> list[DisplayBlock]:
    """The speech, the closest reference against what the judge heard in it, then the reply's own facts."""
    reply = output or _dialogue.NOTHING
    closest = _closest(_wanted(sample, reply), sample.normaliser(reply.get("heard") or ""))
    aligned = len(alignment_text.lines(closest)) if closest else 0
    lines = show(sample, output)
    spoken = bool(sample.spoken)
    return [
        *([Sound(Path(reply["audio"]["audio"]), "what the model said")] if reply["audio"] else []),
        *([Words(closest.steps, "reference above, what the judge heard below")] if closest else []),
        Lines((*lines[:spoken], *(line for line in lines[spoken + aligned :] if not line.startswith("audio")))),
    ]


def _wanted(sample: Sample, reply: Mapping[str, Any]) -> tuple[str, ...]:
    """The references, else the model's own words; none where there are neither."""
    own = sample.normaliser(reply["text"])
    return sample.references or ((own,) if own else ())


def _closest(references: Sequence[str], hypothesis: str) -> Alignment | None:
    """The alignment with the fewest errors per word; None for no reference."""
    alignments = (align(reference, hypothesis) for reference in references)
    return min(alignments, key=lambda aligned: aligned.words.errors / aligned.words.reference_length, default=None)


def _language(row: Row, settings: Mapping[str, Any]) -> str:
    """The row's target language, else the dataset's, '' for none; ConfigError for one that nobody speaks."""
    tag = str(row.get("target_language") or settings.get("target_language") or "")
    if tag:
        languages.code(tag)
    return tag


def _references(row: Row, normaliser: Normaliser) -> tuple[str, ...]:
    """What may be said, normalised; none where the row leaves it to the model. DatasetError for anything else."""
    given = row.get("reference", [])
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list) or not all(isinstance(reference, str) for reference in listed):
        raise DatasetError(f"case {row['id']!r}: expected `reference` as a text or a list of texts, got {given!r}")
    references = tuple(map(normaliser, listed))
    for written, normalised in zip(listed, references, strict=True):
        if transcript_sanity.is_empty(normalised):
            raise DatasetError(
                f"case {row['id']!r} has a reference with no words: {normaliser.name} leaves nothing of {written!r}"
            )
    return references
