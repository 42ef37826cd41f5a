"""Stated, estimated, unknown and decoded lengths: placeholders are read to the end, cut files are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from modellab import audio
from modellab.audio import chunks
from modellab.audio.lengths import UNKNOWN, Claim
from modellab.errors import AudioError
from tests.audio.makers import by_ffmpeg, by_soundfile, wav

PLACEHOLDERS = [0, 0x4000_0000, 0x7FFF_F000, 0x7FFF_FFFF, 0x7FFF_FFDB, 0x8000_0000, 2_000_000_000, 1_000_000_000,
                0xFFFF_F000, 0xFFFF_FFDB, 0xFFFF_FFFF]  # fmt: skip


def flac(total: int) -> bytes:
    """A FLAC of 1 s whose header states `total` samples; 0 is "unknown"."""
    data = bytearray(by_soundfile("FLAC"))
    data[21] = data[21] & 0xF0 | total >> 32
    data[22:26] = (total & 0xFFFF_FFFF).to_bytes(4)
    return bytes(data)


@pytest.mark.parametrize("size", PLACEHOLDERS, ids=hex)
def test_a_wav_written_to_a_pipe_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    (tmp_path / "a.wav").write_bytes(wav(size))
    assert audio.read(tmp_path / "a.wav").duration_s == 1.0
    assert audio.info(tmp_path / "a.wav").duration_s == 1.0


@pytest.mark.parametrize("riff_size", [0, 0xFFFF_FFFF, 36])
def test_the_length_of_the_whole_file_is_not_asked(tmp_path: Path, riff_size: int) -> None:
    (tmp_path / "a.wav").write_bytes(wav(0, riff_size))
    assert audio.read(tmp_path / "a.wav").duration_s == 1.0


@pytest.mark.parametrize("size", [32_002, 64_000, 100_000_000, 1_234_567_890, 0x7F12_3456])
def test_a_cut_wav_is_refused_however_long_it_was(tmp_path: Path, size: int) -> None:
    (tmp_path / "a.wav").write_bytes(wav(size))
    with pytest.raises(AudioError, match=r"is truncated: its header promises [\d.]+ s and 1\.00 s came"):
        audio.read(tmp_path / "a.wav")
    with pytest.raises(AudioError, match="is truncated"):
        audio.info(tmp_path / "a.wav")


def test_a_wav_without_samples_is_empty_also_with_a_chunk_behind_them(tmp_path: Path) -> None:
    header = wav(0)[:44]
    for tail in (b"", b"LIST" + (4).to_bytes(4, "little") + b"INFO"):
        (tmp_path / "a.wav").write_bytes(header + tail)
        with pytest.raises(AudioError, match="holds no audio samples"):
            audio.read(tmp_path / "a.wav")


@pytest.mark.parametrize("form", ["AIFF", "AU", "CAF", "W64", "RF64", "WAVEX", "NIST", "SVX"])
def test_a_cut_file_is_refused_in_every_format_that_states_its_bytes(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"a.{form.lower()}"
    whole = by_soundfile(form)
    path.write_bytes(whole)
    assert audio.read(path).duration_s == 1.0
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AudioError, match=r"is truncated"):
        audio.read(path)


@pytest.mark.parametrize("total", [0, 16_000])
def test_a_flac_of_unknown_length_is_decoded(tmp_path: Path, total: int) -> None:
    (tmp_path / "a.flac").write_bytes(flac(total))
    assert audio.read(tmp_path / "a.flac").duration_s == 1.0
    assert audio.info(tmp_path / "a.flac").duration_s == 1.0


@pytest.mark.parametrize("total", [2**31, 2**36 - 1])
def test_a_flac_that_states_absurdly_much_is_refused(tmp_path: Path, total: int) -> None:
    (tmp_path / "a.flac").write_bytes(flac(total))
    for how in (audio.read, audio.info):
        with pytest.raises(AudioError, match=r"promises [\d.]+ s and 1\.00 s came|cannot be decoded to its end"):
            how(tmp_path / "a.flac")


@pytest.mark.parametrize("total", [1, 4_000, 15_000])
def test_a_flac_that_states_too_little_is_read_to_its_end(tmp_path: Path, total: int) -> None:
    """Unless its last frame is cut by the stated end, as libFLAC cuts it too."""
    (tmp_path / "a.flac").write_bytes(flac(total))
    came = audio.read(tmp_path / "a.flac").duration_s
    assert came == (1.0 if total < 12_288 else total / 16_000)
    assert audio.info(tmp_path / "a.flac").duration_s == came


@pytest.mark.parametrize(("size", "riff_size"), [(3_200, 3_236), (16_000, 16_036), (8_000, 0xFFFF_FFFF)])
def test_a_wav_whose_sound_goes_on_behind_the_stated_end_is_read_on(tmp_path: Path, size: int, riff_size: int) -> None:
    data = wav(size, riff_size)
    (tmp_path / "a.wav").write_bytes(data)
    assert audio.read(tmp_path / "a.wav").duration_s == 1.0


@pytest.mark.parametrize(
    "tail", [bytes(20_000), b"TAG" + bytes(125), b"LIST" + (20_000).to_bytes(4, "little") + b"x" * 20_000]
)
def test_padding_tags_and_chunks_behind_a_wavs_samples_are_no_sound(tmp_path: Path, tail: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(by_soundfile("WAV") + tail)
    assert audio.read(tmp_path / "a.wav").duration_s == 1.0


@pytest.mark.parametrize("stated", [1 << 62, 0xFFFF_FFFF])
def test_the_placeholder_of_an_au_file(tmp_path: Path, stated: int) -> None:
    data = bytearray(by_soundfile("AU"))
    data[8:12] = (stated & 0xFFFF_FFFF or 0xFFFF_FFFF).to_bytes(4)
    (tmp_path / "a.au").write_bytes(data)
    assert audio.read(tmp_path / "a.au").duration_s == 1.0


def test_raw_aac_states_no_length_and_its_estimate_promises_nothing(tmp_path: Path) -> None:
    """Silence needs few bytes: the rate of the first frames says nothing of the rest."""
    quiet, loud = by_ffmpeg("adts", "aac", 0.2), by_ffmpeg("adts", "aac", 3.0)
    for name, data in (("a.aac", quiet + loud), ("b.aac", loud + quiet)):
        (tmp_path / name).write_bytes(data)
        read = audio.read(tmp_path / name)
        assert read.duration_s == pytest.approx(3.2, abs=0.15)
        assert audio.info(tmp_path / name).duration_s == read.duration_s


@pytest.mark.parametrize(("form", "codec"), [("matroska", "libopus"), ("mov", "pcm_s16le")])
def test_a_container_that_ends_too_early_is_refused(tmp_path: Path, form: str, codec: str) -> None:
    whole = by_ffmpeg(form, codec)
    (tmp_path / "a").write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(AudioError, match="is truncated"):
        audio.read(tmp_path / "a")


def test_only_what_is_stated_is_held_against_what_came() -> None:
    path = Path("a.wav")
    Claim("stated", 1.0).check(path, 0.95, 0.1)
    Claim("estimated", 100.0).check(path, 1.0, 0.0)
    UNKNOWN.check(path, 1.0, 0.0)
    with pytest.raises(AudioError, match=r"promises 2\.00 s and 1\.00 s came"):
        Claim("stated", 2.0).check(path, 1.0, 0.1)


@pytest.mark.parametrize(("stated", "present", "is_one"), [
    (0, 0, False), (0, 2, True), (2**31, 32_000, True), (2**31, 2**31, False), (2**31 - 5000, 32_000, False),
    (2_000_000_036, 32_000, True), (999_000_000, 32_000, False), (100_000_000, 32_000, False),
])  # fmt: skip
def test_placeholders_are_round_and_far_from_what_is_there(stated: int, present: int, is_one: bool) -> None:
    assert chunks.is_placeholder(stated, present) is is_one
