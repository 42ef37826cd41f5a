"""The utterances of a measurement while it is at work: on disk when they are many.

An `Utterances` is a sequence of `Utterance`, each made anew when it is asked for. So the controlling process's memory
stays what it is, however long the dataset. What needs a number of all utterances asks for the column (`counts_of`,
`clocks`) and never holds them all; a tuple of utterances will do as well.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from modellab.types import Counts, Floats, Utterance
from modellab.types.spooled import TOGETHER, Lazy, Limits, Spool, Store

WALL, CPU, GPU, AUDIO, RAISED = range(5)  # columns: three clocks and the length of the audio, in s; 1.0 if it raised
FIRST = 5  # of the columns of counts
MANY = 5_000  # utterances above which baselines keep their rows outside, and pages and MLflow get the worst alone
WORST_OF_MANY = 1_000

NOWHERE = (0, 0)  # the columns of a metric that nobody has
NOTHING: Floats = np.empty(0)  # the sum of no columns
NOTHING.flags.writeable = False


@dataclass(frozen=True, slots=True)
class Large:
    """From how many utterances on a result is a large one, and how many of the worst are shown of it."""

    more_than: int = MANY
    worst: int = WORST_OF_MANY


LARGE = Large()

Layout = tuple[tuple[str, int], ...]  # metric and length of its counts


class Rest(NamedTuple):
    """What of an utterance is no number."""

    id: str
    cluster: str
    output: Any
    error: str
    odd: Mapping[str, Counts] | None  # its counts, where they are laid out otherwise than the first utterance's


class Utterances(Lazy[Utterance]):
    """A sequence of utterances to append to. Counts come back as tuples of floats."""

    __slots__ = ("_few", "_layout", "_numbers", "_places", "_rest", "_uniform", "_width")

    def __init__(self, items: Iterable[Utterance] = (), limits: Limits | None = None) -> None:
        self._numbers = Store(limits)  # FIRST floats and the counts of each
        self._rest: Spool[Rest] = Spool(limits=limits)
        self._layout: Layout = ()
        self._places: dict[str, tuple[int, int]] = {}  # metric -> its first column and that behind its last
        self._width, self._uniform = FIRST, True
        self._few: Floats | None = None  # the numbers of all, as a table, while they are few enough to be kept
        for item in items:
            self.append(item)

    def append(self, item: Utterance) -> None:
        """Put an utterance at the end."""
        layout = tuple((name, len(numbers)) for name, numbers in item.counts.items())
        if not len(self._rest):
            self._lay_out(layout)
        usual = layout == self._layout
        self._uniform = self._uniform and usual
        self._rest.append(Rest(item.id, item.cluster, item.output, item.error, None if usual else item.counts))
        counts = chain.from_iterable(item.counts.values()) if usual else [math.nan] * (self._width - FIRST)
        clocks = (item.wall_s, item.cpu_s, item.gpu_s, item.duration_s)
        self._numbers.append(array("d", [*clocks, float(bool(item.error)), *counts]).tobytes())
        self._few = None

    def _lay_out(self, layout: Layout) -> None:
        """What the table's columns are."""
        self._layout, self._width, self._places = layout, FIRST, {}
        for name, length in layout:
            self._places[name] = self._width, self._width + length
            self._width += length

    def column(self, name: str) -> Floats | None:
        """The metric's counts, shape (n, k), (0, 0) where nobody has any; None where not all have so many of it."""
        if not self._uniform:
            return None
        start, end = self._places.get(name, NOWHERE)
        return self._columns(start, end) if end else np.empty((0, 0))

    def total(self, name: str) -> Floats | None:
        """The sum of that column, shape (k,), as `sum(axis=0)` adds it up, and never all of a long one at once."""
        start, end = self._places.get(name, NOWHERE)
        if self._uniform and not end:
            return NOTHING
        if not self._uniform or len(self) <= TOGETHER or end - start < 2:  # one column is added up pair by pair
            column = self.column(name)
            return None if column is None else np.asarray(column.sum(axis=0))
        total = np.zeros(end - start)
        for first in range(0, len(self), TOGETHER):
            some = self._table(first, min(TOGETHER, len(self) - first))[:, start:end]
            total = np.vstack([total, some]).sum(axis=0)
        return total

    def clocks(self) -> Floats:
        """What `clocks` below gives."""
        return self._columns(0, FIRST)

    def timed(self) -> Floats:
        """What `timed` below gives: of a long dataset whose sample alone was timed never all at once."""
        return np.concatenate([np.empty((0, FIRST)), *(_timed(some) for some in self._tables())])

    def audio_s(self) -> Iterator[float]:
        """What `audio_s` below gives, read part by part."""
        for some in self._tables():
            yield from some[:, AUDIO].tolist()

    def _tables(self) -> Iterator[Floats]:
        """The clocks of all, so many at a time."""
        for first in range(0, len(self), TOGETHER):
            yield self._table(first, min(TOGETHER, len(self) - first))[:, :FIRST]

    def raised(self) -> npt.NDArray[np.bool_]:
        """What `raised` below gives."""
        return np.asarray(self._columns(RAISED, RAISED + 1)[:, 0] != 0, dtype=bool)

    def rest(self) -> Iterator[Rest]:
        """What is no number, one utterance after the other."""
        return iter(self._rest)

    def _columns(self, start: int, end: int) -> Floats:
        if len(self) <= TOGETHER:
            if self._few is None:
                self._few = self._table(0, len(self))
            return self._few[:, start:end].copy()
        columns = np.empty((len(self), end - start))
        for first in range(0, len(self), TOGETHER):
            some = columns[first : first + TOGETHER]
            some[:] = self._table(first, len(some))[:, start:end]
        return columns

    def _table(self, first: int, count: int) -> Floats:
        """The numbers of so many utterances, a row each."""
        return np.frombuffer(self._row(first, count)).reshape(-1, self._width)

    def _row(self, first: int, count: int = 1) -> memoryview:
        """The numbers of so many utterances."""
        size = 8 * self._width
        return self._numbers.read(first * size, (first + count) * size)

    def _made(self, i: int, rest: Rest) -> Utterance:
        row = np.frombuffer(self._row(i)).tolist()
        counts, start = dict(rest.odd or {}), FIRST
        for name, length in self._layout if rest.odd is None else ():
            counts[name] = tuple(row[start : start + length])
            start += length
        wall_s, cpu_s, gpu_s, duration_s = row[:RAISED]
        gpu_s = math.nan if math.isnan(gpu_s) else gpu_s  # the one that others have: no two are equal
        return Utterance(rest.id, counts, rest.output, wall_s, cpu_s, duration_s, rest.error, rest.cluster, gpu_s)

    def __len__(self) -> int:
        return len(self._rest)

    def item(self, i: int) -> Utterance:
        """Utterance i."""
        return self._made(i, self._rest[i])

    def __iter__(self) -> Iterator[Utterance]:
        return (self._made(i, rest) for i, rest in enumerate(self._rest))

    def __repr__(self) -> str:
        return f"Utterances({len(self)})"


