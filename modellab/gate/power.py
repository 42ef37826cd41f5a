"""How small a change a case sees with 80 % power, and how much data a wanted change needs.

Quality by simulation with the gate's own functions on the case's own accepted shares:

- damage: utterances drawn at random get further errors, whose sizes are drawn from those of the errors that are there
- churn: a share of the utterances gets such an error on one of the two sides, which side is a coin's choice: what an
  upgrade changes for no reason
- the comparison and the decision are those of `case.py` and `decision.py`; seeds are fixed

The planning formula beside it needs no simulation: change = z sqrt(burst (churned + change) / words), with z the sum
of the normal quantiles of 1 - alpha and of the power. The variance per word of a paired difference is burst times the
share of words that differ (3.6 to 5.5 for WER between real systems). Where churn is small it asks for too much: damage
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
from modellab.gate.sight import POWER
from modellab.stats.intervals import bottom_of, costs
from modellab.stats.permutation import SEED
from modellab.types import Accepted, Floats, Metric, Rule, Status

RUNS = 100  # simulated comparisons per point: the power there is known to 4 points
STEPS = 5  # bisections, on a logarithmic scale: the end is known to 9 %
SPAN = 16.0  # a search begins with guess / 4 to 4 guess
WIDER = 6  # doublings when the upper end is not enough
MOST = 20_000  # utterances up to which a need is simulated; beyond, the formula alone speaks


@dataclass(frozen=True, slots=True)
class Scene:
    """What is simulated: `shares` of shape (n_utterances, k) as accepted, `churn` a share of the utterances.

    `noise` is the sd of the metric's value between runs that differ in their seeds only; `family` the number of cases
    that share the suite's alpha.
    """

    metric: Metric
    rule: Rule
    shares: Floats
    clusters: tuple[str, ...] = ()
    churn: float = 0.0
    noise: float = 0.0
    family: int = 1

    @property
    def sizes(self) -> Floats:
        """What each utterance with errors adds to the bad side, shape (m,); one error of size 1 where there is none."""
        found = costs(self.metric, self.shares)
        return found[found > 0] if (found > 0).any() else np.ones(1)

    @property
    def bottom(self) -> float:
        """What the summed errors are divided by (words, seconds); 1.0 for a plain amount."""
        return bottom_of(self.shares)

    @property
    def burst(self) -> float:
        """Variance of the paired difference per differing word, from the sizes: 1.0 where all are 1."""
        return float((self.sizes**2).sum() / self.sizes.sum())

    @property
    def churned(self) -> float:
        """The share of the bottom that churn changes."""
        return self.churn * len(self.shares) * float(self.sizes.mean()) / self.bottom

    def resized(self, utterances: int) -> Scene:
        """The same kind of data with more or fewer utterances; copies are speakers of their own."""
        order = np.random.default_rng(SEED).permutation(len(self.shares))
        rows = np.resize(order, utterances)
        if len(set(self.clusters)) < 2:  # one cluster of everything is no cluster
            return replace(self, shares=self.shares[rows], clusters=())
        clusters = tuple((c := self.clusters[row]) and f"{c}/{i // len(order)}" for i, row in enumerate(rows))
        return replace(self, shares=self.shares[rows], clusters=clusters)


def shares_of(accepted: Accepted, metric: str) -> Floats:
    """The accepted shares of a metric, sorted by utterance, shape (n, k); (0, 1) where some utterance has none."""
    shares = [accepted.shares[id].get(metric, ()) for id in sorted(accepted.shares)]
    return np.array(shares, dtype=float) if shares and all(shares) else np.zeros((0, 1))


def power(scene: Scene, effect: float, runs: int = RUNS) -> float:
    """The share, 0 to 1, of simulated runs that are REGRESSED after damage of `effect` (the metric's unit, > 0)."""
    generator = np.random.default_rng(SEED)
    return sum(_seen(scene, effect, generator) for _ in range(runs)) / runs


def smallest(scene: Scene, runs: int = RUNS) -> float:
    """The smallest change for the worse that is seen with 80 % power, in the metric's unit; infinite if none is."""
    guess = planned(scene)
    return _search(lambda effect: _reached(scene, effect, runs), guess) if math.isfinite(guess) else math.inf


def utterances(scene: Scene, effect: float, runs: int = RUNS) -> int | None:
    """How many utterances of this kind see `effect` with 80 % power; None if none do, or more than MOST are needed."""
    guess = planned_utterances(scene, effect)
    if effect <= decision.margin(scene.metric, scene.rule, float(scene.metric.rate(scene.shares.sum(axis=0)))):
        return None
    if not 0 < guess <= MOST:
        return None
    found = _search(lambda n: _reached(scene.resized(max(2, round(n))), effect, runs), guess)
    return math.ceil(found) if found <= MOST else None


def planned(scene: Scene) -> float:
    """The smallest change by the planning formula, in the metric's unit."""
    if scene.bottom <= 0:
        return math.inf
    per_word = _z(scene) ** 2 * scene.burst / scene.bottom
    return (per_word + math.sqrt(per_word**2 + 4 * per_word * scene.churned)) / 2


def planned_utterances(scene: Scene, effect: float) -> int:
    """The utterances that the planning formula asks for to see `effect` (the metric's unit); 0 where it cannot say."""
    if scene.bottom <= 0 or scene.shares.shape[1] < 2:
        return 0  # an amount that grows with the data has no size to plan for
    words = _z(scene) ** 2 * scene.burst * (scene.churned + effect) / effect**2
    return math.ceil(words / (scene.bottom / len(scene.shares)))


def _z(scene: Scene) -> float:
    from scipy.special import ndtri

    return float(ndtri(1 - scene.rule.alpha / scene.family) + ndtri(POWER))


def _reached(scene: Scene, effect: float, runs: int) -> bool:
    """Whether the power is 80 % or more; stops as soon as that is settled."""
    generator = np.random.default_rng(SEED)
    wanted, seen = math.ceil(POWER * runs), 0
    for done in range(runs):
        if seen >= wanted or done - seen > runs - wanted:
            break
        seen += _seen(scene, effect, generator)
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


def _seen(scene: Scene, effect: float, generator: np.random.Generator) -> bool:
    """Whether one simulated run is REGRESSED."""
    metric, sizes, count = scene.metric, scene.sizes, len(scene.shares)
    before, after = scene.shares.copy(), scene.shares.copy()
    churned = np.flatnonzero(generator.random(count) < scene.churn)
    drawn, late = generator.choice(sizes, len(churned)), generator.random(len(churned)) < 0.5
    _worsen(metric, after, churned[late], drawn[late])
    _worsen(metric, before, churned[~late], drawn[~late])
    hits = int(generator.poisson(effect * scene.bottom / float(sizes.mean())))
    _worsen(metric, after, generator.integers(count, size=hits), generator.choice(sizes, hits))
    sides = Sides(metric, scene.rule, before, after)
    return decision.alone(sides, scene.clusters or None, scene.family, scene.noise).status is Status.REGRESSED


def _worsen(metric: Metric, shares: Floats, rows: npt.NDArray[np.intp], amounts: Floats) -> None:
    """Add errors to some rows, in place: to the top, or off it where a full score is best and 0 the worst."""
    if metric.better == "lower":
        np.add.at(shares[:, 0], rows, amounts)
    else:
        np.subtract.at(shares[:, 0], rows, amounts)
        np.maximum(shares[:, 0], 0.0, out=shares[:, 0])
