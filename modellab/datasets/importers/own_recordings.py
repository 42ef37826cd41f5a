"""The recordings that a person names, to be heard as they are: with the texts that lie beside them, where some do.

Nothing is written and nothing is decoded here. A folder is read in the format that it is of, as an import would read
it; whatever audio lies there without a text is a recording all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from modellab.audio import stretch
from modellab.datasets import importers
from modellab.datasets.importers import sidecars, tasks_rows
from modellab.datasets.importers.places import Place, deeply, is_audio
from modellab.datasets.importers.records import LeftOut, Options, Record
from modellab.errors import ConfigError
from modellab.units import counted

WHOLE = Options(whole=True)  # a file with subtitles is one recording with one text
TEXTS = frozenset({".csv", ".json", ".jsonl", ".tsv", ".txt", ".xlsx"})  # which may hold what is said
FEW = 3  # names in a sentence
FOLDER = "folder"  # the format whose texts lie beside their audio
EXAMPLE = "expected audio, a folder of audio, or a manifest such as those of NeMo, Kaldi and Lhotse"


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording, or a stretch of one. `text` is what is said in it; None where nothing says so, in words."""

    name: str
    audio: Path
    text: str | None = None
    language: str = ""


class Recordings(NamedTuple):
    """What a place holds, and what a person should know of it."""

    recordings: tuple[Recording, ...]
    notes: tuple[str, ...]


def collected(places: Sequence[Path]) -> Recordings:
    """The recordings of all places, each once; ConfigError for a place that is not there or holds none."""
    recordings: dict[Path, Recording] = {}
    notes: list[str] = []
    for place in places:
        there, place_notes = _of_folder(place) if place.is_dir() else _of_file(place)
        if not there:
            raise ConfigError(f"{place} holds no recordings: {EXAMPLE}")
        notes += place_notes
        for recording in there:
            recordings.setdefault(recording.audio, recording)
    return Recordings(tuple(recordings.values()), tuple(dict.fromkeys(notes)))


def form(folder: Path) -> str:
    """The likeliest of several formats that has texts; '' where none has, or there is one format alone."""
    place = importers.place_of(folder)
    guesses = importers.detected(place)
    named = (guess.format.NAME for guess in guesses if any(recording.text for recording in _read(guess, place)[0]))
    return next(named, "") if len(guesses) > 1 else ""


def _of_file(file: Path) -> tuple[list[Recording], list[str]]:
    """An audio file with the text beside it, or what a manifest names."""
    if not file.exists():
        raise ConfigError(f"there is no file or folder called {file}")
    if not is_audio(file.name):
        return _read(importers.chosen(importers.place_of(file)), importers.place_of(file))
    beside = [text for text in (file.with_suffix(kind) for kind in sidecars.KINDS) if text.is_file()]
    items = list(sidecars.records(file, beside[0], WHOLE)) if beside else []
    made = [_recording(item) for item in items if isinstance(item, Record)]
    notes = [str(item) for item in items if isinstance(item, LeftOut)]
    return made[:1] or [Recording(file.name, file)], notes


def _of_folder(folder: Path) -> tuple[list[Recording], list[str]]:
    """What the likeliest format with texts says, or every audio file below it."""
    place = importers.place_of(folder)
    for guess in importers.detected(place):
        made, notes = _read(guess, place)
        if any(recording.text for recording in made):
            return made, notes
    files = list(deeply(folder))
    return [_plain(file, folder) for file in files if is_audio(file.name)], list(_unread(folder, files))


def _unread(folder: Path, files: Sequence[Path]) -> Iterator[str]:
    """What may be texts of recordings, where none was found: whoever wrote them wonders where they are."""
    others = [str(file.relative_to(folder)) for file in files if file.suffix.lower() in TEXTS]
    if others:
        names = ", ".join(others[:FEW]) + (f" and {len(others) - FEW} more" if len(others) > FEW else "")
        yield (
            f"no texts were found in {names}: of a table with other headings `modellab datasets import FILE --as"
            " table --column audio=A --column text=T` makes a dataset; else a .txt of a recording's name beside it"
        )


def _read(chosen: importers.Found, place: Place) -> tuple[list[Recording], list[str]]:
    items = list(importers.read(chosen.format, place, WHOLE))
    inside = sum(isinstance(item, Record) and item.sound is not None and item.sound.data is not None for item in items)
    made = [_recording(item) for item in items if isinstance(item, Record) and item.sound and item.sound.data is None]
    notes = [f"taken for {chosen.format.NAME}: {chosen.guess.reason}"]
    if inside:
        lie = counted(inside, "recording")
        notes.append(f"{lie} inside other files: `modellab datasets import` unpacks them")
    left = [str(item) for item in items if isinstance(item, LeftOut)]
    if chosen.format.NAME == FOLDER:
        with_text = {stretch.parsed(recording.audio).file for recording in made}
        made += list(_without_text(place.folder, with_text))
        left = [
            reason for reason in left if " text beside it" not in reason and " is no audio file called" not in reason
        ]
    return made, notes + left


def _without_text(folder: Path, known: set[Path]) -> Iterator[Recording]:
    """The audio files below the folder that no text lies beside."""
    return (_plain(file, folder) for file in deeply(folder) if is_audio(file.name) and file not in known)


def _plain(file: Path, folder: Path) -> Recording:
    return Recording(str(file.relative_to(folder)) if file.is_relative_to(folder) else file.name, file)


def _recording(record: Record) -> Recording:
    assert record.sound is not None
    part = stretch.Stretch(record.sound.file, record.sound.start_s, record.sound.end_s, record.sound.channel)
    text = record.text if record.text and any(map(str.isalnum, record.text)) else None
    named = record.id if part.start_s or part.end_s is not None else record.sound.file.name
    return Recording(named, stretch.named(part), text, tasks_rows.language(record.language))
