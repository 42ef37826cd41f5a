"""Memory: peak resident size (and peak GPU memory) of the worker during inference, against the accepted peak.

The margin comes from measured noise: the largest of 1 %, 1 MiB and four standard deviations of the calibration
sessions. Without at least five of them it is the larger of 3 % and 12 MiB. `rule.margin` replaces the share. Peaks of
one engine differ by 0.08 % between processes, so four deviations are far out; the caller confirms on a second run.

An accepted peak is a single one. Where the sessions' mean lies elsewhere it is set right by that, at most by 1 % or
1 MiB, so that no growth hides in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from modellab.gate.limits import MIB, held
from modellab.gate.sessions import Noise
from modellab.gate.validity import broken_meters
from modellab.types import Pace, Result, Rule, Status, Verdict

MARGIN_SHARE, MARGIN_BYTES = 0.01, MIB
DEVIATIONS = 4.0
UNCALIBRATED_SHARE, UNCALIBRATED_BYTES = 0.03, 12 * MIB
POWER = 1.25  # standard deviations above the margin at which a run and its confirmation see it in four of five cases
METRICS = {"cpu": ("peak_rss_bytes",), "cuda": ("peak_rss_bytes", "peak_vram_bytes"), "mps": ("peak_rss_bytes",)}


def judge(result: Result, pace: Pace | None, rules: Mapping[str, Rule]) -> list[Verdict]:
    """One verdict for each kind of memory that the device has and that could be read."""
    verdicts = []
    for metric in METRICS[result.key.device]:
        if metric in result.readings:
            rule = rules.get(metric, Rule())
            verdicts.append(held(_judge(metric, result, pace, rule), rule))
    return verdicts


def margin_bytes(accepted: float, noise: Noise, share: float | None = None) -> float:
    """How far above the accepted peak, in bytes, nobody minds; `share` replaces the built-in one."""
    if not noise.calibrated:
        return max((UNCALIBRATED_SHARE if share is None else share) * accepted, UNCALIBRATED_BYTES)
    return max((MARGIN_SHARE if share is None else share) * accepted, MARGIN_BYTES, DEVIATIONS * noise.sd)


def centre_bytes(accepted: float, noise: Noise, share: float | None = None) -> float:
    """The peak that the next run is compared with: the accepted one, set right by the sessions' mean."""
    if not noise.calibrated:
        return accepted
    most = max((MARGIN_SHARE if share is None else share) * accepted, MARGIN_BYTES)
    return accepted + min(most, max(-most, noise.mean - accepted))


def _judge(metric: str, result: Result, pace: Pace | None, rule: Rule) -> Verdict:
    now = float(result.readings[metric])
    plain = Verdict(metric, "bytes", "memory", Status.NEW, now, alpha=rule.alpha)
    if pace is None or metric not in pace.readings:
        return replace(plain, why=f"no baseline for {result.machine}")
    then = float(pace.readings[metric])
    noise = Noise.of([each[metric] for each in pace.sessions if metric in each])
    margin = margin_bytes(then, noise, rule.margin)
    status, why = Status.PASS, ""
    beyond = now - centre_bytes(then, noise, rule.margin)
    if beyond > margin:
        status = Status.REGRESSED
        whose = "accepted peak" if beyond == now - then else "peak of the calibration sessions"
        why = f"{beyond / MIB:+.0f} MiB above the {whose}, {margin / MIB:.0f} MiB is allowed"
    elif -beyond > margin:
        status = Status.IMPROVED
    if reason := broken_meters(result):
        status, why = Status.INCONCLUSIVE, reason
    return replace(
        plain,
        status=status,
        baseline=then,
        change=now - then,
        why=why,
        red=status is Status.REGRESSED,
        detects=margin + POWER * noise.error,
    )
