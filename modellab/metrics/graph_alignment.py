"""A hypothesis against a reference with alternatives: the best path through both, found exactly.

Conventions
-----------
Reference and hypothesis are graphs of words (`types/word_graph.py`); a plain text is a graph with one path. Dynamic
programming over pairs of nodes finds the cheapest alignment of any path of one with any path of the other.

- `FEWEST_ERRORS`: the paths with the fewest errors S + D + I, among those the longest reference, whose rate is lowest.
- `SCLITE`: NIST's sclite, which weighs a substitution 4, an insertion or deletion 3, an optional word that is missing
  2, and an alternative that is nothing 0.001. Its errors can be more than the fewest. Known deviation: among paths of
  the same weight another one may be taken (of NIST's own example none is: all of 58 segments have its counts).

An optional word that is missing is right and counted in N, as in sclite: the hypothesis is given as if it had the
word. So is a broken word that the hypothesis has as a whole (`th-` against "think"), with the letters that are there.
N is the number of words of the path that was taken, so it depends on the hypothesis: the denominator of sclite.

Source: Fiscus, SCTK (NIST), sclite(1) with `-F -D` and its alignment of networks of words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from modellab.metrics.compound_words import Edit
from modellab.metrics.edit_distance import Alignment
from modellab.types.word_graph import Arc, WordGraph

Table = npt.NDArray[np.int64]
FAR = 1 << 60  # more than any way costs


class Weights(NamedTuple):
    """What a step costs, in whole numbers. `word` is added for each word of the reference: long ones below 0."""

    substitution: int
    gap: int  # an insertion or a deletion
    optional: int  # an optional word that is missing
    null: int  # an alternative that is nothing
    word: int = 0


MANY = 1 << 24  # more words than a path has
FEWEST_ERRORS = Weights(MANY, MANY, 0, 0, -1)
SCLITE = Weights(4000, 3000, 2000, 1)
WEIGHTS = {"errors": FEWEST_ERRORS, "sclite": SCLITE}


class Step(NamedTuple):
    """One step of a path, backwards: "" right, "S", "D", "I", "O" an optional word that is missing, "N" nothing."""

    what: str
    ours: Arc | None
    theirs: Arc | None


def align(reference: WordGraph, hypothesis: WordGraph, weights: Weights = FEWEST_ERRORS) -> Alignment:
    """The cheapest alignment of any path of the reference with any path of the hypothesis."""
    table = _table(reference, hypothesis, weights)
    words: list[str] = []
    said: list[str] = []
    edits: list[Edit] = []
    for what, ours, theirs in reversed(list(_traced(table, reference, hypothesis, weights))):
        if what in ("S", "D", "I"):
            edits.append((what, len(words), len(said)))
        if ours and ours.word:
            words.append(ours.word)
        if what in ("", "O") and ours and ours.word:
            said.append(ours.word)
        elif what in ("S", "I") and theirs:
            said.append(theirs.word)
    return Alignment(tuple(words), tuple(said), tuple(edits))


def matches(ours: Arc, theirs: Arc) -> bool:
    """Whether two words are the same, or one is what was said of the other.

    >>> matches(Arc(0, 1, "th", broken="end"), Arc(0, 1, "think")), matches(Arc(0, 1, "th"), Arc(0, 1, "think"))
    (True, False)
    """
    if ours.word == theirs.word:
        return True
    for part, whole in ((ours, theirs), (theirs, ours)):
        if part.broken:
            return whole.word.startswith(part.word) if part.broken == "end" else whole.word.endswith(part.word)
    return False


# ---------------------------------------------------------------------------- the table


def _table(reference: WordGraph, hypothesis: WordGraph, weights: Weights) -> Table:
    """The cost of the best way to each pair of nodes, shape (nodes of the reference, nodes of the hypothesis)."""
    columns = _Columns(hypothesis, weights)
    table = np.full((reference.nodes, hypothesis.nodes), FAR, dtype=np.int64)
    table[0, 0] = 0
    columns.spread(table[0])
    by_end: dict[int, list[Arc]] = {}
    for arc in reference.arcs:
        by_end.setdefault(arc.end, []).append(arc)
    for node in range(1, reference.nodes):
        row = table[node]
        for arc in by_end[node]:
            before = table[arc.start]
            np.minimum(row, before + _missing(arc, weights), out=row)
            if arc.word:
                columns.substitute(row, before, arc)
        columns.spread(row)
    return table


def _missing(arc: Arc, weights: Weights) -> int:
    """What it costs that the hypothesis has nothing for an arc of the reference."""
    if not arc.word:
        return weights.null * arc.null
    return (weights.optional if arc.optional else weights.gap) + weights.word


class _Columns:
    """The hypothesis' arcs as arrays, and the steps along them."""

    def __init__(self, hypothesis: WordGraph, weights: Weights) -> None:
        self.weights, self.arcs, self.is_line = weights, hypothesis.arcs, hypothesis.is_line
        self.spoken = [arc for arc in hypothesis.arcs if arc.word]
        self.starts = np.array([arc.start for arc in self.spoken], dtype=np.intp)
        self.ends = np.array([arc.end for arc in self.spoken], dtype=np.intp)
        self.steps = np.arange(hypothesis.nodes, dtype=np.int64) * weights.gap
        self.same: dict[tuple[str, str], npt.NDArray[np.int64]] = {}

    def substitute(self, row: Table, before: Table, ours: Arc) -> None:
        """Lower a row by the steps that take a word of both sides."""
        key = ours.word, ours.broken
        if key not in self.same:
            right = np.fromiter((matches(ours, arc) for arc in self.spoken), dtype=bool, count=len(self.spoken))
            self.same[key] = np.where(right, 0, self.weights.substitution) + self.weights.word
        np.minimum.at(row, self.ends, before[self.starts] + self.same[key])

    def spread(self, row: Table) -> None:
        """Lower a row by the steps that take a word of the hypothesis alone."""
        if self.is_line:
            row -= self.steps
            np.minimum.accumulate(row, out=row)
            row += self.steps
            return
        for arc in self.arcs:
            row[arc.end] = min(int(row[arc.end]), int(row[arc.start]) + _inserted(arc, self.weights))


