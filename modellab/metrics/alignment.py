"""Word boundary errors: where a model says that words start and end, against where they do.

Conventions
-----------
A word is (text, start_s, end_s), text already normalised. Hypothesis words are matched with reference words through
the word alignment of `edit_distance.align`; only equal words match, a substituted one does not. Each matched word has
two boundaries, its start and its end, and each boundary one error: hypothesis - reference, in seconds. A word without
finite times matches nothing.

Errors are pooled over boundaries, never averaged over utterances. Mean, median and percentiles are of absolute errors
and over matched words alone, as a word that was not found has no error; the fractions within a tolerance are over all
reference words, so that leaving words out does not help. Known deviation: tools that align a given text report both
over all of its words; the same here as long as every word is matched, and lower fractions otherwise.

Percentiles do not add up over utterances, so an utterance's counts are a histogram over `EDGES_S`, and the percentile
is interpolated within its bin. Known deviation from numpy.percentile over all errors: at most the width of that bin
(10 ms below 0.1 s, 20 ms below 0.2 s, 50 ms below 0.5 s), of either sign. Beyond the last edge, that edge is given.

Source: boundary accuracy within 10 to 100 ms as in McAuliffe et al., "Montreal Forced Aligner" (Interspeech 2017),
mean and median as in Rousso et al., "Tradition or Innovation: A Comparison of Modern ASR Methods for Forced Alignment"
(Interspeech 2024).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from modellab.metrics.edit_distance import align
from modellab.types import Counts, Floats, Ratio, Word

_STEPS = ((0.1, 0.01), (0.2, 0.02), (0.5, 0.05), (1.0, 0.1), (2.0, 0.25), (5.0, 1.0))  # up to, in steps of


def _edges() -> tuple[float, ...]:
    edges = [0.0]
    for last, step in _STEPS:
        edges += [round(edges[-1] + step * (i + 1), 3) for i in range(round((last - edges[-1]) / step))]
    return tuple(edges)


EDGES_S = _edges()  # of the histogram's bins; one more bin holds what is beyond the last


@dataclass(frozen=True, slots=True)
class Pair:
    """A reference word and the hypothesis word matched with it."""

    reference: Word
    hypothesis: Word

    @property
    def errors_s(self) -> tuple[float, float]:
        """Of start and end, in seconds; above 0 where the hypothesis is late."""
        return self.hypothesis.start_s - self.reference.start_s, self.hypothesis.end_s - self.reference.end_s


@dataclass(frozen=True, slots=True)
class Boundaries:
    """One utterance compared once; every number reads off it."""

    pairs: tuple[Pair, ...]
    words: int  # in the reference

    @property
    def errors_s(self) -> tuple[float, ...]:
        """Of each start and end of the matched words, with their sign."""
        return tuple(error for pair in self.pairs for error in pair.errors_s)

    def mean(self) -> Ratio:
        """Mean absolute error in seconds, lower is better. No bottom where nothing matched."""
        return Ratio(math.fsum(map(abs, self.errors_s)), len(self.errors_s))

    def bias(self) -> Ratio:
        """Mean signed error in seconds; above 0 where boundaries are late."""
        return Ratio(math.fsum(self.errors_s), len(self.errors_s))

    def within(self, tolerance_s: float) -> Ratio:
        """Fraction of all reference boundaries that are found and at most so far off, in [0, 1], higher is better."""
        near = sum(abs(error) <= tolerance_s + 1e-9 for error in self.errors_s)
        return Ratio(near, 2 * self.words)

    def matched(self) -> Ratio:
        """Fraction of reference words that were found, whatever their times, in [0, 1], higher is better."""
        return Ratio(len(self.pairs), self.words)

    def histogram(self) -> Counts:
        """Counts of absolute errors between each two of `EDGES_S` and beyond: what `percentile` pools."""
        return histogram(self.errors_s)


def histogram(values_s: Sequence[float]) -> Counts:
    """How many of some durations, whatever their sign, lie between each two of `EDGES_S`, and beyond the last."""
    bins = np.digitize(np.abs(np.array(values_s, dtype=float)), EDGES_S[1:])
    return tuple(np.bincount(bins, minlength=len(EDGES_S)).astype(float).tolist())


def compare(reference: Sequence[Word], hypothesis: Sequence[Word]) -> Boundaries:
    """Match the words and keep the pairs.

    >>> compare([Word("on", 0.0, 0.5), Word("off", 0.5, 1.0)], [Word("on", 0.1, 0.5)]).mean()
    Ratio(top=0.1, bottom=2)
    """
    timed = [word for word in hypothesis if math.isfinite(word.start_s) and math.isfinite(word.end_s)]
    steps = align(" ".join(map(_one, reference)), " ".join(map(_one, timed))).steps
    pairs, i, j = [], 0, 0
    for what, _, _ in steps:
        if what == "":
            pairs.append(Pair(reference[i], timed[j]))
        i += what != "I"
        j += what != "D"
    return Boundaries(tuple(pairs), len(reference))


def _one(word: Word) -> str:
    """A word without spaces, so that it stays one: "twenty one" as one word is none of the reference's."""
    return "_".join(word.text.split()) or "_"


@functools.cache
def percentile(percent: float) -> Callable[[Floats], Floats]:
    """The rate of summed histograms: shape (..., bins) -> (...), in seconds. NaN where all counts are 0.

    >>> percentile(50)(np.array(compare([Word("on", 0.0, 0.5)], [Word("on", 0.005, 0.505)]).histogram())).item()
    0.005
    """
    widths = np.array([b - a for a, b in pairwise(EDGES_S)] + [0.0])

    def rate(sums: Floats) -> Floats:
        counts = np.asarray(sums, dtype=float)
        below = np.cumsum(counts, axis=-1)
        wanted = below[..., -1:] * percent / 100
        index = np.minimum((below < wanted).sum(axis=-1, keepdims=True), len(EDGES_S) - 1)
        inside = np.take_along_axis(counts, index, -1)
        into = wanted - (np.take_along_axis(below, index, -1) - inside)
        part = np.divide(into, inside, out=np.zeros_like(into), where=inside > 0)
        value: Floats = (np.array(EDGES_S)[index] + part * widths[index])[..., 0]
        return np.where(below[..., -1] == 0, np.nan, value)

    return rate


def misplaced(words: Sequence[Word], duration_s: float, slack_s: float) -> int:
    """How many words have times that cannot be: not finite, backwards, before their predecessor, outside the audio."""
    wrong, latest_s = 0, -math.inf
    for word in words:
        inside = -slack_s <= word.start_s <= word.end_s <= duration_s + slack_s  # False for NaN
        wrong += not (inside and word.start_s >= latest_s - 1e-9)
        latest_s = word.start_s if math.isfinite(word.start_s) else latest_s
    return wrong
