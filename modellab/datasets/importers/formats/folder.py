"""A folder of audio, with a text of the same name beside each file: .txt, .lab, .json, .srt, .vtt or .TextGrid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modellab.datasets.importers import sidecars
from modellab.datasets.importers.places import Place, deeply, is_audio
from modellab.datasets.importers.records import Guess, Item, LeftOut, Note, Options

NAME = "folder"
TITLE = "audio files, each with a .txt, .lab, .json, .srt, .vtt or .TextGrid of its name"


def detect(place: Place) -> Guess | None:
    """A pair of files whose names differ by the suffix."""
    if not place.is_folder:
        return None
    stems = {(file.parent, file.stem) for file in place.files if is_audio(file.name)}
    texts = [
        file for file in place.files if file.suffix.lower() in sidecars.KINDS and (file.parent, file.stem) in stems
    ]
    if not texts:
        return None
    kinds = ", ".join(sorted({file.suffix for file in texts}))
    return Guess(0.6, f"{len(texts)} of {len(stems)} audio files have a {kinds} of the same name")


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each pair, or for each subtitle or interval of one; what has no partner is left out."""
    here: list[Path] = []
    for file in deeply(place.folder):
        if here and file.parent != here[0].parent:
            yield from _pairs(here, options)
            here = []
        here.append(file)
    yield from _pairs(here, options)


def _pairs(files: list[Path], options: Options) -> Iterator[Item]:
    """The records of one folder's own files."""
    texts: dict[str, list[Path]] = {}
    for file in files:
        if file.suffix.lower() in sidecars.KINDS:
            texts.setdefault(file.stem, []).append(file)
    sounds = [file for file in files if is_audio(file.name)]
    for sound in sounds:
        beside = sorted(texts.pop(sound.stem, []), key=lambda file: sidecars.KINDS.index(file.suffix.lower()))
        if not beside:
            yield LeftOut(str(sound), f"there is no {sound.stem}.txt or other text beside it")
            continue
        if len(beside) > 1:
            yield Note(f"{sound.name} has several texts, {beside[0].name} is taken", has_names=True)
        yield from sidecars.records(sound, beside[0], options)
    if sounds:
        for text in (file for left in texts.values() for file in left):
            yield LeftOut(str(text), f"there is no audio file called {text.stem} beside it")
