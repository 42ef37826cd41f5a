"""SpeechBrain's CSV (ID, duration, wav, wrd) and JSON (a record by id), with placeholders such as {data_root}."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from modellab import audio
from modellab.datasets.importers import columns, splits, textfiles
from modellab.datasets.importers.audiofiles import Finder
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, Item, LeftOut, Options, Record, Sound
from modellab.errors import AudioError

NAME = "speechbrain"
TITLE = "SpeechBrain: CSV with ID, duration, wav; JSON with a record by id"
AUDIO = ("wav", "path", "audio_path", "file_path", "sig", "mix_wav")
TEXT = ("wrd", "words", "trans", "transcript", "text", "label", "char")
ID = "ID"


def detect(place: Place) -> Guess | None:
    """A table with the columns ID, duration and wav; JSON whose records have wav and length."""
    for file in place.tables("*.csv"):
        names = set(textfiles.columns(file))
        if names >= {ID, "duration"} and names & set(AUDIO):
            return Guess(0.9, f"{file.name} has the columns {ID}, duration and {', '.join(sorted(names & set(AUDIO)))}")
    for file in place.tables("*.json"):
        peek = place.peek(file)
        if (
            peek
            and peek.kind == "objects"
            and peek.first.keys() & set(AUDIO)
            and peek.first.keys() & {"length", "duration"}
        ):
            return Guess(0.9, f"{file.name} has a record by id, with {', '.join(list(peek.first)[:4])}")
    return None


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each row of the file; a folder with several wants to know which."""
    tables = place.tables("*.csv", "*.json")
    files = [file for file in tables if detect(Place(file))] if place.is_folder else [place.path]
    file, note = splits.one(files, options.split)
    if note:
        yield note
    if file:
        is_csv = file.suffix.lower() == ".csv"
        rows: Iterator[Any] = textfiles.table(file) if is_csv else _objects(file)
        finder = Finder(file.parent, options.root)
        yield from columns.records(
            rows, partial(_roles, options), lambda row, chosen, where: _record(row, chosen, finder, where)
        )


def _roles(options: Options, row: Mapping[str, Any]) -> columns.Roles:
    chosen = columns.roles(list(row), options)
    of = {**chosen.of}
    for role, names in (("audio", AUDIO), ("text", TEXT)):
        if role not in options.columns and (name := next((name for name in names if name in row), "")):
            of[role] = name
    for role in ("start", "end"):  # SpeechBrain counts them in samples, and reads them only where it is told to
        if role not in options.columns:
            of.pop(role, None)
    return columns.Roles({**of, "id": ID}, chosen.texts, chosen.groups)


def _record(row: dict[str, Any], chosen: columns.Roles, finder: Finder, where: str) -> Record | LeftOut:
    given = row.get(chosen.of.get("audio", ""))
    if not isinstance(given, dict) or not ("start" in given or "stop" in given):
        return columns.record(row, chosen, finder, where)
    sound = _stretch(given, finder)
    return LeftOut(where, sound) if isinstance(sound, str) else columns.record(row, chosen, finder, where, sound)


def _stretch(given: Mapping[str, Any], finder: Finder) -> Sound | str:
    """A stretch of a file that is counted in samples; the file's head says how many there are in a second."""
    file, start, stop = given.get("file"), given.get("start", 0), given.get("stop")
    good = all(
        isinstance(position, int) and not isinstance(position, bool) and position >= 0
        for position in (start, stop or 0)
    )
    if not isinstance(file, str) or not good or (stop is not None and stop <= start):
        return f"its audio is {str(dict(given))[:60]}, expected a file with start and stop in samples"
    path = finder.find(file)
    try:
        rate_hz = audio.info(path).rate_hz
    except AudioError as fault:
        return str(fault)
    return Sound(path, start / rate_hz, None if stop is None else stop / rate_hz)


def _objects(file: Path) -> Iterator[tuple[str, dict[str, Any]] | LeftOut]:
    try:
        held = json.loads(textfiles.whole(file))
    except (ValueError, RecursionError) as fault:
        yield LeftOut(str(file), f"not JSON ({str(fault)[:80]})")
        return
    for id, row in held.items() if isinstance(held, dict) else ():
        where = f"{file}, record {str(id)[:60]}"
        yield (where, {**row, ID: id}) if isinstance(row, dict) else LeftOut(where, "expected a record ({...})")
