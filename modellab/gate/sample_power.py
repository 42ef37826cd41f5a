"""How small a change a part of a dataset would see, by the gate's own arithmetic, before anything of it is measured.

A part of n utterances drawn by chance has n times what an utterance has on average: words, errors of the same sizes,
and as many clusters as such a draw meets. What changes for no reason is a fraction of the utterances, `churn`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modellab.gate.detectable_effect import minimum_detectable_effect
from modellab.stats.intervals import bottom_of, costs
from modellab.types import Floats, Metric

ASSUMED_CHURN = 0.02  # utterances that an upgrade changes for no reason, where nothing was calibrated
ASSUMED_SIZES = (1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 4.0, 8.0)  # words wrong in an utterance with errors: they come in bursts
MOST = 100_000_000  # utterances


@dataclass(frozen=True, slots=True)
class Population:
    """What parts are drawn from.

    `sizes` are the errors of utterances that have some, `bottom` is what an utterance adds to the denominator on
    average, `clusters` are the sizes of the clusters, none where each utterance stands alone.
    """

    utterances: int
    sizes: Floats
    bottom: float
    clusters: Floats
    churn: float
    alpha: float

    def units(self, count: int) -> int:
        """What is swapped in a part of so many: utterances, or the clusters that a draw is expected to meet."""
        if not len(self.clusters):
            return count
        if count >= self.utterances:
            return round(len(self.clusters) * count / self.utterances)
        return max(1, round(float((1 - (1 - count / self.utterances) ** self.clusters).sum())))

    def detects(self, count: int) -> float:
        """The smallest change for the worse that is seen with 80 % power, in the metric's unit; infinite for none."""
        bottom = self.bottom * count
        error = math.sqrt(self.churn * count * float((self.sizes**2).mean())) / bottom
        return minimum_detectable_effect(self.sizes, bottom, self.units(count), error, self.alpha)

    def needs(self, effect: float) -> int | None:
        """The fewest utterances of this kind that see a change, to 1 %; None for more than MOST."""
        if self.detects(MOST) > effect:
            return None
        low, high = 1.0, float(MOST)
        while high / low > 1.01:
            middle = math.sqrt(low * high)
            low, high = (low, middle) if self.detects(round(middle)) <= effect else (middle, high)
        return math.ceil(high)


def accepted(metric: Metric, counts: Floats, clusters: Sequence[str], churn: float, alpha: float) -> Population | None:
    """The population that was accepted: counts of shape (n_utterances, k); None where nothing divides the errors."""
    if counts.ndim < 2 or counts.shape[1] < 2 or bottom_of(counts) <= 0:
        return None
    sizes = costs(metric, counts)
    sizes = sizes[sizes > 0] if (sizes > 0).any() else np.ones(1)
    bottom = bottom_of(counts) / len(counts)
    return Population(len(counts), sizes, bottom, cluster_sizes(clusters), churn, alpha)


def assumed(utterances: int, words: float, clusters: Sequence[str], alpha: float) -> Population:
    """A population of so many utterances of so many words on average, of which nothing was measured yet."""
    return Population(utterances, np.array(ASSUMED_SIZES), words, cluster_sizes(clusters), ASSUMED_CHURN, alpha)


def cluster_sizes(clusters: Sequence[str]) -> Floats:
    """How many utterances each cluster has; an unnamed one stands alone; none where there are no clusters to swap."""
    names: dict[str, int] = {}
    for name in clusters:
        names[name] = names.get(name, 0) + 1
    unnamed = names.pop("", 0)
    if not names or len(names) + unnamed < 2:  # everything by one speaker: the gate takes utterances
        return np.zeros(0)
    return np.array([*names.values(), *[1] * unnamed], dtype=float)
