"""Lhotse's manifests: cuts, or supervisions with their recordings, as JSON, JSON lines or packed with gzip.

A supervision's start counts from its cut's, a cut's from its recording's. Cuts that mix, pad or change the sound are no
stretch of one file and are left out, as are recordings that are the output of a command.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from modellab.datasets.importers import audiofiles, lhotse_records, splits, textfiles
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, Item, LeftOut, Options

NAME = "lhotse"
TITLE = "Lhotse: cuts, or recordings and supervisions"
FILES = ("*.json", "*.jsonl", "*.json.gz", "*.jsonl.gz")
CUTS, RECORDINGS, SUPERVISIONS = "cuts", "recordings", "supervisions"
KINDS = {  # the keys that make a record one of the kind
    CUTS: ({"id", "start", "duration", "supervisions"}, {"id", "tracks"}),
    RECORDINGS: ({"id", "sources", "sampling_rate"},),
    SUPERVISIONS: ({"id", "recording_id", "start", "duration"},),
}


def detect(place: Place) -> Guess | None:
    """JSON whose records have the keys of cuts, or of supervisions."""
    manifests = _manifests(place)
    shards = [file for file in manifests.get(CUTS, ()) if _is_shard(file)]
    if shards and place.is_folder:
        return None
    for kind in (CUTS, SUPERVISIONS, RECORDINGS):
        for file in manifests.get(kind, ()):
            return Guess(
                0.95 if kind != RECORDINGS else 0.5, f"the records of {file.name} have the keys of Lhotse's {kind}"
            )
    return None


def _is_shard(file: Path) -> bool:
    parts = file.name.split(".")
    return len(parts) > 2 and parts[1].isdigit()


def _manifests(place: Place) -> dict[str, list[Path]]:
    manifests: dict[str, list[Path]] = {}
    for file in place.tables(*FILES):
        keys = place.keys(file)
        kind = next((kind for kind, wanted in KINDS.items() if any(keys >= needed for needed in wanted)), "")
        if kind:
            manifests.setdefault(kind, []).append(file)
    return manifests


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each supervision of each cut; where there are no cuts, of each recording."""
    manifests = _manifests(place)
    kind = CUTS if CUTS in manifests else SUPERVISIONS
    file, note = splits.one(manifests.get(kind, []), options.split)
    if note:
        yield note
    if kind == CUTS and file:
        finder = audiofiles.Finder(file.parent, options.root)
        for item in textfiles.json_records(file):
            yield from [item] if isinstance(item, LeftOut) else lhotse_records.of_cut(*item, finder)
    elif file:
        yield from _supervisions(file, _recordings(file, manifests), options)
    else:
        yield LeftOut(str(place.path), "there are neither cuts nor supervisions, so nothing says what is spoken")


def _recordings(supervisions: Path, manifests: Mapping[str, list[Path]]) -> Path | None:
    """The recordings' manifest that belongs to the supervisions': called alike, or the only one beside it."""
    near = manifests.get(RECORDINGS) or _manifests(Place(supervisions.parent)).get(RECORDINGS, [])
    alike = (
        supervisions.name.replace("supervisions", "recordings")
        .replace("supervision", "recording")
        .replace("sups", "recs")
    )
    return next((file for file in near if file.name == alike), near[0] if len(near) == 1 else None)


def _supervisions(file: Path, recordings: Path | None, options: Options) -> Iterator[Item]:
    by_id: dict[str, Mapping[str, Any]] = {}
    for item in textfiles.json_records(recordings) if recordings else ():
        if isinstance(item, LeftOut):
            yield item
        else:
            by_id[str(item[1].get("id"))] = item[1]
    finder = audiofiles.Finder((recordings or file).parent, options.root)
    names = audiofiles.ByName([options.root or file.parent])
    for item in textfiles.json_records(file):
        if isinstance(item, LeftOut):
            yield item
            continue
        where, supervision = item
        name = str(supervision.get("recording_id"))
        recording = by_id.get(name)
        if recording is None and (sound := names.find(name)):
            recording = {"id": name, "sources": [{"type": "file", "source": str(sound)}]}
        if recording is None:
            reason = (
                "which the manifest of recordings does not have"
                if recordings
                else audiofiles.missing(name, names.folders[0])
            )
            yield LeftOut(where, f"{supervision.get('id')} is of the recording {name}: {reason}")
        else:
            yield lhotse_records.of_supervision(where, supervision, recording, 0.0, finder)
