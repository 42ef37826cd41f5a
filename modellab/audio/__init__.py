"""Audio files in and out: any format -> mono float32 at the rate you ask for.

soundfile reads WAV, FLAC, OGG and MP3; what it does not know goes to PyAV (FFmpeg in its wheel), so video works too;
that is the extra `media`.

Conventions
-----------
Channels are mixed down to their mean. Resampling is soxr HQ. Lengths are those of the decoded samples
(`lengths.py`); recordings joined in one file are read whole (`joined.py`); gaps in timestamps are silence
(`ffmpeg.py`); nothing that names other files is opened (`kinds.py`); what a file may ask for is bounded (`limits.py`).
Whatever cannot be used raises AudioError, one sentence with the file's name: missing, empty, no samples, truncated, not
audio, no audio stream, NaN, infinite or absurdly loud samples, absurd facts in the header, too long.
A path may name a stretch of a file or one of its channels (`stretch.py`).
A stream that was cut between two packets and states no length cannot be told from a short one; `datasets validate`
compares the length with the manifest's.

Layer 2: may import layer 1 and the ground (`docs/architecture.md`). Start reading at `__init__.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from modellab.audio import ffmpeg, joined, kinds, limits, mp3, ogg, sndfile, stretch
from modellab.audio.lengths import silent, undecodable
from modellab.audio.tape import Samples, Tape, mixed
from modellab.audio.writing import compressed, resample, wav_bytes, write, write_channels
from modellab.errors import AudioError
from modellab.types import Audio

__all__ = ["Info", "compressed", "info", "read", "read_channels", "resample", "wav_bytes", "write", "write_channels"]


@dataclass(frozen=True, slots=True)
class Info:
    """What a file holds: the length of what is decoded, the rate and channels of its first sample."""

    duration_s: float
    rate_hz: int
    channels: int


def read(path: Path, rate_hz: int | None = None) -> Audio:
    """The whole file, or the stretch that the path names, as mono audio, resampled to `rate_hz` when given.

    Raises AudioError.
    """
    with _one_sentence(path):
        part = stretch.parsed(path)
        if part.is_whole:
            tape = _decoded(path, mix=True)
            samples, own_hz = tape.samples(), tape.rate_hz
        else:
            samples, own_hz = _stretch(part)
            samples = mixed(samples) if samples.shape[1] > 1 else samples
        if not len(samples):
            raise silent(path)
        if not np.isfinite(samples).all():
            at_s = int(np.argmin(np.isfinite(samples[:, 0]))) / own_hz
            raise AudioError(f"{path} has a NaN or infinite sample at {at_s:.3f} s: expected finite samples in [-1, 1]")
        limits.check_loudness(path, samples)
        wanted_hz = rate_hz or own_hz
        limits.check_decoded(path, round(len(samples) * wanted_hz / own_hz), wanted_hz)
        return resample(Audio(np.ascontiguousarray(samples[:, 0]), own_hz), wanted_hz)


def read_channels(path: Path) -> tuple[Samples, int]:
    """Every channel as it is, shape (n_samples, n_channels), and the sample rate in Hz. Raises AudioError."""
    with _one_sentence(path):
        part = stretch.parsed(path)
        if not part.is_whole:
            return _stretch(part)
        tape = _decoded(path, mix=False)
        return tape.samples(), tape.rate_hz or 1


def info(path: Path) -> Info:
    """Duration, sample rate and channel count. Raises AudioError.

    The header is believed where it states the length of a whole, uncompressed or lossless file; any other file is
    decoded once, block by block, and its samples are counted.
    """
    with _one_sentence(path):
        part = stretch.parsed(path)
        if not part.is_whole:
            whole = info(part.file)
            first, last = part.frames(whole.rate_hz, round(whole.duration_s * whole.rate_hz))
            return Info((last - first) / whole.rate_hz, whole.rate_hz, whole.channels if part.channel is None else 1)
        if (stated := _stated(path)) is not None:
            return stated
        state = path.stat()
        return _counted(path, state.st_size, state.st_mtime_ns)


def _stretch(part: stretch.Stretch) -> tuple[Samples, int]:
    """The samples of a stretch, shape (n_samples, n_channels), and the rate in Hz; by seeking where that is exact."""
    if _stated(part.file) is not None:
        return stretch.sought(part)
    state = part.file.stat()
    samples, rate_hz = _whole(part.file, state.st_size, state.st_mtime_ns)
    return stretch.cut(part, samples, rate_hz), rate_hz


@functools.lru_cache(maxsize=1)
def _whole(path: Path, size: int, changed_ns: int) -> tuple[Samples, int]:  # noqa: ARG001  (a changed file is another)
    """All channels of a file of which stretches are taken, one after the other; held until the next file's."""
    tape = _decoded(path, mix=False)
    return tape.samples(), tape.rate_hz or 1


