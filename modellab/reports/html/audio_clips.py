"""Sounds as parts of a page: compressed for listening, and drawn as a small spectrogram, both as data URIs.

What is made is kept in the cache folder under the digest of the file's content, so that the clips of a dataset are
encoded once per machine and not once per session; files that nobody asked for in KEPT_S are removed.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modellab import audio
from modellab.audio import stretch
from modellab.errors import AudioError
from modellab.system import cache
from modellab.types import Audio, Floats

MAX_BYTES = 400_000  # of one sound: 80 s of speech
LEAST_BYTES = 2_000  # of a second at the lowest bit rate
LONGEST_S = 900.0  # of a sound that is drawn
KEPT_S = 60 * 86_400.0
RECIPE = "1"  # goes up when other bytes are to be made of the same sound

HEIGHT, WIDTH, COLUMN_S = 64, 420, 0.01  # bands, most columns, seconds of a column unless that gives more of them
WINDOW_S, LOW_HZ, HIGH_HZ = 0.032, 60.0, 8_000.0
MOST_FRAMES = 8  # averaged into one column
RANGE_DB, SHADES = 60.0, 16


def sound(path: Path, max_bytes: int = MAX_BYTES) -> str:
    """The sound as a data URI, mono and lossy; AudioError where it cannot be read or is longer than fits."""

    def encoded(given: Audio) -> tuple[str, bytes]:
        compressed = audio.compressed(given, max_bytes)
        if compressed is None:
            raise _too_long(path, given.duration_s, max_bytes)
        return compressed

    duration_s = _length_s(path)
    if duration_s * LEAST_BYTES > max_bytes:  # seen before an hour is decoded
        raise _too_long(path, duration_s, max_bytes)
    return _kept(path, f"sound-{max_bytes}", encoded)


def spectrogram(path: Path) -> str:
    """A log-mel spectrogram as the data URI of a PNG, low bands at the bottom; AudioError as for `sound`.

    64 bands, spaced as on the mel scale from 60 Hz to half the rate or 8 kHz; 60 dB from black to the loudest.
    """
    if (duration_s := _length_s(path)) > LONGEST_S:
        raise AudioError(f"{path.name} is too long for a picture: {duration_s:.0f} s, {LONGEST_S:.0f} s at most")
    return _kept(path, "picture", lambda given: ("image/png", _png(shades(given))))


def _length_s(path: Path) -> float:
    return audio.info(path).duration_s


def _too_long(path: Path, duration_s: float, max_bytes: int) -> AudioError:
    limit = f"{max_bytes / 1000:.0f} kB"
    return AudioError(f"{path.name} is too long for a page: {duration_s:.0f} s do not fit into {limit}")


def shades(given: Audio) -> npt.NDArray[np.uint8]:
    """The spectrogram as shades from 0 to SHADES - 1, shape (HEIGHT, columns), high bands first.

    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000).astype(np.float32)
    >>> picture = shades(Audio(tone, 8000))
    >>> picture.shape, int(picture.max()), int(picture[0, 50])
    ((64, 101), 15, 0)
    """
    window = 2 ** round(np.log2(WINDOW_S * given.rate_hz))
    columns = max(1, min(WIDTH, 1 + int(given.duration_s / COLUMN_S)))
    frames_each = min(MOST_FRAMES, int(np.ceil(given.duration_s / columns / WINDOW_S)))
    padded = np.pad(given.samples, (window // 2, window))
    starts = np.linspace(0, max(0, len(given.samples) - 1), columns * frames_each).astype(int)
    frames = padded[starts[:, None] + np.arange(window)] * np.hanning(window).astype(np.float32)
    power = (np.abs(np.fft.rfft(frames)) ** 2).reshape(columns, frames_each, -1).mean(axis=1)
    level_db = 10 * np.log10(power @ _bands(window, given.rate_hz) + 1e-10)
    over = 1 + (level_db - max(float(level_db.max()), -40.0)) / RANGE_DB  # silence stays black
    return np.clip(over * SHADES, 0, SHADES - 1).astype(np.uint8).T[::-1]


@functools.lru_cache(maxsize=8)
def _bands(window: int, rate_hz: int) -> Floats:
    """Triangles on the mel scale (HTK's formula), shape (window / 2 + 1, HEIGHT); none is empty."""
    top_hz = min(HIGH_HZ, rate_hz / 2)
    low, top = (2595 * np.log10(1 + hz / 700) for hz in (LOW_HZ, top_hz))
    mel = np.linspace(low, top, HEIGHT + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    bins = np.fft.rfftfreq(window, 1 / rate_hz)[:, None]
    rising, falling = (bins - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - bins) / np.diff(edges)[1:]
    bands: Floats = np.maximum(0.0, np.minimum(rising, falling))
    nearest = np.abs(bins - edges[1:-1]).argmin(axis=0)  # narrow low bands may lie between two bins
    bands[nearest, np.arange(HEIGHT)] = np.maximum(bands[nearest, np.arange(HEIGHT)], 0.5)
    return bands / bands.sum(axis=0)


def _png(picture: npt.NDArray[np.uint8]) -> bytes:
    """Shades as a PNG with a palette from black over violet and orange to pale yellow."""
    from PIL import Image

    image = Image.frombytes("P", (picture.shape[1], picture.shape[0]), np.ascontiguousarray(picture).tobytes())
    image.putpalette(_palette())
    file = io.BytesIO()
    image.save(file, "PNG", optimize=False, bits=4)
    return file.getvalue()


@functools.cache
def _palette() -> bytes:
    at = np.linspace(0, 1, SHADES)
    stops = np.array([[0, 0, 4], [81, 18, 124], [183, 55, 121], [252, 137, 97], [252, 253, 191]])  # matplotlib's magma
    places = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(at, places, stops[:, i]) for i in range(3)], axis=1).round().astype(np.uint8).tobytes()


# ---------------------------------------------------------------------------- made once


def _kept(path: Path, what: str, make: Callable[[Audio], tuple[str, bytes]]) -> str:
    """What `make` makes of the file, from the cache where it is; the media type is the first line of a kept file."""
    try:
        digest = stretch.digest(path)
    except OSError as error:
        raise AudioError(f"{path} cannot be read: {error.strerror or error}") from error
    place = cache.home() / "clips" / f"{digest[:32]}-{what}-{RECIPE}"
    with contextlib.suppress(OSError):
        kind, _, data = place.read_bytes().partition(b"\n")
        os.utime(place)
        if data:
            return _uri(kind.decode("ascii"), data)
    made, data = make(_decoded(path, digest))
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time and nothing else
        _tidy(place.parent)
        new = place.with_name(f".{place.name}.{os.getpid()}")
        new.write_bytes(made.encode("ascii") + b"\n" + data)
        new.replace(place)
    return _uri(made, data)


@functools.lru_cache(maxsize=2)
def _decoded(path: Path, digest: str) -> Audio:  # noqa: ARG001  (a changed file is another one)
    return audio.read(path)


@functools.lru_cache(maxsize=1)
def _tidy(folder: Path) -> None:
    """Make the folder; once per process remove what nobody asked for in KEPT_S."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_file() and path.stat().st_mtime < time.time() - KEPT_S:
            path.unlink(missing_ok=True)


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
