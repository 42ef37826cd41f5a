"""Hugging Face's audiofolder: metadata.csv, .jsonl or .parquet with file_name, beside the audio."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modellab.datasets.importers import columnar, splits, textfiles
from modellab.datasets.importers.audiofiles import Finder
from modellab.datasets.importers.formats import table
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, Item, Options

NAME = "audiofolder"
TITLE = "Hugging Face audiofolder: metadata.csv, .jsonl or .parquet with file_name"
FILES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
FILE_NAME = "file_name"


def detect(place: Place) -> Guess | None:
    """A metadata file with the column file_name."""
    tables = _tables(place)
    return Guess(0.93, f"{next(iter(tables.values())).name} has the column {FILE_NAME}") if tables else None


def _tables(place: Place) -> dict[str, Path]:
    """The metadata files by the name of their folder, which is the split."""
    return {
        file.parent.name: file
        for file in place.called(*FILES, deep=True)
        if FILE_NAME in " ".join(_columns(place, file))
    }


def _columns(place: Place, file: Path) -> list[str]:
    if file.suffix == ".csv":
        return textfiles.columns(file)
    return columnar.columns(file) if file.suffix == ".parquet" else sorted(place.keys(file))


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each row of the split's metadata."""
    tables = _tables(place)
    name, note = splits.chosen(tables, options.split)
    if note:
        yield note
    file = tables[name]
    rows: Iterator[Any]
    if file.suffix == ".csv":
        rows = textfiles.table(file)
    else:
        rows = columnar.rows(file) if file.suffix == ".parquet" else textfiles.json_records(file)
    yield from table.from_rows(rows, Finder(file.parent, options.root), options)
