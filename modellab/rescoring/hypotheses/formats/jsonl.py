"""JSON lines or a list: an id or audio file, and what the model said, under the names that people give them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modellab.datasets.importers import textfiles
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess
from modellab.rescoring.hypotheses import tables
from modellab.rescoring.hypotheses.records import Columns, Exported, Item

NAME = "jsonl"
TITLE = "JSON lines with an id or audio file and a hypothesis"


def detect(place: Place) -> Guess | None:
    """Records of JSON."""
    peek = place.peek(place.path)
    return Guess(0.7, f"records with the keys {', '.join(peek.first)}") if peek else None


def read(path: Path, columns: Columns) -> Iterator[Item]:
    """What each record says."""
    yield from tables.records(textfiles.json_records(path), columns)


def write(rows: Sequence[Exported]) -> Mapping[str, str]:
    """One file with both texts, as jiwer and its like are fed; `hypothesis` is null where the model raised."""
    return {"jsonl": "".join(json.dumps(_record(row), ensure_ascii=False) + "\n" for row in rows)}


def _record(row: Exported) -> dict[str, object]:
    record: dict[str, object] = {"id": row.id, "audio": row.audio, "duration_s": round(row.duration_s, 6)}
    if row.reference or row.hypothesis or not (row.spoken or row.heard):
        return {**record, "reference": row.reference, "hypothesis": None if row.failed else row.hypothesis}
    turns = None if row.failed else [list(turn) for turn in row.heard]
    return {**record, "reference": [list(turn) for turn in row.spoken], "turns": turns}
