"""What the gate counts beside rates: broken utterances, and what the smallest visible change follows from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple


class Gross(NamedTuple):
    """When an utterance is broken: it lost `share` of its bottom (words, seconds of speech) and at least `least`.

    Where `least` counts words, so is an utterance of so many and more that lost all that was right of it in the
    baseline, if those were at least two, and at least `least` - 1.
    """

    share: float = 0.5
    least: float = 3.0
    often: float = 0.01  # the fraction of utterances that an unchanged model breaks from one run to the next, at most


RARE = Gross(0.5, 0.0, 0.01)  # of what an utterance is or is not: empty, a loop
HALF_AS_LONG_AGAIN = Gross(1.5, 1.0, 0.01)  # of a length_ratio; where nothing was said a word is too long
FASTER_THAN_SPEECH = Gross(8.0, 1.0, 0.01)  # of words_per_s


class GroupRule(NamedTuple):
    """What is asked of a metric by group: limits of the worst group and of the gap, and whether changes are judged."""

    worst: float | None = None
    gap: float | None = None
    change: bool = False


class Basis(NamedTuple):
    """What `Verdict.detects` follows from."""

    sizes: tuple[float, ...]  # of the errors: the means of equal parts, the smallest first
    bottom: float  # what they are divided by
    units: int  # that are swapped
    error: float  # standard error of the change
    most: float = math.inf  # that the rate can get worse by: of a share where more is better all that there is


@dataclass(frozen=True, slots=True)
class Break:
    """One broken utterance (see `Gross`): it lost `lost` of its `of` words or seconds since the baseline."""

    id: str
    lost: float
    of: float
    again: bool | None = None  # whether it broke once more in a fresh process; None: it was not run again
    lines: tuple[str, ...] = ()  # its reference, what is said now, what was said before
