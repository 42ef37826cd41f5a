"""Time is kept: a gap in the timestamps is silence, and so is a sound that begins behind the picture."""

from __future__ import annotations

import io
import re
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from modellab import audio
from modellab.audio import limits
from modellab.errors import AudioError
from tests.audio.makers import by_ffmpeg, tone

TIMED = [
    ("mp4", "aac"),
    ("mpegts", "aac"),
    ("matroska", "libopus"),
    ("matroska", "aac"),
    ("webm", "libopus"),
    ("flv", "aac"),
    ("ogg", "libopus"),
    ("ogg", "flac"),
    ("asf", "wmav2"),
    ("avi", "mp2"),
    ("avi", "ac3"),
    ("avi", "aac"),
]


def rms(samples: np.ndarray, rate_hz: int, start_s: float, end_s: float) -> float:
    """The root mean square of a stretch."""
    return float(np.sqrt(np.mean(samples[int(start_s * rate_hz) : int(end_s * rate_hz)] ** 2)))


@pytest.mark.parametrize(("form", "codec"), TIMED)
def test_a_gap_is_silence_and_what_follows_is_on_time(tmp_path: Path, form: str, codec: str) -> None:
    (tmp_path / "a").write_bytes(by_ffmpeg(form, codec, 4.0, (2.0, 3.0)))

    read = audio.read(tmp_path / "a")

    assert read.duration_s == pytest.approx(7.0, abs=0.1)
    assert audio.info(tmp_path / "a").duration_s == read.duration_s
    assert rms(read.samples, read.rate_hz, 0.2, 1.8) > 0.3
    assert rms(read.samples, read.rate_hz, 2.2, 4.8) < 0.01
    assert rms(read.samples, read.rate_hz, 5.2, 6.8) > 0.3


@pytest.mark.parametrize(("form", "codec"), TIMED)
def test_without_a_gap_nothing_is_put_in(tmp_path: Path, form: str, codec: str) -> None:
    (tmp_path / "a").write_bytes(by_ffmpeg(form, codec, 4.0))
    assert audio.read(tmp_path / "a").duration_s == pytest.approx(4.0, abs=0.06)


def video(form: str, sound_from_s: float, picture_s: float = 3.0) -> bytes:
    """A picture from 0 s, and a sound of 1 s that begins later."""
    file = io.BytesIO()
    with av.open(file, "w", format=form) as out:
        picture, sound = out.add_stream("mpeg4", rate=10), out.add_stream("aac", rate=48_000, layout="mono")
        picture.width = picture.height = 64
        picture.pix_fmt = "yuv420p"
        for _ in range(round(picture_s * 10)):
            out.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        out.mux(picture.encode(None))
        for start in range(0, 48_000, 1024):
            frame = av.AudioFrame.from_ndarray(
                tone(1.0, 48_000)[None, start : start + 1024], format="fltp", layout="mono"
            )
            frame.sample_rate, frame.time_base = 48_000, Fraction(1, 48_000)
            frame.pts = start + round(sound_from_s * 48_000)
            out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    return file.getvalue()


@pytest.mark.parametrize("form", ["mp4", "matroska", "mpegts", "avi"])
def test_a_sound_that_begins_behind_the_picture_keeps_its_time(tmp_path: Path, form: str) -> None:
    (tmp_path / "a").write_bytes(video(form, 1.5))
    read = audio.read(tmp_path / "a")
    assert read.duration_s == pytest.approx(2.5, abs=0.1)
    assert rms(read.samples, read.rate_hz, 0.1, 1.3) < 0.01
    assert rms(read.samples, read.rate_hz, 1.7, 2.4) > 0.3


def test_joined_transport_streams_are_heard_behind_each_other(tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_bytes(by_ffmpeg("mpegts", "aac", 1.0) * 2)
    assert audio.read(tmp_path / "a.ts").duration_s == pytest.approx(2.0, abs=0.1)


def test_an_ogg_that_lost_a_page_has_no_gap_but_damage(tmp_path: Path) -> None:
    whole = by_ffmpeg("ogg", "libopus", 4.0)
    starts = [found.start() for found in re.finditer(b"OggS", whole)]
    assert len(starts) > 4
    (tmp_path / "a.ogg").write_bytes(whole[: starts[3]] + whole[starts[4] :])
    with pytest.raises(AudioError, match="promises"):
        audio.read(tmp_path / "a.ogg")


def test_a_gap_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mka").write_bytes(by_ffmpeg("matroska", "aac", 2.0, (1.0, limits.MAX_GAP_S + 60)))
    with pytest.raises(AudioError, match="has a gap of 3660 s in its timestamps, expected at most 3600 s"):
        audio.read(tmp_path / "a.mka")
