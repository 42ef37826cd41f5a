"""Common Voice: SPLIT.tsv with client_id, path, sentence, and clips/ beside it.

A quotation mark is a letter here: read as CSV usually is, a stray one swallows the rows behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from modellab.datasets.importers import splits, textfiles
from modellab.datasets.importers.audiofiles import is_there
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, Item, LeftOut, Note, Options, Record, Sound

NAME = "commonvoice"
TITLE = "Common Voice: test.tsv and the like, with clips/"
NEEDED = {"client_id", "path", "sentence"}
GROUPS = ("gender", "age", "accents", "accent", "variant", "sentence_domain")
FIRST = ("test", "validated", "dev", "train")


def detect(place: Place) -> Guess | None:
    """A TSV with the columns client_id, path and sentence."""
    tables = _tables(place)
    return (
        Guess(0.95, f"{next(iter(tables.values())).name} has the columns client_id, path, sentence") if tables else None
    )


def _tables(place: Place) -> dict[str, Path]:
    return {file.stem: file for file in place.called("*.tsv") if set(textfiles.columns(file, "\t")) >= NEEDED}


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each row of the split."""
    tables = _tables(place)
    if not tables:
        yield LeftOut(str(place.path), f"there is no TSV with the columns {', '.join(sorted(NEEDED))}")
        return
    name, note = splits.chosen(tables, options.split)
    if note:
        yield note
    yield Note(f"text and path are read from {tables[name].name}, in which a quotation mark is a letter")
    for item in textfiles.table(tables[name], "\t", quoted=False):
        yield item if isinstance(item, LeftOut) else _record(*item, tables[name].parent, options)


def _record(where: str, row: Mapping[str, str], folder: Path, options: Options) -> Item:
    name = row["path"].strip()
    if not name:
        return LeftOut(where, "the path is empty")
    name = name if "." in name else f"{name}.mp3"
    homes = [folder / "clips", folder] if options.root in (None, folder) else [options.root, options.root / "clips"]
    file = next((home / name for home in homes if is_there(home / name)), homes[0] / name)
    return Record(
        id=Path(name).stem,
        where=where,
        sound=Sound(file),
        text=row["sentence"].strip(),
        language=row.get("locale", "").strip(),
        speaker=row["client_id"].strip(),
        group={key: row[key].strip() for key in GROUPS if row.get(key, "").strip()},
    )
