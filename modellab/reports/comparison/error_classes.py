"""Errors by class in A and in B, each as a rate per 1,000 reference words of all classes, so that they add up.

Paired over utterances like any metric. The classes are an excursion: Holm's correction is over their table alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from modellab.reports.comparison import word_errors
from modellab.reports.comparison.quality import Line, Rows, all_settled, draft
from modellab.reports.comparison.word_errors import Spoken, Tally
from modellab.types import Floats, Metric, top_over_bottom

UNIT = "per 1,000 words"
ALL = "all errors"
MADE_UP, LOST = "hallucinated stretches", "dropped stretches"
NO_CAPITALS = "names cannot be told: the references have no capitals inside their sentences"


@dataclass(frozen=True, slots=True)
class ErrorClass:
    """One class of errors: its line, the reference words of the class, and how many errors each side made.

    `words` is None for what is no class of reference words: kinds of errors and stretches.
    """

    line: Line
    words: int | None
    a: int
    b: int


@dataclass(frozen=True, slots=True)
class Classes:
    """The table of classes over `n` utterances with `words` reference words; `family` is Holm's."""

    rows: tuple[ErrorClass, ...]
    n: int
    words: int
    family: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UtterancePair:
    """One utterance of both sides, and its cluster."""

    a: Spoken
    b: Spoken
    cluster: str = ""


def per_thousand(sums: Floats) -> Floats:
    """Errors per 1,000 words of summed (errors, words): shape (..., 2) -> (...)."""
    return np.asarray(1000 * top_over_bottom(sums))


def table(pairs: Sequence[UtterancePair], alpha: float) -> Classes | None:
    """The rates of every class; None where no utterance has words or nobody made an error."""
    known_names = [_names(of.a) for of in pairs]
    names = [own_names or frozenset() for own_names in known_names]
    ours, theirs = (
        [word_errors.tally(of.steps(), of, known) for of, known in zip(side, names, strict=True)]
        for side in ([of.a for of in pairs], [of.b for of in pairs])
    )
    bottom = [sum(tally.words.values()) for tally in ours]
    if not sum(bottom) or not any(sum(tally.kinds.values()) for tally in (*ours, *theirs)):
        return None
    english = any(of.a.english for of in pairs)
    told = any(own_names is not None for own_names in known_names)
    drafts, rows = [], []
    for name, count, own in _kinds(ours, english=english, names=told):
        tops = [[count(tally) for tally in side] for side in (ours, theirs)]
        before, after = (np.array([top, bottom], dtype=float).T for top in tops)
        metric = Metric(name, UNIT, "lower", rate=per_thousand)
        drafted = draft(metric, "", Rows(before, after, tuple(of.cluster for of in pairs)))
        assert drafted is not None, "the reference has words"
        drafts.append(drafted)
        rows.append((own, sum(tops[0]), sum(tops[1])))
    lines, _, family = all_settled(drafts, alpha)
    notes = () if told or not english else (NO_CAPITALS,)
    done = tuple(ErrorClass(line, *row) for line, row in zip(lines, rows, strict=True))
    return Classes(done, len(pairs), sum(bottom), family, notes)


def _names(of: Spoken) -> frozenset[str] | None:
    return word_errors.names_in(of)


def _kinds(
    ours: Sequence[Tally], *, english: bool, names: bool
) -> Iterator[tuple[str, Callable[[Tally], int], int | None]]:
    """Each row's name, what it counts of an utterance, and its reference words."""
    yield ALL, lambda tally: sum(tally.kinds.values()), sum(sum(tally.words.values()) for tally in ours)
    for letter, name in (("S", "substitutions"), ("D", "deletions"), ("I", "insertions")):
        yield name, _count("kinds", letter), None
    for name in word_errors.CLASSES:
        if (name == word_errors.NAMES and not names) or (name == word_errors.FUNCTION and not english):
            continue
        yield name, _count("errors", name), sum(tally.words[name] for tally in ours)
    yield MADE_UP, lambda tally: tally.hallucinated, None
    yield LOST, lambda tally: tally.dropped, None


def _count(what: str, name: str) -> Callable[[Tally], int]:
    return lambda tally: int(getattr(tally, what)[name])
