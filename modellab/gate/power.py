"""How small a change a case sees with 80 % power, and how much data a wanted change needs.

Quality by simulation with the gate's own functions on the case's own accepted counts:

- damage: utterances drawn at random get further errors, whose sizes are drawn from those of the errors that are there
- churn: a fraction of the utterances gets such an error on one of the two sides, which side is a coin's choice: what an
  upgrade changes for no reason
- the comparison and the decision are those of `case.py` and `decision.py`; seeds are fixed

The planning formula beside it needs no simulation: change = z sqrt(overdispersion (churned + change) / words), with z
the sum of the normal quantiles of 1 - alpha and of the power. The variance per word of a paired difference is the
overdispersion (design effect) times the fraction of words that differ: 3.6 to 5.5 for WER between real systems,
because errors come in bursts. Where churn is small it asks for too much: damage
all of one sign needs no spread to stand out of.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from modellab.gate import decision
from modellab.gate.case import Sides
from modellab.gate.detectable_effect import POWER
from modellab.stats.intervals import bottom_of, costs
from modellab.stats.permutation import SEED
from modellab.types import Floats, Metric, QualityBaseline, Rule, Status

RUNS = 100  # simulated comparisons per point: the power there is known to 4 points
STEPS = 5  # bisections, on a logarithmic scale: the end is known to 9 %
SPAN = 16.0  # a search begins with guess / 4 to 4 guess
WIDER = 6  # doublings when the upper end is not enough
MOST = 20_000  # utterances up to which a need is simulated; beyond, the formula alone speaks


@dataclass(frozen=True, slots=True)
class SimulatedCase:
    """What is simulated: `counts` of shape (n_utterances, k) as accepted, `churn` a fraction of the utterances.

    `noise` is the sd of the metric's value between runs that differ in their seeds only; `family` the number of cases
    that share the suite's alpha.
    """

    metric: Metric
    rule: Rule
    counts: Floats
    clusters: tuple[str, ...] = ()
    churn: float = 0.0
    noise: float = 0.0
    family: int = 1

    @property
    def sizes(self) -> Floats:
        """What each utterance with errors adds to the bad side, shape (m,); one error of size 1 where there is none."""
        lost = costs(self.metric, self.counts)
        return lost[lost > 0] if (lost > 0).any() else np.ones(1)

    @property
    def bottom(self) -> float:
        """What the summed errors are divided by (words, seconds); 1.0 for a plain amount."""
        return bottom_of(self.counts)

    @property
    def overdispersion(self) -> float:
        """Variance of the paired difference per differing word, from the sizes: 1.0 where all are 1."""
        return float((self.sizes**2).sum() / self.sizes.sum())

    @property
    def churned(self) -> float:
        """The fraction of the bottom that churn changes."""
        return self.churn * len(self.counts) * float(self.sizes.mean()) / self.bottom

    def resized(self, utterances: int) -> SimulatedCase:
        """The same kind of data with more or fewer utterances; copies are speakers of their own."""
        order = np.random.default_rng(SEED).permutation(len(self.counts))
        rows = np.resize(order, utterances)
        if len(set(self.clusters)) < 2:  # one cluster of everything is no cluster
            return replace(self, counts=self.counts[rows], clusters=())
        clusters = tuple((c := self.clusters[row]) and f"{c}/{i // len(order)}" for i, row in enumerate(rows))
        return replace(self, counts=self.counts[rows], clusters=clusters)


def counts_of_baseline(accepted: QualityBaseline, metric: str) -> Floats:
    """The accepted counts of a metric, sorted by utterance, shape (n, k); (0, 1) where some utterance has none."""
    counts = [accepted.counts[id].get(metric, ()) for id in sorted(accepted.counts)]
    return np.array(counts, dtype=float) if counts and all(counts) else np.zeros((0, 1))


def power(simulated: SimulatedCase, effect: float, runs: int = RUNS) -> float:
    """The fraction, 0 to 1, of simulated runs that are REGRESSED after damage of `effect` (the metric's unit, > 0)."""
    generator = np.random.default_rng(SEED)
    return sum(_seen(simulated, effect, generator) for _ in range(runs)) / runs


def smallest(simulated: SimulatedCase, runs: int = RUNS) -> float:
    """The smallest change for the worse that is seen with 80 % power, in the metric's unit; infinite if none is."""
    guess = planned(simulated)
    return _search(lambda effect: _reached(simulated, effect, runs), guess) if math.isfinite(guess) else math.inf


def utterances(simulated: SimulatedCase, effect: float, runs: int = RUNS) -> int | None:
    """How many utterances of this kind see `effect` with 80 % power; None if none do, or more than MOST are needed."""
    guess = planned_utterances(simulated, effect)
    if effect <= decision.margin(
        simulated.metric, simulated.rule, float(simulated.metric.rate(simulated.counts.sum(axis=0)))
    ):
        return None
    if not 0 < guess <= MOST:
        return None
    needed = _search(lambda n: _reached(simulated.resized(max(2, round(n))), effect, runs), guess)
    return math.ceil(needed) if needed <= MOST else None


def planned(simulated: SimulatedCase) -> float:
    """The smallest change by the planning formula, in the metric's unit."""
    if simulated.bottom <= 0:
        return math.inf
    per_word = _z(simulated) ** 2 * simulated.overdispersion / simulated.bottom
    return (per_word + math.sqrt(per_word**2 + 4 * per_word * simulated.churned)) / 2


def planned_utterances(simulated: SimulatedCase, effect: float) -> int:
    """The utterances that the planning formula asks for to see `effect` (the metric's unit); 0 where it cannot say."""
    if simulated.bottom <= 0 or simulated.counts.shape[1] < 2:
        return 0  # an amount that grows with the data has no size to plan for
    words = _z(simulated) ** 2 * simulated.overdispersion * (simulated.churned + effect) / effect**2
    return math.ceil(words / (simulated.bottom / len(simulated.counts)))


def _z(simulated: SimulatedCase) -> float:
    from scipy.special import ndtri

    return float(ndtri(1 - simulated.rule.alpha / simulated.family) + ndtri(POWER))


def _reached(simulated: SimulatedCase, effect: float, runs: int) -> bool:
    """Whether the power is 80 % or more; stops as soon as that is settled."""
    generator = np.random.default_rng(SEED)
    wanted, seen = math.ceil(POWER * runs), 0
    for done in range(runs):
        if seen >= wanted or done - seen > runs - wanted:
            break
        seen += _seen(simulated, effect, generator)
    return seen >= wanted


def _search(reached: Callable[[float], bool], guess: float) -> float:
    """Where something begins to be reached, by bisection on a logarithmic scale around a guess; infinite if nowhere."""
    low, high = guess / math.sqrt(SPAN), guess * math.sqrt(SPAN)
    for _ in range(WIDER):
        if reached(high):
            break
        low, high = high, 2 * high
    else:
        return math.inf
    for _ in range(STEPS):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _seen(simulated: SimulatedCase, effect: float, generator: np.random.Generator) -> bool:
    """Whether one simulated run is REGRESSED."""
    metric, sizes, count = simulated.metric, simulated.sizes, len(simulated.counts)
    before, after = simulated.counts.copy(), simulated.counts.copy()
    churned = np.flatnonzero(generator.random(count) < simulated.churn)
    drawn, late = generator.choice(sizes, len(churned)), generator.random(len(churned)) < 0.5
    _worsen(metric, after, churned[late], drawn[late])
    _worsen(metric, before, churned[~late], drawn[~late])
    hits = int(generator.poisson(effect * simulated.bottom / float(sizes.mean())))
    _worsen(metric, after, generator.integers(count, size=hits), generator.choice(sizes, hits))
    sides = Sides(metric, simulated.rule, before, after)
    return (
        decision.alone(sides, simulated.clusters or None, simulated.family, simulated.noise).status is Status.REGRESSED
    )


def _worsen(metric: Metric, counts: Floats, rows: npt.NDArray[np.intp], amounts: Floats) -> None:
    """Add errors to some rows, in place: to the top, or off it where a full score is best and 0 the worst."""
    if metric.better == "lower":
        np.add.at(counts[:, 0], rows, amounts)
    else:
        np.subtract.at(counts[:, 0], rows, amounts)
        np.maximum(counts[:, 0], 0.0, out=counts[:, 0])
