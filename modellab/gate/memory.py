"""Memory: peak resident size (and peak GPU memory) of the worker during inference, against the accepted peak.

The margin comes from measured noise: the largest of 1 %, 1 MiB and four standard deviations of the calibration
sessions. Without at least five of them it is the larger of 3 % and 12 MiB. `rule.margin` replaces the fraction. Peaks
of one engine differ by 0.08 % between processes, so four deviations are far out; the caller confirms on a second run.

An accepted peak is a single one. Where the sessions' mean lies elsewhere it is set right by that, at most by 1 % or
1 MiB, so that no growth hides in it. Where it lies farther away than the margin, either the code changed between the
two or its peak has two modes: what lies between them is INCONCLUSIVE until the peak is accepted anew, what lies above
both REGRESSED, below both IMPROVED. Sessions that hold both modes widen the margin by their standard deviation.

A peak accepted under another setting of the allocator is NOT_COMPARABLE: the same code has another one under it.

Beside a reference that runs now (`--against`) its own peak stands for the accepted one, and there are no sessions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from modellab.gate.calibration_noise import Noise
from modellab.gate.limits import MIB, held
from modellab.gate.timing_validity import broken_meters
from modellab.system import allocator
from modellab.types import ResourceBaseline, Result, Rule, Status, Verdict
from modellab.types.readings import judged

MARGIN_FRACTION, MARGIN_BYTES = 0.01, MIB
DEVIATIONS = 4.0
UNCALIBRATED_FRACTION, UNCALIBRATED_BYTES = 0.03, 12 * MIB
POWER = 1.25  # standard deviations above the margin at which a run and its confirmation see it in four of five cases


def assess(result: Result, resources: ResourceBaseline | None, rules: Mapping[str, Rule]) -> list[Verdict]:
    """One verdict for each kind of memory that the device has and that could be read."""
    verdicts = []
    for metric in judged(result.key.device, "memory"):
        if metric in result.readings:
            rule = rules.get(metric, Rule())
            verdicts.append(held(_judge(metric, result, resources, rule), rule))
    return verdicts


def assess_beside(
    now: Mapping[str, float],
    then: Mapping[str, float],
    device: str,
    rules: Mapping[str, Rule],
    label: str,
    allocators: tuple[str, str],
) -> list[Verdict]:
    """One verdict for each kind of memory that candidate and reference have, both as read after the same calls.

    `label` is the reference's name, `allocators` how candidate and reference set theirs.
    """
    return [
        _beside(metric, float(now[metric]), float(then[metric]), rules.get(metric, Rule()), label, allocators)
        for metric in judged(device, "memory")
        if metric in now and metric in then
    ]


def margin_bytes(accepted: float, noise: Noise, fraction: float | None = None) -> float:
    """How far above the accepted peak, in bytes, does not matter; `fraction` replaces the built-in one."""
    if not noise.calibrated:
        return max((UNCALIBRATED_FRACTION if fraction is None else fraction) * accepted, UNCALIBRATED_BYTES)
    return max((MARGIN_FRACTION if fraction is None else fraction) * accepted, MARGIN_BYTES, DEVIATIONS * noise.sd)


def centre_bytes(accepted: float, noise: Noise, fraction: float | None = None) -> float:
    """The peak that the next run is compared with: the accepted one, set right by the sessions' mean."""
    if not noise.calibrated:
        return accepted
    most = max((MARGIN_FRACTION if fraction is None else fraction) * accepted, MARGIN_BYTES)
    return accepted + min(most, max(-most, noise.mean - accepted))


def _judge(metric: str, result: Result, resources: ResourceBaseline | None, rule: Rule) -> Verdict:
    now = float(result.readings[metric])
    plain = Verdict(metric, "bytes", "memory", Status.NEW, now, alpha=rule.alpha)
    if resources is None or metric not in resources.readings:
        return replace(plain, why=f"no baseline for {result.machine}")
    then = float(resources.readings[metric])
    if why := _other_allocator(metric, result, resources):
        return replace(plain, status=Status.NOT_COMPARABLE, baseline=then, change=now - then, why=why)
    peaks = [session[metric] for session in resources.sessions if metric in session]
    noise = Noise.of(peaks)
    margin = margin_bytes(then, noise, rule.margin)
    status, why = _decide(now, then, noise, margin, rule)
    if status is not Status.PASS and apart(then, noise, margin):
        status, why = _between(now, then, peaks, margin, (status, why))
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


def _beside(metric: str, now: float, then: float, rule: Rule, label: str, allocators: tuple[str, str]) -> Verdict:
    ours, theirs = allocators
    margin, change = margin_bytes(then, Noise.of([]), rule.margin), now - then
    status, why = (Status.IMPROVED if -change > margin else Status.PASS), ""
    if ours != theirs and metric == "peak_rss_bytes":
        status = Status.NOT_COMPARABLE
        why = f"{label} measures memory under another setting of the allocator ({theirs}; here {ours})"
    elif change > margin:
        status = Status.REGRESSED
        why = f"{change / MIB:+.0f} MiB above the peak of {label}, {margin / MIB:.0f} MiB is allowed"
    red = status is Status.REGRESSED
    verdict = Verdict(metric, "bytes", "memory", status, now, then, change, None, why, red)
    return held(replace(verdict, detects=margin, versus=label, alpha=rule.alpha), rule)


def apart(accepted: float, noise: Noise, margin: float) -> bool:
    """Whether the accepted peak is none of the calibration sessions': farther from their mean than the margin."""
    return noise.calibrated and abs(noise.mean - accepted) > margin


def _decide(now: float, then: float, noise: Noise, margin: float, rule: Rule) -> tuple[Status, str]:
    beyond = now - centre_bytes(then, noise, rule.margin)
    if beyond > margin:
        whose = "accepted peak" if beyond == now - then else "peak of the calibration sessions"
        return Status.REGRESSED, f"{beyond / MIB:+.0f} MiB above the {whose}, {margin / MIB:.0f} MiB is allowed"
    return (Status.IMPROVED if -beyond > margin else Status.PASS), ""


def _between(
    now: float, then: float, peaks: Sequence[float], margin: float, verdict: tuple[Status, str]
) -> tuple[Status, str]:
    """What becomes of a change where the accepted peak and the sessions' contradict each other."""
    if not min(then, *peaks) - margin <= now <= max(then, *peaks) + margin:
        return verdict
    if abs(now - then) <= margin:
        return Status.PASS, ""
    mean = sum(peaks) / len(peaks)
    return Status.INCONCLUSIVE, (
        f"the accepted peak is {then / MIB:.1f} MiB and that of its calibration sessions {mean / MIB:.1f} MiB: the code"
        " changed between them or its peak has two modes, accept its memory anew (--update-baselines --speed-only)"
    )


def _other_allocator(metric: str, result: Result, resources: ResourceBaseline) -> str:
    """Why the accepted peak is that of another allocator; '' if it is not, or if the GPU's is meant."""
    then, now = (facts.get(allocator.KEY, "not recorded") for facts in (resources.header, result.provenance))
    if then == now or metric != "peak_rss_bytes":
        return ""
    return (
        f"its memory was accepted under another setting of the allocator ({then}; now {now}): accept it anew"
        " (--update-baselines --speed-only)"
    )
