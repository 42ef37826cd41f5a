"""Small sounds in many formats, for the tests of reading."""

from __future__ import annotations

import io
import struct

import numpy as np
import soundfile

from tools.audio_fuzz import encoded

RATE_HZ = 16_000


def tone(seconds: float = 1.0, rate_hz: int = RATE_HZ) -> np.ndarray:
    """A 440 Hz sine at half scale."""
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(rate_hz * seconds)) / rate_hz)).astype(np.float32)


def by_soundfile(form: str, subtype: str | None = None, seconds: float = 1.0, rate_hz: int = RATE_HZ) -> bytes:
    """A tone as libsndfile writes it."""
    file = io.BytesIO()
    soundfile.write(file, tone(seconds, rate_hz), rate_hz, format=form, subtype=subtype)
    return file.getvalue()


def by_ffmpeg(form: str, codec: str, seconds: float = 1.0, gap_s: tuple[float, float] = (0, 0)) -> bytes:
    """A tone as FFmpeg writes it, at 48 kHz; behind `gap_s[0]` seconds the timestamps jump by `gap_s[1]`."""
    at, length = (round(each * 48_000) for each in gap_s)
    return encoded(tone(seconds, 48_000), form, codec, gap=(at, length))


def wav(size: int, riff_size: int | None = None, seconds: float = 1.0) -> bytes:
    """A WAV of 16 bits that states `size` bytes of samples."""
    data = bytearray(by_soundfile("WAV", "PCM_16", seconds))
    data[4:8] = struct.pack("<I", (size + 36 if riff_size is None else riff_size) & 0xFFFF_FFFF)
    data[40:44] = struct.pack("<I", size)
    return bytes(data)
