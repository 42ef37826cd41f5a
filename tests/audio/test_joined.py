"""Files joined by their bytes: all of it is heard, or the file is refused; never the first part alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from modellab import audio
from modellab.errors import AudioError
from tests.audio.makers import RATE_HZ, by_ffmpeg, by_soundfile, wav

ID3 = b"ID3\x04\x00\x00" + bytes([0, 0, 0x1F, 0x00]) + bytes(0x1F << 7)


@pytest.mark.parametrize(
    "form", [("WAV", None), ("FLAC", None), ("AIFF", None), ("CAF", None), ("OGG", "VORBIS"), ("OGG", "OPUS")]
)
@pytest.mark.parametrize("copies", [2, 3])
def test_joined_files_are_read_whole(tmp_path: Path, form: tuple[str, str | None], copies: int) -> None:
    one = by_soundfile(*form)
    (tmp_path / "one").write_bytes(one)
    (tmp_path / "all").write_bytes(one * copies)

    read = audio.read(tmp_path / "all")

    assert read.duration_s == copies
    assert audio.info(tmp_path / "all").duration_s == copies
    assert np.array_equal(read.samples, np.tile(audio.read(tmp_path / "one").samples, copies))


@pytest.mark.parametrize("between", [b"", b"TAG" + bytes(125), ID3])
@pytest.mark.parametrize("copies", [2, 5])
def test_joined_mp3s_are_read_whole(tmp_path: Path, copies: int, between: bytes) -> None:
    (tmp_path / "a.mp3").write_bytes((by_soundfile("MP3") + between) * copies)
    read = audio.read(tmp_path / "a.mp3")
    assert read.duration_s == pytest.approx(copies, abs=0.15 * copies)
    assert read.duration_s >= copies
    assert audio.info(tmp_path / "a.mp3").duration_s == read.duration_s


def test_an_mp3_without_a_header_of_its_own_keeps_its_length(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(by_ffmpeg("mp3", "libmp3lame")[2:])  # no longer begins with a frame or a tag
    whole = by_ffmpeg("mp3", "libmp3lame")
    (tmp_path / "b.mp3").write_bytes(whole)
    assert audio.read(tmp_path / "b.mp3").duration_s == pytest.approx(1.0, abs=0.1)


def test_an_mp3_with_a_tag_at_its_end_is_read_as_before(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(by_soundfile("MP3") + b"TAG" + bytes(125))
    assert audio.read(tmp_path / "a.mp3").duration_s == 1.0


def test_parts_of_another_rate_are_brought_to_that_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "a.ogg").write_bytes(by_soundfile("OGG", "VORBIS") + by_soundfile("OGG", "VORBIS", rate_hz=8_000))
    read = audio.read(tmp_path / "a.ogg")
    assert (read.rate_hz, read.duration_s) == (RATE_HZ, 2.0)


def test_wavs_with_placeholders_joined_by_a_server(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(0xFFFF_FFFF) * 3)
    assert audio.read(tmp_path / "a.wav").duration_s == 3.0


@pytest.mark.parametrize(
    ("form", "codec"), [("mp4", "aac"), ("mov", "pcm_s16le"), ("matroska", "libopus"), ("webm", "libopus")]
)
def test_joined_containers_are_refused(tmp_path: Path, form: str, codec: str) -> None:
    (tmp_path / "a").write_bytes(by_ffmpeg(form, codec) * 2)
    with pytest.raises(AudioError, match="is more than one file: another begins at byte"):
        audio.read(tmp_path / "a")


def test_a_part_that_is_cut_is_told(tmp_path: Path) -> None:
    flac = by_soundfile("FLAC")
    (tmp_path / "a.flac").write_bytes(flac + flac[: len(flac) // 2])
    with pytest.raises(AudioError, match="truncated"):
        audio.read(tmp_path / "a.flac")


def test_channels_that_differ_are_refused_where_each_is_wanted(tmp_path: Path) -> None:
    import io

    import soundfile

    stereo = io.BytesIO()
    soundfile.write(stereo, np.zeros((RATE_HZ, 2), np.float32), RATE_HZ, format="WAV")
    (tmp_path / "a.wav").write_bytes(by_soundfile("WAV") + stereo.getvalue())
    assert audio.read(tmp_path / "a.wav").duration_s == 2.0
    with pytest.raises(AudioError, match="of 1 and 2 channels"):
        audio.read_channels(tmp_path / "a.wav")
