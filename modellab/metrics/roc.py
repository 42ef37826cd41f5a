"""Area under the ROC curve from counts that add up, so that a dataset's value is that of all its frames together.

Conventions
-----------
A frame has a score (a probability of speech) and a label (speech or not). Scores are rounded to LEVELS steps of 0.1 in
log-odds, since speech detectors crowd near 0 and 1; two scores less than a step apart may tie. The counts are the
number of speech frames at each level, then that of the others: length 2 * LEVELS, all counts at least 0.

AUC is the chance that a speech frame scores above another frame, ties counted half (Mann & Whitney 1947), in [0, 1];
0.5 is guessing, higher is better. It depends on the order of scores alone, so rounding costs only what ties it makes.
Checked against sklearn.metrics.roc_auc_score: equal on the rounded scores.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from modellab.types import Counts, Floats, Region

REACH = 10.0  # log-odds beyond which a probability is as good as 0 or 1
STEP = 0.1
LEVELS = round(2 * REACH / STEP) + 1

EMPTY: Counts = (0.0,) * (2 * LEVELS)


def levels(probabilities: npt.ArrayLike) -> list[int]:
    """Probabilities in [0, 1] as steps 0 to LEVELS - 1. ValueError for anything else, NaN included.

    >>> levels([0.0, 0.5, 1.0])
    [0, 100, 200]
    """
    values = np.asarray(probabilities, dtype=float)
    if values.ndim != 1:
        raise ValueError(f"probabilities of shape {values.shape}, expected one number for each frame")
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"a probability of {values[~((values >= 0) & (values <= 1))][0]:g}, expected 0 to 1")
    with np.errstate(divide="ignore"):
        odds = np.log(values) - np.log1p(-values)
    steps = np.rint((np.clip(odds, -REACH, REACH) + REACH) / STEP)
    return [int(step) for step in steps]


def counts(scores: Sequence[int], hop_s: float, speech: Sequence[Region], duration_s: float) -> Counts:
    """One clip's counts. Frame i lies from i * hop_s to (i + 1) * hop_s; its middle decides whether it is speech."""
    middles = (np.arange(len(scores)) + 0.5) * hop_s
    inside = middles < duration_s  # the last frame may be padding
    labels: npt.NDArray[np.bool_] = np.zeros(len(scores), dtype=bool)
    for start_s, end_s in speech:
        labels |= (middles >= start_s) & (middles < end_s)
    at = np.asarray(scores, dtype=int)
    counts = [np.bincount(at[chosen & inside], minlength=LEVELS) for chosen in (labels, ~labels)]
    return tuple(float(count) for count in np.concatenate(counts))


def auc_rate(sums: Floats) -> Floats:
    """The area of summed counts: shape (..., 2 * LEVELS) -> (...). NaN where one of the two kinds is missing."""
    speech, other = np.split(np.asarray(sums, dtype=float), 2, axis=-1)
    below = np.cumsum(other, axis=-1) - other
    won = (speech * (below + other / 2)).sum(axis=-1)
    pairs = speech.sum(axis=-1) * other.sum(axis=-1)
    area: Floats = won / np.where(pairs == 0, np.nan, pairs)
    return area
