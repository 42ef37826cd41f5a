"""Word alignment: audio (and its text) in, where each word is spoken out.

Manifest row: {id, audio, duration_s, words: [[word, start_s, end_s], ...], speaker?, condition?}
Model: `align(audio: Audio, text: str) -> list[Word]`, 16 kHz mono in, seconds out.
Output as JSON: {"words": [[text, start_s, end_s], ...], "forced": bool}, null for a time that is not finite.

`text` holds the words of the row, blanks between them. A forced aligner finds those words; its adapter says so with a
class attribute `FORCED = True`. A recogniser with word timestamps leaves the text alone and is scored on the words it
heard itself. `forced_rate` reports which it was: figures of the two kinds do not compare.

Words go through the dataset's normaliser one by one, so choose one that keeps them words (`basic`; `whisper_en` writes
numbers in figures). A model that raised counts as one that found no word. See `modellab/metrics/alignment.py` for what
is counted. Times that cannot be are scored as they are and counted by `misplaced_rate`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from modellab import audio, text
from modellab.errors import DatasetError, described
from modellab.metrics.alignment import Boundaries, compare, misplaced, percentile
from modellab.tasks import _returned
from modellab.types import Audio, Counts, Gross, Metric, Ratio, Row, Word
from modellab.types.display import DisplayBlock, Kind, Lane, Lines, Span, Timeline
from modellab.types.rows import length_s

NAME = "alignment"
RATE_HZ = 16_000
FAR_S = 0.1  # a word whose start or end is further off is shown as wrong
SLACK_S = 0.02  # so much a word may be outside the clip: one frame of a Whisper or wav2vec2 encoder

METRICS = (
    Metric("mean_error_s", unit="s", better="lower", margin=0.005, margin_relative=0.05),
    Metric("within_100ms", unit="ratio", better="higher", margin=0.01),
    Metric("matched_rate", unit="ratio", better="higher", margin=0.01, gross=Gross()),
    Metric("success_rate", unit="ratio", better="higher"),
    Metric("within_50ms", unit="ratio", better="higher", gated=False),
    Metric("within_200ms", unit="ratio", better="higher", gated=False),
    Metric("median_error_s", unit="s", better="lower", rate=percentile(50), gated=False),
    Metric("p95_error_s", unit="s", better="lower", rate=percentile(95), gated=False),
    Metric("bias_s", unit="s", better="lower", gated=False),
    Metric("forced_rate", unit="ratio", better="higher", gated=False),
    Metric("misplaced_rate", unit="ratio", better="lower", kind="sanity"),
)
LIMITS: Mapping[str, float] = {"success_rate": 1.0, "misplaced_rate": 0.05}
ROW = ("words", "speaker", "condition")
SETTINGS: Mapping[str, Any] = {}


class Aligner(Protocol):
    """What an alignment model's adapter provides."""

    def align(self, audio: Audio, text: str) -> list[Word]: ...


class Given(NamedTuple):
    """What the model gets."""

    audio: Audio
    text: str


class Answer(NamedTuple):
    """What the adapter returned, and whether it used the text."""

    words: Any
    forced: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """One clip with the times of its words, normalised."""

    id: str
    duration_s: float
    words: tuple[Word, ...]
    normaliser: text.Normaliser
    speaker: str = ""
    condition: str = ""


def read(row: Row, options: Mapping[str, Any]) -> Sample:
    """A Sample, or DatasetError where the words are not in order within the clip; uses the header's `normaliser`."""
    duration_s, normaliser = length_s(row), text.get(options["normaliser"])
    words = tuple(_stated(row))
    if wrong := misplaced(words, duration_s, SLACK_S):
        raise DatasetError(
            f"case {row['id']!r}: {wrong} of `words` end before they start, start before the word in front of them or"
            f" lie outside the clip's {duration_s:g} s"
        )
    words = tuple(word._replace(text=normaliser(word.text)) for word in words)
    if empty := [word for word in words if len(word.text.split()) != 1]:
        raise DatasetError(
            f"case {row['id']!r}: {normaliser.name} makes {empty[0].text!r} of a word at {empty[0].start_s:g} s in"
            " `words`, expected one word"
        )
    return Sample(
        str(row["id"]), duration_s, words, normaliser, str(row.get("speaker", "")), str(row.get("condition", ""))
    )


def prepare(row: Row) -> Given:
    """The row's audio as 16 kHz mono, and the words without their times."""
    return Given(audio.read(Path(row["audio"]), rate_hz=RATE_HZ), " ".join(str(word[0]) for word in row["words"]))


def run(model: Aligner, given: Given) -> Answer:
    """Find the words of one clip: the timed call."""
    return Answer(model.align(given.audio, given.text), bool(getattr(model, "FORCED", False)))


def encode(output: Any) -> dict[str, Any]:
    """Words as JSON types; TypeError for anything else. Times are kept as they came, however wrong."""
    words, forced = output
    aligned = _returned.rows("align()", words, "Word(text, start_s, end_s)", _word)
    return {"words": list(map(_listed, aligned)), "forced": forced}


