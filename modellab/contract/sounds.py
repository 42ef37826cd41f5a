"""The sounds a model is tried on, written as files: what real recordings are like at their worst."""

from __future__ import annotations

import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE_HZ = 16_000
Samples = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sound:
    """A file and its length."""

    path: Path
    duration_s: float


def hum(duration_s: float, rate_hz: int = RATE_HZ) -> Samples:
    """Something like a voice: a buzz of 120 Hz in syllables, three a second, shape (n_samples,)."""
    t = np.arange(round(duration_s * rate_hz)) / rate_hz
    buzz = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 20))
    return np.asarray(0.1 * buzz * np.clip(np.sin(2 * np.pi * 3 * t), 0, 1))


def _noise(duration_s: float) -> Samples:
    return 0.05 * np.random.default_rng(0).standard_normal(round(duration_s * RATE_HZ))


MADE: Mapping[str, Callable[[], tuple[Samples, int]]] = {
    "hum": lambda: (hum(3.0), RATE_HZ),
    "silence": lambda: (np.zeros(2 * RATE_HZ), RATE_HZ),
    "noise": lambda: (_noise(3.0), RATE_HZ),
    "a_tenth_of_a_second": lambda: (hum(0.1), RATE_HZ),
    "stereo": lambda: (np.stack([hum(3.0)] * 2, axis=1), RATE_HZ),
    "8_kHz": lambda: (hum(3.0, 8_000), 8_000),
    "44.1_kHz": lambda: (hum(3.0, 44_100), 44_100),
    "ten_minutes": lambda: (hum(600.0), RATE_HZ),
}


def write(folder: Path, name: str) -> Sound:
    """The sound of that name as a WAV file in `folder`, made on first use."""
    path = folder / f"{name}.wav"
    if not path.exists():
        samples, rate_hz = MADE[name]()
        pcm = np.rint(samples.clip(-1.0, 1.0) * 32767).astype("<i2")
        with wave.open(str(path), "wb") as file:
            file.setparams((pcm.ndim, 2, rate_hz, len(pcm), "NONE", ""))
            file.writeframes(pcm.tobytes())
    with wave.open(str(path), "rb") as file:
        return Sound(path, file.getnframes() / file.getframerate())
