"""Multilingual LibriSpeech: SPLIT/transcripts.txt and SPLIT/audio/SPEAKER/BOOK/SPEAKER_BOOK_NUMBER.flac (or .opus)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modellab.datasets.importers import splits, textfiles
from modellab.datasets.importers.audiofiles import is_there
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, Item, LeftOut, Options, Record, Sound

NAME = "mls"
TITLE = "Multilingual LibriSpeech: SPLIT/transcripts.txt and SPLIT/audio/SPEAKER/BOOK/"
TRANSCRIPTS = "transcripts.txt"
AUDIO = (".flac", ".opus", ".wav", ".ogg", ".mp3")
LANGUAGES = {
    "english": "en", "german": "de", "dutch": "nl", "french": "fr", "spanish": "es", "italian": "it",
    "portuguese": "pt", "polish": "pl",
}  # fmt: skip


def detect(place: Place) -> Guess | None:
    """A transcripts.txt whose lines begin with SPEAKER_BOOK_NUMBER and a tab."""
    for file in place.called(TRANSCRIPTS, deep=True):
        if any("\t" in line and line.partition("\t")[0].count("_") == 2 for line in place.first_lines(file)):
            return Guess(0.95, f"{file.name} has lines of SPEAKER_BOOK_NUMBER, tab, text")
    return None


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each line of the split's transcripts."""
    files = {file.parent.name: file for file in place.called(TRANSCRIPTS, deep=True)}
    name, note = splits.chosen(files, options.split)
    if note:
        yield note
    file = files[name]
    path = file.as_posix().lower()
    at, language = max((path.rfind(word), code) for word, code in LANGUAGES.items())
    for item in textfiles.lines(file):
        if isinstance(item, LeftOut):
            yield item
            continue
        number, line = item
        where = textfiles.where(file, number)
        id, tab, text = line.partition("\t")
        parts = id.strip().split("_")
        if not tab or len(parts) != 3:
            yield LeftOut(where, f"expected SPEAKER_BOOK_NUMBER, a tab and the text, got {line[:40]!r}")
            continue
        yield Record(
            id=id.strip(),
            where=where,
            sound=Sound(_audio(file.parent / "audio" / parts[0] / parts[1], id.strip())),
            text=text.strip(),
            language=language if at >= 0 else "",
            speaker=parts[0],
            recording="_".join(parts[:2]),
        )


def _audio(folder: Path, id: str) -> Path:
    return next((path for suffix in AUDIO if is_there(path := folder / f"{id}{suffix}")), folder / f"{id}.flac")
