"""NeMo's tarred sets: manifests whose lines have a shard_id, and the audio of each shard in audio_N.tar.

Lines come in another order than the archive's members. Several stretches of one file are `name-sub1`, `name-sub2` in
the manifest and one member in the archive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from modellab.datasets.importers import columns, tars, textfiles
from modellab.datasets.importers.audiofiles import Finder
from modellab.datasets.importers.formats import nemo
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, Item, LeftOut, Options, Sound
from modellab.errors import DatasetError

NAME = "nemo_tarred"
TITLE = "NeMo's tarred set: manifests with shard_id, audio_0.tar and so on"
SUB = re.compile(r"-sub\d+(?=\.[^./]+$|$)")
NUMBER = re.compile(r"(\d+)(?!.*\d)")

Line = tuple[str, dict[str, Any]]


def detect(place: Place) -> Guess | None:
    """JSON lines with audio_filepath and shard_id."""
    for file in _manifests(place):
        sure = 0.95 if file.parent == place.folder else 0.86
        return Guess(sure, f"the lines of {file.name} have the keys {nemo.AUDIO} and {nemo.SHARD}")
    return None


def _manifests(place: Place) -> list[Path]:
    """The manifests of the folder that is nearest to the top: below it the same lines may lie shard by shard."""
    manifests = [file for file in place.tables(*nemo.FILES, deep=True) if place.keys(file) >= {nemo.AUDIO, nemo.SHARD}]
    return [file for file in manifests if file.parent == manifests[0].parent]


def read(place: Place, options: Options) -> Iterator[Item]:
    """The records of one shard after the other, in the order of its archive."""
    near = _manifests(place)
    if not near:
        yield LeftOut(str(place.path), f"there is no manifest whose lines have {nemo.AUDIO} and {nemo.SHARD}")
        return
    shards: dict[int, list[Line]] = {}
    for file in near:
        for item in textfiles.json_lines(file):
            if isinstance(item, LeftOut):
                yield item
            elif isinstance(shard := item[1].get(nemo.SHARD), int):
                shards.setdefault(shard, []).append(item)
            else:
                yield LeftOut(item[0], f"{nemo.SHARD} is {shard!r}, expected a number")
    archives = _archives(place, near[0], options)
    for shard, lines in sorted(shards.items()):
        if shard in archives:
            yield from _shard(archives[shard], lines, options)
        else:
            for where, _ in lines:
                yield LeftOut(where, f"there is no audio_{shard}.tar for shard {shard}")


def _archives(place: Place, manifest: Path, options: Options) -> dict[int, Path]:
    """The archive of each shard, by the last number in its name."""
    folder = options.root or (place.folder if any(place.called("*.tar", "*.tar.gz")) else manifest.parent)
    files: list[Path] = []
    for base in [folder] if options.root else [folder, folder.parent]:
        files = files or sorted([*base.glob("*.tar"), *base.glob("*.tar.gz")])
    if not files:
        raise DatasetError(
            f"{place.path}: there is no tar archive beside the manifests; say with --root where they are"
        )
    return {int(number[1]): file for file in files if (number := NUMBER.search(file.name.split(".")[0]))}


def _shard(archive: Path, lines: list[Line], options: Options) -> Iterator[Item]:
    chooser = columns.Chooser(lambda seen: nemo.roles(seen, options))
    waiting: dict[str, list[Line]] = {}
    for where, row in lines:
        if isinstance(name := row.get(nemo.AUDIO), str):
            waiting.setdefault(SUB.sub("", name), []).append((where, row))
        else:
            yield LeftOut(where, f"{nemo.AUDIO} is {str(name)[:40]!r}, expected a path")
    for member in tars.members(archive):
        if isinstance(member, LeftOut):
            yield member
            continue
        for where, row in _lines_of(member.name, waiting):
            yield _entry(row, chooser.of(row), where, Sound(archive, member=member.name, data=member.data))
    for left in waiting.values():
        for where, row in left:
            yield LeftOut(where, f"there is no {row[nemo.AUDIO]} in {archive.name}")


def _lines_of(member: str, waiting: dict[str, list[Line]]) -> list[Line]:
    """The lines about a member: those with its very name, or all of the file that it is."""
    key = SUB.sub("", member)
    lines = waiting.get(key) or waiting.get(Path(key).name, [])
    key = key if key in waiting else Path(key).name
    own = [line for line in lines if member in (line[1][nemo.AUDIO], Path(line[1][nemo.AUDIO]).name)]
    taken = own if own and SUB.search(member) else lines
    left = [line for line in lines if line not in taken]
    if left:
        waiting[key] = left
    else:
        waiting.pop(key, None)
    return taken


def _entry(row: Mapping[str, Any], chosen: columns.Roles, where: str, sound: Sound) -> Item:
    return nemo.entry(row, chosen, Finder(sound.file.parent), where, sound)
