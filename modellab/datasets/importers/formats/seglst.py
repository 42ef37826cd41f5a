"""SegLST, as CHiME and MeetEval write it: a JSON list of segments with session, times, words and speaker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modellab.datasets.importers import audiofiles, textfiles
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, Item, LeftOut, Options, Record, Sound, place_id, seconds

NAME = "seglst"
TITLE = "SegLST: JSON list with session_id, start_time, end_time, words, speaker"
FILES = ("*.json", "*.seglst", "*.json.gz")
NEEDED = {"session_id", "start_time", "end_time", "words"}
TIMED = {"start_time", "end_time", "words"}
CHIME = {"start_time", "end_time", "words", "speaker"}


def detect(place: Place) -> Guess | None:
    """A JSON list whose records have a session, times and words."""
    for file in place.tables(*FILES):
        if place.keys(file) >= NEEDED:
            return Guess(0.92, f"the records of {file.name} have the keys {', '.join(sorted(NEEDED))}")
        if place.keys(file) >= CHIME:
            return Guess(0.8, f"the records of {file.name} have the keys {', '.join(sorted(CHIME))}, as in CHiME")
    return None


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each segment; its audio is the file called like its session."""
    names = audiofiles.ByName([options.root or place.folder])
    for file in place.tables(*FILES) if place.is_folder else [place.path]:
        if place.is_folder and not place.keys(file) >= TIMED:
            continue
        session = file.name.split(".")[0]
        for item in textfiles.json_records(file):
            yield item if isinstance(item, LeftOut) else _segment(*item, session, names)


def _segment(where: str, row: Mapping[str, Any], session: str, names: audiofiles.ByName) -> Item:
    recording = str(row.get("session_id") or session)
    start_s, end_s = seconds(row.get("start_time")), seconds(row.get("end_time"))
    words = row.get("words")
    if start_s is None or end_s is None:
        came = " and ".join(repr(str(row.get(key))[:20]) for key in ("start_time", "end_time"))
        return LeftOut(where, f"its times are {came}, expected seconds or hours:minutes:seconds")
    if end_s <= start_s:
        return LeftOut(where, f"it ends at {end_s:g} s and starts at {start_s:g} s")
    if not isinstance(words, str):
        return LeftOut(where, f"its words are {str(words)[:40]!r}, expected text")
    sound = names.find(recording)
    if sound is None:
        return LeftOut(where, audiofiles.missing(recording, names.folders[0]))
    speaker = str(row.get("speaker") or "")
    return Record(
        id=f"{place_id(recording, start_s, end_s)}{f'-{speaker}' if speaker else ''}",
        where=where,
        sound=Sound(sound, start_s, end_s),
        text=" ".join(words.split()),
        speaker=speaker,
        recording=recording,
    )
