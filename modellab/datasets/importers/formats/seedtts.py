"""Seed-TTS-eval's lists: name | text of the prompt | audio of the prompt | text to speak | recording of it.

The last column may be missing: then the recording is `wavs/NAME.wav`. A row is what is to be spoken with its recording;
of the prompt, whose voice a model is to take on, the text is kept and the audio is not: no task gives it to a model.

Source: BytedanceSpeech/seed-tts-eval, README.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modellab.datasets.importers import splits, textfiles
from modellab.datasets.importers.places import Place, is_audio
from modellab.datasets.importers.records import Guess, Item, LeftOut, Options, Record, Sound
from modellab.datasets.importers.tasks_rows import PROMPT

NAME = "seedtts"
TITLE = "Seed-TTS-eval: name|prompt text|prompt audio|text|recording"
FILES = ("*.lst",)
COLUMNS = range(4, 6)


def detect(place: Place) -> Guess | None:
    """Lines with four or five cells, the third of which is an audio file."""
    for file in place.called(*FILES):
        if any(_is_row(line.split("|")) for line in place.first_lines(file)):
            return Guess(0.9, f"the lines of {file.name} are name|prompt text|prompt audio|text")
    return None


def _is_row(cells: list[str]) -> bool:
    return len(cells) in COLUMNS and is_audio(cells[2].strip())


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each line of the list, `meta.lst` if nothing is said."""
    files = place.called(*FILES) if place.is_folder else [place.path]
    file, note = splits.one(files, options.split or ("meta.lst" if len(files) > 1 else ""))
    if note:
        yield note
    for item in textfiles.lines(file) if file else ():
        yield item if isinstance(item, LeftOut) else _record(file or place.path, *item)


def _record(file: Path, number: int, line: str) -> Item:
    where, cells = textfiles.where(file, number), [cell.strip() for cell in line.split("|")]
    if not _is_row(cells):
        return LeftOut(where, f"expected name|prompt text|prompt audio|text, got {line[:60]!r}")
    name, prompt, _, text, *rest = cells
    sound = file.parent / (rest[0] if rest and rest[0] else f"wavs/{Path(name).stem}.wav")
    return Record(Path(name).stem, where, Sound(sound), text=text, texts={PROMPT: prompt})
