"""RTTM, who spoke when, with UEM, what of it counts; the audio is found by the recording's name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from modellab.annotations import rttm as files
from modellab.datasets.importers import audiofiles
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, Item, LeftOut, Note, Options, Record, Sound
from modellab.errors import DatasetError
from modellab.types import Region, SpokenTurn, Turn

NAME = "rttm"
TITLE = "RTTM with UEM: who spoke when, and what of it counts"


def detect(place: Place) -> Guess | None:
    """A file whose lines begin with SPEAKER."""
    for file in place.called("*.rttm"):
        if any(line.upper().startswith("SPEAKER ") for line in place.first_lines(file)):
            return Guess(0.9, f"the lines of {file.name} begin with SPEAKER")
    return None


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each recording of each file, with its turns."""
    names = audiofiles.ByName([options.root or place.folder])
    scored: dict[str, list[Region]] = {}
    for file in Place(place.folder).called("*.uem"):
        scored |= files.read_uem(file)
    if scored:
        yield Note(f"the UEM files beside it say what of {len(scored)} recordings counts")
    for file in place.called("*.rttm"):
        yield from recordings(file, scored, lambda name: names.find(name), names.folders[0])


def recordings(
    file: Path, scored: dict[str, list[Region]], find: audiofiles.Find, folder: Path, only: Sequence[str] = ()
) -> Iterator[Item]:
    """The records of one RTTM file."""
    try:
        turns = files.read(file, merge=True)
    except DatasetError as fault:
        yield LeftOut(str(file), str(fault).removeprefix(f"{file}, ").removeprefix(f"{file}: "))
        return
    for name in only or turns:
        sound = find(name)
        if name not in turns:
            yield LeftOut(str(file), f"there are no turns of the recording {name}")
        elif sound is None:
            yield LeftOut(str(file), audiofiles.missing(name, folder))
        else:
            yield _record(file, name, sound, turns[name], scored.get(name))


def _record(file: Path, name: str, sound: Path, turns: Sequence[Turn], scored: Sequence[Region] | None) -> Record:
    return Record(
        id=name,
        where=str(file),
        sound=Sound(sound),
        turns=tuple(SpokenTurn(turn.start_s, turn.end_s, turn.speaker, "") for turn in turns),
        scored=None if scored is None else tuple(scored),
    )
