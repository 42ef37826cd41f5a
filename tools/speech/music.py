"""Sounds that are like music and not like speech: slow chords of decaying harmonic tones."""

from __future__ import annotations

from random import Random

import numpy as np
import numpy.typing as npt

from tools.speech.espeak import RATE_HZ
from tools.speech.noise import Samples

CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))  # semitones above the root: I vi IV V
ROOT_HZ = 220.0
HARMONICS = (1.0, 0.5, 0.3, 0.2, 0.1)
DECAY_S = 0.6


def chords(r: Random, duration_s: float, chord_s: float = 0.5) -> Samples:
    """Chords in random order, one every `chord_s` seconds, with a peak of 0.5."""
    n = round(duration_s * RATE_HZ)
    total: npt.NDArray[np.float64] = np.zeros(n + 4 * RATE_HZ)
    for start in range(0, n, round(chord_s * RATE_HZ)):
        for semitones in r.choice(CHORDS):
            note = _note(ROOT_HZ * 2 ** (semitones / 12), 3 * DECAY_S)
            total[start : start + len(note)] += note
    loud: Samples = (total[:n] * (0.5 / np.abs(total[:n]).max())).astype(np.float32)
    return loud


def _note(pitch_hz: float, duration_s: float) -> npt.NDArray[np.float64]:
    """A plucked tone: harmonics that decay, with an attack of 10 ms."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    envelope = np.minimum(time_s / 0.01, 1) * np.exp(-time_s / DECAY_S)
    waves = [share * np.sin(2 * np.pi * pitch_hz * k * time_s) for k, share in enumerate(HARMONICS, start=1)]
    tone: npt.NDArray[np.float64] = envelope * np.sum(waves, axis=0)
    return tone
