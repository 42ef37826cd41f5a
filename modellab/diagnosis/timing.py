"""Whether a model's times fit the files: where they are stretched, sound of another length came to it.

The end of the last segment is held against the end of the sound in the file. Of recognisers that give times the two go
together closely: embedded Whisper ends at 1.005 of it, with an sd of 0.006, so that 5 % are plain to see in few files.
What shifts all ends by the same time is no other sample rate: models that round up to the next second, on short clips
above all, and adapters that lose the last 200 ms. So the slope over files of several lengths has to show it too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modellab.diagnosis import signs
from modellab.diagnosis.context import UtteranceContext
from modellab.types import Floats

FEWEST, FEW_FOR_LITTLE = 4, 12  # files for a ratio that is far off, and for one that is not
SHORTEST_S = 1.0  # times of shorter clips say nothing: Whisper ends segments after the sound
ROUNDED_S = 1.5  # no model rounds its times up by more
ROUNDED_BELOW_S = 4.0  # times of shorter clips are rounded to half and whole seconds, and stay what they were
MOSTLY_SINCE, CLOSE_SINCE = 0.7, 0.06  # files on one side and spread since the model was accepted: some times stay
HALF, MOSTLY = 0.5, 0.9  # of the files: by far too long, and on one side
MOST = 100  # files that are read
MUCH = 0.2  # off by as much is far off; less has to be shown closely
LITTLE = 0.03  # off by less is nothing
SPREAD, CLOSE = 0.15, 0.03  # robust sd of the ratios, far off and not
OUTLIERS, LEAST_SPREAD = 3.0, 0.01  # in such sd, files that say something else are left out of the slope
VARIED = 0.08  # sd of the lengths over their mean, with less there is no slope
STEPS, STEPS_FAR = 4.0, 3.0  # standard errors of the slope, and where the times are far off
AGREED = 0.5  # of what the ratio is off by, the slope differs from it at most
QUIET_S = 0.05  # of silence at a file's end: without it noise may hide where speech ended
RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Stretched:
    """The ratio of the model's last times to the ends of the sound, and how many files say so."""

    ratio: float
    files: int

    def __str__(self) -> str:
        claim = f"the model's last times are at {self.ratio:.{2 if abs(self.ratio - 1) > MUCH else 3}f} of the files'"
        return (
            f"{claim} length in {self.files} files, as if {RATE_HZ * self.ratio / 1000:.3g} kHz were taken for 16 kHz"
        )


def stretched(every: Sequence[UtteranceContext]) -> Stretched | None:
    """How times are stretched, by one factor in the files looked at; None where they fit, or nobody can tell."""
    told = [
        heard for heard in every if math.isfinite(heard.end_s) and heard.duration_s >= SHORTEST_S and not heard.error
    ]
    told = [heard for heard in told if not signs.is_empty(heard)][:: max(1, len(told) // MOST)]
    table = np.array([(heard.duration_s, _end_s(heard), heard.end_s) for heard in told]).reshape(-1, 3)
    table[:, 1] = np.where(np.isfinite(table[:, 1]), table[:, 1], table[:, 0])
    table = table[np.isfinite(table).all(axis=1) & (table > 0).all(axis=1)]
    if len(table) < FEWEST:
        return None
    lengths, pairs = table[:, 0], table[:, 1:]
    over = pairs[:, 1] - lengths > ROUNDED_S
    if over.mean() >= HALF and np.median(pairs[:, 1] / lengths) > 1 + MUCH:
        return Stretched(float(np.median(pairs[over, 1] / pairs[over, 0])), len(table))
    far = abs(_middle(pairs)) > math.log1p(MUCH)
    if not far:
        pairs = pairs[lengths - pairs[:, 0] >= QUIET_S]
    if len(pairs) < FEWEST:
        return None
    logs, middle = np.log(pairs[:, 1] / pairs[:, 0]), _middle(pairs)
    spread = 1.4826 * float(np.median(np.abs(logs - middle)))
    if abs(middle) < math.log1p(LITTLE) or spread > (SPREAD if far else CLOSE):
        return None
    if not far and (len(pairs) < FEW_FOR_LITTLE or np.mean(np.sign(logs) == np.sign(middle)) < MOSTLY):
        return None
    ratio = math.exp(middle)
    agree = pairs[np.abs(logs - middle) <= OUTLIERS * max(spread, LEAST_SPREAD)]
    return Stretched(ratio, len(pairs)) if ratio < 1 - MUCH or _slope_agrees(agree, ratio, far=far) else None


@dataclass(frozen=True, slots=True)
class Since:
    """The ratio of the model's last times to those that it had when it was accepted, and of how many files."""

    ratio: float
    files: int

    def __str__(self) -> str:
        percent = 100 * abs(self.ratio - 1)
        return (
            f"the sound was probably read at another sample rate: segment times are {percent:.0f} % "
            f"{'shorter' if self.ratio < 1 else 'longer'} than the accepted ones in {self.files} files"
        )


def since_accepted(every: Sequence[UtteranceContext]) -> Since | None:
    """How times are stretched since the model was accepted, by one factor; None where they are not, or nobody can tell.

    Asked where the files cannot tell: of a model that ends its segments early in long files and late in short ones.
    """
    told = [heard for heard in every if not heard.error and heard.duration_s >= ROUNDED_BELOW_S]
    pairs = np.array([(heard.ended_s, heard.end_s) for heard in told]).reshape(-1, 2)
    pairs = pairs[np.isfinite(pairs).all(axis=1) & (pairs > 0).all(axis=1)]
    if len(pairs) < FEW_FOR_LITTLE:
        return None
    logs, middle = np.log(pairs[:, 1] / pairs[:, 0]), _middle(pairs)
    spread = 1.4826 * float(np.median(np.abs(logs - middle)))
    one_side = np.mean(np.sign(logs) == np.sign(middle))
    if abs(middle) < math.log1p(LITTLE) or spread > CLOSE_SINCE or one_side < MOSTLY_SINCE:
        return None
    agree = pairs[np.abs(logs - middle) <= OUTLIERS * max(spread, LEAST_SPREAD)]
    ratio = float(agree[:, 1].sum() / agree[:, 0].sum())
    return Since(ratio, len(pairs)) if _slope_agrees(agree, ratio, far=False) else None


def _middle(pairs: Floats) -> float:
    """The median logarithm of the ratios."""
    return float(np.median(np.log(pairs[:, 1] / pairs[:, 0])))


def _end_s(heard: UtteranceContext) -> float:
    """Where the sound ends in the file; NaN where there is none to listen to."""
    file = signs.sound(heard)
    return file.end_s if file else math.nan


def _slope_agrees(pairs: Floats, ratio: float, *, far: bool) -> bool:
    """Whether longer files are off by more: the ends follow the files' with that factor, and not with a fixed delay."""
    ends, model_ends = pairs.T
    if ends.std() < VARIED * ends.mean() or len(pairs) < FEWEST:
        return False
    slope, offset = np.polyfit(ends, model_ends, 1)
    rest = model_ends - slope * ends - offset
    error = float(np.sqrt((rest**2).sum() / max(1, len(pairs) - 2) / ((ends - ends.mean()) ** 2).sum()))
    off, wanted = slope - 1, ratio - 1
    if far:
        return bool(off >= AGREED * wanted and off >= STEPS_FAR * error)
    return bool(abs(off - wanted) <= AGREED * abs(wanted) and abs(off) >= STEPS * error)
