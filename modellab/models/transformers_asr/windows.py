"""Cuts long audio where it is quiet: attention over all of it would need memory with the square of its length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

QUIET_S = 0.1  # of such a stretch the level is taken
SEARCH = 0.2  # of a window, its end, is searched for the quietest stretch


class Window(NamedTuple):
    """A part of a recording and where it begins in it."""

    samples: npt.NDArray[np.float32]
    start_s: float


def cut(samples: npt.NDArray[np.float32], rate_hz: int, window_s: float, shortest_s: float) -> Iterator[Window]:
    """Parts of at most `window_s`, each cut in the quietest 0.1 s of its last fifth; nothing for no samples.

    A part shorter than `shortest_s` is made as long with silence behind it.
    """
    longest, at = round(window_s * rate_hz), 0
    while at < len(samples):
        end = at + longest
        if end < len(samples):
            end = _quietest(samples, end - round(SEARCH * longest), end, rate_hz)
        part = samples[at:end]
        yield Window(np.pad(part, (0, max(0, round(shortest_s * rate_hz) - len(part)))), at / rate_hz)
        at = end


def _quietest(samples: npt.NDArray[np.float32], first: int, last: int, rate_hz: int) -> int:
    """The middle of the quietest stretch between two samples; the last of several that are equally quiet."""
    stretch = max(1, round(QUIET_S * rate_hz))
    if last - first < 2 * stretch:
        return last
    energy = np.concatenate([[0.0], np.cumsum(samples[first:last].astype(np.float64) ** 2)])
    level = np.round(energy[stretch:] - energy[:-stretch], 9)
    return first + len(level) - 1 - int(np.argmin(level[::-1])) + stretch // 2
