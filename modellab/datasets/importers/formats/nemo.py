"""NeMo's manifests: JSON lines with audio_filepath, text, duration, and offset for a stretch of the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from modellab.datasets.importers import columns, splits, textfiles
from modellab.datasets.importers.audiofiles import Finder
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, Item, LeftOut, Note, Options, Sound

NAME = "nemo"
TITLE = "NeMo manifest: JSON lines with audio_filepath, text, duration, offset"
FILES = ("*.json", "*.jsonl", "*.json.gz", "*.jsonl.gz", "*.ndjson")
AUDIO, SHARD, SKIP = "audio_filepath", "shard_id", "_skipme"
PREDICTED = "pred_text"


def detect(place: Place) -> Guess | None:
    """JSON lines with audio_filepath, and no shard."""
    for file in place.tables(*FILES):
        if _is_manifest(place, file):
            return Guess(0.9, f"the lines of {file.name} have the key {AUDIO}")
    return None


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each line of each manifest."""
    files = [file for file in place.tables(*FILES) if _is_manifest(place, file)] if place.is_folder else [place.path]
    file, note = splits.one(files, options.split)
    if note:
        yield note
    if file:
        finder = Finder(file.parent, options.root)
        predicted = Note(f"{file.name} has {PREDICTED}, a model's answers, which are no reference")
        yield from columns.records(
            textfiles.json_lines(file),
            lambda seen: roles(seen, options),
            lambda row, chosen, where: entry(row, chosen, finder, where),
            lambda row: [predicted] if PREDICTED in row else [],
        )


def _is_manifest(place: Place, file: Path) -> bool:
    keys = place.keys(file)
    return AUDIO in keys and SHARD not in keys


def roles(row: Mapping[str, Any], options: Options) -> columns.Roles:
    """Who is what in a manifest: `offset` alone makes a line a stretch of its file."""
    chosen = columns.roles(list(row), options)
    of = {**chosen.of}
    if "audio" not in options.columns:
        of["audio"] = AUDIO
    if "start" not in options.columns:
        of["start"] = "offset"
    if "duration" not in options.columns:
        of["duration"] = "duration"
    of.setdefault("text", "text")
    if "end" not in options.columns:
        of.pop("end", None)
    return columns.Roles(of, chosen.texts, chosen.groups)


def entry(
    row: Mapping[str, Any], chosen: columns.Roles, finder: Finder, where: str, sound: Sound | None = None
) -> Item:
    """A line as a record."""
    if row.get(SKIP):
        return LeftOut(where, f"{SKIP} is set", meant=True)
    if AUDIO not in row and sound is None:
        return LeftOut(where, f"the key {AUDIO} is missing")
    if chosen.of["text"] not in row:
        return LeftOut(where, f"the key {chosen.of['text']} is missing")
    return columns.record(row, chosen, finder, where, sound)
