"""What speed and memory can see: from the calibration sessions of a case, by the gate's own limits.

Stored mode: the limit of `speed.py` over these sessions, passed by a run and its confirmation in four of five cases.
Against mode: `paired_speed.py` on pairs as noisy as two calls of the same utterance in two sessions ("pair_rtf_cpu" of
a session). Memory: the margin of `memory.py`. Fractions: 0.1 is 10 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from modellab.gate import memory, paired_speed, speed
from modellab.gate.calibration_noise import FEWEST, FEWEST_SESSIONS, Noise, Session, unexplained
from modellab.stats.trimmed_mean import log_ratios, trimmed
from modellab.types import Floats, ResourceBaseline, Result, Rule, readings

PAIR = "pair_"  # before a clock's name: the sd of log(one call / another of the same utterance), without their means
MOST_SESSIONS, MOST_PAIRS = 1_000, 4_096
QUANTILES = 401  # of the normal distribution that stands for pairs of a known spread


@dataclass(frozen=True, slots=True)
class DetectableEffect:
    """What one clock or peak of a case can see. `smallest`: a fraction for a clock, bytes for a peak; None: nothing."""

    metric: str
    noise: Noise
    smallest: float | None
    limit: float = math.nan  # what a run may exceed the sessions' mean by: a logarithm, or bytes

    def hindrance(self, rule: Rule, accepted: float = 1.0) -> str:
        """Why a case may not fail by it, in one sentence; '' if it may. `accepted` is the accepted peak in bytes."""
        if self.smallest is None:
            missing = FEWEST_SESSIONS - self.noise.n
            return f"{missing} more {'session is' if missing == 1 else 'sessions are'} needed"
        if rule.sensitivity is not None and (fraction := self.smallest / accepted) > rule.sensitivity:
            return f"sees {fraction:+.1%}, {rule.sensitivity:.1%} is asked for"
        return ""

    def offset(self, rule: Rule) -> float:
        """The fraction by which the sessions lie off the accepted times where that is more than the gate sets right.

        0.0 within the margin. Beyond it the unchanged model itself looks slower, or a slowdown would be hidden.
        """
        most = math.log1p(max(_stored_margin(rule), speed.MARGIN))
        return math.expm1(self.noise.mean) if abs(self.noise.mean) > most else 0.0


def decisive(resources: ResourceBaseline, device: str) -> str:
    """The clock that decides: CPU time of one thread, on CUDA its events, else the wall."""
    if device == "cpu" and resources.header.get("threads", "1") != "1":
        return "rtf"
    return readings.judged(device, "speed")[-1]


def clocks(resources: ResourceBaseline, device: str, rules: Mapping[str, Rule]) -> list[DetectableEffect]:
    """What each clock that judges cases on this device can see."""
    return [clock(resources.sessions, metric, rules.get(metric, Rule())) for metric in readings.judged(device, "speed")]


def peaks(resources: ResourceBaseline, device: str, rules: Mapping[str, Rule]) -> list[DetectableEffect]:
    """What each kind of memory that was accepted can see."""
    return [
        peak(resources.sessions, metric, resources.readings[metric], rules.get(metric, Rule()))
        for metric in readings.judged(device, "memory")
        if metric in resources.readings
    ]


def clock(sessions: Sequence[Session], metric: str, rule: Rule) -> DetectableEffect:
    """The smallest slowdown that the stored mode sees with 80 % power; the noise is of logarithms."""
    having = [session for session in sessions if metric in session]
    parts = [part for part in readings.REFERENCE if all(part in numbers for numbers in having)]
    noise = Noise.of([unexplained(numbers, metric, parts) for numbers in having])
    if not noise.calibrated:
        return DetectableEffect(metric, noise, None)
    limit = max(math.log1p(_stored_margin(rule)), noise.beyond(rule.alpha))
    return DetectableEffect(metric, noise, math.expm1(limit + noise.beyond(1 - speed.POWER)), limit)


def peak(sessions: Sequence[Session], metric: str, accepted: float, rule: Rule) -> DetectableEffect:
    """The smallest growth of a peak, in bytes, that is seen with 80 % power. A case may fail without any session."""
    noise = Noise.of([session[metric] for session in sessions if metric in session])
    limit = memory.margin_bytes(accepted, noise, rule.margin)
    return DetectableEffect(metric, noise, limit + memory.POWER * noise.error, limit)


def stored_power(detectable: DetectableEffect, effect: float) -> float:
    """The chance, 0 to 1, that a run and its confirmation see `effect`: a fraction for a clock, bytes for a peak.

    0.0 for a clock without enough sessions.
    """
    if detectable.smallest is None:
        return 0.0
    grown = effect if detectable.metric in readings.PEAKS else math.log1p(effect)
    return (1.0 - detectable.noise.p_above(grown - detectable.limit)) ** 2


def sessions_for(detectable: DetectableEffect, rule: Rule, effect: float) -> int | None:
    """The sessions with which the stored mode sees `effect`, if they vary as these do; None where none suffice."""
    margin = math.log1p(_stored_margin(rule))
    for n in range(FEWEST_SESSIONS, MOST_SESSIONS + 1):
        noise = replace(detectable.noise, n=n)
        if max(margin, noise.beyond(rule.alpha)) + noise.beyond(1 - speed.POWER) <= math.log1p(effect):
            return n
    return None


def pair_spread(now: Result, before: Result, metric: str) -> float | None:
    """The sd of log(now / before) over the utterances of two sessions, trimmed, their means left out."""
    field = readings.READINGS[metric].field
    then = {utterance.id: getattr(utterance, field) for utterance in before.utterances if not utterance.error}
    pairs = [
        (getattr(utterance, field), then[utterance.id])
        for utterance in now.utterances
        if utterance.id in then and not utterance.error
    ]
    ratios = log_ratios(pairs)
    if len(ratios) < FEWEST:
        return None
    normal = trimmed(_normal(len(ratios))).error * math.sqrt(len(ratios))
    return trimmed(ratios).error * math.sqrt(len(ratios)) / normal


def pair_sd(sessions: Sequence[Session], metric: str, calls: int = 1) -> float | None:
    """The typical spread of one pair in which a side is so many calls: the root mean square over sessions."""
    spreads = [session[PAIR + metric] for session in sessions if PAIR + metric in session]
    return math.sqrt(float(np.mean(np.square(spreads))) / calls) if spreads else None


def paired_smallest(sd: float, rule: Rule, pairs: int = paired_speed.SECOND) -> float:
    """The smallest slowdown, a fraction, that pairs of this spread see with 80 % power; `pairs` in the confirmation."""
    return paired_speed.detects(sd * _normal(QUANTILES), pairs, _paired_margin(rule), rule.alpha)


def pairs_for(sd: float, rule: Rule, effect: float) -> int | None:
    """The pairs of the confirmation (the first look takes half as many) that see `effect`; None beyond MOST_PAIRS."""
    low, high = 3, MOST_PAIRS
    if paired_smallest(sd, rule, high) > effect:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if paired_smallest(sd, rule, middle) <= effect else (middle, high)
    return high


def paired_power(sd: float, rule: Rule, effect: float, runs: int = 400) -> float:
    """The chance, 0 to 1, that both looks see a slowdown of `effect`: simulated with normal pairs of this spread."""
    generator, centre, margin = np.random.default_rng(paired_speed.FIRST), math.log1p(effect), _paired_margin(rule)
    seen = 0
    for _ in range(runs):
        first, second = (generator.normal(centre, sd, n) for n in (paired_speed.FIRST, paired_speed.SECOND))
        seen += paired_speed.looks_slower(first, margin) and paired_speed.confirmed(second, margin, rule.alpha)
    return seen / runs


def _stored_margin(rule: Rule) -> float:
    return speed.MARGIN if rule.margin is None else rule.margin


def _paired_margin(rule: Rule) -> float:
    return paired_speed.MARGIN if rule.margin is None else rule.margin


def _normal(n: int) -> Floats:
    """Evenly spaced quantiles of the standard normal distribution, shape (n,)."""
    from scipy.special import ndtri

    return np.asarray(ndtri((np.arange(n) + 0.5) / n), dtype=float)