def _inserted(arc: Arc, weights: Weights) -> int:
    """What it costs that the reference has nothing for an arc of the hypothesis."""
    return weights.gap if arc.word else weights.null * arc.null


# ---------------------------------------------------------------------------- the way back


def _traced(table: Table, reference: WordGraph, hypothesis: WordGraph, weights: Weights) -> Iterator[Step]:
    """The steps of the best way, from its end to its start: words of both sides first, then insertions, deletions."""
    ours, theirs = _by_end(reference), _by_end(hypothesis)
    i, j = reference.nodes - 1, hypothesis.nodes - 1
    while i or j:
        cost = int(table[i, j])
        for before, step in _ways(ours.get(i, ()), theirs.get(j, ()), weights):
            a, b = (step.ours.start if step.ours else i), (step.theirs.start if step.theirs else j)
            if int(table[a, b]) + before == cost:
                yield step
                i, j = a, b
                break
        else:
            raise AssertionError(f"nothing leads to {i}, {j}: the table is wrong")


def _ways(ours: tuple[Arc, ...], theirs: tuple[Arc, ...], weights: Weights) -> Iterator[tuple[int, Step]]:
    """Every step that may lead to a pair of nodes, with what it costs."""
    for arc in (each for each in ours if not each.word):
        yield _missing(arc, weights), Step("N", arc, None)
    for arc in (each for each in theirs if not each.word):
        yield _inserted(arc, weights), Step("N", None, arc)
    for arc in (each for each in ours if each.word):
        for other in (each for each in theirs if each.word):
            right = matches(arc, other)
            yield weights.word + (0 if right else weights.substitution), Step("" if right else "S", arc, other)
    for other in (each for each in theirs if each.word):
        yield weights.gap, Step("I", None, other)
    for arc in (each for each in ours if each.word):
        yield _missing(arc, weights), Step("O" if arc.optional else "D", arc, None)


def _by_end(graph: WordGraph) -> dict[int, tuple[Arc, ...]]:
    """The arcs that lead to each node, in their order."""
    found: dict[int, list[Arc]] = {}
    for arc in graph.arcs:
        found.setdefault(arc.end, []).append(arc)
    return {node: tuple(arcs) for node, arcs in found.items()}
