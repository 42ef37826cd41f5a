"""Records that cannot both be true: one name for two clips, one clip with two texts; and what is there twice.

Of a million records those that share neither clip nor name with another are told by a number for each: only the others
are compared.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from modellab.datasets.importers.records import LeftOut, Record

Clip = tuple[str, float, float | None, int | None]
BITS = 2**64 - 1


class Compared:
    """The records of an import, of which those are found out that contradict or repeat each other."""

    def __init__(self) -> None:
        self._clips, self._names = array("Q"), array("Q")

    def add(self, record: Record) -> None:
        """The next record, whose audio was decoded."""
        self._clips.append(hash(_clip(record)) & BITS)
        self._names.append(hash(record.id) & BITS)

    def left_out(self, records: Sequence[Record]) -> dict[int, LeftOut]:
        """Which of the records, those that were added, are to be left out, by their places.

        Of a record that is there twice the first one stays. Of two that contradict each other neither does: nobody
        knows which of them is right.
        """
        by_clip: dict[Clip, int] = {}
        by_id: dict[str, int] = {}
        reasons: dict[int, str] = {}
        for i in np.flatnonzero(_shared(self._clips) | _shared(self._names)).tolist():
            record = records[i]
            earlier = by_clip.setdefault(_clip(record), i)
            if earlier != i:
                _compare(i, record, earlier, records[earlier], reasons)
                continue
            same = by_id.setdefault(record.id, i)
            if same != i:
                other = records[same]
                reasons[i] = f"the name {record.id} is that of another clip, too ({other.where})"
                reasons[same] = f"the name {record.id} is that of another clip, too ({record.where})"
        return {i: LeftOut(records[i].where, reasons[i]) for i in sorted(reasons)}


def _shared(numbers: array[int]) -> npt.NDArray[np.bool_]:
    """Which of the numbers are there more than once."""
    every = np.frombuffer(numbers, np.uint64)
    order = np.argsort(every, kind="stable")
    same = every[order[1:]] == every[order[:-1]]
    shared = np.zeros(len(every), bool)
    shared[order[1:]] |= same
    shared[order[:-1]] |= same
    return shared


def _compare(i: int, record: Record, earlier: int, other: Record, reasons: dict[int, str]) -> None:
    """What of two records of one clip is to be left out."""
    if _reference(record) == _reference(other):
        reasons[i] = f"{record.id} is the same clip with the same reference as {other.where}"
    else:
        reasons[i] = f"{record.id} has another reference than {other.where} has for the same clip"
        reasons.setdefault(earlier, f"{other.id} has another reference than {record.where} has for the same clip")


def _reference(record: Record) -> tuple[object, ...]:
    text = None if record.text is None else " ".join(record.text.casefold().split())
    return text, record.marked, record.references, record.turns, record.language if text is None else ""


def _clip(record: Record) -> Clip:
    assert record.sound is not None
    sound = record.sound
    return sound.sha256, sound.start_s, sound.end_s, sound.channel
