"""CSV or TSV with a header: an id or audio file, and what the model said."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modellab.datasets.importers import textfiles
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess
from modellab.rescoring.hypotheses import tables
from modellab.rescoring.hypotheses.records import Columns, Exported, Item

NAME = "table"
TITLE = "CSV or TSV with an id or audio file and a hypothesis"


def detect(place: Place) -> Guess | None:
    """A header with a column for the id and one for the hypothesis."""
    line = place.first_line(place.path)
    if not line or place.peek(place.path):
        return None
    names = textfiles.columns(place.path)
    return Guess(0.8, f"its header has {', '.join(names)}") if len(names) > 1 and tables.has_both(names) else None


def read(path: Path, columns: Columns) -> Iterator[Item]:
    """What each row says."""
    yield from tables.records(textfiles.table(path), columns)


def write(rows: Sequence[Exported]) -> Mapping[str, str]:
    """One table with both texts."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["id", "audio", "duration_s", "reference", "hypothesis"])
    writer.writerows([row.id, row.audio, f"{row.duration_s:.6g}", row.reference, row.hypothesis] for row in rows)
    return {"csv": out.getvalue()}
