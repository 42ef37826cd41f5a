"""What a transcript is held against: one text or several, plain or with the marks of NIST's transcripts.

Of several references the one that fits best counts: the fewest errors, of those the lowest rate (the longest one), of
those the first in the order of the alphabet. So the order in which a row has them changes nothing.

Settings of a dataset: `compounds` (see `metrics/compound_words.py`), `markup: nist` (alternatives, words that may be
left out, broken-off words: `annotations/markup.py`), `alignment: sclite` (NIST's weights, letters of any case are
equal), `glm` (a file of rules that rewrite both sides first).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from modellab.annotations import glm, markup
from modellab.errors import DatasetError, FormatError, described, did_you_mean
from modellab.metrics import edit_distance, graph_alignment, transcript_sanity
from modellab.metrics.edit_distance import Alignment
from modellab.text import Normaliser
from modellab.types import Row
from modellab.types.word_graph import Choice, Marked, Part, graph

SETTINGS: Mapping[str, Any] = {
    "compounds": "split",
    "markup": "none",
    "alignment": "errors",
    "glm": "",
    "reference": "row",
}
SCORING: Mapping[str, Sequence[Any]] = {
    "compounds": ("split", "merge"),
    "markup": ("none", "nist"),
    "alignment": tuple(graph_alignment.WEIGHTS),
    "reference": ("row", "session"),
}
BRACES = str.maketrans("{}()", "    ")  # of what a model said: no marks


@dataclass(frozen=True, slots=True)
class Scoring:
    """How a dataset has transcripts compared."""

    compounds: bool = False  # merged
    markup: bool = False  # references have NIST's marks
    alignment: str = "errors"
    glm: Path | None = None
    sessions: bool = False  # rows are chunks

    @property
    def is_plain(self) -> bool:
        """Whether texts are compared as they are: no marks, no rules, no weights."""
        return not self.markup and self.alignment == "errors" and self.glm is None


PLAIN = Scoring()


class Reference(NamedTuple):
    """One acceptable text: as written, without marks, and as scored."""

    written: str
    text: str
    normalised: str


class Held(NamedTuple):
    """A transcript beside the reference that fits it best: the `number`-th of the row, from 1."""

    number: int
    reference: Reference
    alignment: Alignment


def scoring(options: Mapping[str, Any]) -> Scoring:
    """What a dataset's settings say, or DatasetError with the values there are."""
    given = {**SETTINGS, **options.get("settings", {})}
    for name, known in SCORING.items():
        if given[name] not in known:
            raise DatasetError(f"settings.{name} is {given[name]!r}: {did_you_mean(str(given[name]), known)}")
    if not isinstance(given["glm"], str):
        raise DatasetError(f"settings.glm is {given['glm']!r}, expected the name of a file of rules")
    how = Scoring(
        given["compounds"] == "merge",
        given["markup"] == "nist",
        str(given["alignment"]),
        Path(given["glm"]) if given["glm"] else None,
        given["reference"] == "session",
    )
    if how.compounds and not how.is_plain:
        raise DatasetError("settings.compounds: merge goes with plain texts alone, without markup, alignment and glm")
    if how.glm:
        glm.read(how.glm, "ref"), glm.read(how.glm, "hyp")
    return how


def reference(written: str, normaliser: Normaliser, how: Scoring) -> Reference:
    """A row's text as a reference; DatasetError where its marks do not fit together."""
    if how.is_plain:
        return Reference(written, written, normaliser(written))
    if is_ignored(written, how):
        return Reference(written, "", "")
    try:
        text = markup.words(written) if how.markup else written
        return Reference(written, text, normaliser(_first_way(_parts(written, how, "ref"))))
    except FormatError as fault:
        raise DatasetError(f"its text has marks that do not fit together: {fault}") from None


def is_ignored(written: str, how: Scoring) -> bool:
    """Whether nothing of a row is to be scored."""
    return how.markup and markup.is_ignored(written)


def spoken(text: str, normaliser: Normaliser, how: Scoring) -> str:
    """What a model said as it is scored, as one plain text."""
    return normaliser(text if how.glm is None else _first_way(_parts(text, how, "hyp")))


