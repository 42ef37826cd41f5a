"""What a file tells of itself when its transcript is bad: whether anybody speaks, and whether its channels agree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from modellab import audio
from modellab.errors import AudioError
from modellab.types import Floats

SILENT_DB = -60.0  # RMS re full scale
FLAT_DB = 9.0  # speech goes up and down by 20 to 50 dB; noise, hum and tones stay where they are
FRAME_S = 0.05
END_FRAME_S, BELOW_DB = 0.025, 30.0
ALIKE = 0.5  # correlation of channels below which they are different sounds
CANCELLED = 0.1  # power of the mean of all channels out of their mean power
LEAST_POWER = 1e-7


@dataclass(frozen=True, slots=True)
class Sound:
    """Facts about one file.

    `swing_db` is between quiet and loud frames (5th to 95th percentile), `end_s` where the last loud one ends.
    """

    duration_s: float
    level_db: float
    swing_db: float
    channels: int
    cancels: bool
    differs: bool
    end_s: float = math.nan

    @property
    def speech(self) -> bool:
        """Whether it can be speech at all."""
        return self.level_db > SILENT_DB and self.swing_db > FLAT_DB


@lru_cache(maxsize=4096)
def listen(path: Path) -> Sound | None:
    """The facts about a file; None where it cannot be read."""
    try:
        samples, rate_hz = audio.read_channels(path)
    except (AudioError, OSError):
        return None
    every = np.asarray(samples, dtype=float)
    mono = every.mean(axis=1)
    power = (every**2).mean(axis=0)
    loud = power.mean() > LEAST_POWER
    return Sound(
        duration_s=len(mono) / rate_hz,
        level_db=_db(float((mono**2).mean()) if len(mono) else 0.0),
        swing_db=_swing_db(mono, rate_hz),
        channels=every.shape[1],
        cancels=bool(every.shape[1] > 1 and loud and (mono**2).mean() < CANCELLED * power.mean()),
        differs=bool(every.shape[1] > 1 and loud and _correlation(every) < ALIKE),
        end_s=_end_s(mono, rate_hz),
    )


def _end_s(mono: Floats, rate_hz: int) -> float:
    """Where the sound ends: after the last short frame that is at most BELOW_DB under the loudest; NaN for silence."""
    size = max(1, round(END_FRAME_S * rate_hz))
    frames = len(mono) // size
    power = (mono[: frames * size].reshape(frames, size) ** 2).mean(axis=1)
    loud = np.flatnonzero(power > max(1e-10, power.max(initial=0.0) * 10 ** (-BELOW_DB / 10)))
    return float((loud[-1] + 1) * size / rate_hz) if len(loud) else math.nan


def _swing_db(mono: Floats, rate_hz: int) -> float:
    """How much the level of frames moves, in dB; 0.0 for less than two frames."""
    size = max(1, round(FRAME_S * rate_hz))
    frames = len(mono) // size
    if frames < 2:
        return 0.0
    levels = 10 * np.log10((mono[: frames * size].reshape(frames, size) ** 2).mean(axis=1) + 1e-12)
    low, high = np.percentile(levels, [5, 95])
    return float(high - low)


def _correlation(every: Floats) -> float:
    """The least correlation of the first channel with another; 0.0 where one of them is silent."""
    first, *rest = (channel - channel.mean() for channel in every.T)
    correlations = []
    for other in rest:
        scale = float(np.sqrt((first**2).sum() * (other**2).sum()))
        correlations.append(abs(float((first * other).sum())) / scale if scale > 0 else 0.0)
    return min(correlations)


def _db(power: float) -> float:
    return 10 * float(np.log10(power + 1e-12))
