"""Tokens that were heard in frames, as words with times."""

from __future__ import annotations

import inspect
import itertools
import math
import statistics
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from modellab.models.token_probabilities import grouped
from modellab.types import Word


class Token(NamedTuple):
    """A token's number, the frames it was heard in (the last one not included), and its probability."""

    number: int
    start: int
    end: int
    probability: float = math.nan


def collapsed(path: Sequence[int], blank: int, chances: Sequence[float] = ()) -> Iterator[Token]:
    """CTC: the most probable token of each frame -> tokens; equal neighbours are one, the blank is none.

    With the probabilities of the frames a token has the mean of its own.

    >>> [tuple(token)[:3] for token in collapsed([0, 5, 5, 0, 5, 7], blank=0)]
    [(5, 1, 3), (5, 4, 5), (7, 5, 6)]
    >>> [token.probability for token in collapsed([0, 5, 5, 7], 0, [0.9, 0.5, 1.0, 0.25])]
    [0.75, 0.25]
    """
    at = 0
    for number, frames in itertools.groupby(path):
        end = at + len(list(frames))
        if number != blank:
            yield Token(number, at, end, statistics.fmean(chances[at:end]) if chances else math.nan)
        at = end


def advanced(
    numbers: Sequence[int],
    steps: Sequence[int],
    silent: Collection[int],
    n_frames: int,
    chances: Sequence[float] = (),
) -> Iterator[Token]:
    """Transducer: each emission and how many frames it moved on -> tokens that last so long; the `silent` are none.

    What was emitted after the last of the sound's `n_frames` is left out. `chances` are the emissions' probabilities.

    >>> [tuple(token)[:3] for token in advanced([9, 5, 9, 7, 8], [2, 0, 1, 3, 1], silent={9}, n_frames=6)]
    [(5, 2, 3), (7, 3, 6)]
    """
    at = 0
    # a step may be missing where a limit cut it off
    for number, step, chance in zip(numbers, steps, chances or itertools.repeat(math.nan), strict=False):
        if at >= n_frames:
            return
        if number not in silent:
            yield Token(number, at, at + max(1, step), chance)
        at += step


def words(tokens: Iterable[Token], tokenizer: Any, frame_s: float, start_s: float, end_s: float) -> list[Word]:
    """Tokens joined to words, whose times are cut to [start_s, end_s] in the recording."""
    every = list(tokens)
    groups = [[every[at] for at in group] for group in grouped([token.number for token in every], tokenizer)]
    timed = []
    for group in groups:
        text = str(tokenizer.decode([token.number for token in group], **ungrouped(tokenizer))).strip()
        times = (min(end_s, start_s + at * frame_s) for at in (group[0].start, group[-1].end))
        timed += [Word(text, *times)] if text else []
    return timed


def ungrouped(tokenizer: Any) -> dict[str, bool]:
    """The option that keeps a tokenizer for CTC from joining equal neighbours, which were joined already."""
    return {"group_tokens": False} if "group_tokens" in inspect.signature(tokenizer._decode).parameters else {}
