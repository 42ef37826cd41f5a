"""Speed against the accepted times of the same utterances on the same machine class.

The change is the 20 % trimmed mean of log(now / accepted) over utterances, shown as a fraction. From it goes what the
machine can account for (the reference workload between the calls, see `sessions.unexplained`) and the mean of the same
figure over the calibration sessions of the unchanged model. REGRESSED is what then exceeds both the margin and what
sessions differ by: ln(1 + margin) and Student's t prediction limit t(1 - alpha, n - 1) s sqrt(1 + 1/n) of n sessions
with standard deviation s. The caller confirms it on fresh timings.

INCONCLUSIVE is what looks slower by more than the margin and has another excuse: the machine, a timing that proves
little (`timing_validity.py`), utterances that contradict each other, sessions that differ as much, or no sessions.
So is what looks no slower while the reference workload became faster and the model did not (`sessions.behind`), by
more than the margin and than sessions differ by: nobody knows how much of the workload's gain was this model's to
have.

Which clock: on one CPU thread `rtf_cpu` (process CPU time, hardly disturbed by other processes) and beside it `rtf`
(wall, which alone sees waiting). With more threads `rtf` alone: threads that wait for each other burn CPU time. On CUDA
`rtf_gpu` (CUDA events, where torch is loaded) and `rtf`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from modellab.gate.calibration_noise import (
    FEWEST,
    FEWEST_SESSIONS,
    Noise,
    Session,
    behind,
    log_ratios,
    machine_parts,
    unexplained,
)
from modellab.gate.limits import held
from modellab.gate.timing_validity import crowded, invalid, too_busy, untrusted
from modellab.stats.trimmed_mean import Trimmed, trimmed
from modellab.types import ResourceBaseline, Result, Rule, Status, Verdict
from modellab.types.readings import CLOCKS, REFERENCE, judged, unit
from modellab.types.rows import ROWS_MISSING

MARGIN = 0.10  # a fraction
ALPHA = 0.01
POWER = math.sqrt(0.8)  # of one run: it and its confirmation are both to see the change
BUSY = 2.0  # a CPU clock slower by more than this many margins is not the doing of other processes


def assess(result: Result, resources: ResourceBaseline | None, rules: Mapping[str, Rule]) -> list[Verdict]:
    """The verdicts on the clocks of the result's device, `rtf` first."""
    metrics = [
        metric for metric in judged(result.key.device, "speed") if math.isfinite(result.readings.get(metric, math.nan))
    ]
    verdicts = []
    for metric in metrics:
        rule = rules.get(metric, Rule())
        verdicts.append(held(_judge(metric, result, resources, rule), rule))
    return verdicts


def stored_limit(sessions: Sequence[Session], metric: str, margin: float = MARGIN, alpha: float = ALPHA) -> float:
    """The logarithm above which `unexplained` is slower: the sessions' centre plus the larger of margin and noise."""
    return _limit(_having(sessions, metric), metric, margin, alpha, _parts(sessions))


def exceeds(
    run: Session, sessions: Sequence[Session], metric: str, margin: float = MARGIN, alpha: float = ALPHA
) -> bool:
    """Whether a run is slower than sessions of the unchanged model allow; never with too few of them."""
    sessions = _having(sessions, metric)
    parts = _parts([*sessions, run])
    above = unexplained(run, metric, parts) > _limit(sessions, metric, margin, alpha, parts)
    return above and len(sessions) >= FEWEST_SESSIONS


def _limit(sessions: Sequence[Session], metric: str, margin: float, alpha: float, parts: Sequence[str]) -> float:
    noise = Noise.of([unexplained(session, metric, parts) for session in sessions])
    return _centre(noise.mean, margin) + max(math.log1p(margin), noise.beyond(alpha))


@dataclass(frozen=True, slots=True)
class _Change:
    """One clock of one run: its logarithm, what of it counts, and the noise that it is held to."""

    found: Trimmed
    total: float  # above the sessions' mean, the machine's doing included
    excess: float  # above the sessions' mean, without what the machine can account for
    gain: float  # the same the other way round: how much faster
    machine: float  # what the machine can account for of a slowdown
    faster: float  # the logarithm of the reference workload's part that gained most; 0.0 for none
    hidden: float  # by how much more than in the sessions the clock lags behind a faster machine
    hidden_limit: float
    margin: float  # a logarithm
    limit: float  # of `excess`: the margin or the prediction limit
    gain_limit: float
    noise: Noise


def _judge(metric: str, result: Result, resources: ResourceBaseline | None, rule: Rule) -> Verdict:
    now = float(result.readings[metric])
    plain = Verdict(metric, unit(metric), "speed", Status.NEW, now, alpha=rule.alpha)
    if resources is None:
        return replace(plain, why=f"no baseline for {result.machine}")
    if resources.times and all(len(times) <= CLOCKS[metric] for times in resources.times.values()):
        return replace(plain, why=f"the baseline has no {metric}")
    ratios = log_ratios(result, resources, CLOCKS[metric])
    if len(ratios) < FEWEST:
        few = f"{len(ratios)} utterances with times on both sides, at least {FEWEST} are needed"
        why = resources.header.get(ROWS_MISSING, few)
        return replace(plain, status=Status.INCONCLUSIVE, why=why)
    change = _change(trimmed(ratios), metric, result, resources, rule)
    status, why = _decide(change, metric, result)
    if (
        status is Status.PASS
        and metric == "rtf"
        and (then := crowded(resources.readings, int(result.provenance["threads"])))
    ):
        status, why = Status.INCONCLUSIVE, f"its speed was accepted while {then}: accept it anew on a quiet machine"
    mean, (low, high) = change.found.mean, change.found.interval()
    return replace(
        plain,
        status=status,
        baseline=math.exp(-mean) * now,
        change=math.expm1(mean),
        interval=(math.expm1(low), math.expm1(high)),
        why=why,
        red=status is Status.REGRESSED,
        p=change.noise.p_above(change.excess) if change.noise.calibrated else None,
        detects=_detects(change),
    )


