"""Leave out pauses and split what is long: a model hears stretches of speech of at most `max_s`, one after the other.

Speech is found by level alone (`detector=energy`), which needs no package and is the same on every machine, or by the
Silero model (`detector=silero`, extra `silero`). Which one is used follows from the text of the chain and never from
what happens to be installed. By level, a frame of 20 ms is speech when it is above both `threshold_db` below the loud
frames (their 95th percentile) and 6 dB above the quiet ones (their 10th), though never only within 12 dB of the loud.

Stretches that lie less than `min_silence_s` apart are one. `pad_s` is kept on either side. Neighbours are joined as
long as they fit into `max_s` together; one that is longer is split at its quietest moment between half of `max_s` and
all of it. Where nobody speaks there is no chunk, and no model is asked.
"""

from __future__ import annotations

import functools
import importlib.util
from typing import Any

import numpy as np

from modellab.audio.preprocessing.levels import SILENCE_DBFS, hop, levels_dbfs, runs
from modellab.audio.preprocessing.parameters import Parameter
from modellab.audio.writing import resample
from modellab.errors import ExtraError
from modellab.system import extras
from modellab.types import Audio, Floats

VERSION = 1
PARAMETERS = {
    "max_s": Parameter(30.0, "the longest chunk", 1, 3600, "s"),
    "min_silence_s": Parameter(0.5, "a shorter pause ends no stretch of speech", 0, 60, "s"),
    "pad_s": Parameter(0.2, "kept before and after a stretch of speech", 0, 5, "s"),
    "threshold_db": Parameter(-35.0, "what is quieter, against the loud frames, is no speech", -90, -3, "dB"),
    "detector": Parameter("energy", "what tells speech from silence", choices=("energy", "silero")),
}
LOUD, QUIET = 95.0, 10.0  # percentiles of the levels
ABOVE_QUIET_DB, BELOW_LOUD_DB = 6.0, 12.0
SILERO_HZ = 16_000
Stretch = tuple[int, int]  # first and last (excluded) sample


def lacking(detector: str, **_: object) -> str:
    """Why it cannot work here; '' where it can."""
    if detector == "silero" and importlib.util.find_spec("silero_vad") is None:
        return f"vad_chunks(detector=silero) needs silero_vad, which is not installed: {extras.install('silero')}"
    return ""


def cut(
    audio: Audio, max_s: float, min_silence_s: float, pad_s: float, threshold_db: float, detector: str
) -> list[Stretch]:
    """The chunks, in samples, in their order; none where nobody speaks."""
    levels, step = levels_dbfs(audio), hop(audio.rate_hz)
    speaking = _by_silero(audio) if detector == "silero" else _by_level(levels, step, threshold_db)
    speech = _padded(_merged(speaking, round(min_silence_s * audio.rate_hz)), audio, round(pad_s * audio.rate_hz))
    most = max(step, int(max_s * audio.rate_hz))
    parts = [part for stretch in speech for part in _split(stretch, levels, step, most)]
    return _joined(parts, most)


def _by_level(levels: Floats, step: int, threshold_db: float) -> list[Stretch]:
    loud, quiet = np.percentile(levels, LOUD), np.percentile(levels, QUIET)
    if levels.max() <= SILENCE_DBFS:
        return []
    threshold = max(loud + threshold_db, min(quiet + ABOVE_QUIET_DB, loud - BELOW_LOUD_DB), SILENCE_DBFS)
    return [(first * step, last * step) for first, last in runs(levels > threshold)]


def _by_silero(audio: Audio) -> list[Stretch]:
    if why := lacking(detector="silero"):
        raise ExtraError(why)
    import torch

    threads = torch.get_num_threads()
    model, timestamps = _silero()
    samples = torch.from_numpy(resample(audio, SILERO_HZ).samples.copy())
    regions = timestamps(samples, model, sampling_rate=SILERO_HZ)
    torch.set_num_threads(threads)  # silero_vad sets it to 1 for the whole process when it is imported
    scale = audio.rate_hz / SILERO_HZ
    return [(round(region["start"] * scale), round(region["end"] * scale)) for region in regions]


@functools.cache
def _silero() -> tuple[Any, Any]:
    """The Silero model and the function that asks it, once for a process."""
    from silero_vad import get_speech_timestamps, load_silero_vad

    return load_silero_vad(), get_speech_timestamps


def _merged(stretches: list[Stretch], gap: int) -> list[Stretch]:
    """Stretches less than `gap` samples apart as one."""
    merged: list[Stretch] = []
    for first, last in stretches:
        if merged and first - merged[-1][1] < max(1, gap):
            merged[-1] = merged[-1][0], last
        else:
            merged.append((first, last))
    return merged


def _padded(stretches: list[Stretch], audio: Audio, pad: int) -> list[Stretch]:
    """Each with `pad` samples on either side, half of the pause between two at most, within the recording."""
    count = len(audio.samples)
    starts = [first for first, _ in stretches]
    ends = [min(last, count) for _, last in stretches]
    if not stretches:
        return []
    before = [0, *((end + start) // 2 for end, start in zip(ends, starts[1:], strict=False))]
    behind = [*before[1:], count]
    return [
        (max(low, first - pad), min(high, last + pad))
        for first, last, low, high in zip(starts, ends, before, behind, strict=True)
    ]


def _split(stretch: Stretch, levels: Floats, step: int, most: int) -> list[Stretch]:
    """A stretch as parts of at most `most` samples, each cut at the quietest moment of its second half."""
    first, last = stretch
    parts: list[Stretch] = []
    while last - first > most:
        low, high = (first + most // 2) // step + 1, (first + most) // step
        quietest = low + int(np.argmin(levels[low:high])) if high > low else high
        at = min(max(first + 1, quietest * step), first + most)
        parts.append((first, at))
        first = at
    return [*parts, (first, last)] if last > first else parts


def _joined(parts: list[Stretch], most: int) -> list[Stretch]:
    """Neighbours together as long as they fit."""
    joined: list[Stretch] = []
    for first, last in parts:
        if joined and last - joined[-1][0] <= most:
            joined[-1] = joined[-1][0], last
        else:
            joined.append((first, last))
    return joined
