"""A table with one utterance per row, with the path of its audio and its text: CSV, TSV, JSON lines, a JSON list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modellab.datasets.importers import columns, splits, textfiles
from modellab.datasets.importers.audiofiles import Finder
from modellab.datasets.importers.places import Peek, Place
from modellab.datasets.importers.records import Guess, Item, LeftOut, Options

NAME = "table"
TITLE = "CSV, TSV, JSON or JSON lines with a column of audio paths and one of texts"
TABLES, JSONS = ("*.csv", "*.tsv", "*.psv"), ("*.jsonl", "*.ndjson", "*.json", "*.jsonl.gz", "*.list")


def detect(place: Place) -> Guess | None:
    """A header, or the keys of the first record, with names for audio and text."""
    for file in place.tables(*TABLES, *(() if place.is_folder else ("*.txt",))):
        names = textfiles.columns(file)
        if _is_table(file):
            return Guess(0.5, f"{file.name} has the columns {', '.join(names[:8])}")
    for file in place.tables(*JSONS):
        peek = place.peek(file)
        if peek and _is_rows(peek):
            return Guess(0.5, f"the records of {file.name} have the keys {', '.join(list(peek.first)[:8])}")
    return None


def _is_table(file: Path) -> bool:
    first = next((item[1] for item in textfiles.table(file) if not isinstance(item, LeftOut)), None)
    return columns.is_table(textfiles.columns(file), first)


def _is_rows(peek: Peek) -> bool:
    return peek.kind in ("lines", "array") and columns.is_table(peek.first, peek.first)


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each row of the table."""
    file, note = splits.one(_files(place), options.split)
    if note:
        yield note
    if file:
        is_json = file.name.lower().removesuffix(".gz").endswith((".json", ".jsonl", ".ndjson", ".list"))
        rows: Iterator[Any] = textfiles.json_records(file) if is_json else textfiles.table(file)
        yield from from_rows(rows, Finder(file.parent, options.root), options)


def from_rows(rows: Iterator[tuple[str, dict[str, Any]] | LeftOut], finder: Finder, options: Options) -> Iterator[Item]:
    """The rows of one table as records."""
    return columns.records(
        rows,
        lambda seen: columns.roles(list(seen), options, seen),
        lambda row, chosen, where: columns.record(row, chosen, finder, where),
    )


def _files(place: Place) -> list[Path]:
    if not place.is_folder:
        return [place.path]
    tables = [file for file in place.tables(*TABLES) if _is_table(file)]
    return tables or [file for file in place.tables(*JSONS) if (peek := place.peek(file)) and _is_rows(peek)]