def _change(mean_change: Trimmed, metric: str, result: Result, resources: ResourceBaseline, rule: Rule) -> _Change:
    fraction = MARGIN if rule.margin is None else rule.margin
    parts = machine_parts(result.readings, resources.readings) if result.key.device == "cpu" else {}
    run: Session = {metric: mean_change.mean, **parts}
    sessions = _having(resources.sessions, metric)
    known = _parts([*sessions, run])
    slower = Noise.of([unexplained(session, metric, known) for session in sessions])
    faster = Noise.of([unexplained(session, metric, known, -1) for session in sessions])
    raw = Noise.of([session[metric] for session in sessions])
    lags = Noise.of([behind(session, metric, [*parts]) for session in sessions if parts.keys() <= session.keys()])
    margin = math.log1p(fraction)
    return _Change(
        mean_change,
        total=mean_change.mean - _centre(raw.mean, fraction),
        excess=unexplained(run, metric, known) - _centre(slower.mean, fraction),
        gain=unexplained(run, metric, known, -1) - _centre(faster.mean, fraction),
        machine=max([0.0, *(run[part] for part in known)]),
        faster=min([0.0, *parts.values()]),
        hidden=behind(run, metric, [*parts]) - lags.mean,
        hidden_limit=max(margin, lags.beyond(rule.alpha)),
        margin=margin,
        limit=max(margin, slower.beyond(rule.alpha)),
        gain_limit=max(margin, faster.beyond(rule.alpha)),
        noise=slower,
    )


def _decide(change: _Change, metric: str, result: Result) -> tuple[Status, str]:
    low, high = change.found.interval()
    if reason := untrusted(result):
        return Status.INCONCLUSIVE, reason
    if max(change.total, change.excess) <= change.margin:
        better = change.gain > change.gain_limit and high < 0
        if change.faster < 0.0 and change.hidden > change.hidden_limit:
            return Status.INCONCLUSIVE, _hidden(change)
        return (Status.IMPROVED if better else Status.PASS), ""
    allowed = f"{math.expm1(change.limit):.0%} is allowed"
    excuse = _excuse(change, metric, result)
    if not excuse and low <= 0:
        excuse = "the utterances contradict each other: the 95 % interval of the change holds 0"
    if not excuse and change.excess <= change.limit:
        excuse = f"runs of the unchanged model differ as much: {allowed}"
    if not excuse and not change.noise.calibrated:
        excuse = f"not calibrated ({change.noise.n} sessions): `modellab calibrate` measures how much this case varies"
    if not excuse:
        return Status.REGRESSED, f"{math.expm1(change.found.mean):+.1%} slower than accepted, {allowed}"
    return Status.INCONCLUSIVE, f"looks slower, but {excuse}"


def _excuse(change: _Change, metric: str, result: Result) -> str:
    """What besides the model may have slowed the clock; '' for nothing."""
    if metric == "rtf_cpu" and (threads := result.provenance["threads"]) != "1":
        return f"CPU time of {threads} threads holds their waiting for each other: the wall clock decides"
    if reason := invalid(result):
        harmless = metric == "rtf_cpu" and reason == too_busy(result)
        if not harmless or change.excess <= math.log1p(BUSY * math.expm1(change.margin)):
            return reason
    if change.excess <= change.margin:
        return f"so is the machine: its reference workload takes {math.expm1(change.machine):+.1%}"
    return ""


def _hidden(change: _Change) -> str:
    """A faster machine, and a model that did not become faster with it."""
    return (
        f"may be slower: it takes {math.expm1(change.found.mean):+.1%} where the machine's reference workload takes"
        f" {math.expm1(change.faster):+.1%}, so the machine became faster and the model did not:"
        " time it with --against, or accept its speed anew on the machine as it is"
    )


def _detects(change: _Change) -> float | None:
    """The slowdown, a fraction, that a run and its confirmation see in four of five cases; None without sessions."""
    if not change.noise.calibrated:
        return None
    return math.expm1(change.limit + change.noise.beyond(1 - POWER))


def _centre(mean: float, margin: float) -> float:
    """The sessions' mean, by which accepted times that were lucky are set right, but no slowdown hidden."""
    most = math.log1p(max(margin, MARGIN))
    return min(most, max(-most, mean))


def _having(sessions: Sequence[Session], metric: str) -> list[Session]:
    return [session for session in sessions if metric in session]


def _parts(sessions: Sequence[Session]) -> list[str]:
    """The parts of the reference workload that all of them have."""
    return [part for part in REFERENCE if all(part in session for session in sessions)]
