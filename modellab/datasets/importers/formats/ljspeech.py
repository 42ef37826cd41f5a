"""LJSpeech's list and those made after it: `id|text|normalised text` beside `wavs/`, or `file|speaker|text`.

There is no header, and a quotation mark is a letter. Of two texts the second, which is spelt out, is the reference; the
first is kept under `texts`.

Source: keithito.com/LJ-Speech-Dataset; the lists of the recipes of Tacotron 2, VITS, Coqui TTS and Piper.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modellab.datasets.importers import splits, textfiles
from modellab.datasets.importers.audiofiles import Finder, is_there
from modellab.datasets.importers.places import Place, is_audio
from modellab.datasets.importers.records import Guess, Item, LeftOut, Options, Record, Sound

NAME = "ljspeech"
TITLE = "LJSpeech: id|text|normalised text beside wavs/, or file|speaker|text"
FILES = ("metadata*.csv", "metadata*.txt", "*filelist*.txt", "train*.txt", "val*.txt", "test*.txt")
FOLDERS = ("wavs", "wav", ".")
SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".opus")
MOST_CELLS = 3
LONGER = 3  # words of a text that no single word before it says in another way: that one is a speaker, as Piper has it
RAW = "raw"  # of `texts`: as it is written


def detect(place: Place) -> Guess | None:
    """Lines of two or three cells, the first of which is an audio file or the name of one."""
    lists = _lists(place)
    return Guess(0.92, f"the lines of {lists[0].name} are NAME|TEXT of recordings that are there") if lists else None


def _lists(place: Place) -> list[Path]:
    files = place.called(*FILES) if place.is_folder else [place.path]
    return [file for file in files if any(_is_row(file.parent, line) for line in place.first_lines(file))]


def _is_row(folder: Path, line: str) -> bool:
    cells = line.split("|")
    return 2 <= len(cells) <= MOST_CELLS and is_there(_sound(Finder(folder), folder, cells[0]))


def _sound(finder: Finder, folder: Path, name: str) -> Path:
    """The recording of a first cell; where there is none, where LJSpeech has it."""
    if is_audio(name.strip()):
        return finder.find(name)
    places = [folder / home / f"{name.strip()}{suffix}" for suffix in SUFFIXES for home in FOLDERS]
    return next(filter(is_there, places), places[0])


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each line of the list."""
    file, note = splits.one(_lists(place), options.split)
    if note:
        yield note
    if file is None:
        return
    finder = Finder(file.parent, options.root)
    for item in textfiles.lines(file):
        yield item if isinstance(item, LeftOut) else _record(file, *item, finder, options.root or file.parent)


def _record(file: Path, number: int, line: str, finder: Finder, folder: Path) -> Item:
    where, cells = textfiles.where(file, number), [cell.strip() for cell in line.split("|")]
    if not 2 <= len(cells) <= MOST_CELLS or not cells[0]:
        return LeftOut(where, f"expected id|text or id|text|normalised text, got {line[:60]!r}")
    name, between, text = cells[0], cells[1] if len(cells) == MOST_CELLS else "", cells[-1] or cells[1]
    has_speaker = len(between.split()) == 1 and (is_audio(name) or len(text.split()) > LONGER)
    return Record(
        id=Path(name).stem if is_audio(name) else name,
        where=where,
        sound=Sound(_sound(finder, folder, name)),
        text=text,
        speaker=between if has_speaker else "",
        texts={RAW: between} if between and not has_speaker and between != text else {},
    )
