"""What a model says aloud, as files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from modellab import audio, studio
from modellab.studio import Studio
from modellab.types import Audio, Key

TONE = Audio(np.array([0.0, 0.5, -0.5, np.nan, 2.0], dtype=np.float32), 16_000)


@pytest.fixture
def kept(tmp_path: Path) -> Studio:
    made = Studio()
    made.keep(str(tmp_path / "said"))
    return made


def test_each_sound_becomes_a_file_wherever_it_is(kept: Studio, tmp_path: Path) -> None:
    output = {"audio": TONE, "turns": [{"text": "hi", "audio": TONE}, {"text": "", "audio": None}], "n": 2}
    stored = kept.stored(output, "case/1")
    said = tmp_path / "said"
    assert sorted(path.name for path in said.iterdir()) == ["case_1-turns-1.flac", "case_1.flac"]
    facts = {"rate_hz": 16_000, "duration_s": 5 / 16_000}
    assert stored["audio"] == {"audio": str(said / "case_1.flac"), **facts}
    assert stored["turns"][0] == {"text": "hi", "audio": {"audio": str(said / "case_1-turns-1.flac"), **facts}}
    assert (stored["turns"][1], stored["n"]) == ({"text": "", "audio": None}, 2)


def test_the_files_of_an_output_are_found_again(kept: Studio) -> None:
    stored = kept.stored({"audio": TONE, "turns": [{"text": "hi", "audio": TONE}, {"audio": None}], "n": 2}, "1")
    assert [path.name for path in studio.files(stored)] == ["1.flac", "1-turns-1.flac"]
    assert list(studio.files({"audio": "a name", "regions": [[0.5, 1.0]]})) == list(studio.files(None)) == []


def test_a_file_holds_what_was_said_clipped_and_finite(kept: Studio) -> None:
    stored = kept.stored({"audio": TONE}, "a")
    heard = audio.read(Path(stored["audio"]["audio"]))
    assert heard.samples.tolist() == pytest.approx([0.0, 0.5, -0.5, 0.0, 1.0], abs=2**-15)


def test_scratch_goes_with_the_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(studio.SCRATCH, raising=False)
    made = Studio()
    made.keep("")
    path = Path(made.stored(TONE, "a")["audio"])
    assert path.is_file()
    made.close()
    assert not path.parent.exists()
    monkeypatch.setenv(studio.SCRATCH, str(tmp_path))
    assert Path(made.stored(TONE, "a")["audio"]).parent == tmp_path


def test_the_newest_sessions_keep_their_audio(tmp_path: Path) -> None:
    key = Key("tts", "tts_v1", "espeak", "en", "cpu", "float32")
    for i, session in enumerate(["b", "a", "c"]):
        folder = studio.place(tmp_path, session, key)
        folder.mkdir(parents=True)
        os.utime(tmp_path / "audio" / session, (i, i))
    studio.prune(tmp_path, sessions=2)
    assert sorted(path.name for path in (tmp_path / "audio").iterdir()) == ["a", "c"]
    assert studio.place(tmp_path, "a", key).name == "espeak_en-tts_v1-cpu-float32"
