"""What a model says aloud, as files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from modellab import audio
from modellab.audio import saved
from modellab.audio.saved import SavedAudio
from modellab.types import Audio, CaseId

TONE = Audio(np.array([0.0, 0.5, -0.5, np.nan, 2.0], dtype=np.float32), 16_000)


@pytest.fixture
def saved_audio(tmp_path: Path) -> SavedAudio:
    made = SavedAudio()
    made.keep(str(tmp_path / "said"))
    return made


def test_each_sound_becomes_a_file_wherever_it_is(saved_audio: SavedAudio, tmp_path: Path) -> None:
    output = {"audio": TONE, "turns": [{"text": "hi", "audio": TONE}, {"text": "", "audio": None}], "n": 2}
    stored = saved_audio.stored(output, "case-1")
    said = tmp_path / "said"
    assert sorted(path.name for path in said.iterdir()) == ["case-1-turns-1.flac", "case-1.flac"]
    facts = {"rate_hz": 16_000, "duration_s": 5 / 16_000}
    assert stored["audio"] == {"audio": str(said / "case-1.flac"), **facts}
    assert stored["turns"][0] == {"text": "hi", "audio": {"audio": str(said / "case-1-turns-1.flac"), **facts}}
    assert (stored["turns"][1], stored["n"]) == ({"text": "", "audio": None}, 2)


def test_the_files_of_an_output_are_found_again(saved_audio: SavedAudio) -> None:
    stored = saved_audio.stored({"audio": TONE, "turns": [{"text": "hi", "audio": TONE}, {"audio": None}], "n": 2}, "1")
    assert [path.name for path in saved.files(stored)] == ["1.flac", "1-turns-1.flac"]
    assert list(saved.files({"audio": "a name", "regions": [[0.5, 1.0]]})) == list(saved.files(None)) == []


def test_a_file_holds_what_was_said_clipped_and_finite(saved_audio: SavedAudio) -> None:
    stored = saved_audio.stored({"audio": TONE}, "a")
    heard = audio.read(Path(stored["audio"]["audio"]))
    assert heard.samples.tolist() == pytest.approx([0.0, 0.5, -0.5, 0.0, 1.0], abs=2**-15)


def test_scratch_goes_with_the_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(saved.SCRATCH, raising=False)
    made = SavedAudio()
    made.keep("")
    path = Path(made.stored(TONE, "a")["audio"])
    assert path.is_file()
    made.close()
    assert not path.parent.exists()
    monkeypatch.setenv(saved.SCRATCH, str(tmp_path))
    assert Path(made.stored(TONE, "a")["audio"]).parent == tmp_path


def test_the_newest_sessions_keep_their_audio(tmp_path: Path) -> None:
    key = CaseId("tts", "tts_v1", "espeak", "en", "cpu", "float32")
    for i, session in enumerate(["b", "a", "c"]):
        folder = saved.place(tmp_path, session, key)
        folder.mkdir(parents=True)
        os.utime(tmp_path / "audio" / session, (i, i))
    saved.prune(tmp_path, sessions=2)
    assert sorted(path.name for path in (tmp_path / "audio").iterdir()) == ["a", "c"]
    assert saved.place(tmp_path, "a", key).name == "espeak_en-tts_v1-cpu-float32"


@pytest.mark.parametrize(
    ("names", "begins"),
    [
        (["a/b", "a b", "a_b"], "a_b"),
        (["x" * 300, "x" * 301], "xxx"),
        (["ü" * 300, "ü" * 299 + "u"], "üü"),
        (["..", "../..", "."], "."),
    ],
)
def test_each_name_has_a_file_of_its_own_that_every_file_system_takes(
    saved_audio: SavedAudio, tmp_path: Path, names: list[str], begins: str
) -> None:
    paths = {Path(saved_audio.stored(TONE, name)["audio"]) for name in names}
    assert len(paths) == len(names)
    assert {path.parent for path in paths} == {tmp_path / "said"}
    assert all(path.is_file() and path.name.startswith(begins) for path in paths)


def test_two_sessions_may_prune_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for session in "abc":
        (tmp_path / "audio" / session).mkdir(parents=True)
    real = Path.stat

    def stat(path: Path, **how: bool) -> os.stat_result:
        if path.name == "b" and os.path.isdir(path):  # noqa: PTH112 - without stat
            path.rmdir()  # the other session was quicker
        return real(path, **how)

    monkeypatch.setattr(Path, "stat", stat)
    saved.prune(tmp_path, sessions=1)
    assert len(list((tmp_path / "audio").iterdir())) == 1


def test_only_saved_audio_of_this_project_is_a_sound(tmp_path: Path) -> None:
    folder, outside = tmp_path / "mlruns" / "audio" / "s1", tmp_path / "secret.flac"
    folder.mkdir(parents=True)
    for path in (folder / "a.flac", outside):
        path.write_bytes(b"flac")
    (folder / "link.flac").symlink_to(outside)
    (folder / "loop.flac").symlink_to(folder / "loop.flac")
    strange = [str(outside), "/etc/passwd", str(folder / "../../../secret.flac"), str(folder / "link.flac"), "a\0b", ""]
    good = {"audio": str(folder / "a.flac"), "rate_hz": 8000}
    output = {"turns": [{"text": "x", "audio": {"audio": path, "rate_hz": 8000}} for path in strange], "audio": good}
    kept, refused = saved.confined(output, tmp_path / "mlruns")
    assert refused == strange
    assert kept["audio"] == good
    assert [turn["text"] for turn in kept["turns"]] == ["x"] * len(strange)
    assert not any(path.exists() for path in saved.files(kept) if path.name != "a.flac")
    assert saved.confined({"text": "x", "segments": [["x", 0.0, None]]}, tmp_path)[1] == []
