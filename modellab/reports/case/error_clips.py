"""Where in a recording its errors are, so that of one too long for a page what lies around them can be heard."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from modellab.audio import stretch
from modellab.metrics.edit_distance import align
from modellab.tasks import Worded

AROUND_S = 4.0  # on each side of a word: its time is guessed from its place in its segment
LONGEST_S = 20.0  # of one clip
MOST = 5  # clips of one recording

Span = tuple[float, float]  # start and end, seconds


def spans(task: Worded, case: Any, output: Any, duration_s: float, around_s: float = AROUND_S) -> list[Span]:
    """Stretches around each error, those that touch joined up to LONGEST_S; [] where the output has no times.

    A word's time is that of its place among the words of its segment. Raises what a task may raise on a stored output.
    """
    segments = [segment for segment in output["segments"] if None not in (segment[1], segment[2])]
    spoken, heard, normaliser = task.words(case, output)
    ends = list(itertools.accumulate(len(normaliser(text).split()) for text, _, _ in segments))
    if not ends or not ends[-1]:
        return []
    steps = align(normaliser(spoken), normaliser(heard)).steps
    moments = sorted(_moment(place, segments, ends) for place in _wrong(steps, ends[-1]))
    stretches: list[Span] = []
    for moment in moments:
        start_s, end_s = max(0.0, moment - around_s), min(duration_s, moment + around_s)
        if stretches and start_s <= stretches[-1][1] and end_s - stretches[-1][0] <= LONGEST_S:
            stretches[-1] = stretches[-1][0], end_s
        elif (begin_s := max(start_s, stretches[-1][1] if stretches else 0.0)) < end_s:
            stretches.append((begin_s, end_s))
    return stretches


def _wrong(steps: Sequence[tuple[str, str, str]], words: int) -> Iterator[float]:
    """The places of errors among the words of all segments, which may be counted in another way than those compared."""
    heard = max(1, sum(bool(hypothesis) and what != "D" for what, _, hypothesis in steps))
    place = 0
    for what, _, _ in steps:
        if what:
            middle = place if what == "D" else place + 0.5  # a missing word lies between two that were heard
            yield min(words - 0.5, middle * words / heard)
        place += what != "D"


def _moment(place: float, segments: Sequence[Any], ends: Sequence[int]) -> float:
    """The time of a place, in seconds."""
    at = min(bisect.bisect_right(ends, place), len(ends) - 1)
    first = ends[at - 1] if at else 0
    _, start_s, end_s = segments[at]
    share = (place - first) / max(1, ends[at] - first)
    return float(start_s + share * (end_s - start_s))


def cut(path: Path, span: Span) -> Path:
    """The path of a stretch of a recording, which may be a stretch itself."""
    whole = stretch.parsed(path)
    start_s, end_s = (round(whole.start_s + moment, 3) for moment in span)
    return stretch.named(stretch.Stretch(whole.file, start_s, end_s, whole.channel))
