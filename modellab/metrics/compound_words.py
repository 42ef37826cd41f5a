"""Compound and split words: "ice cream" against "icecream" is no error.

Neighbouring words of one side that together are one word of the other (white space apart, nothing else) may be taken
for it at no cost: the rule of kaldialign's `merge_compounds`, with the same number of errors. Its table holds every
pair of positions; here only the band around the diagonal that an alignment no worse than the plain one can reach, so
that an hour of speech takes a fraction of a second. Without any such words the plain alignment is the answer.

The alignment is given as one of the reference with the hypothesis as the reference would write it, so that a compound
counts as the words that the reference has for it, and no letter of it as wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Edit = tuple[str, int, int]  # "S", "D" or "I", and the positions before which it happens in reference and hypothesis
Windows = dict[int, list[tuple[int, str]]]  # end (exclusive) -> (how many words, what they are together)
Table = npt.NDArray[np.signedinteger]
FAR = 30_000  # more errors than there are: outside the table, for texts of up to SHORT words
SHORT = 15_000
BUFFER = 20 << 20  # numbers in a block of rows: 40 MiB, or 80 for texts that are longer


class Merged(NamedTuple):
    """The hypothesis as the reference would write it, and how it still differs."""

    hypothesis: list[str]
    edits: list[Edit]


def windows(words: Sequence[str], others: Sequence[str]) -> Windows:
    """The stretches of two or more words that together are one of the others."""
    wanted = set(others)
    beginnings = {word[:n] for word in wanted for n in range(1, len(word))}
    by_end: Windows = {}
    for start, word in enumerate(words):
        together, end = word, start + 1
        while together in beginnings and end < len(words):
            together += words[end]
            end += 1
            if together in wanted:
                by_end.setdefault(end, []).append((end - start, together))
    return by_end


def merge(reference: Sequence[str], hypothesis: Sequence[str], plain: int) -> Merged | None:
    """The alignment with the fewest errors; None where there is nothing to merge. `plain`: errors without merging."""
    ours, theirs = windows(reference, hypothesis), windows(hypothesis, reference)
    if not plain or not (ours or theirs):
        return None
    band = _Band(reference, hypothesis, ours, theirs, plain)
    return band.traced()


def _most(by_end: Windows, length: int) -> int:
    """By how many words all windows together can shorten a text at most."""
    best = [0] * (length + 1)
    for end in range(1, length + 1):
        best[end] = max([best[end - 1], *(best[end - size] + size - 1 for size, _ in by_end.get(end, ()))])
    return best[length]


class _Band:
    """Errors of every prefix of the reference (rows) with every prefix of the hypothesis near it.

    Row i holds at offset o the errors up to hypothesis word j = i - low + o, minus j: so an insertion costs nothing, a
    deletion one more, a match one less. Rows are made in blocks, and made anew on the way back: memory stays small.
    """

    def __init__(
        self, reference: Sequence[str], hypothesis: Sequence[str], ours: Windows, theirs: Windows, plain: int
    ) -> None:
        self.reference, self.hypothesis, self.ours = reference, hypothesis, ours
        longer = len(hypothesis) - len(reference)
        slack = plain + _most(ours, len(reference)) + _most(theirs, len(hypothesis))
        self.low = max(0, (slack - longer) // 2) + 1
        self.width = self.low + max(0, (slack + longer) // 2) + 2
        self.places: dict[str, list[int]] = {}  # word of the hypothesis -> ends of its places
        for end, word in enumerate(hypothesis, start=1):
            self.places.setdefault(word, []).append(end)
        self.theirs: dict[str, list[tuple[int, int]]] = {}  # word of the reference -> ends and sizes of its windows
        for end, ending in theirs.items():
            for size, together in ending:
                self.theirs.setdefault(together, []).append((end, size))
        ids = {word: i for i, word in enumerate(dict.fromkeys([*reference, *hypothesis]))}
        self.ids = [ids[word] for word in reference]
        self.padded = np.full(self.low + max(len(reference) + self.width, len(hypothesis)), -1, dtype=np.int32)
        self.padded[self.low : self.low + len(hypothesis)] = [ids[word] for word in hypothesis]
        self.head = max([size for ending in ours.values() for size, _ in ending], default=1)  # rows that a row looks at
        self.size = max(256, BUFFER // self.width)
        short = max(len(reference), len(hypothesis)) <= SHORT
        self.far, dtype = (FAR, np.int16) if short else (1 << 29, np.int32)
        self.number: int = -1
        self.rows: Table = np.empty((0, 0), dtype=dtype)
        first = np.full((self.head, self.width), self.far, dtype=dtype)
        first[-1, self.low :] = 0
        self.heads = [first]
        for number in range(-(-len(reference) // self.size)):
            self._open(number)
            self.heads.append(self.rows[-self.head :].copy())

    def _open(self, number: int) -> None:
        """Make the rows of a block, after those that it looks at."""
        if number == self.number:
            return
        begin = number * self.size
        words = self.reference[begin : begin + self.size]
        self.number, self.rows = number, np.empty((self.head + len(words), self.width), dtype=self.rows.dtype)
        self.rows[: self.head] = self.heads[number]
        spare = np.empty(self.width - 1, dtype=self.rows.dtype)
        for i, word in enumerate(words, start=begin + 1):
            at = self._at(i)
            row, before = self.rows[at], self.rows[at - 1]
            np.subtract(before, self.padded[i - 1 : i - 1 + self.width] == self.ids[i - 1], out=row)
            np.minimum(row[:-1], np.add(before[1:], 1, out=spare), out=row[:-1])
            if i <= self.low:
                row[: self.low - i] = self.far
            for end, cost in self._jumps(i, word):
                offset = end - i + self.low
                row[offset] = min(row[offset], cost)
            np.minimum.accumulate(row, out=row)

    def _at(self, i: int) -> int:
        return i - 1 - self.number * self.size + self.head

    def _jumps(self, i: int, word: str) -> Iterator[tuple[int, int]]:
        """Ends in the hypothesis that words merged with row i lead to, and the errors there, minus the end."""
        for size, together in self.ours.get(i, ()):
            for end in self.places[together]:
                if 0 <= end - i + self.low < self.width:
                    yield end, self._errors(i - size, end - 1) - end
        for end, size in self.theirs.get(word, ()):
            if 0 <= end - i + self.low < self.width:
                yield end, self._errors(i - 1, end - size) - end

    def _errors(self, i: int, j: int) -> int:
        offset = j - i + self.low
        inside = i >= 0 and j >= 0 and 0 <= offset < self.width
        return int(self.rows[self._at(i), offset]) + j if inside else self.far

    def traced(self) -> Merged:
        """The way through the table, found from its end."""
        i, j = len(self.reference), len(self.hypothesis)
        steps = []
        while i or j:
            self._open(max(0, i - 1) // self.size)
            steps.append(self._step(i, j))
            i, j = i - steps[-1][1], j - steps[-1][2]
        words: list[str] = []
        edits: list[Edit] = []
        for what, rows, columns in reversed(steps):
            if what in ("S", "D", "I"):
                edits.append((what, i, len(words)))
            words += self.reference[i : i + rows] if what == "M" else self.hypothesis[j : j + columns]
            i, j = i + rows, j + columns
        return Merged(words, edits)

    def _step(self, i: int, j: int) -> tuple[str, int, int]:
        """What leads to (i, j), and by how many words of either side: "" a match, "M" merged words.

        A match or substitution where it is one of the best, else a deletion, an insertion, and merged words last.
        """
        errors = self._errors(i, j)
        same = bool(i and j) and self.reference[i - 1] == self.hypothesis[j - 1]
        if i and j and self._errors(i - 1, j - 1) + (not same) == errors:
            return ("" if same else "S"), 1, 1
        if i and self._errors(i - 1, j) + 1 == errors:
            return "D", 1, 0
        if j and self._errors(i, j - 1) + 1 == errors:
            return "I", 0, 1
        for size, together in self.ours.get(i, ()):
            if j and together == self.hypothesis[j - 1] and self._errors(i - size, j - 1) == errors:
                return "M", size, 1
        for end, size in self.theirs.get(self.reference[i - 1], ()):
            if end == j and self._errors(i - 1, j - size) == errors:
                return "M", 1, size
        raise AssertionError(f"nothing leads to {i}, {j}: the table is wrong")
