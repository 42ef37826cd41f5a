"""Quality: paired on the same utterances, by speaker or recording where the dataset names them.

A metric regressed when its pooled value got worse by its margin or more, and by more than chance (`paired.py`; the
level is the whole suite's, `family.py`), or by more than a cap that no statistics excuses. Identical outputs pass at
once. Worse by the margin without being told from chance, or too few utterances to tell anything, is INCONCLUSIVE.
An absolute limit is checked whatever the baseline says; what is beyond one without a baseline that kept it is above the
limit, and not REGRESSED.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from modellab.gate import limits
from modellab.gate.paired import Comparison, compare, fewest_units
from modellab.types import Accepted, Floats, Metric, Result, Rule, Status, Utterance, Verdict
from modellab.utterances import clusters, ids, shares

COMPARED = ("dataset_digest", "normaliser")  # a difference here makes a comparison unfair
NOISE_Z = 2.33  # one in a hundred


@dataclass(frozen=True, slots=True)
class Setting:
    """What a comparison is made against, and among how many others."""

    strict: bool = False  # a missing baseline is red
    versus: str = "baseline"
    family: int = 1  # tests in the whole session: alone, each is held to alpha / family


ALONE = Setting()


def judge(
    result: Result,
    accepted: Accepted | None,
    metrics: Sequence[Metric],
    rules: Mapping[str, Rule],
    setting: Setting = ALONE,
) -> list[Verdict]:
    """One verdict for each metric of the task, in the task's order."""
    hindrance = not_comparable(result, accepted) if accepted else ""
    verdicts = []
    for metric in metrics:
        rule = rules.get(metric.name, Rule())
        verdict = _compare(metric, rule, result.utterances, accepted, hindrance, setting)
        kept = accepted if accepted and not hindrance else None
        verdicts.append(_limit(verdict, metric, rule.limit, result, kept))
    return verdicts


def not_comparable(result: Result, accepted: Accepted) -> str:
    """Why a comparison with what was accepted would be unfair; '' if it is fair."""
    for name in COMPARED:
        then, now = accepted.header.get(name, "none"), result.provenance.get(name, "none")
        if then != now:
            return f"{name.replace('_', ' ')} was {then} in the baseline and is {now} now"
    if accepted.shares.keys() != set(ids(result.utterances)):
        return "the baseline holds other utterances than this run"
    return ""


def _compare(
    metric: Metric,
    rule: Rule,
    utterances: Sequence[Utterance],
    accepted: Accepted | None,
    hindrance: str,
    setting: Setting,
) -> Verdict:
    name = metric.name
    after = shares(utterances, name)
    value = metric.value(after)
    plain = Verdict(name, metric.unit, metric.kind, Status.PASS, value, versus=setting.versus, alpha=rule.alpha)
    if metric.kind == "sanity" or not metric.gated:
        return plain
    if accepted is None:
        why = "no baseline: accept this run with --update-baselines --reason '...'"
        return replace(plain, status=Status.NEW, why=why, red=setting.strict)
    before = None if hindrance else _before(accepted, utterances, name, after.shape[1])
    if not hindrance and before is None:
        hindrance = f"the baseline has no {name}, or counts other things for it"
    if before is None:
        why = f"the quality baseline is not comparable: {hindrance}; accept with --update-baselines --reason '...'"
        return replace(plain, status=Status.NOT_COMPARABLE, why=why, red=True)
    found = compare(metric, before, after, clusters(utterances), rule.alpha)
    status, why, pending = decide(metric, rule, found, family=setting.family, noise=accepted.noise.get(name, 0.0))
    return replace(
        plain,
        status=status,
        baseline=found.baseline,
        change=found.change,
        interval=found.interval,
        why=why,
        red=status is Status.REGRESSED,
        p=found.p,
        least_p=found.least_p,
        detects=found.detects,
        pending=pending,
    )


