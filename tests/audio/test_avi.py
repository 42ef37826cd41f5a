"""AVI: gaps are packets without bytes, and whether the file is whole is told by its chunks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modellab import audio
from modellab.audio.avi import Gaps, _chunks
from modellab.errors import AudioError
from tests.audio.makers import by_ffmpeg


@pytest.mark.parametrize(
    ("behind", "at_s", "shifted_s"),
    [((), 1.0, 1.0), ((2,), 1.0, 1.0), ((2,), 2.0, 3.0), ((0, 0), 0.0, 2.0), ((1, 3, 3), 2.9, 5.9), ((1,), None, None)],
)
def test_ticks_without_sound_move_what_follows(
    behind: tuple[int, ...], at_s: float | None, shifted_s: float | None
) -> None:
    assert Gaps(behind).shifted(at_s, 1.0) == shifted_s


@pytest.mark.parametrize("codec", ["mp2", "ac3", "pcm_s16le", "adpcm_ms"])
def test_a_cut_file_is_refused_wherever_it_was_cut(tmp_path: Path, codec: str) -> None:
    whole = by_ffmpeg("avi", codec, 2.0)
    for share in (0.3, 0.5, 0.9, 0.97):
        (tmp_path / "a").write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(AudioError, match="is truncated"):
            audio.read(tmp_path / "a")


def test_a_file_whose_writer_could_not_go_back_is_heard(tmp_path: Path) -> None:
    streamed = bytearray(by_ffmpeg("avi", "mp2", 4.0, (2.0, 3.0)))
    end, movi = streamed.index(b"idx1"), streamed.index(b"movi")
    streamed[4:8] = streamed[movi - 4 : movi] = bytes(4)
    (tmp_path / "a").write_bytes(streamed[:end])
    assert audio.read(tmp_path / "a").duration_s == pytest.approx(7.0, abs=0.06)


def test_a_length_by_the_bit_rate_is_no_promise(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(by_ffmpeg("avi", "wmav2", 4.0))
    assert audio.read(tmp_path / "a").duration_s == pytest.approx(4.0, abs=0.06)


def test_joined_files_are_refused(tmp_path: Path) -> None:
    one = by_ffmpeg("avi", "mp2", 1.0)
    (tmp_path / "a").write_bytes(one + one)
    with pytest.raises(AudioError, match=f"is more than one file: another begins at byte {len(one):,}"):
        audio.read(tmp_path / "a")


def test_a_gap_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    whole = bytearray(by_ffmpeg("avi", "mp2", 1.0))
    at = whole.index(b"00wb")
    whole[at:at] = (b"00wb" + bytes(4)) * 200_000
    whole[4:8] = (len(whole) - 8).to_bytes(4, "little")
    (tmp_path / "a").write_bytes(whole)
    with pytest.raises(AudioError, match=r"has a gap of 4[78]\d\d s in its timestamps"):
        audio.read(tmp_path / "a")


def test_zeros_behind_the_last_chunk_are_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(by_ffmpeg("avi", "mp2", 1.0))
    os.truncate(tmp_path / "a", 200_000_000)
    with (tmp_path / "a").open("rb") as file:
        assert sum(1 for _ in _chunks(file, 200_000_000)) < 200
