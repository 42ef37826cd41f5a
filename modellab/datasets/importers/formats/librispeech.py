"""LibriSpeech's tree: SPEAKER/CHAPTER/ID.flac beside SPEAKER-CHAPTER.trans.txt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modellab.datasets.importers import textfiles
from modellab.datasets.importers.audiofiles import is_there
from modellab.datasets.importers.places import Place, deeply
from modellab.datasets.importers.records import Guess, Item, LeftOut, Options, Record, Sound

NAME = "librispeech"
TITLE = "LibriSpeech: SPEAKER/CHAPTER/ID.flac and SPEAKER-CHAPTER.trans.txt"
SUFFIX = ".trans.txt"
AUDIO = (".flac", ".wav", ".mp3", ".opus", ".ogg", ".sph")
SPEAKERS = "SPEAKERS.TXT"
GENDERS = {"F": "female", "M": "male"}


def detect(place: Place) -> Guess | None:
    """Files called *.trans.txt."""
    transcripts = place.called(f"*{SUFFIX}", deep=True)
    return Guess(0.95, f"{transcripts[0].name} is a transcript of LibriSpeech's kind") if transcripts else None


def read(place: Place, options: Options) -> Iterator[Item]:  # noqa: ARG001
    """A record for each line of each transcript."""
    files = deeply(place.path) if place.is_folder else iter([place.path])
    gender = _genders(place.folder)
    for file in files:
        if file.name.endswith(SUFFIX):
            yield from _chapter(file, gender)


def _chapter(file: Path, gender: dict[str, str]) -> Iterator[Item]:
    for item in textfiles.lines(file):
        if isinstance(item, LeftOut):
            yield item
            continue
        number, line = item
        id, _, text = line.strip().partition(" ")
        named = [file.parent / f"{id}{suffix}" for suffix in AUDIO]
        speaker = id.split("-")[0]
        yield Record(
            id=id,
            where=textfiles.where(file, number),
            sound=Sound(next(filter(is_there, named), named[0])),
            text=text.strip(),
            language="en",
            speaker=speaker,
            recording="-".join(id.split("-")[:2]),
            group={"gender": gender[speaker]} if speaker in gender else {},
        )


def _genders(folder: Path) -> dict[str, str]:
    """Who is a woman and who a man, of SPEAKERS.TXT at the place or above it: `61 | M | test-clean | 8.08 | Name`."""
    file = next((path for base in (folder, *list(folder.parents)[:4]) if is_there(path := base / SPEAKERS)), None)
    if file is None:
        return {}
    rows = (
        line.split("|", 4) for item in textfiles.lines(file, ";") if not isinstance(item, LeftOut) for line in [item[1]]
    )
    return {
        row[0].strip(): GENDERS[row[1].strip().upper()]
        for row in rows
        if len(row) > 1 and row[1].strip().upper() in GENDERS
    }
