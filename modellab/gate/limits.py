"""What holds for every number whatever its statistics say: an absolute limit, and the sensitivity a case must have."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace

from modellab.types import Result, Rule, Status, Verdict, readings

MIB = 2**20


def held(verdict: Verdict, rule: Rule) -> Verdict:
    """The verdict, or a red one above `rule.limit`; a PASS that could not have seen `rule.sensitivity` is no PASS."""
    return limited(sensitive(verdict, rule), rule)


def limited(verdict: Verdict, rule: Rule, accepted: float | None = None) -> Verdict:
    """The same verdict, or a red one when the value (lower is better) is above its absolute limit, or is none.

    `accepted` is the accepted value where the verdict holds none.
    """
    if rule.limit is None or verdict.now <= rule.limit:
        return verdict
    now, limit = shown(verdict.now, verdict.unit), shown(rule.limit, verdict.unit)
    why = f"{now} is above the limit {limit}" if verdict.now > rule.limit else f"no value to hold to the limit {limit}"
    before = accepted if verdict.baseline is None else verdict.baseline
    return beyond(verdict, why, kept=before is not None and before <= rule.limit)


def beyond(verdict: Verdict, why: str, *, kept: bool, better: str = "lower") -> Verdict:
    """The verdict turned red by an absolute limit. `kept` says that the accepted value was within it.

    REGRESSED is said where the comparison says so, or where what was accepted kept the limit. Without a baseline nobody
    knows whether it got worse: then it is above (or below) the limit, and no more. A value that is not there is
    INCONCLUSIVE, and red because a limit that nobody can check must not look kept.
    """
    status = Status.ABOVE_LIMIT if better == "lower" else Status.BELOW_LIMIT
    if math.isnan(verdict.now):
        status = Status.INCONCLUSIVE
    elif kept or verdict.status is Status.REGRESSED:
        status = Status.REGRESSED
    return replace(verdict, status=status, why=f"{why}; {verdict.why}".rstrip("; "), red=True)


def sensitive(verdict: Verdict, rule: Rule) -> Verdict:
    """The same verdict, or INCONCLUSIVE for a PASS of a measurement too coarse for `rule.sensitivity` (a fraction)."""
    if rule.sensitivity is None or verdict.detects is None or verdict.status is not Status.PASS:
        return verdict
    mde = verdict.detects / (verdict.baseline or math.nan) if verdict.kind == "memory" else verdict.detects
    if mde <= rule.sensitivity:
        return verdict
    why = f"sees a change of {mde:.1%} or more, {rule.sensitivity:.1%} is asked for"
    return replace(verdict, status=Status.INCONCLUSIVE, why=f"{why}; {verdict.why}".rstrip("; "))


def others(
    result: Result, rules: Mapping[str, Rule], judged: Collection[str], accepted: Mapping[str, float]
) -> list[Verdict]:
    """Verdicts on the readings that have nothing but a limit (load_s, latency_p50_s, ...), in the rules' order.

    `accepted` are the readings of the baseline, as far as there are any. What a GPU should have told and did not is
    INCONCLUSIVE: a limit that nobody checks must not look kept.
    """
    verdicts = []
    for metric, rule in rules.items():
        if rule.limit is None or metric in judged:
            continue
        if metric in result.readings:
            reading = _reading(metric, float(result.readings[metric]), Status.PASS)
            verdicts.append(limited(reading, rule, accepted.get(metric)))
        elif metric in readings.ON_CUDA and result.key.device == "cuda":
            why = f"it was not measured: nothing to hold to the limit {rule.limit:g}"
            verdicts.append(replace(_reading(metric, math.nan, Status.INCONCLUSIVE), why=why))
    return verdicts


def _reading(metric: str, now: float, status: Status) -> Verdict:
    kind = readings.READINGS[metric].kind
    assert kind != "machine", "a threshold of a fact of the machine is refused where it is read"
    return Verdict(metric, readings.unit(metric), kind, status, now)


def shown(value: float, unit: str) -> str:
    """A value in a sentence, with its unit.

    >>> shown(0.12345, "s/s"), shown(3 * 2**20, "bytes"), shown(1.5, "s"), shown(2.0, "1")
    ('0.1235', '3.0 MiB', '1.5 s', '2')
    """
    if unit == "bytes" and math.isfinite(value):
        return f"{value / MIB:.1f} MiB"
    return f"{value:.4g} s" if unit == "s" else f"{value:.4g}"
