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
BLOCK_NUMBERS = 1 << 22  # of the table that are held at once: 32 MiB


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


def align(
    reference: WordGraph,
    hypothesis: WordGraph,
    weights: Weights = FEWEST_ERRORS,
    *,
    block_numbers: int = BLOCK_NUMBERS,
) -> Alignment:
    """The cheapest alignment of any path of the reference with any path of the hypothesis.

    So many numbers of the table, 8 bytes each, are held at once.
    """
    words: list[str] = []
    hypothesis_words: list[str] = []
    edits: list[Edit] = []
    for what, ours, theirs in reversed(list(_traced(reference, hypothesis, weights, block_numbers))):
        if what in ("S", "D", "I"):
            edits.append((what, len(words), len(hypothesis_words)))
        if ours and ours.word:
            words.append(ours.word)
        if what in ("", "O") and ours and ours.word:
            hypothesis_words.append(ours.word)
        elif what in ("S", "I") and theirs:
            hypothesis_words.append(theirs.word)
    return Alignment(tuple(words), tuple(hypothesis_words), tuple(edits))


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


class _Blocks:
    """The cost of the best way to each pair of nodes, a row for each node of the reference, some of them at a time.

    Blocks begin at nodes that every path goes through. Of each the last row is kept, and the others are made anew on
    the way back, so that an hour of speech takes some megabytes.
    """

    def __init__(self, reference: WordGraph, hypothesis: WordGraph, weights: Weights, block_numbers: int) -> None:
        self.weights, self.columns = weights, _Columns(hypothesis, weights)
        self.by_end = _by_end(reference)
        first = np.full(hypothesis.nodes, FAR, dtype=np.int64)
        first[0] = 0
        self.columns.spread(first)
        self.starts = _starts(reference, max(1, block_numbers // hypothesis.nodes))
        self.heads = [first]
        for number in range(len(self.starts) - 1):
            self.heads.append(self.rows(number)[-1].copy())

    def rows(self, number: int) -> Table:
        """The rows from where a block begins to where the next one does."""
        start, end = self.starts[number : number + 2]
        table = np.full((end - start + 1, len(self.heads[number])), FAR, dtype=np.int64)
        table[0] = self.heads[number]
        for node in range(start + 1, end + 1):
            row = table[node - start]
            for arc in self.by_end[node]:
                before = table[arc.start - start]
                np.minimum(row, before + _missing(arc, self.weights), out=row)
                if arc.word:
                    self.columns.substitute(row, before, arc)
            self.columns.spread(row)
        return table


def _starts(reference: WordGraph, size: int) -> list[int]:
    """The nodes at which blocks of at least `size` nodes begin and the last one ends: no arc leads past any of them."""
    furthest, starts = 0, [0]
    over = [0] * reference.nodes  # for each node the furthest end of an arc that starts there
    for arc in reference.arcs:
        over[arc.start] = max(over[arc.start], arc.end)
    for node in range(1, reference.nodes):
        furthest = max(furthest, over[node - 1])
        if furthest == node and (node - starts[-1] >= size or node == reference.nodes - 1):
            starts.append(node)
    return starts


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
        self.broken = [place for place, arc in enumerate(self.spoken) if arc.broken]
        self.places: dict[str, list[int]] = {}
        for place, arc in enumerate(self.spoken):
            self.places.setdefault(arc.word, []).append(place)

    def substitute(self, row: Table, before: Table, ours: Arc) -> None:
        """Lower a row by the steps that take a word of both sides."""
        some = range(len(self.spoken)) if ours.broken else (*self.places.get(ours.word, ()), *self.broken)
        right = [place for place in some if matches(ours, self.spoken[place])]
        costs = before[self.starts] + (self.weights.substitution + self.weights.word)
        costs[right] -= self.weights.substitution
        if self.is_line:
            np.minimum(row[1:], costs, out=row[1:])
        else:
            np.minimum.at(row, self.ends, costs)

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


def _traced(reference: WordGraph, hypothesis: WordGraph, weights: Weights, block_numbers: int) -> Iterator[Step]:
    """The steps of the best way, from its end to its start: words of both sides first, then insertions, deletions."""
    blocks = _Blocks(reference, hypothesis, weights, block_numbers)
    theirs = _by_end(hypothesis)
    i, j = reference.nodes - 1, hypothesis.nodes - 1
    for number in reversed(range(max(1, len(blocks.starts) - 1))):
        first = blocks.starts[number]
        table = blocks.rows(number) if len(blocks.starts) > 1 else np.array(blocks.heads)
        while i > first or (j and not number):
            cost = int(table[i - first, j])
            for before, step in _ways(blocks.by_end.get(i, ()), theirs.get(j, ()), weights):
                a, b = (step.ours.start if step.ours else i), (step.theirs.start if step.theirs else j)
                if int(table[a - first, b]) + before == cost:
                    yield step
                    i, j = a, b
                    break
            else:
                raise AssertionError(f"nothing leads to {i}, {j}: the table is wrong")


def _ways(ours: tuple[Arc, ...], theirs: tuple[Arc, ...], weights: Weights) -> Iterator[tuple[int, Step]]:
    """Every step that may lead to a pair of nodes, with what it costs."""
    for arc in (arc for arc in ours if not arc.word):
        yield _missing(arc, weights), Step("N", arc, None)
    for arc in (arc for arc in theirs if not arc.word):
        yield _inserted(arc, weights), Step("N", None, arc)
    for arc in (arc for arc in ours if arc.word):
        for other in (other for other in theirs if other.word):
            right = matches(arc, other)
            yield weights.word + (0 if right else weights.substitution), Step("" if right else "S", arc, other)
    for other in (other for other in theirs if other.word):
        yield weights.gap, Step("I", None, other)
    for arc in (arc for arc in ours if arc.word):
        yield _missing(arc, weights), Step("O" if arc.optional else "D", arc, None)


def _by_end(graph: WordGraph) -> dict[int, tuple[Arc, ...]]:
    """The arcs that lead to each node, in their order."""
    by_end: dict[int, list[Arc]] = {}
    for arc in graph.arcs:
        by_end.setdefault(arc.end, []).append(arc)
    return {node: tuple(arcs) for node, arcs in by_end.items()}
