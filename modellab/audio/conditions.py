"""Conditions by name, `kind` or `kind:level`, and what each does to a clip.

| condition | level | source |
|---|---|---|
| `clean` | | the clip as it is |
| `noise:10` | signal to noise in dB, over the whole clip | pink noise by torch-audiomentations |
| `reverb:0.5` | reverberation time RT60 in s | noise that decays exponentially: Polack's model of a room |
| `telephone` | | 300 to 3400 Hz by torch-audiomentations' filters, 8 kHz, G.711 mu-law by libsndfile |
| `mp3:16` | kbit/s | LAME in libsndfile, constant rate |
| `speed:1.25` | how many times faster; the pitch rises with it | resampling by soxr |
| `clipping:20` | how many per cent of the samples are cut off at the top | numpy |

Everything is 16 kHz mono. The same clip, condition and seed give the same samples with the same library versions.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab import audio
from modellab.errors import ConfigError, did_you_mean
from modellab.types import Audio

RATE_HZ = 16_000
PEAK = 0.99
TELEPHONE_HZ = (300.0, 3400.0)
HARDER_DOWN = ("noise", "mp3")  # kinds whose lower levels are the harder ones
MP3_KBITS = (8.0, 160.0)  # MPEG-2 layer III, as 16 kHz needs it
Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Condition:
    """A kind, and how much of it; the level is NaN where the kind has none."""

    kind: str
    level: float = math.nan

    def __str__(self) -> str:
        return self.kind if math.isnan(self.level) else f"{self.kind}:{self.level:g}"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a condition does to samples at RATE_HZ, and the levels it takes (none: it has no level)."""

    change: Callable[[Samples, float, int], Samples]
    levels: tuple[float, float] | None
    unit: str = ""


def parse(name: str) -> Condition:
    """A condition by its name; ConfigError says what is wrong with it.

    >>> parse("noise:10")
    Condition(kind='noise', level=10.0)
    """
    kind, colon, given = name.partition(":")
    if kind not in KINDS:
        raise ConfigError(f"condition {name!r}: no kind {kind!r}: {did_you_mean(kind, KINDS)}")
    limits = KINDS[kind].levels
    if limits is None:
        if colon:
            raise ConfigError(f"condition {name!r}: {kind} has no level")
        return Condition(kind)
    try:
        level = float(given)
    except ValueError:
        level = math.nan
    if not limits[0] <= level <= limits[1]:
        wanted = f"{kind}:LEVEL with a level of {limits[0]:g} to {limits[1]:g} {KINDS[kind].unit}"
        raise ConfigError(f"condition {name!r}: expected {wanted}".rstrip())
    return Condition(kind, level)


def mildest_first(condition: Condition) -> tuple[bool, str, float]:
    """A key that sorts conditions: the clean clip, then kind by kind, each from mild to hard."""
    level = 0.0 if math.isnan(condition.level) else condition.level
    if condition.kind == "speed":
        level = abs(math.log(level))
    return condition.kind != "clean", condition.kind, -level if condition.kind in HARDER_DOWN else level


def change(clip: Audio, condition: Condition, seed: int) -> Audio:
    """The clip under a condition, 16 kHz float32; never louder than PEAK where it would clip."""
    samples = KINDS[condition.kind].change(audio.resample(clip, RATE_HZ).samples, condition.level, seed)
    loudest = float(np.abs(samples).max(initial=0.0))
    return Audio((samples * min(1.0, PEAK / max(loudest, 1e-9))).astype(np.float32), RATE_HZ)


def _noise(samples: Samples, snr_db: float, seed: int) -> Samples:
    from torch_audiomentations import AddColoredNoise

    pink = {"min_f_decay": 0.5, "max_f_decay": 0.5}  # of the amplitude: the power falls by 3 dB an octave
    return _by_library(AddColoredNoise(snr_db, snr_db, **pink, p=1.0, output_type="dict"), samples, seed)


def _reverb(samples: Samples, rt60_s: float, seed: int) -> Samples:
    """As loud as before; the direct sound is the first and strongest of the response."""
    time_s = np.arange(round(rt60_s * RATE_HZ)) / RATE_HZ
    response = 0.05 * np.random.default_rng(seed).standard_normal(len(time_s)) * 10 ** (-3 * time_s / rt60_s)
    response[0] = 1.0
    size = len(samples) + len(response) - 1
    heard = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size)
    loudness = np.sqrt(np.sum(np.square(samples, dtype=float)) / max(float(np.sum(heard**2)), 1e-12))
    return np.asarray(heard * loudness, np.float32)


def _telephone(samples: Samples, _: float, seed: int) -> Samples:
    from torch_audiomentations import HighPassFilter, LowPassFilter

    low_hz, high_hz = TELEPHONE_HZ
    samples = _by_library(HighPassFilter(low_hz, low_hz, p=1.0, output_type="dict"), samples, seed)
    samples = _by_library(LowPassFilter(high_hz, high_hz, p=1.0, output_type="dict"), samples, seed)
    narrow = audio.resample(Audio(samples, RATE_HZ), 8_000)
    return audio.resample(_coded(narrow, format="WAV", subtype="ULAW"), RATE_HZ).samples


def _mp3(samples: Samples, kbits: float, _: int) -> Samples:
    low, high = MP3_KBITS
    level = min(0.999, (high - kbits) / (high - low))
    how: dict[str, Any] = {"compression_level": level, "bitrate_mode": "CONSTANT"}
    return _coded(Audio(samples, RATE_HZ), format="MP3", subtype="MPEG_LAYER_III", **how).samples


def _speed(samples: Samples, factor: float, _: int) -> Samples:
    return audio.resample(Audio(samples, round(RATE_HZ * factor)), RATE_HZ).samples


def _clipping(samples: Samples, per_cent: float, _: int) -> Samples:
    top = float(np.percentile(np.abs(samples), 100 - per_cent))
    return np.clip(samples, -top, top)


def _by_library(transform: Any, samples: Samples, seed: int) -> Samples:
    """What a torch-audiomentations transform makes of the samples; torch's own generator is left as it was."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = transform(samples=torch.from_numpy(samples.copy())[None, None], sample_rate=RATE_HZ)
    return np.asarray(made["samples"].numpy()[0, 0], np.float32)


def _coded(clip: Audio, **how: Any) -> Audio:
    """A clip written and read again by libsndfile."""
    import soundfile

    with io.BytesIO() as file:
        soundfile.write(file, clip.samples, clip.rate_hz, **how)
        file.seek(0)
        samples, rate_hz = soundfile.read(file, dtype="float32")
    return Audio(samples, rate_hz)


KINDS: dict[str, Kind] = {
    "clean": Kind(lambda samples, _level, _seed: samples, None),
    "noise": Kind(_noise, (-20.0, 60.0), "dB"),
    "reverb": Kind(_reverb, (0.05, 5.0), "s"),
    "telephone": Kind(_telephone, None),
    "mp3": Kind(_mp3, MP3_KBITS, "kbit/s"),
    "speed": Kind(_speed, (0.5, 2.0), "times"),
    "clipping": Kind(_clipping, (0.1, 90.0), "%"),
}