def _before(accepted: Accepted, utterances: Sequence[Utterance], name: str, length: int) -> Floats | None:
    """The accepted shares of the same utterances, shape (n, length); None where one has not so many."""
    found = array("d")
    for share in (accepted.shares[id].get(name, ()) for id in ids(utterances)):
        if len(share) != length:
            return None
        found.extend(share)
    return np.array(found).reshape(len(utterances), length)


def decide(
    metric: Metric, rule: Rule, found: Comparison, family: int = 1, noise: float = 0.0
) -> tuple[Status, str, bool]:
    """The answer, its sentence, and whether the suite's test may still turn it red at the end.

    `family` is the number of tests in the session: now, a change is red if its p is alpha / family or less. `noise` is
    the sd of the metric's value between runs that differ in nothing but their seeds.
    """
    worse = found.worse(metric)
    counts = found.words
    if found.changed == 0:
        return _sensitive(rule, found, "")
    if math.isnan(worse):
        return Status.INCONCLUSIVE, "one side has no value: there is nothing to divide by", False
    limit = margin(metric, rule, found.baseline)
    cap = found.cap if rule.cap is None else rule.cap
    if worse >= max(limit, cap):
        return Status.REGRESSED, f"{counts}; beyond the cap of {cap:.4g}, whatever chance may do", False
    if worse <= 0:
        improved = found.p_better <= rule.alpha and -worse >= limit
        return (Status.IMPROVED, counts, False) if improved else _sensitive(rule, found, counts)
    need = fewest_units(rule.alpha)
    if found.units < need:
        return Status.INCONCLUSIVE, f"{counts}: too few to tell, {need} is the least", False
    if worse < limit:
        return _sensitive(rule, found, counts)
    if noise and worse <= NOISE_Z * math.sqrt(2) * noise:
        return Status.INCONCLUSIVE, f"{counts}: runs that differ in nothing differ by as much (sd {noise:.2g})", False
    if found.p <= rule.alpha / family:
        return Status.REGRESSED, f"{counts}, p {found.p:.2g}", False
    return Status.INCONCLUSIVE, f"{counts}, p {found.p:.2g}: may be chance", found.p <= rule.alpha


def margin(metric: Metric, rule: Rule, baseline: float) -> float:
    """The change for the worse that nobody minds, in the metric's unit; above 0, so that 'none' is never too much."""
    absolute = metric.margin if rule.margin is None else rule.margin
    share = metric.margin_relative if rule.margin_relative is None else rule.margin_relative
    return max(absolute, share * abs(baseline), np.finfo(float).tiny)


def _sensitive(rule: Rule, found: Comparison, why: str) -> tuple[Status, str, bool]:
    """PASS, unless the case was asked to see a change that it cannot see."""
    if rule.sensitivity is None or found.detects <= rule.sensitivity:
        return Status.PASS, why, False
    asked = f"asked to see {rule.sensitivity:.4g}, sees {found.detects:.4g}: more utterances are needed"
    return Status.INCONCLUSIVE, f"{why}; {asked}".removeprefix("; "), False


def _limit(verdict: Verdict, metric: Metric, limit: float | None, result: Result, accepted: Accepted | None) -> Verdict:
    """The same verdict, or a red one when the value is beyond its absolute limit.

    `accepted` is None where there is nothing that the result may be compared with.
    """
    if limit is None or _within(metric, verdict.now, limit):
        return verdict
    side = "above" if metric.better == "lower" else "below"
    why = f"{verdict.now:.4g} is {side} the limit {limit:g} of {result.key.dataset}"
    if math.isnan(verdict.now):
        why = f"no value to hold to the limit {limit:g} of {result.key.dataset}"
    before = _before(accepted, result.utterances, metric.name, _length(result, metric)) if accepted else None
    kept = before is not None and _within(metric, metric.value(before), limit)
    return limits.beyond(verdict, why, kept=kept, better=metric.better)


def _length(result: Result, metric: Metric) -> int:
    return int(shares(result.utterances, metric.name).shape[1])


def _within(metric: Metric, value: float, limit: float) -> bool:
    """Whether a value keeps a limit; NaN keeps none."""
    return value <= limit if metric.better == "lower" else value >= limit
