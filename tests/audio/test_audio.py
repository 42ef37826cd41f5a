"""Every kind of file people hand in: the good ones decode to the same sound, the bad ones say what is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from modellab import audio
from modellab.errors import AudioError
from modellab.types import Audio

RATE_HZ = 16_000


def tone(rate_hz: int = RATE_HZ, seconds: float = 1.0) -> np.ndarray:
    """A 440 Hz sine at half scale, the same sound at every rate."""
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(rate_hz * seconds)) / rate_hz)).astype(np.float32)


def container(path: Path, sound: np.ndarray | None, picture: bool, rate_hz: int = 48_000) -> Path:
    """A file only FFmpeg reads: AAC sound, an MPEG-4 picture, or both."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("mpeg4", rate=10) if picture else None
        stream = out.add_stream("aac", rate=rate_hz, layout="mono") if sound is not None else None
        if video is not None:
            video.width = video.height = 64
            video.pix_fmt = "yuv420p"
            for _ in range(10):
                out.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
            out.mux(video.encode(None))
        if sound is not None and stream is not None:
            for start in range(0, len(sound), 1024):
                frame = av.AudioFrame.from_ndarray(sound[None, start : start + 1024], format="fltp", layout="mono")
                frame.sample_rate, frame.pts = rate_hz, start
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("file_rate_hz", [8_000, 16_000, 22_050, 44_100, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_any_rate_and_channel_count_become_the_same_sound(
    tmp_path: Path, file_rate_hz: int, channels: int, suffix: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, np.tile(tone(file_rate_hz)[:, None], channels), file_rate_hz)

    read = audio.read(path, rate_hz=RATE_HZ)

    assert read.rate_hz == RATE_HZ
    assert read.samples.dtype == np.float32
    assert read.samples.shape == (RATE_HZ,)
    middle = slice(RATE_HZ // 4, -RATE_HZ // 4)  # the resampler's ends ring
    assert np.abs(read.samples - tone())[middle].max() < 2e-3
    assert audio.info(path) == audio.Info(1.0, file_rate_hz, channels)


def test_without_a_rate_the_files_own_is_kept(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(8_000), 8_000)
    assert audio.read(tmp_path / "a.wav").rate_hz == 8_000


def test_stereo_is_mixed_to_the_mean_of_its_channels(tmp_path: Path) -> None:
    left, right = np.full(100, 0.5, np.float32), np.full(100, -0.25, np.float32)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], axis=1), RATE_HZ)
    assert audio.read(tmp_path / "a.wav").samples.tolist() == [0.125] * 100


@pytest.mark.parametrize(("name", "picture"), [("a.m4a", False), ("a.mp4", True), ("a.mkv", True), ("a.raw", True)])
def test_what_soundfile_does_not_know_goes_through_ffmpeg(tmp_path: Path, name: str, picture: bool) -> None:
    made = container(tmp_path / name.replace(".raw", ".mp4"), tone(48_000), picture)
    path = made.rename(tmp_path / name)

    read = audio.read(path, rate_hz=RATE_HZ)

    assert read.duration_s == pytest.approx(1.0, abs=0.1)
    assert float(np.sqrt(np.mean(read.samples**2))) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)
    header = audio.info(path)
    assert (header.rate_hz, header.channels) == (48_000, 1)
    assert header.duration_s == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_s24le", "pcm_f32le"])
def test_ffmpeg_loses_no_sample_whatever_the_sample_format(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=RATE_HZ, layout="stereo")
        assert isinstance(stream, av.AudioStream)
        pcm = np.repeat((tone() * 32768).astype(np.int16), 2)[None]
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="stereo")
        frame.sample_rate = RATE_HZ
        out.mux([*stream.encode(frame), *stream.encode(None)])
    assert np.abs(audio.read(path).samples - tone()).max() <= 2**-15


