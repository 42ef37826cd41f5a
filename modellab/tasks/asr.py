"""Automatic speech recognition: audio in, text out.

Manifest row: {id, audio, text, duration_s, references?, speaker?, voice?, condition?, language?}, and what `_breakdown`
asks about: {keywords?, entities?, code_switched?, words?}
Model: `transcribe(audio: Audio) -> Transcript`, 16 kHz mono in.
Output as JSON: a transcript, see `_transcript`.

Reference and hypothesis go through the dataset's normaliser before anything is counted; `auto` is that of the row's
language. Where a language sets no blanks between words (Chinese, Japanese, Thai) it parts characters: WER then counts
characters with their marks, and CER leaves the blanks out. A model that raised counts as one that said nothing: all
words deleted, success 0.

Under `settings:` a dataset may say `compounds: merge`: neighbouring words that together are one word of the other side
("ice cream", "icecream") are no error. It is `split` if nothing is said: such words are errors. `markup: nist`,
`alignment: sclite` and `glm` read and score references as NIST's sclite does: `tasks/_references.py`.

`references` are further texts that are as right as `text`: the one with the fewest errors counts, and of those the one
with the lowest rate, whose own length is the denominator of every metric.

A row's `language` is told to the model as well, as `audio.language`: a dataset of several languages has one in each
row, and `language: mul` in its header.

A clip in which nobody speaks has the text "": words that a model gives there are insertions, which a run tells, and
counted per minute of non-speech, as `hallucinated_words_per_min` and `hallucinated_characters_per_min`; the fraction of
such clips with words is `hallucination_rate`. All three are NaN in a dataset without them. They have no part in
`short_rate` and `empty_rate`.

With `reference: session` under `settings:` rows are the chunks of sessions (`session`, `chunk`), scored joined:
`datasets/sessions.py`.

Sanity metrics are held by absolute limits rather than by small changes: their margins are wide because a rise is only
suspicious. `length_ratio` and `words_per_s` watch for made-up words, `short_rate` for lost ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modellab import audio, text
from modellab.metrics import alignment_text, casing_punctuation, transcript_sanity
from modellab.metrics.edit_distance import wil_rate
from modellab.tasks import _breakdown, _references
from modellab.tasks._batch import run_batch as run_batch
from modellab.tasks._breakdown import Wanted
from modellab.tasks._references import Held, Reference, Scoring
from modellab.tasks._transcript import Transcriber as Transcriber
from modellab.tasks._transcript import encode as encode
from modellab.tasks._transcript import joined as joined
from modellab.tasks._transcript import recall as recall
from modellab.tasks._transcript import remember as remember
from modellab.text import Normaliser
from modellab.types import RARE, Audio, Counts, Gross, Metric, Ratio, Row, Transcript
from modellab.types.gate_counts import FASTER_THAN_SPEECH, HALF_AS_LONG_AGAIN
from modellab.types.rows import length_s, text_of

NAME = "asr"
RATE_HZ = 16_000
SHORT = 0.5  # a hypothesis with fewer than this fraction of the reference's words is "short"

METRICS = (
    Metric("wer", unit="ratio", better="lower", margin=0.001, margin_relative=0.01, gross=Gross()),
    Metric("cer", unit="ratio", better="lower", margin=0.001, margin_relative=0.01),
    Metric("mer", unit="ratio", better="lower", gated=False),
    Metric("wil", unit="ratio", better="lower", gated=False, rate=wil_rate),
    Metric("success_rate", unit="ratio", better="higher"),
    Metric("length_ratio", unit="ratio", better="lower", kind="sanity", margin=0.25, gross=HALF_AS_LONG_AGAIN),
    Metric("short_rate", unit="ratio", better="lower", kind="sanity", margin=0.02, gross=RARE),
    Metric("words_per_s", unit="words/s", better="lower", kind="sanity", margin=1.0, gross=FASTER_THAN_SPEECH),
    Metric("empty_rate", unit="ratio", better="lower", kind="sanity", margin=0.02, gross=RARE),
    Metric("loop_rate", unit="ratio", better="lower", kind="sanity", margin=0.02, gross=RARE),
    Metric("hallucination_rate", unit="ratio", better="lower", kind="sanity", margin=0.05),
    Metric("hallucinated_words_per_min", unit="words/min", better="lower", kind="sanity", margin=1.0),
    Metric("hallucinated_characters_per_min", unit="characters/min", better="lower", kind="sanity", margin=5.0),
    Metric("case_error_rate", unit="ratio", better="lower", margin=0.002, gated=False, on_request=True),
    Metric("punctuation_error_rate", unit="ratio", better="lower", margin=0.002, gated=False, on_request=True),
    *_breakdown.METRICS,
)
LIMITS: Mapping[str, float] = {
    "success_rate": 1.0,
    "length_ratio": 1.5,
    "short_rate": 0.2,
    "words_per_s": 8.0,
    "empty_rate": 0.05,
    "loop_rate": 0.05,
}
WITHOUT_SPEECH = True  # a row's text may be "": nobody speaks
ROW = ("text", "references", "session", "chunk", "speaker", "voice", "condition", "language", *_breakdown.ROW)
SETTINGS: Mapping[str, Any] = _references.SETTINGS
SCORING: Mapping[str, Sequence[Any]] = _references.SCORING  # settings that no model hears of
PER_CHUNK = ("success_rate",)  # what of a session in chunks stays with each of them


@dataclass(frozen=True, slots=True)
class Sample:
    """One utterance with its reference, as written and as scored, and with further ones that are as right."""

    id: str
    duration_s: float
    text: str
    reference: str  # `text` after the normaliser
    normaliser: Normaliser
    language: str = ""
    speaker: str = ""
    condition: str = ""
    scoring: Scoring = _references.PLAIN
    is_ignored: bool = False  # nothing of it counts, not even what is said there
    chunk: str = ""  # "chunk 3 of the session call": it counts with the whole session
    references: tuple[Reference, ...] = ()  # all of them, where there are several or they have marks
    wanted: Wanted = _breakdown.NOTHING

    def held(self, output: Mapping[str, Any] | None) -> Held:
        """The transcript beside the reference that fits it best."""
        own = self.references or (Reference(self.text, self.text, self.reference),)
        return _references.held(own, "" if output is None else output["text"], self.normaliser, self.scoring)

    def against(self, output: Mapping[str, Any] | None) -> Sample:
        """The sample with the reference that fits this transcript best as its own."""
        best = self.held(output).reference if len(self.references) > 1 else None
        return self if best is None else replace(self, text=best.text, reference=best.normalised)


def read(row: Row, options: Mapping[str, Any]) -> Sample:
    """A Sample, or DatasetError where words are missing; uses the header's `normaliser` and `language`.

    The text "" is that of a clip in which nobody speaks; a text of which the normaliser leaves nothing is a fault.
    """
    language = str(row.get("language") or options.get("language") or "")
    normaliser, how = text.get(options["normaliser"]).for_language(language), _references.scoring(options)
    chunk = _references.chunk(row) if how.sessions else ""
    written = "" if chunk and not (row.get("text") or row.get("texts")) else text_of(row, options)
    references = _references.of_row(row, written, normaliser, how)
    return Sample(
        id=str(row["id"]),
        duration_s=length_s(row),
        text=references[0].text,
        reference=references[0].normalised,
        normaliser=normaliser,
        language=language,
        speaker=str(row.get("speaker", "")),
        condition=str(row.get("condition", "")),
        scoring=how,
        is_ignored=_references.is_ignored(written, how),
        chunk=chunk,
        references=references if len(references) > 1 or how.markup else (),
        wanted=_breakdown.read(row, normaliser, [reference.normalised for reference in references]),
    )


def of_session(samples: Sequence[Sample], outputs: Sequence[Mapping[str, Any] | None]) -> tuple[Sample, Any]:
    """The chunks of a session, in order, as one sample and one output; None where the model raised on all of them."""
    kept = [(sample, output) for sample, output in zip(samples, outputs, strict=True) if not sample.is_ignored]
    first = samples[0]
    written = " ".join(
        filter(None, (chunk.references[0].written if chunk.references else chunk.text for chunk, _ in kept))
    )
    whole = _references.reference(written, first.normaliser, first.scoring)
    sample = replace(
        first,
        duration_s=sum(chunk.duration_s for chunk, _ in kept),
        text=whole.text,
        reference=whole.normalised,
        references=(whole,) if first.scoring.markup else (),
        is_ignored=False,
        chunk="",
        wanted=Wanted.joined(chunk.wanted for chunk, _ in kept),
    )
    transcripts = list(filter(None, (str(output["text"]).strip() for _, output in kept if output is not None)))
    if all(output is None for _, output in kept):
        return sample, None
    return sample, {**(recall(" ".join(transcripts)) or {}), **_breakdown.joined(transcripts, " ")}


def prepare(row: Row) -> Audio:
    """The row's audio as 16 kHz mono, with the row's language."""
    return replace(audio.read(Path(row["audio"]), rate_hz=RATE_HZ), language=str(row.get("language", "")))


def run(model: Transcriber, given: Audio) -> Transcript:
    """Transcribe one utterance: the timed call."""
    return model.transcribe(given)


def score(sample: Sample, output: Mapping[str, Any] | None) -> dict[str, Counts]:
    """Counts for each metric; `None` (the model raised) is scored as an empty transcript with success 0."""
    counts = _counts(sample, output)
    if not sample.is_ignored:
        return counts
    return {name: numbers if name == "success_rate" else (0.0,) * len(numbers) for name, numbers in counts.items()}


def _counts(sample: Sample, output: Mapping[str, Any] | None) -> dict[str, Counts]:
    _, reference, alignment = sample.held(output)
    hypothesis = _hypothesis(sample, output)
    written = casing_punctuation.compare(reference.text, "" if output is None else output["text"])
    words, length = len(alignment.hypothesis), len(alignment.reference)
    made = reference.normalised, hypothesis, sample.duration_s
    return {
        "wer": alignment.wer(),
        "cer": alignment.cer(),
        "mer": alignment.mer(),
        "wil": alignment.wil(),
        "success_rate": Ratio(float(output is not None)),
        "length_ratio": transcript_sanity.length_ratio(reference.normalised, hypothesis),
        "short_rate": Ratio(float(words < SHORT * length), float(length > 0)),
        "words_per_s": transcript_sanity.words_per_s(hypothesis, sample.duration_s),
        "empty_rate": Ratio(float(length > 0 and transcript_sanity.is_empty(hypothesis)), float(length > 0)),
        "loop_rate": Ratio(float(transcript_sanity.has_loop(hypothesis, reference.normalised))),
        "case_error_rate": written.case_error_rate(),
        "punctuation_error_rate": written.punctuation_error_rate(),
        "hallucination_rate": transcript_sanity.made_up(reference.normalised, hypothesis),
        "hallucinated_words_per_min": transcript_sanity.made_up_words(*made),
        "hallucinated_characters_per_min": transcript_sanity.made_up_characters(*made),
        **_breakdown.counts(sample.wanted, alignment, written),
        **_breakdown.of_output(sample.wanted, output, sample.normaliser, alignment),
        "loop_words": transcript_sanity.looped_words(hypothesis, reference.normalised),
    }


def words(sample: Sample, output: Mapping[str, Any] | None) -> tuple[str, str, Normaliser]:
    """What was spoken and what was heard, both as written (with marks as compared), and what normalises them."""
    if sample.is_ignored or (sample.chunk and not sample.text):
        return "", "", sample.normaliser
    if not sample.scoring.is_plain:  # the words that were compared: marks and rules are nobody's errors
        alignment = sample.held(output).alignment
        return " ".join(alignment.reference), " ".join(alignment.hypothesis), sample.normaliser
    return sample.against(output).text, "" if output is None else str(output["text"]), sample.normaliser


def show(sample: Sample, output: Mapping[str, Any] | None) -> list[str]:
    """Reference over hypothesis as they were scored, columns aligned, errors named."""
    if sample.is_ignored:
        return ["(not to be scored, its text says)"]
    if sample.chunk and not sample.text:
        hypothesis = "(the model raised: no transcript)" if output is None else f"hyp  {_hypothesis(sample, output)}"
        return [f"({sample.chunk}: counted with all of it)", hypothesis]
    failed = ["(the model raised: no transcript)"] if output is None else []
    which = filter(None, [chosen(sample, output)])
    return [*which, *alignment_text.lines(sample.held(output).alignment), *failed]


def chosen(sample: Sample, output: Mapping[str, Any] | None) -> str:
    """Which of several references the transcript was held against; '' where there is one alone."""
    if len(sample.references) < 2:
        return ""
    number, reference, _ = sample.held(output)
    return f"held against reference {number} of {len(sample.references)}: {reference.written}"


def _hypothesis(sample: Sample, output: Mapping[str, Any] | None) -> str:
    return "" if output is None else _references.spoken(output["text"], sample.normaliser, sample.scoring)
