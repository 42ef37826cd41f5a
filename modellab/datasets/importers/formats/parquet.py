"""Parquet with one utterance per row and the path of its audio in a column."""

from __future__ import annotations

from collections.abc import Iterator

from modellab.datasets.importers import columnar, columns, splits
from modellab.datasets.importers.audiofiles import Finder
from modellab.datasets.importers.formats import table
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, Item, Options

NAME = "parquet"
TITLE = "Parquet with a column of audio paths and one of texts"


def detect(place: Place) -> Guess | None:
    """Columns with names for audio and text, the audio a path."""
    for file in place.called("*.parquet"):
        names = columnar.columns(file)
        if columns.is_table(names) and not columnar.embedded(file):
            return Guess(0.55, f"{file.name} has the columns {', '.join(names[:8])}")
    return None


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each row of the files of the split."""
    by_split = splits.by_name(place.folder, place.called("*.parquet", deep=True))
    name, note = splits.chosen(by_split, options.split)
    if note:
        yield note
    for file in by_split[name]:
        yield from table.from_rows(columnar.rows(file), Finder(file.parent, options.root), options)
