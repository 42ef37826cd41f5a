"""Sounds that are known to the sample, for tests of preprocessing."""

from __future__ import annotations

import numpy as np

from modellab.audio.preprocessing import parse
from modellab.types import Audio

HZ = 16_000


def sound(*parts: tuple[float, float], hz: float = 440.0, rate_hz: int = HZ) -> Audio:
    """A tone in parts of (seconds, amplitude)."""
    level = np.concatenate([np.full(round(seconds * rate_hz), amplitude) for seconds, amplitude in parts])
    tone = level * np.sin(2 * np.pi * hz * np.arange(len(level)) / rate_hz)
    return Audio(tone.astype(np.float32), rate_hz)


def noise(seconds: float, sd: float, seed: int = 0) -> Audio:
    drawn = np.random.default_rng(seed).normal(0, sd, round(seconds * HZ))
    return Audio(drawn.astype(np.float32), HZ)


def one(text: str, given: Audio) -> Audio:
    """What a chain makes of audio, which stays one piece."""
    (piece,) = parse(text).apply(given)
    return piece.audio


def rms(given: Audio | np.ndarray) -> float:
    samples = given.samples if isinstance(given, Audio) else given
    return float(np.sqrt(np.mean(np.square(samples, dtype=float))))