def held(references: Sequence[Reference], text: str, normaliser: Normaliser, how: Scoring) -> Held:
    """A transcript held against the reference that fits it best."""
    candidates = [
        Held(i, alternative, _aligned(alternative, text, normaliser, how))
        for i, alternative in enumerate(references, start=1)
    ]
    return candidates[0] if len(candidates) == 1 else min(candidates, key=_fit)


def _fit(candidate: Held) -> tuple[int, int, str, str]:
    """The key of the best fit: the lower, the better."""
    alignment = candidate.alignment
    return len(alignment.edits), -len(alignment.reference), candidate.reference.normalised, candidate.reference.written


def _aligned(alternative: Reference, text: str, normaliser: Normaliser, how: Scoring) -> Alignment:
    if how.is_plain:
        return edit_distance.align(alternative.normalised, normaliser(text), not normaliser.splits, how.compounds)
    words = partial(_words, normaliser=normaliser, folded=how.alignment == "sclite")
    ours, theirs = _parts(alternative.written, how, "ref"), _parts(text, how, "hyp")
    if how.alignment == "errors":
        ours = _sorted(ours)
    alignment = graph_alignment.align(graph(ours, words), graph(theirs, words), graph_alignment.WEIGHTS[how.alignment])
    return replace(alignment, blanks=not normaliser.splits)


def _parts(text: str, how: Scoring, side: glm.Side) -> tuple[Part, ...]:
    """A text with its marks and those that rules write; of what has none by itself, braces and parentheses are none."""
    is_marked = how.markup and side == "ref"
    if not how.markup and how.glm is None:
        return (text,)
    given = text if is_marked else text.translate(BRACES)
    return markup.parsed(given if how.glm is None else glm.read(how.glm, side)(given), tags=is_marked)


def _words(text: str, normaliser: Normaliser, folded: bool) -> list[str]:
    return (normaliser(text).casefold() if folded else normaliser(text)).split()


def _first_way(parts: Sequence[Part]) -> str:
    """The first way to say it."""
    texts = []
    for part in parts:
        if isinstance(part, Choice):
            texts.append(_first_way(next(filter(None, part.branches), ())))
        else:
            texts.append(part.text if isinstance(part, Marked) else part)
    return " ".join(filter(None, texts))


def _sorted(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts with their alternatives in one order, so that it does not matter which one a file has."""
    return tuple(
        Choice(tuple(sorted(map(_sorted, part.branches), key=repr))) if isinstance(part, Choice) else part
        for part in parts
    )


def chunk(row: Row) -> str:
    """Which chunk of which session a row is, or DatasetError."""
    name, number = row.get("session"), row.get("chunk")
    if not isinstance(name, str) or not name:
        raise DatasetError(f"case {row['id']!r}: session is {described(name)}, expected the name of its session")
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise DatasetError(f"case {row['id']!r}: chunk is {described(number)}, expected its number from 0 on")
    if row.get("references"):
        raise DatasetError(f"case {row['id']!r}: a chunk of a session has no `references`: they would be another's")
    return f"chunk {number} of the session {name}"


def of_row(row: Row, text: Any, normaliser: Normaliser, how: Scoring) -> tuple[Reference, ...]:
    """The row's references: `text`, which the header chose, then its further ones; DatasetError for what is none."""
    others = row.get("references", ())
    if not isinstance(others, list | tuple):
        raise DatasetError(f"case {row['id']!r}: references is {described(others)}, expected a list of texts")
    return tuple(_one(row, words, normaliser, how) for words in (text, *others))


def _one(row: Row, words: Any, normaliser: Normaliser, how: Scoring) -> Reference:
    """One of the row's texts, or DatasetError."""
    if not isinstance(words, str) or (words and not words.strip()):
        raise DatasetError(
            f"case {row['id']!r} has no reference text: expected `text` with the words spoken, got {words!r}; "
            'where nobody speaks it is ""'
        )
    try:
        alternative = reference(words, normaliser, how)
    except DatasetError as fault:
        raise DatasetError(f"case {row['id']!r}: {fault}") from None
    if words and not is_ignored(words, how) and transcript_sanity.is_empty(alternative.normalised):
        raise DatasetError(
            f"case {row['id']!r} has a reference with no words: {normaliser.name} leaves nothing of {words!r}"
        )
    return alternative
