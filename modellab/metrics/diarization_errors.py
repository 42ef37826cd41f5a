"""Where the errors of a diarization are, for a picture: the counts of `diarization.compare`, each with its place.

In each instant let M be the reference speakers whom their mapped speaker misses, and E the hypothesis speakers whose
mapped speaker is silent. `compare` counts min(|M|, |E|) confusions, |M| - |E| misses or |E| - |M| false alarms; here
the first speakers by name are the confused ones. So the seconds of each kind add up to those of `compare`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from modellab.metrics.vad import merge
from modellab.types import Turn

Side = Literal["ref", "hyp"]
Kind = Literal["hit", "miss", "false alarm", "confusion", "unscored"]


class ErrorSegment(NamedTuple):
    """Seconds of one speaker of one side. A hypothesis speaker has the mapped one's name, else his own and a `?`."""

    side: Side
    speaker: str
    start_s: float
    end_s: float
    kind: Kind


def error_segments(
    reference: Sequence[Turn],
    hypothesis: Sequence[Turn],
    mapping: Mapping[str, str],
    uem: Iterable[tuple[float, float]],
    *,
    skip_overlap: bool = False,
) -> list[ErrorSegment]:
    """Every turn of both sides cut where its kind changes, by side, speaker and time.

    >>> for piece in error_segments([Turn(0, 2, "a")], [Turn(1, 3, "x")], {"x": "a"}, [(0, 4)]):
    ...     print(*piece)
    ref a 0 1 miss
    ref a 1 2 hit
    hyp a 1 2 hit
    hyp a 2 3 false alarm
    """
    segments: list[ErrorSegment] = []
    active: Counter[tuple[str, str]] = Counter()
    changes = _changes(reference, hypothesis, mapping, uem)
    for start_s, end_s in pairwise(sorted(changes)):
        active.update(changes[start_s])
        ref, hyp = (sorted(who for (of, who), n in active.items() if of == side and n > 0) for side in ("ref", "hyp"))
        scored = active["uem", ""] > 0 and not (skip_overlap and len(ref) > 1)
        segments += [ErrorSegment(side, who, start_s, end_s, kind) for side, who, kind in _kinds(ref, hyp, scored)]
    return _joined(segments)


def _changes(
    reference: Sequence[Turn],
    hypothesis: Sequence[Turn],
    mapping: Mapping[str, str],
    uem: Iterable[tuple[float, float]],
) -> dict[float, Counter[tuple[str, str]]]:
    """Who starts (+1) and who stops (-1) at each moment; ("uem", "") is what is scored."""
    spans = [("ref", turn.speaker, turn.start_s, turn.end_s) for turn in reference]
    spans += [("hyp", mapping.get(t.speaker, f"{t.speaker}?"), t.start_s, t.end_s) for t in hypothesis]
    spans += [("uem", "", start_s, end_s) for start_s, end_s in merge(uem)]
    changes: dict[float, Counter[tuple[str, str]]] = {}
    for side, who, start_s, end_s in spans:
        for at_s, change in ((start_s, 1), (end_s, -1)):
            changes.setdefault(at_s, Counter())[side, who] += change
    return changes


def _kinds(ref: Sequence[str], hyp: Sequence[str], scored: bool) -> list[tuple[Side, str, Kind]]:
    if not scored:
        return [*(("ref", who, "unscored") for who in ref), *(("hyp", who, "unscored") for who in hyp)]
    missed, extra = [who for who in ref if who not in hyp], [who for who in hyp if who not in ref]
    confused = min(len(missed), len(extra))
    kinds: list[tuple[Side, str, Kind]] = [("ref", who, "hit") for who in ref if who in hyp]
    kinds += [("ref", who, "confusion" if i < confused else "miss") for i, who in enumerate(missed)]
    kinds += [("hyp", who, "hit") for who in hyp if who in ref]
    return kinds + [("hyp", who, "confusion" if i < confused else "false alarm") for i, who in enumerate(extra)]


def _joined(segments: Sequence[ErrorSegment]) -> list[ErrorSegment]:
    """Sorted, reference first, and neighbours of one kind made one."""
    joined: list[ErrorSegment] = []
    for segment in sorted(segments, key=lambda piece: (piece.side != "ref", piece.speaker, piece.start_s)):
        last = joined[-1] if joined else None
        if last and last[:2] == segment[:2] and last.kind == segment.kind and last.end_s == segment.start_s:
            joined[-1] = last._replace(end_s=segment.end_s)
        else:
            joined.append(segment)
    return joined
