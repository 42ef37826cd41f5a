"""The health of made speech: broken samples, clipping, offset, level, silence, and a length that fits the text.

    found = sound.health(audio)                                     in a task's `encode`: JSON types
    sound.health_counts(found), sound.length_counts(text, found)    in its `score`

`HEALTH_METRICS` with `HEALTH_LIMITS`, and `LENGTH_METRICS` with `LENGTH_LIMITS`, go into the task's own. They are held
by absolute limits: nothing here says that speech is good, only that it is not broken.

Conventions
-----------
Samples are float32, full scale 1.0. NaN and infinite samples are counted and taken for 0 in everything else. A stretch
is clipped from the third sample in a row at full scale of the same sign on: a peak may touch full scale, a wave does
not stay there (Audacity's Find Clipping counts the same way). A frame of 20 ms is loud when its level is above
-60 dBFS and less than 40 dB below the loudest frame's; a sound without any loud frame is silent. dBFS is
20 log10(rms) with full scale 1.0, so a full-scale sine has -3.01 (AES17 calls it 0).

A model that raised counts as one that said nothing: silent, and too short.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab.types import RARE, Audio, Counts, Floats, Metric, Ratio

FRAME_S = 0.02
FLOOR_DBFS = -60.0  # a frame below is silence, whatever the rest is like
RANGE_DB = 40.0  # ... and so is one this much below the loudest
FULL_SCALE = 32767 / 32768  # what 16 bits can say above 0
CLIPPED_RUN = 3  # samples in a row at full scale
LONG_PAUSE_S = 1.5  # nobody waits that long inside a sentence
LOWEST_DBFS = -120.0  # what digital silence is given, so that levels add up

LETTERS_PER_S = 13.0  # 160 words a minute of English, 4.8 letters each
WIDE = 3.0  # an ideograph, a kana or a hangul syllable takes as long as so many letters, a digit too
FASTEST, SLOWEST = 3.0, 4.0  # times LETTERS_PER_S up and down: beyond both nobody speaks
SLACK_S = 1.0  # a short word may be followed by so much silence

HEALTH_METRICS = (
    Metric("bad_sample_rate", unit="ratio", better="lower", kind="sanity"),
    Metric("clipped_rate", unit="ratio", better="lower", kind="sanity", margin=0.0005),
    Metric("dc_offset", unit="1", better="lower", kind="sanity", margin=0.002),
    Metric("silent_rate", unit="ratio", better="lower", kind="sanity", margin=0.02),
    Metric("long_pause_rate", unit="ratio", better="lower", kind="sanity", margin=0.02, gross=RARE),
)
HEALTH_LIMITS: Mapping[str, float] = {
    "bad_sample_rate": 0.0,
    "clipped_rate": 0.001,
    "dc_offset": 0.01,
    "silent_rate": 0.0,
    "long_pause_rate": 0.05,
}
LENGTH_METRICS = (
    Metric("too_short_rate", unit="ratio", better="lower", kind="sanity", margin=0.02, gross=RARE),
    Metric("too_long_rate", unit="ratio", better="lower", kind="sanity", margin=0.02, gross=RARE),
)
LENGTH_LIMITS: Mapping[str, float] = {"too_short_rate": 0.05, "too_long_rate": 0.05}


def health(audio: Audio) -> dict[str, float]:
    """What can be told from the samples alone, as JSON types; every number is finite, also of no samples at all.

    samples, bad (NaN or infinite), clipped: counts; dc: mean in full scales, [-1, 1]; power: mean square;
    peak: largest magnitude; lead_s, tail_s: silence before the first and after the last loud frame; pause_s: the
    longest silence between two loud frames; span_s: from the first loud frame to the end of the last; loud_s: the loud
    frames alone. A silent sound has span_s and loud_s 0, and all of its length in lead_s.
    """
    given = np.asarray(audio.samples, dtype=np.float64)
    finite = np.isfinite(given)
    samples = np.where(finite, given, 0.0)
    n = len(samples)
    return {
        "samples": n,
        "bad": int(n - finite.sum()),
        "clipped": clipped(samples),
        "dc": float(samples.mean()) if n else 0.0,
        "power": float(np.mean(samples**2)) if n else 0.0,
        "peak": float(np.abs(samples).max()) if n else 0.0,
        **_silences(samples, audio.rate_hz),
    }


def health_counts(measured: Mapping[str, float] | None) -> dict[str, Counts]:
    """The counts for each of HEALTH_METRICS from what `health` found; `None` stands for 'the model raised'."""
    if measured is None:
        nothing = {metric.name: Ratio(0.0, 0.0) for metric in HEALTH_METRICS}
        return {**nothing, "silent_rate": Ratio(1.0), "long_pause_rate": Ratio(0.0)}
    return {
        "bad_sample_rate": Ratio(measured["bad"], measured["samples"]),
        "clipped_rate": Ratio(measured["clipped"], measured["samples"]),
        "dc_offset": Ratio(abs(measured["dc"]) * measured["samples"], measured["samples"]),
        "silent_rate": Ratio(float(is_silent(measured))),
        "long_pause_rate": Ratio(float(measured["pause_s"] > LONG_PAUSE_S)),
    }


def length_counts(text: str, measured: Mapping[str, float] | None) -> dict[str, Counts]:
    """The counts for each of LENGTH_METRICS: does the speech's length (without its silent edges) fit the text?

    Coarse on purpose: too short is faster than 39 letters a second, too long slower than 3.25 with a second's grace.
    A text without letters and digits has no length to fit.
    """
    expected_s = spoken_s(text)
    if not expected_s:
        return {metric.name: Ratio(0.0, 0.0) for metric in LENGTH_METRICS}
    length_s = measured["span_s"] if measured else 0.0
    return {
        "too_short_rate": Ratio(float(length_s < expected_s / FASTEST)),
        "too_long_rate": Ratio(float(length_s > expected_s * SLOWEST + SLACK_S)),
    }


def faults(text: str, measured: Mapping[str, float]) -> list[str]:
    """What is wrong with one sound, for a person: each metric beyond its limit, with its value."""
    counts = {**health_counts(measured), **length_counts(text, measured)}
    limits = {**HEALTH_LIMITS, **LENGTH_LIMITS}
    wrong = {metric: metric.value([counts[metric.name]]) for metric in (*HEALTH_METRICS, *LENGTH_METRICS)}
    return [
        metric.name.removesuffix("_rate").replace("_", " ") + (f" {value:.3g}" if value != 1 else "")
        for metric, value in wrong.items()
        if value > limits[metric.name]
    ]


def is_silent(measured: Mapping[str, float]) -> bool:
    """Whether no frame is loud."""
    return measured["loud_s"] == 0.0


def spoken_s(text: str) -> float:
    """About how many seconds it takes to say a text, in s: letters at LETTERS_PER_S, wide ones and digits WIDE times.

    >>> spoken_s("turn on the light"), spoken_s("?!")
    (1.0769230769230769, 0.0)
    """
    letters = sum(WIDE if _is_wide(c) else 1.0 for c in text if c.isalnum())
    return letters / LETTERS_PER_S


def dbfs(power: float) -> float:
    """A mean square as a level in dBFS, not below LOWEST_DBFS.

    >>> dbfs(0.25), dbfs(0.0)
    (-6.020599913279624, -120.0)
    """
    return max(LOWEST_DBFS, 10 * math.log10(power)) if power > 0 else LOWEST_DBFS


def level(sums: Floats) -> Floats:
    """The level in dBFS of summed (energy, samples): shape (..., 2) -> (...). NaN where there are no samples."""
    bottom = np.where(sums[..., 1] == 0, np.nan, sums[..., 1])
    power = np.maximum(sums[..., 0] / bottom, 10 ** (LOWEST_DBFS / 10))
    decibels: Floats = 10 * np.log10(power)
    return decibels


def clipped(samples: npt.NDArray[np.floating[Any]]) -> int:
    """How many samples lie in runs of CLIPPED_RUN or more at full scale of one sign."""
    total = 0
    for at_limit in (samples >= FULL_SCALE, samples <= -FULL_SCALE):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], at_limit, [False]]).astype(np.int8)))
        runs = edges[1::2] - edges[::2]
        total += int(runs[runs >= CLIPPED_RUN].sum())
    return total


def _silences(samples: Floats, rate_hz: int) -> dict[str, float]:
    """Where the loud frames are; the last frame may be shorter."""
    size = max(1, round(FRAME_S * rate_hz))
    starts = np.arange(0, len(samples), size)
    ends = np.minimum(starts + size, len(samples))
    power = np.add.reduceat(samples**2, starts) / (ends - starts) if len(samples) else np.zeros(0)
    floor = max(10 ** (FLOOR_DBFS / 10), float(power.max(initial=0.0)) * 10 ** (-RANGE_DB / 10))
    loud = np.flatnonzero(power > floor)
    if not len(loud):
        return {"lead_s": len(samples) / rate_hz, "tail_s": 0.0, "pause_s": 0.0, "span_s": 0.0, "loud_s": 0.0}
    gaps = starts[loud[1:]] - ends[loud[:-1]]
    first, last = int(starts[loud[0]]), int(ends[loud[-1]])
    return {
        "lead_s": first / rate_hz,
        "tail_s": (len(samples) - last) / rate_hz,
        "pause_s": float(gaps.max(initial=0)) / rate_hz,
        "span_s": (last - first) / rate_hz,
        "loud_s": float((ends[loud] - starts[loud]).sum()) / rate_hz,
    }


def _is_wide(character: str) -> bool:
    """A digit, or a letter of a script that writes syllables or words: kana, hangul, Chinese."""
    return character.isdigit() or 0x3040 <= ord(character) <= 0x9FFF or 0xAC00 <= ord(character) <= 0xD7AF