@contextmanager
def _one_sentence(path: Path) -> Iterator[None]:
    """Whatever a header that makes no sense leads to is one AudioError."""
    try:
        yield
    except sndfile.ODD_ERRORS as error:
        raise undecodable(path, error) from error


def _stated(path: Path) -> Info | None:
    """What the header of a whole, lossless file says; None for any other."""
    _check(path)
    first = kinds.head(path)
    if not kinds.is_mpeg_audio(first) and len(joined.parts(path, first)) == 1:
        source = sndfile.opened(path)
        if source is not None and source.lossless and source.claim.kind == "stated":
            with source.file as file:
                limits.check_shape(path, file.samplerate, file.channels)
                if not limits.fits(file.frames, file.samplerate):
                    return None  # whether that is true, decoding tells
                return Info(file.frames / file.samplerate, file.samplerate, file.channels)
    return None


@functools.lru_cache(maxsize=256)
def _counted(path: Path, size: int, changed_ns: int) -> Info:  # noqa: ARG001  (a file that changed is another one)
    """The file decoded once; asked again, it is not decoded again."""
    tape = _decoded(path, mix=True, keep=False)
    if not tape.frames:
        raise silent(path)
    return Info(tape.duration_s, tape.rate_hz, tape.channels)


def _check(path: Path) -> None:
    """AudioError for what is no readable file with bytes in it."""
    try:
        if not path.exists():
            raise AudioError(f"{path} does not exist: expected an audio file")
        if not path.is_file():
            raise AudioError(f"{path} is not a file: expected an audio file")
        size = path.stat().st_size
        if size == 0:
            raise AudioError(f"{path} is empty (0 bytes): was the download or the copy interrupted?")
        limits.check_file(path, size)
        path.open("rb").close()
    except OSError as error:
        raise AudioError(f"{path} cannot be opened: {error.strerror}") from error


def _decoded(path: Path, mix: bool, keep: bool = True) -> Tape:
    """The file on a tape, whichever library reads it, all of its parts one after another."""
    _check(path)
    first = kinds.head(path)
    kinds.refuse_lists(path, first)
    parts = joined.parts(path, first)
    if len(parts) == 1:
        is_stream = kinds.is_mpeg_audio(first) and not mp3.is_whole(path, first)
        return _stream_of_mp3(path, first, mix, keep) if is_stream else _one(path, mix, keep)
    whole = Tape(path, mix, keep)
    for part in parts:
        whole.append(_one(path, mix, keep, part))
    return whole


def _one(path: Path, mix: bool, keep: bool, part: tuple[int, int] | None = None) -> Tape:
    """A file or a part of one, by libsndfile where that knows the format, else by FFmpeg."""
    tape = Tape(path, mix, keep)
    source = sndfile.opened(path, part)
    if source is None:
        ffmpeg.read(path, tape, part)
        return tape
    with source.file:
        try:
            sndfile.read(path, source, tape)
        except AudioError:
            if source.file.format != "OGG" or not ogg.is_sound(path, part):
                raise
            tape = Tape(path, mix, keep)
            ffmpeg.read(path, tape, part)  # a gap: libsndfile joins what is on either side
    return tape


def _stream_of_mp3(path: Path, first: bytes, mix: bool, keep: bool) -> Tape:
    """An MP3 whose header does not describe all of the file: by FFmpeg where that finds more frames."""
    counted_s = ffmpeg.counted_s(path)
    if mp3.undescribed(path, first) * counted_s <= mp3.MORE_S:
        try:
            tape = _one(path, mix, keep)
        except AudioError:
            tape = Tape(path, mix, keep)  # mpg123 gives up at tags between frames
        if tape.frames and tape.duration_s + mp3.MORE_S >= counted_s:
            return tape
    tape = Tape(path, mix, keep)
    ffmpeg.read(path, tape)
    return tape