def counts_of(utterances: Sequence[Utterance], name: str, *, some: bool = False) -> Floats:
    """A metric's counts of all utterances, shape (n, k). KeyError where one has none; with `some` it is left out."""
    column = utterances.column(name) if isinstance(utterances, Utterances) else None
    if column is not None and (some or len(column) == len(utterances)):
        return column
    rows = [utterance.counts[name] for utterance in utterances if not some or name in utterance.counts]
    return np.array(rows, dtype=float) if rows else np.empty((0, 0))


def total_of(utterances: Sequence[Utterance], name: str, *, some: bool = False) -> tuple[Floats, int]:
    """The sum of a metric's counts, shape (k,), and of how many utterances; as `counts_of`, and not all at once."""
    total = utterances.total(name) if isinstance(utterances, Utterances) else None
    if total is not None and (some or len(total)):
        return total, len(utterances) if len(total) else 0
    rows = counts_of(utterances, name, some=some)
    return rows.sum(axis=0), len(rows)


def counts_or_zeros(utterances: Sequence[Utterance], name: str) -> Floats:
    """A metric's counts of all utterances, shape (n, k), zeros where one has none; (0, 0) where nobody has any."""
    column = utterances.column(name) if isinstance(utterances, Utterances) else None
    if column is not None:
        return column
    rows = [utterance.counts.get(name, ()) for utterance in utterances]
    width = max(map(len, rows), default=0)
    return np.array([row or (0.0,) * width for row in rows], dtype=float) if width else np.empty((0, 0))


def clocks(utterances: Sequence[Utterance]) -> Floats:
    """The columns WALL to RAISED, shape (n, 5); NaN for a clock that does not exist."""
    if isinstance(utterances, Utterances):
        return utterances.clocks()
    rows = [(u.wall_s, u.cpu_s, u.gpu_s, u.duration_s, float(bool(u.error))) for u in utterances]
    return np.array(rows, dtype=float).reshape(-1, FIRST)


def timed(utterances: Sequence[Utterance]) -> Floats:
    """The same columns of those alone that have a wall time and did not raise, shape (n, 5)."""
    if isinstance(utterances, Utterances):
        return utterances.timed()
    return _timed(clocks(utterances))


def _timed(table: Floats) -> Floats:
    measured: Floats = table[(table[:, RAISED] == 0) & np.isfinite(table[:, WALL])]
    return measured


def audio_s(utterances: Sequence[Utterance]) -> Iterator[float]:
    """How long the audio of each was, in s."""
    if isinstance(utterances, Utterances):
        return utterances.audio_s()
    return (utterance.duration_s for utterance in utterances)


def raised(utterances: Sequence[Utterance]) -> npt.NDArray[np.bool_]:
    """Which ones raised, shape (n,)."""
    if isinstance(utterances, Utterances):
        return utterances.raised()
    return np.array([bool(utterance.error) for utterance in utterances], dtype=bool)


def ids(utterances: Sequence[Utterance]) -> list[str]:
    """The ids, in order."""
    return [utterance.id for utterance in (utterances.rest() if isinstance(utterances, Utterances) else utterances)]


def clusters(utterances: Sequence[Utterance]) -> list[str]:
    """Whom each utterance is judged together with, in order; '' stands alone."""
    return [
        utterance.cluster for utterance in (utterances.rest() if isinstance(utterances, Utterances) else utterances)
    ]
