"""The utterances that changed most between A and B, and both hypotheses aligned to the one reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from modellab import tasks
from modellab.metrics.edit_distance import Step
from modellab.reports.comparison.pairing import CasePair
from modellab.reports.comparison.quality import both, costs, value
from modellab.reports.comparison.references import Book, Library
from modellab.reports.comparison.word_errors import Spoken, spoken
from modellab.stats.permutation import STORED
from modellab.types import Metric, Row, Utterance


@dataclass(frozen=True, slots=True)
class Changed:
    """One utterance that is not the same on both sides. `harm` is how much more it costs in B (negative: less).

    `case` and `row` are those of its dataset, None and {} where it cannot be read any more.
    """

    dataset: str
    id: str
    metric: Metric
    harm: float
    a: Utterance
    b: Utterance
    case: Any = None
    row: Row | None = None
    language: str = ""

    @property
    def values(self) -> tuple[float, float]:
        """The utterance's own value of the metric in A and in B."""
        return value(self.metric, self.a.counts), value(self.metric, self.b.counts)

    def spoken(self, task: str) -> tuple[Spoken, Spoken] | None:
        """The words of both sides; None for a task or a dataset without."""
        a, b = (spoken(tasks.get(task), self.case, side, self.language) for side in (self.a, self.b))
        return (a, b) if a and b else None


@dataclass(frozen=True, slots=True)
class Column:
    """One place of the reference, or a word before it that is not in it: what each side has there.

    `marks` are "", "S", "D" or "I"; None on a side that has nothing to do with this place.
    """

    reference: str
    words: tuple[str, str]
    marks: tuple[str | None, str | None]


def changes(case_pairs: Iterable[CasePair], metric: Metric, library: Library, *, every: bool = False) -> list[Changed]:
    """The utterances whose score differs, worst for B first; with `every` the others too."""
    changed: list[Changed] = []
    for case_pair in case_pairs:
        book = library.book(case_pair.b)
        pairs = [(a, b) for a, b in both(case_pair) if metric.name in a.counts and metric.name in b.counts]
        changed += [
            _changed(case_pair.dataset, metric, harm, a, b, book)
            for (harm, moved), (a, b) in zip(_harms(metric, pairs), pairs, strict=True)
            if every or moved
        ]
    return sorted(changed, key=lambda change: (-change.harm, change.dataset, change.id))


def _harms(metric: Metric, pairs: Sequence[tuple[Utterance, Utterance]]) -> list[tuple[float, bool]]:
    """For each pair how much more it costs in B, and whether its counts are other ones (a baseline's are rounded)."""
    if not pairs:
        return []
    a, b = (
        np.array([utterance.counts[metric.name] for utterance in side], dtype=float)
        for side in zip(*pairs, strict=True)
    )
    moved = ~(np.abs(b - a) <= STORED).all(axis=1)
    harms = np.where(moved, costs(metric, b) - costs(metric, a), 0.0)
    return [(round(float(harm), 6), bool(moves)) for harm, moves in zip(harms, moved, strict=True)]


def _changed(dataset: str, metric: Metric, harm: float, a: Utterance, b: Utterance, book: Book) -> Changed:
    return Changed(dataset, a.id, metric, harm, a, b, book.cases.get(a.id), book.rows.get(a.id), book.language)


def columns(ours: Sequence[Step], theirs: Sequence[Step]) -> Iterator[Column]:
    """Two alignments to the same reference side by side.

    >>> a, b = [("", "the", "the"), ("S", "cat", "hat")], [("I", "", "so"), ("", "the", "the"), ("D", "cat", "")]
    >>> [(each.reference, each.words, each.marks) for each in columns(a, b)]
    [('', ('', 'so'), (None, 'I')), ('the', ('the', 'the'), ('', '')), ('cat', ('hat', ''), ('S', 'D'))]
    """
    left, right = _by_place(ours), _by_place(theirs)
    for (ours_in, our_step), (theirs_in, their_step) in zip(left, right, strict=True):
        for a, b in zip_longest(ours_in, theirs_in):
            yield Column("", (a or "", b or ""), ("I" if a is not None else None, "I" if b is not None else None))
        if our_step and their_step:
            yield Column(our_step[1], (our_step[2], their_step[2]), (our_step[0], their_step[0]))


def _by_place(steps: Sequence[Step]) -> list[tuple[list[str], Step | None]]:
    """For each reference word the words inserted before it and its step; at the end what is inserted after all."""
    places: list[tuple[list[str], Step | None]] = []
    inserted: list[str] = []
    for step in steps:
        if step[0] == "I":
            inserted.append(step[2])
        else:
            places.append((inserted, step))
            inserted = []
    return [*places, (inserted, None)]
