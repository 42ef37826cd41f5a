"""Quality: paired on the same utterances.

A metric regressed when its pooled value got worse by more than its margin, the 95 % interval of the change (paired
bootstrap over utterances, percentile method; Efron & Tibshirani 1993, ch. 13) lies wholly on the worse side, and at
least four utterances changed: with fewer the bootstrap sees too little of what could have happened. Worse than the
margin without the other two is INCONCLUSIVE.
An absolute limit is checked whatever the baseline says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from modellab.types import Accepted, Floats, Metric, Result, Status, Verdict

RESAMPLES = 2000
CHUNK = 200  # resamples at a time: bounds memory at CHUNK x utterances
CONFIDENCE = 0.95
SEED = 20240229

FEWEST_CHANGED = 4
STORED = 1e-6  # baselines keep shares to six decimals
COMPARED = ("dataset_digest", "normaliser")  # a difference here makes a comparison unfair


def judge(
    result: Result, accepted: Accepted | None, metrics: Sequence[Metric], limits: Mapping[str, float], *, strict: bool
) -> list[Verdict]:
    """One verdict for each metric of the task, in the task's order."""
    hindrance = not_comparable(result, accepted) if accepted else ""
    verdicts = []
    for metric in metrics:
        now = {utterance.id: utterance.shares[metric.name] for utterance in result.utterances}
        verdict = _compare(metric, now, accepted, hindrance, strict=strict)
        verdicts.append(_limit(verdict, metric, limits.get(metric.name), result.key.dataset))
    return verdicts


def not_comparable(result: Result, accepted: Accepted) -> str:
    """Why a comparison with what was accepted would be unfair; '' if it is fair."""
    for name in COMPARED:
        then, now = accepted.header.get(name, "none"), result.provenance.get(name, "none")
        if then != now:
            return f"{name.replace('_', ' ')} was {then} in the baseline and is {now} now"
    if accepted.shares.keys() != {utterance.id for utterance in result.utterances}:
        return "the baseline holds other utterances than this run"
    return ""


def _compare(
    metric: Metric, now: Mapping[str, tuple[float, ...]], accepted: Accepted | None, hindrance: str, *, strict: bool
) -> Verdict:
    value = metric.value(now.values())
    plain = Verdict(metric.name, metric.unit, metric.kind, Status.PASS, value)
    if metric.kind == "sanity" or not metric.gated:
        return plain
    if accepted is None:
        why = "no baseline: accept this run with --update-baselines --reason '...'"
        return replace(plain, status=Status.NEW, why=why, red=strict)
    if not hindrance and any(len(accepted.shares[id].get(metric.name, ())) != len(now[id]) for id in now):
        hindrance = f"the baseline has no {metric.name}, or counts other things for it"
    if hindrance:
        why = f"the quality baseline is not comparable: {hindrance}; accept with --update-baselines --reason '...'"
        return replace(plain, status=Status.NOT_COMPARABLE, why=why, red=True)
    ids = sorted(now)
    before = np.array([accepted.shares[id][metric.name] for id in ids], dtype=float)
    after = np.array([now[id] for id in ids], dtype=float)
    return _judge_change(plain, metric, before, after)


def _judge_change(plain: Verdict, metric: Metric, before: Floats, after: Floats) -> Verdict:
    baseline = float(metric.rate(before.sum(axis=0)))
    if np.allclose(before, after, rtol=0, atol=STORED):
        return replace(plain, status=Status.PASS, baseline=baseline, change=0.0, interval=(0.0, 0.0))
    change = plain.now - baseline
    if math.isnan(change):
        why = "one side has no value: there is nothing to divide by"
        return replace(plain, status=Status.INCONCLUSIVE, baseline=baseline, why=why)
    low, high = change_interval(metric, before, after)
    sign = 1.0 if metric.better == "lower" else -1.0
    margin = metric.margin * (abs(baseline) if metric.relative else 1.0)
    changed = int((abs(before - after) > STORED).any(axis=1).sum())
    counts = f"{changed} of {len(before)} utterances changed"
    if abs(change) <= margin:
        status, why = Status.PASS, counts
    elif low <= 0.0 <= high or changed < FEWEST_CHANGED:
        status = Status.PASS if sign * change < 0 else Status.INCONCLUSIVE
        why = f"{counts}: too few to tell from chance"
    else:
        status, why = Status.REGRESSED if sign * change > 0 else Status.IMPROVED, counts
    red = status is Status.REGRESSED
    return replace(plain, status=status, baseline=baseline, change=change, interval=(low, high), why=why, red=red)


def change_interval(metric: Metric, before: Floats, after: Floats) -> tuple[float, float]:
    """95 % interval of rate(after) - rate(before); both have shape (n_utterances, k), paired by row.

    Resamples whose rate does not exist (nothing below the line) are left out.
    """
    n = len(before)
    generator = np.random.default_rng(SEED)
    changes = []
    for _ in range(RESAMPLES // CHUNK):
        weights = generator.multinomial(n, np.full(n, 1 / n), size=CHUNK).astype(float)
        changes.append(metric.rate(weights @ after) - metric.rate(weights @ before))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(np.concatenate(changes), [tail, 1 - tail])
    return float(low), float(high)


def _limit(verdict: Verdict, metric: Metric, limit: float | None, dataset: str) -> Verdict:
    """The same verdict, or a red one when the value is beyond its absolute limit."""
    if limit is None:
        return verdict
    beyond = verdict.now > limit if metric.better == "lower" else verdict.now < limit
    if not (beyond or math.isnan(verdict.now)):
        return verdict
    side = "above" if metric.better == "lower" else "below"
    why = f"{verdict.now:.4g} is {side} the limit {limit:g} of {dataset}"
    return replace(verdict, status=Status.REGRESSED, why=f"{why}; {verdict.why}".rstrip("; "), red=True)
