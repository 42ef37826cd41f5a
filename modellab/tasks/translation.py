"""Translation: speech or text in one language in, text in another language out.

Manifest row: {id, audio, duration_s, text?, reference, source_language?, target_language?, speaker?, condition?} for
    speech, {id, source, reference, ...} for text. `reference` is a translation or a list of several; `text` is what is
    spoken, for a person to read.
Model: `translate(source: Audio | str, source_language: str, target_language: str) -> str`, 16 kHz mono in; languages
    as the dataset writes them (ISO 639, such as fr, fra or zh-Hant).
Output as JSON: {"text": str}.

Under `settings:` a dataset says `source_language` and `target_language` of the rows that do not say it themselves, and
`tokeniser`, that of BLEU; `auto` is the one of the target language (see `modellab/metrics/translation.py`). Case and
punctuation count, as everywhere in translation, unless the dataset names a normaliser. A model that raised counts as
one that said nothing.

Sanity metrics are held by absolute limits: `foreign_script_rate` (letters of a script that the target language is not
written in), `copy_rate` (the source given back), `length_ratio` (characters, against the longest reference),
`empty_rate`, `loop_rate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from modellab import audio, text
from modellab.errors import ConfigError, DatasetError
from modellab.metrics import transcript_sanity
from modellab.metrics import translation as metric
from modellab.text import Normaliser, languages, scripts
from modellab.types import RARE, Audio, Counts, Metric, Ratio, Row
from modellab.types.gate_counts import HALF_AS_LONG_AGAIN
from modellab.types.rows import length_s

NAME = "translation"
RATE_HZ = 16_000
AUTO = "auto"

METRICS = (
    Metric("chrf", unit="ratio", better="higher", margin=0.005, rate=metric.chrf_rate),
    Metric("bleu", unit="ratio", better="higher", rate=metric.bleu_rate, gated=False),
    Metric("success_rate", unit="ratio", better="higher"),
    Metric("empty_rate", unit="ratio", better="lower", kind="sanity", margin=0.02, gross=RARE),
    Metric("length_ratio", unit="ratio", better="lower", kind="sanity", margin=0.25, gross=HALF_AS_LONG_AGAIN),
    Metric("foreign_script_rate", unit="ratio", better="lower", kind="sanity", margin=0.05),
    Metric("copy_rate", unit="ratio", better="lower", kind="sanity", margin=0.02, gross=RARE),
    Metric("loop_rate", unit="ratio", better="lower", kind="sanity", margin=0.02, gross=RARE),
)
LIMITS: Mapping[str, float] = {
    "success_rate": 1.0,
    "empty_rate": 0.05,
    "length_ratio": 1.5,
    "foreign_script_rate": 0.3,
    "copy_rate": 0.2,
    "loop_rate": 0.05,
}
ROW = ("source", "text", "reference", "source_language", "target_language", "speaker", "condition")
SETTINGS: Mapping[str, Any] = {"source_language": "", "target_language": "", "tokeniser": AUTO}
PACKAGES: Mapping[str, str] = {"sacrebleu": "translation"}


class Translator(Protocol):
    """What a translation model's adapter provides."""

    def translate(self, source: Audio | str, source_language: str, target_language: str) -> str: ...


class Given(NamedTuple):
    """What a model is given: `source` is 16 kHz speech or text."""

    source: Audio | str
    source_language: str
    target_language: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One utterance or sentence with its references, as they are scored."""

    id: str
    duration_s: float  # 0 for text
    source: str  # as written; '' for speech whose words are not given
    references: tuple[str, ...]
    target_language: str
    tokeniser: str
    normaliser: Normaliser


def read(row: Row, options: Mapping[str, Any]) -> Sample:
    """A Sample, or DatasetError; uses the header's `normaliser` and `settings`."""
    settings = {**SETTINGS, **options.get("settings", {})}
    spoken = "audio" in row
    if spoken == ("source" in row):
        both = "both `audio` and `source`" if spoken else "neither `audio` nor `source`"
        raise DatasetError(f"case {row['id']!r} has {both}: expected speech or a text to translate")
    source = row.get("text", "") if spoken else row["source"]
    if not isinstance(source, str) or not (spoken or source.strip()):
        raise DatasetError(f"case {row['id']!r}: expected `source` as a text to translate, got {source!r}")
    try:
        _, target = (_language(row, settings, key) for key in ("source_language", "target_language"))
        tokeniser = settings["tokeniser"]
        tokeniser = metric.tokeniser_for(languages.code(target)) if tokeniser == AUTO else tokeniser
        metric.check(tokeniser)
        normaliser = text.get(options["normaliser"]).for_language(target)
    except ConfigError as error:
        raise DatasetError(f"case {row['id']!r}: {error}") from error
    references = tuple(normaliser(reference) for reference in _references(row))
    length = length_s(row) if spoken else 0.0
    return Sample(str(row["id"]), length, source, references, target, tokeniser, normaliser)


