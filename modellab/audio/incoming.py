"""Audio that comes in raw pieces, from a socket: bytes of 16-bit PCM, G.711 or float32 in, samples at one rate out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab.errors import AudioError

Samples = npt.NDArray[np.float32]
LOUDEST = 8.0  # of float32: full scale is 1; what is far above it was no float32
G711_HZ = 8_000


class Incoming:
    """Decodes pieces of one stream; `feed` may be given any number of bytes, whole samples or not."""

    def __init__(self, form: str, rate_hz: int, wanted_hz: int) -> None:
        """`form` is one of FORMS."""
        self.decode, self.width = FORMS[form]
        self.rate_hz, self.wanted_hz = rate_hz, wanted_hz
        self.rest = b""  # less than a sample
        self.resampler = _resampler(rate_hz, wanted_hz) if rate_hz != wanted_hz else None

    def feed(self, data: bytes) -> Samples:
        """What can be said of the signal by now, at `wanted_hz`. Raises AudioError for float32 that is none."""
        data = self.rest + data
        whole = len(data) - len(data) % self.width
        self.rest = data[whole:]
        samples = self.decode(data[:whole])
        if self.resampler is None:
            return samples
        return np.asarray(self.resampler.resample_chunk(samples), np.float32)

    def flush(self) -> Samples:
        """What the resampler still holds back; the next piece begins anew."""
        self.rest = b""
        if self.resampler is None:
            return np.zeros(0, np.float32)
        left = np.asarray(self.resampler.resample_chunk(np.zeros(0, np.float32), last=True), np.float32)
        self.resampler = _resampler(self.rate_hz, self.wanted_hz)
        return left


def _resampler(rate_hz: int, wanted_hz: int) -> Any:
    import soxr

    return soxr.ResampleStream(rate_hz, wanted_hz, 1, dtype="float32")


def _pcm16(data: bytes) -> Samples:
    return np.frombuffer(data, "<i2").astype(np.float32) / 32768.0


def _float32(data: bytes) -> Samples:
    samples = np.frombuffer(data, "<f4").astype(np.float32)
    if not np.all(np.abs(samples) <= LOUDEST):  # False for NaN, too
        raise AudioError("the samples are no float32 in [-1, 1]: is it 16-bit PCM?")
    return np.clip(samples, -1.0, 1.0)


def _mu_law(data: bytes) -> Samples:
    return _table("ULAW")[np.frombuffer(data, np.uint8)]


def _a_law(data: bytes) -> Samples:
    return _table("ALAW")[np.frombuffer(data, np.uint8)]


@cache
def _table(subtype: str) -> Samples:
    """What each byte of G.711 stands for."""
    import io

    import soundfile

    every = io.BytesIO(bytes(range(256)))
    values, _ = soundfile.read(
        every, dtype="float32", channels=1, samplerate=G711_HZ, format="RAW", subtype=subtype, endian="FILE"
    )
    return np.asarray(values, np.float32)


FORMS: Mapping[str, tuple[Callable[[bytes], Samples], int]] = {
    "pcm16": (_pcm16, 2),
    "float32": (_float32, 4),
    "pcmu": (_mu_law, 1),
    "pcma": (_a_law, 1),
}
