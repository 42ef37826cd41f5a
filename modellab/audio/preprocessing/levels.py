"""How loud a recording is from moment to moment: what tells speech from silence without a model."""

from __future__ import annotations

import numpy as np

from modellab.types import Audio, Floats

FRAME_S, HOP_S = 0.02, 0.01  # a frame's length, and from one frame to the next
SILENCE_DBFS = -100.0  # what is quieter is silence, digital or nearly so


def hop(rate_hz: int) -> int:
    """Samples from one frame to the next, at least 1."""
    return max(1, round(HOP_S * rate_hz))


def levels_dbfs(audio: Audio) -> Floats:
    """The level of each frame in dB re full scale, SILENCE_DBFS at least: shape (ceil(n_samples / hop),).

    Frame i begins at sample i * hop; the last ones are shorter.
    """
    step, size = hop(audio.rate_hz), max(1, round(FRAME_S * audio.rate_hz))
    power = np.square(audio.samples, dtype=np.float64)
    sums = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(0, len(power), step)
    ends = np.minimum(starts + size, len(power))
    mean = np.maximum((sums[ends] - sums[starts]) / (ends - starts), 10 ** (SILENCE_DBFS / 10))
    levels: Floats = 10 * np.log10(mean)
    return levels


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """The first and last (excluded) place of each run of True.

    >>> runs(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