def prepare(row: Row) -> Given:
    """The row's speech as 16 kHz mono, or its text, with both languages."""
    source = audio.read(Path(row["audio"]), rate_hz=RATE_HZ) if "audio" in row else str(row["source"])
    settings = row.get("settings", {})
    return Given(source, *(_language(row, settings, key) for key in ("source_language", "target_language")))


def run(model: Translator, given: Given) -> str:
    """Translate one utterance or sentence: the timed call."""
    return model.translate(given.source, given.source_language, given.target_language)


def encode(output: Any) -> dict[str, str]:
    """A translation as JSON; TypeError for anything else."""
    if not isinstance(output, str):
        hint = ": does translate() end without a return?" if output is None else ""
        returned = "None" if output is None else f"a {type(output).__name__} ({repr(output)[:60]})"
        raise TypeError(f"translate() returned {returned}, expected a str{hint}")
    return {"text": output}


def joined(parts: Sequence[tuple[float, Mapping[str, str]]]) -> dict[str, str]:
    """Translations of parts of a recording, in their order, as one."""
    return {"text": " ".join(filter(None, (output["text"].strip() for _, output in parts)))}


def score(sample: Sample, output: Mapping[str, Any] | None) -> dict[str, Counts]:
    """Counts for each metric; `None` (the model raised) is scored as an empty translation with success 0."""
    translation = _hypothesis(sample, output)
    longest = max(len(_dense(reference)) for reference in sample.references)
    copied = (
        bool(sample.source) and translation == sample.normaliser(sample.source) and translation not in sample.references
    )
    looped = all(transcript_sanity.has_loop(translation, reference) for reference in sample.references)
    return {
        "chrf": metric.chrf(sample.references, translation),
        "bleu": metric.bleu(sample.references, translation, sample.tokeniser),
        "success_rate": Ratio(float(output is not None)),
        "empty_rate": Ratio(float(transcript_sanity.is_empty(translation))),
        "length_ratio": Ratio(len(_dense(translation)), longest),
        "foreign_script_rate": scripts.foreign(translation, languages.scripts(sample.target_language)),
        "copy_rate": Ratio(float(copied)),
        "loop_rate": Ratio(float(looped)),
    }


def signature(samples: Iterable[Sample]) -> str:
    """sacrebleu's signatures of both scores: what makes them comparable with anybody else's."""
    return metric.signature(sorted({sample.tokeniser for sample in samples}))


def remember(output: Mapping[str, Any] | None) -> str | None:
    """The translation as the model gave it."""
    return None if output is None else str(output["text"])


def recall(remembered: str | None) -> dict[str, Any] | None:
    """An output that scores as the remembered one."""
    return None if remembered is None else {"text": remembered}


def show(sample: Sample, output: Mapping[str, Any] | None) -> list[str]:
    """The source where it is known, every reference, the translation, and both scores of this one alone."""
    translation = _hypothesis(sample, output)
    alone = {name: _METRIC[name].value([numbers]) for name, numbers in score(sample, output).items()}
    return [
        *([f"src  {sample.source}"] if sample.source else []),
        *(f"ref  {reference}" for reference in sample.references),
        f"hyp  {translation}" if output is not None else "(the model raised: no translation)",
        f"     chrF {100 * alone['chrf']:.1f}, BLEU {100 * alone['bleu']:.1f} ({sample.tokeniser})",
    ]


_METRIC = {measure.name: measure for measure in METRICS}


def _language(row: Row, settings: Mapping[str, Any], key: str) -> str:
    """The row's own language, else the dataset's; ConfigError for none and for one that nobody speaks."""
    tag = row.get(key) or settings.get(key) or ""
    if not tag:
        raise ConfigError(f"no {key}: expected one in the row or under `settings:` in the header")
    languages.code(str(tag))
    return str(tag)


def _references(row: Row) -> list[str]:
    """The row's translations, at least one; DatasetError for anything else."""
    given = row.get("reference")
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list) or not listed or not all(isinstance(translation, str) for translation in listed):
        raise DatasetError(
            f"case {row['id']!r} has no reference: expected `reference` with its translation or a list of them, "
            f"got {given!r}"
        )
    for translation in listed:
        if transcript_sanity.is_empty(translation):
            raise DatasetError(f"case {row['id']!r} has a reference with no words: {translation!r}")
    return listed


def _hypothesis(sample: Sample, output: Mapping[str, Any] | None) -> str:
    return "" if output is None else sample.normaliser(output["text"])


def _dense(words: str) -> str:
    return "".join(words.split())
