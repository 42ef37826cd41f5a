"""What adapters return, as JSON types: what several tasks share. A wrong type is an error that names its field.

Times that are numbers but cannot be right (below 0, behind the clip's end) are kept here: `results/odd_times.py` tells.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, SupportsFloat

import numpy as np

from modellab.errors import described
from modellab.types import Audio

MOST_RATE_HZ = 1_000_000


def is_truth(value: object) -> bool:
    """Whether it is true or false, of Python or NumPy."""
    return isinstance(value, bool | np.bool_)


def seconds(value: object) -> float:
    """A number of seconds, NaN where unknown; ValueError for text, true and false and whatever is no number.

    >>> seconds(np.float32(0.5)), seconds(math.nan)
    (0.5, nan)
    """
    if is_truth(value) or not isinstance(value, SupportsFloat):
        raise ValueError(f"{described(value)}, expected seconds")
    return float(value)


def rows[T](method: str, output: object, of: str, read: Callable[[Any], T]) -> list[T]:
    """What is in the list that a method should return; TypeError for anything else, and for what `read` refuses."""
    if not isinstance(output, Sequence) or isinstance(output, str | bytes):
        hint = f": does {method} end without a return?" if output is None else ""
        raise TypeError(f"{method} returned {described(output)}, expected a list of {of}{hint}")
    try:
        return [read(row) for row in output]
    except ValueError as error:
        raise TypeError(f"{method} returned {error}") from error


def latency(name: str, value: object) -> float | None:
    """Seconds from a call as JSON, null where unknown; TypeError with the name for what is no time after it."""
    try:
        latency_s = seconds(value)
    except ValueError as error:
        raise TypeError(f"{name} is {error}") from error
    if math.isnan(latency_s):
        return None
    if not 0 <= latency_s < math.inf:
        raise TypeError(f"{name} is {latency_s:g}, expected seconds from 0 up, NaN where they are unknown")
    return latency_s


def sound(method: str, given: Audio) -> Audio:
    """The same audio; TypeError where its samples are no floats of one channel, or its rate is no rate."""
    samples, rate_hz = given.samples, given.rate_hz
    if not isinstance(samples, np.ndarray):
        raise TypeError(f"{method} gave samples as {described(samples)}, expected an array of float32 in [-1, 1]")
    if samples.ndim != 1 or samples.dtype.kind != "f":
        came = f"{samples.dtype} of shape {samples.shape}"
        raise TypeError(f"{method} gave samples as {came}, expected float32 in [-1, 1] of shape (n_samples,)")
    if is_truth(rate_hz) or not isinstance(rate_hz, int | np.integer) or not 0 < rate_hz <= MOST_RATE_HZ:
        raise TypeError(f"{method} gave audio at {rate_hz!r:.60} Hz, expected a whole number up to {MOST_RATE_HZ:,}")
    return Audio(samples, int(rate_hz), given.language)
