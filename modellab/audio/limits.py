"""What an audio file may ask of this machine, and the sentences that say so.

A header can claim anything: 2^63 samples, 1 Hz, a gap of a year. Nothing is allocated from a claim; what is decoded is
counted while it comes, and stops at these limits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modellab.errors import AudioError, TooLongError

MAX_FILE_BYTES = 16 * 2**30  # of a file, pictures included
MAX_DECODED_BYTES = 2 * 2**30  # of float32 samples: 9.3 h of 16 kHz mono, 3.1 h of 48 kHz
MAX_DURATION_S = 24 * 3600.0
MAX_GAP_S = 3600.0  # silence put in for timestamps that jump
MAX_DECODING_S = 900.0  # wall seconds for one file
MIN_RATE_HZ, MAX_RATE_HZ = 1_000, 768_000
MAX_CHANNELS = 256
SAMPLE_BYTES = 4  # float32
LOUDEST = 100.0  # of a sample, where full scale is 1: what is far above it was written in another scale


@dataclass(frozen=True, slots=True)
class Limits:
    """How large and how long a file may be."""

    file_bytes: int = MAX_FILE_BYTES
    decoded_bytes: int = MAX_DECODED_BYTES
    duration_s: float = MAX_DURATION_S
    decoding_s: float = MAX_DECODING_S


LIMITS = Limits()
_limits: ContextVar[Limits] = ContextVar("limits", default=LIMITS)
_ceiling_s: ContextVar[float] = ContextVar("ceiling_s", default=math.inf)


@contextmanager
def within(limits: Limits) -> Iterator[None]:
    """Read files within other limits."""
    token = _limits.set(limits)
    try:
        yield
    finally:
        _limits.reset(token)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Decode no more of any file than this: TooLongError once more has come, whatever its header said."""
    token = _ceiling_s.set(seconds)
    try:
        yield
    finally:
        _ceiling_s.reset(token)


def check_ceiling(path: Path, decoded_s: float) -> None:
    """TooLongError where more was decoded than is wanted."""
    if decoded_s > _ceiling_s.get():
        raise TooLongError(f"{path} lasts more than {_ceiling_s.get():g} s: cut it into parts")


def check_file(path: Path, file_bytes: int) -> None:
    """AudioError for a file that is larger than any recording this suite is made for."""
    most = _limits.get().file_bytes
    if file_bytes > most:
        raise AudioError(f"{path} has {file_bytes:,} bytes, expected at most {most:,}: cut it into parts")


def check_shape(path: Path, rate_hz: int, channels: int) -> None:
    """AudioError for a sample rate or a number of channels that no recording has."""
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise AudioError(
            f"{path} states a sample rate of {rate_hz} Hz, expected {MIN_RATE_HZ} to {MAX_RATE_HZ}: "
            "is its header damaged?"
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioError(f"{path} states {channels} channels, expected 1 to {MAX_CHANNELS}: is its header damaged?")


def fits(frames: int, rate_hz: int, width: int = 1) -> bool:
    """Whether so many frames of `width` channels are held in memory."""
    limits = _limits.get()
    return frames * SAMPLE_BYTES * width <= limits.decoded_bytes and frames <= limits.duration_s * rate_hz


def check_decoded(path: Path, frames: int, rate_hz: int, width: int = 1) -> None:
    """AudioError once so many frames of `width` channels in memory are too long or too large."""
    if not fits(frames, rate_hz, width):
        limits = _limits.get()
        hours = min(limits.duration_s, limits.decoded_bytes / SAMPLE_BYTES / width / rate_hz) / 3600
        raise AudioError(
            f"{path} decodes to more than {hours:.1f} h at {rate_hz} Hz, which is as much as is held in memory: "
            "cut the recording into parts"
        )


class Deadline:
    """Wall seconds that decoding one file may take."""

    def __init__(self, path: Path) -> None:
        self.path, self.most_s = path, _limits.get().decoding_s
        self.end_s = time.monotonic() + self.most_s

    def check(self) -> None:
        """AudioError when they are over."""
        if time.monotonic() > self.end_s:
            raise AudioError(f"{self.path} was not decoded within {self.most_s:.0f} s: is it damaged, or very long?")


def check_loudness(path: Path, samples: npt.NDArray[np.float32]) -> None:
    """AudioError for finite samples of another scale than ours."""
    peak = float(np.abs(samples).max())
    if peak > LOUDEST:
        raise AudioError(f"{path} has samples up to {peak:g}: expected [-1, 1]: were whole numbers written as floats?")
