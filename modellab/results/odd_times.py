"""Times of an answer that cannot be those of its clip: no score of texts hangs on them, so only this tells of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from modellab.types import Utterance
from modellab.types.utterances import Rest, Utterances, audio_s

TEXT_FIRST = ("segments",)  # lists of [text, start_s, end_s]
TIMES_FIRST = ("regions", "turns", "utterances")  # lists of [start_s, end_s, ...]
SLACK_S = 0.1  # frames and rounding
WINDOW_S = 30.0  # Whisper computes windows of so much, and some libraries end the last segment where a window does
LATE_S = 1.0  # by which a stretch may begin behind the end
BACK_S = 1.0  # by which a segment may begin before the one in front of it


def told(utterances: Sequence[Utterance], *, names: bool = True) -> Iterator[str]:
    """How many answers have such times, with the first of them; nothing where there are none, no id without `names`."""
    lengths_s = audio_s(utterances)
    rows: Iterable[Rest | Utterance] = utterances.rest() if isinstance(utterances, Utterances) else utterances
    faults = ((row.id, fault(row.output, length_s)) for row, length_s in zip(rows, lengths_s, strict=True))
    odd = [(id, what) for id, what in faults if what]
    if odd:
        id, what = odd[0]
        first = f"{id}: {what}" if names else what
        yield (
            f"the times of {len(odd)} of {len(utterances)} answers cannot be those of their clips ({first}): does the"
            " adapter return another unit than seconds, or times of a part of the clip?"
        )


def fault(output: Any, duration_s: float) -> str:
    """What is wrong with the times of one answer to a clip of so many seconds; '' where nothing is.

    >>> fault({"segments": [["a", 0.0, 2.0]]}, 2.0), fault({"turns": [[-1.0, 2.0, "A"]]}, 2.0)
    ('', 'turns[0] begins at -1 s')
    """
    if not isinstance(output, Mapping):
        return ""
    try:
        return _fault(output, duration_s)
    except (TypeError, ValueError):
        return "they are no numbers"


def _fault(output: Mapping[str, Any], duration_s: float) -> str:
    last_s = -math.inf
    for key, place, start_s, end_s in _stretches(output):
        here = f"{key}[{place}]"
        if start_s < -SLACK_S:
            return f"{here} begins at {start_s:g} s"
        if end_s < start_s - SLACK_S:
            return f"{here} begins at {start_s:g} s and ends at {end_s:g} s"
        if start_s > duration_s + LATE_S or end_s > duration_s + WINDOW_S:
            ends = "" if math.isnan(end_s) else f" and ends at {end_s:g} s"
            return f"{here} begins at {start_s:g} s{ends}, in a clip of {duration_s:.3g} s"
        if key in TEXT_FIRST and start_s < last_s - BACK_S:
            return f"{here} begins at {start_s:g} s, the one before it at {last_s:g} s"
        last_s = last_s if math.isnan(start_s) else start_s
    return ""


def _stretches(output: Mapping[str, Any]) -> Iterator[tuple[str, int, float, float]]:
    """The list, the place in it, start and end in s, NaN where unknown."""
    for key in (*TEXT_FIRST, *TIMES_FIRST):
        for place, row in enumerate(output.get(key) or ()):
            times = row[1:3] if key in TEXT_FIRST else row[:2]
            start_s, end_s = (math.nan if at_s is None else float(at_s) for at_s in times)
            yield key, place, start_s, end_s
