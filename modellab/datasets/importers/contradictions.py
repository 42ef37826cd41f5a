"""Records that cannot both be true: one name for two clips, one clip with two texts; and what is there twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modellab.audio import stretch
from modellab.datasets.importers.records import LeftOut, Record
from modellab.types.spooled import Spool

Clip = tuple[str, float, float | None, int | None]


def consistent(records: Sequence[Record]) -> tuple[Sequence[Record], list[LeftOut]]:
    """The records without contradictions and repetitions, and what was left out.

    Of a record that is there twice the first one stays. Of two that contradict each other neither does: nobody knows
    which of them is right.
    """
    digests: dict[Path, str] = {}
    by_clip: dict[Clip, int] = {}
    by_id: dict[str, int] = {}
    reasons: dict[int, str] = {}
    for i, record in enumerate(records):
        clip = _clip(record, digests)
        earlier = by_clip.setdefault(clip, i)
        if earlier != i:
            _compare(i, record, earlier, records[earlier], reasons)
            continue
        same = by_id.setdefault(record.id, i)
        if same != i:
            other = records[same]
            reasons[i] = f"the name {record.id} is that of another clip, too ({other.where})"
            reasons[same] = f"the name {record.id} is that of another clip, too ({record.where})"
    left = [LeftOut(records[i].where, reason) for i, reason in sorted(reasons.items())]
    return Spool(record for i, record in enumerate(records) if i not in reasons), left


def _compare(i: int, record: Record, earlier: int, other: Record, reasons: dict[int, str]) -> None:
    """What of two records of one clip is to be left out."""
    if _said(record) == _said(other):
        reasons[i] = f"{record.id} is the same clip with the same reference as {other.where}"
    else:
        reasons[i] = f"{record.id} has another reference than {other.where} has for the same clip"
        reasons.setdefault(earlier, f"{other.id} has another reference than {record.where} has for the same clip")


def _said(record: Record) -> tuple[object, ...]:
    text = None if record.text is None else " ".join(record.text.casefold().split())
    return text, record.marked, record.turns, record.language if text is None else ""


def _clip(record: Record, digests: dict[Path, str]) -> Clip:
    assert record.sound is not None
    file = record.sound.file
    if file not in digests:
        digests[file] = stretch.digest(file)
    return digests[file], record.sound.start_s, record.sound.end_s, record.sound.channel
