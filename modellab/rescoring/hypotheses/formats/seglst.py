"""SegLST, as CHiME and MeetEval have it: who says what when."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from modellab.datasets.importers import textfiles
from modellab.datasets.importers.formats.seglst import CHIME, NEEDED
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, LeftOut, seconds
from modellab.rescoring.hypotheses.records import Columns, Exported, HypothesisSegment, Item
from modellab.types import SpokenTurn

NAME = "seglst"
TITLE = "SegLST: JSON list with session_id, start_time, end_time, words, speaker"


def detect(place: Place) -> Guess | None:
    """A JSON list whose records have a session, times and words."""
    keys = place.keys(place.path)
    good = keys >= NEEDED or keys >= CHIME
    return Guess(0.92, f"its records have the keys {', '.join(sorted(keys & (NEEDED | CHIME)))}") if good else None


def read(path: Path, _: Columns) -> Iterator[Item]:
    """Each segment."""
    session = path.name.split(".")[0]
    for item in textfiles.json_records(path):
        yield item if isinstance(item, LeftOut) else _from_record(*item, session)


def _from_record(where: str, row: Mapping[str, Any], session: str) -> HypothesisSegment | LeftOut:
    start_s, end_s = seconds(row.get("start_time")), seconds(row.get("end_time"))
    if start_s is None or end_s is None or end_s < start_s:
        came = " and ".join(repr(str(row.get(key))[:20]) for key in ("start_time", "end_time"))
        return LeftOut(where, f"its times are {came}, expected seconds or hours:minutes:seconds, the end not before")
    if not isinstance(row.get("words", ""), str):
        return LeftOut(where, f"its words are {str(row['words'])[:40]!r}, expected text")
    recording, speaker = str(row.get("session_id") or session), str(row.get("speaker") or "")
    return HypothesisSegment(recording, where, start_s, end_s, None, speaker, " ".join(row.get("words", "").split()))


def write(rows: Sequence[Exported]) -> Mapping[str, str]:
    """Two files; each row is a session called like its id."""
    return {
        "ref.json": _list([_segment(row, turn) for row in rows for turn in row.spoken]),
        "hyp.json": _list([_segment(row, turn) for row in rows for turn in row.heard]),
    }


def _segment(row: Exported, turn: SpokenTurn) -> dict[str, object]:
    start_s, end_s, speaker, words = turn
    times = {"start_time": round(start_s, 6), "end_time": round(end_s, 6)}
    return {"session_id": row.id, **times, "speaker": speaker or "unknown", "words": words}


def _list(records: Sequence[Mapping[str, object]]) -> str:
    return "[\n" + ",\n".join(json.dumps(record, ensure_ascii=False) for record in records) + "\n]\n"
