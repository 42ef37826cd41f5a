"""WebDataset: tar archives of samples, `key.flac` with `key.txt` and `key.json`; also as WeNet writes them.

A key is a member's name up to the first dot of its last part, so that it may hold slashes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from modellab.datasets.importers import columns, tars
from modellab.datasets.importers.audiofiles import Finder
from modellab.datasets.importers.places import Place, deeply, expanded, is_audio
from modellab.datasets.importers.records import Guess, Item, LeftOut, Options, Sound

NAME = "webdataset"
TITLE = "WebDataset: *.tar of key.flac, key.txt, key.json; ranges such as a-{000..012}.tar"
ARCHIVES = (".tar", ".tar.gz", ".tgz")
TEXTS = ("txt", "text", "transcript", "trans", "lab", "cap")


def detect(place: Place) -> Guess | None:
    """An archive in which an audio file and a text have one key."""
    for file in place.called(*(f"*{end}" for end in ARCHIVES), deep=True) if place.path.exists() else _archives(place):
        names = tars.names(file)
        sounds = {_key(name) for name in names if is_audio(name)}
        texts = [name for name in names if _suffix(name) in (*TEXTS, "json") and _key(name) in sounds]
        if texts:
            return Guess(0.85, f"{file.name} holds samples such as {texts[0]} with their audio")
        break
    return None


def _archives(place: Place) -> Iterator[Path]:
    if not place.path.exists():
        yield from (Path(name) for name in expanded(str(place.path)))
    elif place.is_folder:
        yield from (file for file in deeply(place.path) if file.name.lower().endswith(ARCHIVES))
    elif place.path.name.lower().endswith(ARCHIVES):
        yield place.path


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each sample of each archive."""
    for archive in _archives(place):
        if not archive.exists():
            yield LeftOut(str(archive), "there is no such archive, though the range names it")
            continue
        sample: dict[str, bytes] = {}
        key = ""
        for member in tars.members(archive):
            if isinstance(member, LeftOut):
                yield member
                continue
            if _key(member.name) != key and sample:
                yield _record(archive, key, sample, options)
                sample = {}
            key = _key(member.name)
            sample[_suffix(member.name)] = member.data
        if sample:
            yield _record(archive, key, sample, options)


def _key(name: str) -> str:
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.partition(".")[0]


def _suffix(name: str) -> str:
    return name.rpartition("/")[2].partition(".")[2].lower()


def _record(archive: Path, key: str, sample: Mapping[str, bytes], options: Options) -> Item:
    where = f"{archive}, key {key}"
    kind = next((kind for kind in sample if is_audio(f"a.{kind}")), "")
    if not kind:
        return LeftOut(where, f"it has no audio, only .{', .'.join(sample)}")
    row: dict[str, Any] = {}
    if "json" in sample:
        try:
            row = json.loads(sample["json"])
        except (ValueError, RecursionError) as fault:
            return LeftOut(where, f"its .json is no JSON ({str(fault)[:80]})")
        if not isinstance(row, dict):
            return LeftOut(where, "its .json is no record ({...})")
    for suffix in TEXTS:
        if suffix in sample:
            try:
                row["text"] = sample[suffix].decode("utf-8-sig").strip()
            except UnicodeDecodeError:
                return LeftOut(where, f"its .{suffix} is not UTF-8 text")
            break
    if not any(name in row for name in columns.NAMES["text"]) and "text" not in options.columns:
        return LeftOut(where, f"it has no text, only .{', .'.join(sample)}")
    sound = Sound(archive, member=f"{key}.{kind}", data=sample[kind])
    chosen = columns.roles(list(row), options)
    of = {role: name for role, name in chosen.of.items() if role not in ("start", "end") or role in options.columns}
    return columns.record(row, columns.Roles(of, chosen.texts, chosen.groups), Finder(archive.parent), where, sound)
