"""Confidences of words: are they true probabilities, do they find the errors, what is left when the doubtful go.

Conventions
-----------
A word of the hypothesis has a confidence in [0, 1] that it is right, and is right where the alignment of the word error
rate has it on both sides; a substituted or inserted word is wrong. Words that were never written (deletions) have no
confidence and no part in it. Where the normaliser makes several words of one, each has its confidence; where it joins
words ("twenty one" to "21") the alignment of both says which one stands for which, and what has none is left out.

`calibration` is the expected calibration error (ECE): the distance between confidence and fraction of right words, over
BINS bins of equal width, weighted by their words; in [0, 1], lower is better. Source: Guo et al., "On Calibration of
Modern Neural Networks" (ICML 2017). A confidence of 1 is in the last bin (in torchmetrics it has one of its own).

`separation` is the chance that a right word has a higher confidence than a wrong one, ties half: the area under the ROC
curve (AUROC) for finding errors; in [0, 1], 0.5 is guessing, higher is better, no value without a wrong or a right
word. Confidences are rounded to steps of STEP in log-odds. `at_coverage` is the fraction of wrong words among the most
confident: of a step that is kept in part, the same part of its wrong words. In [0, 1], lower is better.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from modellab.metrics.edit_distance import Alignment, align
from modellab.types import Counts, Floats

BINS = 15
STEP, REACH = 0.25, 10.0  # log-odds
LEVELS = round(2 * REACH / STEP) + 1

Confidence = tuple[str, float]


def counts(
    confidences: Sequence[Confidence], normalise: Callable[[str], str], alignment: Alignment
) -> dict[str, Counts]:
    """The counts of one hypothesis: for `calibration`, and those that `separation` and `at_coverage` share.

    >>> scored = counts([("go", 0.9), ("hoom", 0.2)], str, align("go home", "go hoom"))
    >>> calibration(np.array(scored["calibration"])).round(9).item(), separation(np.array(scored["levels"])).item()
    (0.15, 1.0)
    """
    wrong = {j for what, _, j in alignment.edits if what != "D"}
    bins, levels = [0.0] * (BINS + 1), [0.0] * (2 * LEVELS)
    for j, confidence in _by_word(confidences, normalise, alignment):
        right = j not in wrong
        bins[min(int(confidence * BINS), BINS - 1)] += confidence - right
        bins[BINS] += 1
        levels[_level(confidence) + (0 if right else LEVELS)] += 1
    return {"calibration": tuple(bins), "levels": tuple(levels)}


def calibration(sums: Floats) -> Floats:
    """Expected calibration error of summed counts: shape (..., BINS + 1) -> (...). NaN without a word."""
    words = np.asarray(sums, dtype=float)[..., BINS]
    error: Floats = np.abs(sums[..., :BINS]).sum(axis=-1) / np.where(words == 0, np.nan, words)
    return error


def separation(sums: Floats) -> Floats:
    """AUROC of errors of summed counts: shape (..., 2 * LEVELS) -> (...)."""
    right, wrong = np.split(np.asarray(sums, dtype=float), 2, axis=-1)
    below = np.cumsum(wrong, axis=-1) - wrong
    pairs = right.sum(axis=-1) * wrong.sum(axis=-1)
    area: Floats = (right * (below + wrong / 2)).sum(axis=-1) / np.where(pairs == 0, np.nan, pairs)
    return area


def at_coverage(kept: float) -> Callable[[Floats], Floats]:
    """The rate for a fraction of words that is kept: summed counts (..., 2 * LEVELS) -> (...). NaN without a word."""

    def rate(sums: Floats) -> Floats:
        right, wrong = (np.flip(side, axis=-1) for side in np.split(np.asarray(sums, dtype=float), 2, axis=-1))
        words = right + wrong
        wanted = kept * words.sum(axis=-1, keepdims=True)
        before = np.cumsum(words, axis=-1) - words
        part = np.clip((wanted - before) / np.where(words == 0, 1, words), 0, 1)
        value: Floats = (wrong * part).sum(axis=-1) / np.where(wanted == 0, np.nan, wanted)[..., 0]
        return value

    return rate


def _by_word(
    confidences: Sequence[Confidence], normalise: Callable[[str], str], alignment: Alignment
) -> list[tuple[int, float]]:
    """Position and confidence of each word of the hypothesis that has one."""
    parts = [(word, confidence) for text, confidence in confidences for word in normalise(text).split()]
    if tuple(word for word, _ in parts) == alignment.hypothesis:
        return [(j, confidence) for j, (_, confidence) in enumerate(parts)]
    positioned, i, j = [], 0, 0
    steps = align(" ".join(word for word, _ in parts), " ".join(alignment.hypothesis)).steps
    for what, _, _ in steps:
        if what in {"", "S"}:
            positioned.append((j, parts[i][1]))
        i, j = i + (what != "I"), j + (what != "D")
    return positioned


def _level(confidence: float) -> int:
    if not 0 < confidence < 1:
        return 0 if confidence <= 0 else LEVELS - 1
    odds = math.log(confidence) - math.log1p(-confidence)
    return round((min(max(odds, -REACH), REACH) + REACH) / STEP)
