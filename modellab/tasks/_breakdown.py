"""What broke in a transcript: metrics beside the error rate, each of one kind of fault.

They inform, and are judged on request at most. All are optional: where a row or an output has nothing that one of them
needs, the utterance has no counts of it.

A row may list phrases that matter: `keywords` and `entities`, said in it or not, and `code_switched`, the words of
another language than that of the sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from modellab.errors import DatasetError, described
from modellab.metrics import inserted_runs, long_form, number_agreement, phrases, word_confidence, written_words
from modellab.metrics.casing_punctuation import Compared
from modellab.metrics.edit_distance import Alignment
from modellab.metrics.phrases import Phrase
from modellab.text import Normaliser
from modellab.types import Counts, Floats, Metric, Row, Word, top_over_bottom
from modellab.types.rows import timed_words


def _told(
    name: str,
    better: Literal["lower", "higher"],
    unit: str = "ratio",
    margin: float = 0.0,
    rate: Callable[[Floats], Floats] = top_over_bottom,
) -> Metric:
    """A metric that informs; with a margin it is judged on request."""
    return Metric(name, unit, better, margin, rate=rate, gated=False, on_request=margin > 0, optional=True)


def _recall_precision_f1(name: str) -> tuple[Metric, ...]:
    return (
        _told(f"{name}_recall", "higher", margin=0.01),
        _told(f"{name}_precision", "higher", margin=0.01),
        _told(f"{name}_f1", "higher", margin=0.01),
    )


METRICS = (
    _told("written_wer", "lower", margin=0.002),
    _told("cased_wer", "lower"),
    _told("punctuated_wer", "lower"),
    _told("punctuation_f1", "higher", margin=0.005),
    *(_told(f"{name}_f1", "higher") for name in written_words.NAMES.values()),
    *_recall_precision_f1("keyword"),
    *_recall_precision_f1("entity"),
    _told("inserted_run_rate", "lower", margin=0.01),
    _told("inserted_run_words", "lower"),
    *_recall_precision_f1("number"),
    _told("figure_f1", "higher", margin=0.01),
    _told("pier", "lower", margin=0.005),
    _told("ece", "lower", margin=0.02, rate=word_confidence.calibration),
    _told("confidence_auroc", "higher", "1", margin=0.02, rate=word_confidence.separation),
    _told("loop_words", "lower", margin=0.005),
    _told("timestamp_error_s", "lower", "s"),
    _told("timestamp_drift", "lower", "s/s"),
    _told("seam_error_rate", "lower", margin=0.02),
    _told("wer_at_80_coverage", "lower", margin=0.005, rate=word_confidence.at_coverage(0.8)),
)
LISTS = ("keywords", "entities", "code_switched")  # keys of a row, each a list of phrases
ROW = (*LISTS, "words")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row asks about: phrases as normalised words, and where its words are; none of a kind without a list."""

    keywords: tuple[Phrase, ...] = ()
    entities: tuple[Phrase, ...] = ()
    code_switched: tuple[Phrase, ...] = ()
    words: tuple[Word, ...] = ()  # with their times

    @classmethod
    def joined(cls, parts: Iterable[Wanted]) -> Self:
        """That of all chunks of a session; without times, which are those of the chunks."""
        every = list(parts)
        return cls(*(tuple(dict.fromkeys(x for part in every for x in getattr(part, name))) for name in LISTS))


NOTHING = Wanted()


def read(row: Row, normaliser: Normaliser, references: Sequence[str]) -> Wanted:
    """What a row asks about, or DatasetError for what is no list of phrases.

    `references` are its normalised texts: words of another language have to be in one of them.
    """
    if not any(name in row for name in ROW):
        return NOTHING
    words = tuple(Word(*timed) for timed in timed_words(row))
    keywords, entities, code_switched = (_phrases(row, name, normaliser) for name in LISTS)
    wanted = Wanted(keywords, entities, code_switched, words)
    texts = [text.split() for text in references if text]
    for phrase in wanted.code_switched if texts else ():
        if not any(phrases.places(phrase, reference) for reference in texts):
            raise DatasetError(
                f"case {row['id']!r}: code_switched has {' '.join(phrase)!r}, which its text does not say:"
                " expected words as they stand in it"
            )
    return wanted


def counts(wanted: Wanted, alignment: Alignment, written: Compared) -> dict[str, Counts]:
    """The counts of what an utterance has something for."""
    by_metric = {
        **written_words.error_rates(written),
        **written_words.mark_scores(written),
        "inserted_run_rate": inserted_runs.rate(alignment),
        "inserted_run_words": inserted_runs.words(alignment),
        **number_agreement.scores(alignment),
        "figure_f1": number_agreement.figures(written),
    }
    if wanted is NOTHING:
        return by_metric
    by_metric |= phrases.scores("keyword", wanted.keywords, alignment) if wanted.keywords else {}
    by_metric |= phrases.scores("entity", wanted.entities, alignment) if wanted.entities else {}
    return by_metric | ({"pier": phrases.point_errors(wanted.code_switched, alignment)} if wanted.code_switched else {})


def joined(texts: Sequence[str], between: str) -> dict[str, Any]:
    """Where the texts of several chunks meet, once they are put together, as JSON types; {} for one chunk."""
    return {"seams": long_form.offsets(texts, between)} if len(texts) > 1 else {}


def of_output(
    wanted: Wanted, output: Mapping[str, Any] | None, normaliser: Normaliser, alignment: Alignment
) -> dict[str, Counts]:
    """The counts of what else than a text an output has: times, seams, confidences."""
    if not output:
        return {}
    by_metric: dict[str, Counts] = {}
    if wanted.words and output["segments"]:
        by_metric |= long_form.counts(output["segments"], wanted.words, normaliser)
    if offsets := output.get("seams"):
        positions = long_form.positions(output["text"], offsets, normaliser)
        by_metric["seam_error_rate"] = long_form.seams(positions, alignment)
    return by_metric | _of_confidences(output, normaliser, alignment)


def _of_confidences(output: Mapping[str, Any], normaliser: Normaliser, alignment: Alignment) -> dict[str, Counts]:
    if not output.get("confidences"):
        return {}
    sums = word_confidence.counts(output["confidences"], normaliser, alignment)
    return {"ece": sums["calibration"], "confidence_auroc": sums["levels"], "wer_at_80_coverage": sums["levels"]}


def _phrases(row: Row, name: str, normaliser: Normaliser) -> tuple[Phrase, ...]:
    given: Any = row.get(name, ())
    if not isinstance(given, list | tuple) or not all(isinstance(phrase, str) for phrase in given):
        raise DatasetError(f"case {row['id']!r}: {name} is {described(given)}, expected a list of words or phrases")
    normalised = {phrase: tuple(normaliser(phrase).split()) for phrase in given}
    if empty := next((phrase for phrase, words in normalised.items() if not words), None):
        raise DatasetError(f"case {row['id']!r}: {name} has {empty!r}, of which {normaliser.name} leaves nothing")
    return tuple(dict.fromkeys(normalised.values()))
