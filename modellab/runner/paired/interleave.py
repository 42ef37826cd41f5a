"""Candidate and base timed in turn, pair by pair: what slows the machine meanwhile slows both sides of a pair.

A pair is one utterance through both models, right after each other, in random order; half of the pairs have the
candidate first. A call too short for the clocks becomes several: as many utterances as one side needs for SIDE_S, the
same ones on both sides, count as one timed call. Nothing is judged here (`modellab/gate/paired_speed.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from modellab.datasets import Dataset
from modellab.errors import ModelError
from modellab.runner import evaluate
from modellab.types import Floats, Row
from modellab.types.rows import seconds, sendable

SIDE_S = 0.03  # a side shorter than this is made of several utterances
MOST_UTTERANCES = 64  # of one side
MOST_LOST = 8  # pairs, to calls that raised
GOLDEN = (math.sqrt(5) - 1) / 2


Place = Callable[[int], None]


def anywhere(number: int) -> None:
    """Leave both processes where the system puts them."""


class Loaded(Protocol):
    """A loaded model that can be asked; `evaluate.Loaded` is one."""

    def ask(self, verb: str, order: Mapping[str, Any], audio_s: float = 0.0) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Pairs:
    """The times of both sides, a row for each pair, in the columns of FIELDS; NaN where a clock does not exist."""

    candidate: Floats  # s, shape (n, 3)
    base: Floats  # s, shape (n, 3)
    audio_s: Floats  # of one side, shape (n,)
    said: tuple[tuple[list[Any], list[Any]], ...]  # of each pair, the outputs of candidate and base
    calls: int  # timed calls on both sides, those of lost pairs included, those of the warm-up not
    per_side: int  # utterances of one timed call
    walk: Walk  # goes on where these pairs ended

    @property
    def wall(self) -> Floats:
        """log(candidate / base) of the wall clock, shape (n,)."""
        return self._log_ratios(0)

    @property
    def cpu(self) -> Floats:
        """The same of the processes' CPU time."""
        return self._log_ratios(1)

    @property
    def gpu(self) -> Floats:
        """The same of CUDA's events; NaN without them."""
        return self._log_ratios(2)

    def rtf(self, column: int) -> tuple[float, float]:
        """Seconds of computing over seconds of audio, of the candidate and of the base."""
        audio_s = self.audio_s.sum()
        return float(self.candidate[:, column].sum() / audio_s), float(self.base[:, column].sum() / audio_s)

    def _log_ratios(self, column: int) -> Floats:
        both = np.stack([self.candidate[:, column], self.base[:, column]])
        both[both <= 0] = np.nan
        ratios: Floats = np.log(both[0]) - np.log(both[1])
        return ratios


class Walk:
    """The utterances of a dataset, spread over it however early one stops; after the last one from the start.

    >>> walk = Walk([{"id": i} for i in range(5)])
    >>> [walk.next()["id"] for _ in range(7)]
    [0, 3, 1, 4, 2, 0, 3]
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        n = len(rows)
        steps = sorted(range(1, n + 1), key=lambda step: abs(step - GOLDEN * n))
        self.step = next(step for step in steps if math.gcd(step, n) == 1)  # every row comes before any comes again
        self.rows, self.at = rows, 0

    def next(self) -> Row:
        """The row that is due."""
        row = self.rows[self.at % len(self.rows)]
        self.at += self.step
        return row


def run_pairs(
    candidate: Loaded,
    base: Loaded,
    data: Dataset,
    n: int,
    generator: np.random.Generator,
    before: Pairs | None = None,
    place: Place = anywhere,
) -> Pairs:
    """Time n pairs. Both models have been asked to `start`; `place` is called with the number of each pair before it.

    A warm-up pair comes first and is not counted. With `before`, the utterances after those of earlier pairs are taken,
    and as many to a side. A pair in which either side raised is left out and the next utterances are taken; ModelError
    when more than MOST_LOST are lost.
    """
    walk = before.walk if before else Walk(data.rows)
    needed = _warm_up(candidate, base, walk)
    per_side = before.per_side if before else needed
    candidate_first = generator.permutation(np.arange(n) % 2 == 0)
    times: list[tuple[Floats, Floats]] = []
    audio_s: list[float] = []
    outputs: list[tuple[list[Any], list[Any]]] = []
    lost = 0
    while len(times) < n:
        rows = [walk.next() for _ in range(per_side)]
        place(len(times) + lost)
        sides = (candidate, base) if candidate_first[len(times)] else (base, candidate)
        try:
            pair = [_side(loaded, rows) for loaded in sides]
        except ModelError as error:
            lost += 1
            if lost > MOST_LOST:
                raise ModelError(
                    f"{lost} of {lost + len(times)} pairs were lost to calls that raised: {error}"
                ) from error
            continue
        (mine, my_words), (other, other_words) = pair if sides[0] is candidate else reversed(pair)
        times.append((mine, other))
        outputs.append((my_words, other_words))
        audio_s.append(sum(seconds(row) for row in rows) or math.nan)
    both = np.array(times)
    return Pairs(both[:, 0], both[:, 1], np.array(audio_s), tuple(outputs), 2 * (n + lost), per_side, walk)


def joined(parts: Sequence[Pairs]) -> Pairs:
    """Several runs' pairs as one, in their order."""
    return replace(
        parts[-1],
        candidate=np.concatenate([part.candidate for part in parts]),
        base=np.concatenate([part.base for part in parts]),
        audio_s=np.concatenate([part.audio_s for part in parts]),
        said=tuple(pair for part in parts for pair in part.said),
        calls=sum(part.calls for part in parts),
    )


def _warm_up(candidate: Loaded, base: Loaded, walk: Walk) -> int:
    """One pair that is not counted; how many utterances a side needs, going by the quicker of the two."""
    row, quicker = walk.next(), math.inf
    for loaded in (candidate, base):
        try:
            quicker = min(quicker, float(_side(loaded, [row])[0][0]))
        except ModelError:
            continue
    return min(MOST_UTTERANCES, max(1, math.ceil(SIDE_S / quicker))) if quicker > 0 else MOST_UTTERANCES


def _side(loaded: Loaded, rows: Sequence[Row]) -> tuple[Floats, list[Any]]:
    """The seconds of the calls on `rows` by each clock, summed, and what the model said."""
    replies = [loaded.ask("utterance", {"row": sendable(row)}, seconds(row)) for row in rows]
    clocks = np.array([evaluate.times(reply) for reply in replies], dtype=float)
    return clocks.sum(axis=0), [reply["output"] for reply in replies]
