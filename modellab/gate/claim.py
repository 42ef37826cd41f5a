"""What a model's makers state: is the measured rate worse than that?

One-sided, one-sample t test of the pooled rate. Its standard error is the jackknife's over utterances, or over speakers
or recordings where the dataset names them (`stats/intervals.py`), with Student's t of one degree less than there are of
those. Utterance error counts lean to the right, which makes the test of "worse" cautious.

Red is a rate that is worse than stated by more than the metric's margin, with p at alpha or below. Each claim is held
to alpha alone: it says something of its source, and not of a change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from modellab.gate.decision import margin
from modellab.gate.detectable_effect import POWER, fewest_units
from modellab.stats.intervals import PooledRate, bottom_of, pooled
from modellab.types import Floats, Metric, Rule, Status, Verdict

VERSUS = "claim"  # what such a verdict is compared with


def assess(metric: Metric, rule: Rule, claimed: float, counts: Floats, clusters: Sequence[str]) -> Verdict:
    """The verdict on a stated value, in the metric's unit: its `baseline` is that value, its `change` the difference.

    >>> from modellab.tasks import asr
    >>> import numpy as np
    >>> errors = np.array([(float(i % 3 == 0), 10.0) for i in range(300)])
    >>> str(assess(asr.METRICS[0], Rule(), 0.035, errors, [""] * 300).status)
    'PASS'
    >>> str(assess(asr.METRICS[0], Rule(), 0.01, errors, [""] * 300).status)
    'REGRESSED'
    """
    if not counts.size:
        why = "no utterance has what it is computed from"
        return Verdict(
            metric.name, metric.unit, metric.kind, Status.INCONCLUSIVE, math.nan, claimed, why=why, versus=VERSUS
        )
    rate = pooled(metric, counts, clusters)
    change = rate.value - claimed
    worse = change if metric.better == "lower" else -change
    allowed = margin(metric, rule, claimed)
    known = math.isfinite(rate.error)
    plain = Verdict(
        metric.name,
        metric.unit,
        metric.kind,
        Status.PASS,
        rate.value,
        baseline=claimed,
        change=change,
        interval=(change - rate.half(0.95), change + rate.half(0.95)) if known else None,
        p=rate.p_above(worse) if known else None,
        detects=minimum_detectable_effect(metric, rule, claimed, rate, counts),
        versus=VERSUS,
        alpha=rule.alpha,
    )
    status, why = _decide(plain, rule, worse, allowed, rate.units)
    return replace(plain, status=status, why=why, red=status is Status.REGRESSED)


def _decide(verdict: Verdict, rule: Rule, worse: float, allowed: float, units: int) -> tuple[Status, str]:
    need = fewest_units(rule.alpha)
    if math.isnan(worse):
        return Status.INCONCLUSIVE, "there is nothing to divide by"
    if worse <= allowed:
        asked = rule.sensitivity is not None and verdict.detects is not None and verdict.detects > rule.sensitivity
        return (Status.INCONCLUSIVE, f"asked to see {rule.sensitivity:.4g} more than stated") if asked else _PASS
    if units < need or verdict.p is None:
        return Status.INCONCLUSIVE, f"worse than stated, and {units} is too few to tell: {need} is the least"
    if verdict.p <= rule.alpha:
        return Status.REGRESSED, f"worse than stated, p {verdict.p:.2g}"
    return Status.INCONCLUSIVE, f"worse than stated, p {verdict.p:.2g}: may be chance"


_PASS = (Status.PASS, "")


def minimum_detectable_effect(metric: Metric, rule: Rule, claimed: float, rate: PooledRate, counts: Floats) -> float:
    """The smallest difference for the worse that is seen with 80 % power, in the metric's unit; infinite for none.

    From the present standard error. Of a ratio it is at least that of single errors which come at the stated rate by
    chance (Poisson), because a run with few errors tells little of how many there might have been; and its square
    grows with the rate, as it does where more of the same errors are made.
    """
    from scipy.special import stdtrit

    bottom = bottom_of(counts)
    if rate.units < fewest_units(rule.alpha) or not math.isfinite(rate.error) or bottom <= 0:
        return math.inf
    steps = float(stdtrit(rate.units - 1, 1 - rule.alpha) + stdtrit(rate.units - 1, POWER))
    allowed = margin(metric, rule, claimed)
    if metric.unit != "ratio":
        return max(allowed, steps * rate.error)
    now, stated = (max(x if metric.better == "lower" else 1 - x, 1 / bottom) for x in (rate.value, claimed))
    spread = (steps * max(rate.error, math.sqrt(stated / bottom))) ** 2 / max(now, stated)
    return max(allowed, (spread + math.sqrt(spread**2 + 4 * spread * stated)) / 2)