@pytest.mark.parametrize("suffix", ["mp3", "ogg"])
def test_lossy_formats_keep_their_length(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, tone(), RATE_HZ)
    assert audio.read(path).duration_s == pytest.approx(1.0, abs=0.1)


# ---------------------------------------------------------------------------- bad input


def cut(path: Path, keep: float) -> None:
    """Keep the first part of a file, as an interrupted copy does."""
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])


def missing(path: Path) -> None:
    """Write nothing."""


def folder(path: Path) -> None:
    path.mkdir()


def empty(path: Path) -> None:
    path.touch()


def no_samples(path: Path) -> None:
    soundfile.write(path, tone()[:0], RATE_HZ, format="WAV")


def set_sizes(path: Path, size: int) -> None:
    soundfile.write(path, tone(), RATE_HZ)
    header = bytearray(path.read_bytes())
    header[4:8] = header[40:44] = size.to_bytes(4, "little")
    path.write_bytes(header)


def text_file(path: Path) -> None:
    path.write_text("I am not a sound.\n" * 50)


def truncated(path: Path) -> None:
    soundfile.write(path, tone(), RATE_HZ, format=path.suffix[1:].upper())
    cut(path, 0.5)


def header_only(path: Path) -> None:
    soundfile.write(path, tone(), RATE_HZ, format="WAV")
    path.write_bytes(path.read_bytes()[:44])


def video_without_sound(path: Path) -> None:
    container(path, None, picture=True)


def video_cut_short(path: Path) -> None:
    container(path, tone(48_000), picture=True)
    cut(path, 0.5)


def nan_sample(path: Path) -> None:
    samples = tone()
    samples[8_000] = np.nan
    soundfile.write(path, samples, RATE_HZ, subtype="FLOAT")


def infinite_sample(path: Path) -> None:
    samples = np.stack([tone(), tone()], axis=1)
    samples[0, 1] = -np.inf
    soundfile.write(path, samples, RATE_HZ, subtype="FLOAT")


def overflowing_samples(path: Path) -> None:
    """Finite each, and not when they are mixed: the same sentence, and no warning of numpy's."""
    samples = np.stack([tone(), tone()], axis=1)
    samples[0] = np.finfo(np.float32).max
    soundfile.write(path, samples, RATE_HZ, subtype="FLOAT")


BAD = [
    (missing, "a.wav", "does not exist"),
    (folder, "a.wav", "is not a file"),
    (empty, "a.wav", "is empty (0 bytes)"),
    (no_samples, "a.wav", "holds no audio samples"),
    (text_file, "a.wav", "is it really an audio file"),
    (text_file, "a.mp3", "is it really an audio file"),
    (truncated, "a.wav", "promises 1.00 s and 0.50 s came"),
    (truncated, "a.flac", "cannot be decoded to its end (1.00 s promised)"),
    (truncated, "a.mp3", "is truncated"),
    (header_only, "a.wav", "promises more and 0.00 s came"),
    (video_without_sound, "a.mp4", "has no audio stream (its streams: video)"),
    (video_cut_short, "a.mp4", "is truncated: its header promises"),
    (nan_sample, "a.wav", "NaN or infinite sample at 0.500 s"),
    (infinite_sample, "a.wav", "NaN or infinite sample at 0.000 s"),
    (overflowing_samples, "a.wav", "NaN or infinite sample at 0.000 s"),
]


@pytest.mark.parametrize(("make", "name", "says"), BAD, ids=[f"{make.__name__}-{name}" for make, name, _ in BAD])
def test_bad_input_is_one_sentence_with_the_files_name(
    tmp_path: Path, make: Callable[[Path], None], name: str, says: str
) -> None:
    path = tmp_path / name
    make(path)
    with pytest.raises(AudioError) as caught:
        audio.read(path, rate_hz=RATE_HZ)
    assert str(path) in str(caught.value)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


DEEP = {truncated, video_cut_short, nan_sample, infinite_sample, overflowing_samples}  # only decoding finds these
HEADERS = [bad for bad in BAD if bad[0] not in DEEP]


