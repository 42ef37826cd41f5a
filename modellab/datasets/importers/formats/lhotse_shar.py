"""Lhotse's Shar: cuts.000000.jsonl.gz and recording.000000.tar, whose members come in the order of the cuts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from modellab.datasets.importers import lhotse_records, tars, textfiles
from modellab.datasets.importers.audiofiles import Finder
from modellab.datasets.importers.places import Place, is_audio
from modellab.datasets.importers.records import Guess, Item, LeftOut, Options, Sound

NAME = "lhotse_shar"
TITLE = "Lhotse Shar: cuts.000000.jsonl.gz and recording.000000.tar"
CUTS = re.compile(r"^cuts\.(\d+)\.jsonl(\.gz)?$")
UNREAD = (".lca", ".llc", ".npy")  # lilcom and arrays: not sound that is read here
LILCOM = "it is compressed by lilcom, which loses some of it and which Lhotse alone reads"


def detect(place: Place) -> Guess | None:
    """Cuts and recordings with one number."""
    if not place.is_folder:
        return None
    for file in place.called("cuts.*"):
        if (match := CUTS.match(file.name)) and _archive(file, match[1]):
            return Guess(0.97, f"{file.name} has its audio in recording.{match[1]}.tar")
    return None


def _archive(cuts: Path, number: str) -> Path | None:
    return next(
        (path for end in (".tar", ".tar.gz") if (path := cuts.parent / f"recording.{number}{end}").is_file()), None
    )


def read(place: Place, options: Options) -> Iterator[Item]:  # noqa: ARG001
    """The records of one shard after the other."""
    for file in sorted(place.folder.iterdir()):
        if match := CUTS.match(file.name):
            archive = _archive(file, match[1])
            if archive:
                yield from _shard(file, archive)
            else:
                yield LeftOut(str(file), f"there is no recording.{match[1]}.tar beside it")


def _shard(cuts: Path, archive: Path) -> Iterator[Item]:
    sounds = _sounds(archive)
    held: dict[str, Sound] = {}
    for item in textfiles.json_records(cuts):
        if isinstance(item, LeftOut):
            yield item
            continue
        where, cut = item
        id = str(cut.get("id"))
        if id not in held:
            for sound in sounds:
                if isinstance(sound, LeftOut):
                    yield sound
                    continue
                held[sound.member.rpartition(".")[0]] = sound
                if id in held:
                    break
        own = held.pop(id, None)
        if own is None:
            yield LeftOut(where, f"there is no audio of {id} in {archive.name}")
        else:
            yield from lhotse_records.of_cut(where, cut, Finder(cuts.parent), own)


def _sounds(archive: Path) -> Iterator[Sound | LeftOut]:
    for member in tars.members(archive):
        if isinstance(member, LeftOut):
            yield member
        elif is_audio(member.name):
            yield Sound(archive, member=member.name, data=member.data)
        elif member.name.endswith(UNREAD):
            yield LeftOut(
                f"{archive}, member {member.name}",
                f"{'it is an array, no sound' if member.name.endswith('.npy') else LILCOM}; write the Shar with FLAC",
            )
