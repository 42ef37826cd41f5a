"""Lists without headings, as LJSpeech has one and recipes of synthesisers do."""

from __future__ import annotations

from pathlib import Path

from tests.datasets.importers.utterances import SPEAKERS, TEXTS, clips, write


def ljspeech(folder: Path) -> None:
    """The text as it is written, and spelt out."""
    clips(folder / "wavs")
    write(folder / "metadata.csv", "".join(f'{id}|"As written: {text}|{text}\n' for id, text in TEXTS.items()))


def filelist(folder: Path) -> None:
    """Who speaks between the file and the text."""
    clips(folder / "audio")
    rows = (f"audio/{id}.wav|{SPEAKERS[id]}|{text}\n" for id, text in TEXTS.items())
    write(folder / "filelists" / "test_filelist.txt", "".join(rows))