def score(sample: Sample, output: Mapping[str, Any] | None) -> dict[str, Counts]:
    """Counts for each metric; `None` (the model raised) is scored as no words with success 0."""
    compared = _compare(sample, output)
    heard = _heard(sample, output)
    return {
        "mean_error_s": compared.mean(),
        "within_100ms": compared.within(0.1),
        "matched_rate": compared.matched(),
        "success_rate": Ratio(float(output is not None)),
        "within_50ms": compared.within(0.05),
        "within_200ms": compared.within(0.2),
        "median_error_s": compared.histogram(),
        "p95_error_s": compared.histogram(),
        "bias_s": compared.bias(),
        "forced_rate": Ratio(float(output is not None and output["forced"])),
        "misplaced_rate": Ratio(misplaced(heard, sample.duration_s, SLACK_S), max(1, len(heard))),
    }


def remember(output: Mapping[str, Any] | None) -> list[list[Any]] | None:
    """The words with their times."""
    return None if output is None else [list(word) for word in output["words"]]


def recall(remembered: Sequence[Sequence[Any]] | None) -> dict[str, Any] | None:
    """An output that scores as the remembered one, but for `forced_rate`, which no baseline holds."""
    return None if remembered is None else {"words": [list(word) for word in remembered], "forced": False}


def show(sample: Sample, output: Mapping[str, Any] | None) -> list[str]:
    """A line for each reference word: where it is, where it was found, both errors in milliseconds."""
    pair_of = {pair.reference: pair for pair in _compare(sample, output).pairs}
    lines = [f"{'word':<16}{'reference':>14}{'hypothesis':>16}{'start':>8}{'end':>8}  errors in ms"]
    for word in sample.words:
        line = f"{word.text:<16}{word.start_s:>7.2f}-{word.end_s:<6.2f}"
        if pair := pair_of.get(word):
            start_ms, end_ms = (round(1000 * error) for error in pair.errors_s)
            line += f"{pair.hypothesis.start_s:>9.2f}-{pair.hypothesis.end_s:<6.2f}{start_ms:>+8}{end_ms:>+8}"
        lines.append(line if pair else f"{line}   not found")
    extra = [word.text for word in _heard(sample, output) if word not in {pair.hypothesis for pair in pair_of.values()}]
    failed = ["(the model raised: no words)"] if output is None else []
    return [*lines, *([f"not in the reference: {' '.join(extra)}"] if extra else []), *failed]


def draw(sample: Sample, output: Mapping[str, Any] | None) -> list[DisplayBlock]:
    """The words of both sides where they lie; what was not found, or lies more than FAR_S off, in another colour."""
    pairs = _compare(sample, output).pairs
    near = {
        word for pair in pairs if max(map(abs, pair.errors_s)) <= FAR_S for word in (pair.reference, pair.hypothesis)
    }
    far = {word for pair in pairs for word in (pair.reference, pair.hypothesis)} - near

    def lane(name: str, words: Sequence[Word], right: Kind, lost: Kind) -> Lane:
        kinds: list[Kind] = [right if word in near else "misplaced" if word in far else lost for word in words]
        timed = [(word, kind) for word, kind in zip(words, kinds, strict=True) if word.start_s <= word.end_s]
        return Lane(name, tuple(Span(word.start_s, word.end_s, kind, word.text) for word, kind in timed))

    both = (
        lane("reference", sample.words, "reference", "miss"),
        lane("hypothesis", _heard(sample, output), "hypothesis", "false alarm"),
    )
    title = f"misplaced: a start or end more than {1000 * FAR_S:.0f} ms off; miss: not found"
    return [Timeline(sample.duration_s, both, title), Lines(tuple(show(sample, output)))]


def _compare(sample: Sample, output: Mapping[str, Any] | None) -> Boundaries:
    return compare(sample.words, _heard(sample, output))


def _heard(sample: Sample, output: Mapping[str, Any] | None) -> list[Word]:
    """The words found, normalised; those of which nothing is left (a dash) are no words."""
    given = [] if output is None else [_word(word) for word in output["words"]]
    words = [word._replace(text=sample.normaliser(word.text)) for word in given]
    return [word for word in words if word.text]


def _stated(row: Row) -> Iterator[Word]:
    """The row's `words`, or DatasetError for anything but [word, start_s, end_s]."""
    words = row.get("words")
    if not isinstance(words, Sequence) or isinstance(words, str) or not words:
        raise DatasetError(f"case {row['id']!r}: expected `words` as a list of [word, start_s, end_s], got {words!r}")
    for word in words:
        try:
            yield _word(word)
        except ValueError as error:
            raise DatasetError(f"case {row['id']!r}: `words` holds {error}") from error


def _word(given: Any) -> Word:
    """A Word with float times, NaN for null, or ValueError saying what came."""
    try:
        words, start_s, end_s = given
        times = [math.nan if time_s is None else _returned.seconds(time_s) for time_s in (start_s, end_s)]
    except (TypeError, ValueError):
        raise ValueError(f"{described(given)}, expected [word, start_s, end_s]") from None
    if not isinstance(words, str):
        raise ValueError(f"{described(given)}, expected a str as the word")
    return Word(words, *times)


def _listed(word: Word) -> list[Any]:
    return [word.text, *(time_s if math.isfinite(time_s) else None for time_s in (word.start_s, word.end_s))]
