"""A few mutated files of every format; `python -m tools.audio_fuzz --files 2000` reads many."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import audio_fuzz

FILES = 240


@pytest.fixture(scope="module")
def reader() -> Iterator[audio_fuzz.Reader]:
    made = audio_fuzz.Reader(4 * 2**30)
    yield made
    made.close()


def test_mutated_files_are_decoded_or_refused_in_a_sentence(tmp_path: Path, reader: audio_fuzz.Reader) -> None:
    said = {path.name: reader.read(path)[0] for path in audio_fuzz.files(tmp_path, FILES, seed=12)}
    assert {name: what for name, what in said.items() if what.startswith("FAULT")} == {}
    assert {what.split()[0] for what in said.values()} == {"decoded", "AudioError"}


def test_a_child_that_dies_is_told(tmp_path: Path) -> None:
    starved = audio_fuzz.Reader(10 * 2**20)
    assert starved.read(tmp_path / "a.wav")[0].startswith("FAULT: the process died")
    starved.close()