@pytest.mark.parametrize(
    ("make", "name", "says"), HEADERS, ids=[f"{make.__name__}-{name}" for make, name, _ in HEADERS]
)
def test_info_names_what_a_header_can_show(tmp_path: Path, make: Callable[[Path], None], name: str, says: str) -> None:
    make(tmp_path / name)
    with pytest.raises(AudioError) as caught:
        audio.info(tmp_path / name)
    assert says in str(caught.value)


def test_info_sees_a_truncated_wav(tmp_path: Path) -> None:
    truncated(tmp_path / "a.wav")
    with pytest.raises(AudioError, match="truncated"):
        audio.info(tmp_path / "a.wav")


def test_a_wav_written_to_a_pipe_promises_no_length(tmp_path: Path) -> None:
    set_sizes(tmp_path / "a.wav", 0xFFFF_FFFF)
    assert audio.read(tmp_path / "a.wav").duration_s == 1.0


def test_a_wav_with_chunks_before_and_after_its_data(tmp_path: Path) -> None:
    """The chunks have an odd size, so a byte of padding follows each."""
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(), RATE_HZ)
    wav, note = path.read_bytes(), b"LIST" + (5).to_bytes(4, "little") + b"INFOx\0"
    body = wav[12:36] + note + wav[36:] + note
    path.write_bytes(b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"WAVE" + body)
    assert audio.read(path).duration_s == 1.0
    cut(path, 0.5)
    with pytest.raises(AudioError, match=r"promises 1\.00 s"):
        audio.read(path)


# ---------------------------------------------------------------------------- writing


@pytest.mark.parametrize("suffix", ["flac", "wav", "FLAC"])
@given(pcm=arrays(np.int16, st.integers(1, 300)))
def test_sixteen_bit_sound_survives_a_round_trip_exactly(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, pcm: np.ndarray
) -> None:
    path = tmp_path_factory.getbasetemp() / f"round_trip.{suffix}"
    sound = Audio((pcm / 32768).astype(np.float32), RATE_HZ)
    audio.write(path, sound)
    assert np.array_equal(audio.read(path).samples, sound.samples)


def test_writing_clips_what_is_too_loud(tmp_path: Path) -> None:
    audio.write(tmp_path / "a.wav", Audio(np.array([2.0, -2.0], np.float32), RATE_HZ))
    assert audio.read(tmp_path / "a.wav").samples.tolist() == [32767 / 32768, -1.0]


@pytest.mark.parametrize(
    ("name", "sample", "says"), [("a.mp3", 0.0, "expected the suffix .flac or .wav"), ("a.wav", np.nan, "NaN")]
)
def test_what_cannot_be_written(tmp_path: Path, name: str, sample: float, says: str) -> None:
    with pytest.raises(AudioError, match=says):
        audio.write(tmp_path / name, Audio(np.array([sample], np.float32), RATE_HZ))


def test_resampling_to_the_same_rate_returns_the_audio_itself() -> None:
    sound = Audio(tone(), RATE_HZ)
    assert audio.resample(sound, RATE_HZ) is sound


def test_a_name_that_is_no_utf8_is_a_name(tmp_path: Path) -> None:
    """Bytes from another time: file systems of Linux keep them, and libraries want text."""
    odd = os.fsdecode(b"caf\xe9")
    audio.write(tmp_path / "plain.flac", Audio(tone(), RATE_HZ))
    container(tmp_path / "plain.mp4", tone(48_000), picture=False)
    for kind in ("flac", "mp4"):
        whole = audio.read(tmp_path / f"plain.{kind}").samples
        named = (tmp_path / f"plain.{kind}").rename(tmp_path / f"{odd}.{kind}")
        assert audio.info(named).duration_s == pytest.approx(1.0, abs=0.05)
        assert np.array_equal(audio.read(named).samples, whole)
