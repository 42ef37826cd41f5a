"""Sphinx' and SCTK's transcripts: `words (id)` a line, with `<s>` and `</s>` around the words in those of Sphinx."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from modellab.datasets.importers import audiofiles, splits, textfiles
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, Item, LeftOut, Options, Record, Sound

NAME = "trn"
TITLE = "Sphinx or SCTK trn: `words (id)` a line"
FILES = ("*.trn", "*.transcription", "transcription", "*.transcripts", "*.trn.txt")
LINE = re.compile(r"^(?P<words>.*?)\s*\((?P<id>[^()\s]+)\)\s*$")
MARKS = re.compile(r"</?s>|<sil>|\+\+[^+\s]*\+\+")
VARIANT = re.compile(r"\(\d+\)(?=\s|$)")  # was(2): a pronunciation


def detect(place: Place) -> Guess | None:
    """A file of transcripts whose first line ends in an id in parentheses."""
    for file in place.called(*FILES) if place.is_folder else [place.path]:
        if any(map(LINE.match, place.first_lines(file))):
            sure = 0.9 if file.suffix.lower() in (".trn", ".transcription") else 0.6
            return Guess(sure, f"the lines of {file.name} end in (id)")
    return None


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each line; its audio is the file of its id below the place."""
    files = place.called(*FILES) if place.is_folder else [place.path]
    file, note = splits.one([file for file in files if any(map(LINE.match, place.first_lines(file)))], options.split)
    if note:
        yield note
    names = audiofiles.ByName([options.root or place.folder])
    for item in textfiles.lines(file, ";;") if file else ():
        yield item if isinstance(item, LeftOut) else _record(file or place.path, *item, names)


def _record(file: Path, number: int, line: str, names: audiofiles.ByName) -> Item:
    where = textfiles.where(file, number)
    match = LINE.match(line)
    if not match:
        return LeftOut(where, f"expected words and (id), got {line[:60]!r}")
    id = match["id"]
    sound = names.find(id.rpartition("/")[2])
    if sound is None:
        return LeftOut(where, audiofiles.missing(id, names.folders[0]))
    words = VARIANT.sub("", MARKS.sub(" ", match["words"])).split()
    return Record(id=id, where=where, sound=Sound(sound), text=" ".join(words))
