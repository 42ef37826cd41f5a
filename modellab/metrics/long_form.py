"""Long recordings: do the times of a transcript drift, and do words get lost where chunks meet.

Conventions
-----------
Times are seconds from the start of the recording. A segment is (text, start_s, end_s); its words are normalised and
aligned with the reference words, whose times are known. Where its first word was heard right its start is held against
that word's start, where its last one was its end against that word's end; other segments say nothing. `errors` is the
mean distance in s, 0 or more, lower is better.

`drift` is the slope of these errors over the time of the recording, in s/s, by least squares within each recording: its
sign is dropped and recordings are weighted by how much time they span. A clock that runs 0.1 % fast has 0.001, a
constant delay 0. It needs three boundaries; in [0, inf), lower is better.

A seam is where the words of one chunk (of a session, or that preprocessing cut) end and those of the next begin.
`seams` are the word errors in the NEAR words of the hypothesis on each side of the seams, out of the reference words
there: about the error rate elsewhere if chunks are joined well, above where words at borders are lost or said twice. In
[0, inf), lower is better.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from modellab.metrics.edit_distance import Alignment, align
from modellab.types import Counts, Ratio, Word

NEAR = 3  # words
FEWEST = 3  # boundaries that have a slope
Segment = tuple[str, float | None, float | None]  # text, start_s, end_s


def boundaries(
    segments: Sequence[Segment],
    words: Sequence[Word],
    normalise: Callable[[str], str],
) -> list[tuple[float, float]]:
    """Time and error, both in s, of each segment's boundary that can be told.

    >>> boundaries([("go home", 0.5, 1.25)], [Word("go", 0.0, 0.5), Word("home", 0.5, 1.0)], str)
    [(0.0, 0.5), (1.0, 0.25)]
    """
    ours = [(part, word) for word in words for part in normalise(word.text).split()]
    parts = [normalise(text).split() for text, _, _ in segments]
    theirs = [word for part in parts for word in part]
    right = _pairs(align(" ".join(word for word, _ in ours), " ".join(theirs)))
    timed_errors, at = [], 0
    for (_, start_s, end_s), part in zip(segments, parts, strict=True):
        first, last = right.get(at), right.get(at + len(part) - 1)
        if part and first is not None and start_s is not None:
            timed_errors.append((ours[first][1].start_s, start_s - ours[first][1].start_s))
        if part and last is not None and end_s is not None:
            timed_errors.append((ours[last][1].end_s, end_s - ours[last][1].end_s))
        at += len(part)
    return timed_errors


def errors(timed_errors: Sequence[tuple[float, float]]) -> Ratio:
    """Mean distance of boundaries, in s."""
    return Ratio(math.fsum(abs(error_s) for _, error_s in timed_errors), len(timed_errors))


def drift(timed_errors: Sequence[tuple[float, float]]) -> Ratio:
    """The slope of the errors over time, in s/s, without its sign.

    >>> top, bottom = drift([(0.0, 0.1), (100.0, 0.2), (200.0, 0.3)])
    >>> round(top / bottom, 9)
    0.001
    """
    if len(timed_errors) < FEWEST:
        return Ratio(0.0, 0.0)
    middle_s, mean_s = (math.fsum(pair[i] for pair in timed_errors) / len(timed_errors) for i in (0, 1))
    both = math.fsum((at_s - middle_s) * (error_s - mean_s) for at_s, error_s in timed_errors)
    return Ratio(abs(both), math.fsum((at_s - middle_s) ** 2 for at_s, _ in timed_errors))


def seams(positions: Sequence[int], alignment: Alignment) -> Ratio:
    """Errors near the seams, which lie before these words of the hypothesis, out of the reference words there.

    >>> seams([4], align("a b c d e f g h", "a b c d d e f g h"))
    Ratio(top=1, bottom=5)
    """
    near = {j for position in positions for j in range(position - NEAR, position + NEAR)}
    wrong = words = j = 0
    for what, _, _ in alignment.steps:
        if j in near:
            wrong, words = wrong + (what != ""), words + (what != "I")
        j += what != "D"
    return Ratio(wrong, words)


def positions(text: str, offsets: Sequence[int], normalise: Callable[[str], str]) -> list[int]:
    """How many normalised words stand before each seam, whose `offsets` are in characters of the text."""
    before, at, words = [], 0, 0
    for offset in offsets:
        words += len(normalise(text[at:offset]).split())
        before.append(words)
        at = offset
    return before


def offsets(texts: Sequence[str], glue: str = " ") -> list[int]:
    """Where each text but the first begins when they are put together.

    >>> offsets(["one two", "three"])
    [8]
    """
    starts, at = [], 0
    for text in texts[:-1]:
        at += len(text) + len(glue)
        starts.append(at)
    return starts


def counts(
    segments: Sequence[Segment],
    words: Sequence[Word],
    normalise: Callable[[str], str],
) -> dict[str, Counts]:
    """`timestamp_error_s` and `timestamp_drift` of one recording."""
    timed_errors = boundaries(segments, words, normalise)
    return {"timestamp_error_s": errors(timed_errors), "timestamp_drift": drift(timed_errors)}


def _pairs(alignment: Alignment) -> dict[int, int]:
    """Which reference word each hypothesis word is, of those that are right."""
    reference_of, i, j = {}, 0, 0
    for what, _, _ in alignment.steps:
        if not what:
            reference_of[j] = i
        i, j = i + (what != "I"), j + (what != "D")
    return reference_of
