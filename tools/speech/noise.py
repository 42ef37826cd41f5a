"""Noise of a known colour and level. Everything here is float32 at 16 kHz and made from a seeded generator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tools.speech.espeak import RATE_HZ

Samples = npt.NDArray[np.float32]
SLOPES = {"white": 0.0, "pink": 0.5, "brown": 1.0}  # amplitude falls with frequency to this power
CORNER_HZ = 25.0  # flat below, so that pink and brown noise do not drown in rumble


def silence(duration_s: float) -> Samples:
    """Digital silence."""
    return np.zeros(round(duration_s * RATE_HZ), np.float32)


def noise(colour: str, n_samples: int, rng: np.random.Generator) -> Samples:
    """`n_samples` of stationary noise with an RMS of 1. `colour` is white, pink or brown."""
    spectrum = np.fft.rfft(rng.standard_normal(n_samples))
    frequency_hz = np.fft.rfftfreq(n_samples, 1 / RATE_HZ)
    shaped = np.fft.irfft(spectrum / np.maximum(frequency_hz, CORNER_HZ) ** SLOPES[colour], n_samples)
    return (shaped / rms(shaped)).astype(np.float32)


def rms(samples: npt.NDArray[np.floating]) -> float:
    """Root mean square, full scale 1.0."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def add(speech: Samples, disturbance: Samples, snr_db: float, speech_rms: float | None = None) -> Samples:
    """`speech` with `disturbance` at a signal-to-noise ratio of `snr_db`.

    The level of the speech is its RMS over the whole array, leading and trailing silence included, unless
    `speech_rms` says otherwise (for audio with long pauses).
    """
    level = rms(speech) if speech_rms is None else speech_rms
    wanted = level * 10 ** (-snr_db / 20)
    return (speech + disturbance * (wanted / rms(disturbance))).astype(np.float32)


def at_level(samples: Samples, dbfs: float) -> Samples:
    """`samples` scaled to an RMS of `dbfs` decibels below full scale (a negative number)."""
    return (samples * (10 ** (dbfs / 20) / rms(samples))).astype(np.float32)
