"""Speed: the time of the model call against the same utterances' accepted times on the same machine class.

The change is a 20 % trimmed mean of log(now / then) over utterances (so that one hiccup decides nothing), with the
standard error of Tukey and McLaughlin (1963) and a t interval; it is shown as a share of the baseline. Two clocks:
`rtf_cpu` (process CPU time, hardly disturbed by other processes) and `rtf` (wall, the only one that sees waiting). More
than the margin slower, with an interval above 0, is a regression; the caller confirms it on fresh timings. Other
processes slow the wall clock without end and the CPU clock by up to 10 % (shared caches and cores): when they kept more
than half of the machine's cores busy, a slower wall clock is INCONCLUSIVE, and so is a CPU clock less than twice its
margin slower. (Seen on two cores: one busy core moved either clock by up to 5 %, 1.4 to 1.7 busy cores moved the wall
clock by 25 to 220 % and the CPU clock by 1 to 9 %.)

A neighbour on the same host is no process here, and slows the clocks all the same. The reference workload that ran
between the utterances tells: what of a change it can explain is INCONCLUSIVE, what goes beyond it by the margin is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from modellab.types import Floats, Pace, Result, Status, Verdict

TRIM = 0.2
CONFIDENCE = 0.95
SPARE = 0.1  # cores above half of them
NO_SPARE = 0.35  # where the model itself may use every core
FEWEST = 5  # utterances without which nothing is decided


@dataclass(frozen=True, slots=True)
class Clock:
    """One of the two ways to time a call."""

    metric: str
    column: int  # in Pace.times: 0 wall, 1 CPU
    margin: float  # relative
    busy_margin: float  # the same while other processes kept the machine busy


CLOCKS = (Clock("rtf", 0, 0.10, math.inf), Clock("rtf_cpu", 1, 0.10, 0.20))
REFERENCE = ("reference_arithmetic_s", "reference_walk_s")
UNIT = "s/s"


def judge(result: Result, pace: Pace | None) -> list[Verdict]:
    """The verdicts on RTF by wall and by CPU clock (on a GPU by wall clock alone, synchronised)."""
    clocks = CLOCKS if result.key.device == "cpu" else CLOCKS[:1]
    return [_judge(clock, result, pace) for clock in clocks]


def _judge(clock: Clock, result: Result, pace: Pace | None) -> Verdict:
    now = result.readings[clock.metric]
    if pace is None:
        return Verdict(clock.metric, UNIT, "speed", Status.NEW, now, why=f"no baseline for {result.machine}")
    ratios = log_ratios(result, pace, clock.column)
    if len(ratios) < FEWEST:
        why = f"{len(ratios)} utterances with times on both sides, at least {FEWEST} are needed"
        return Verdict(clock.metric, UNIT, "speed", Status.INCONCLUSIVE, now, why=why)
    mean, low, high = trimmed_interval(ratios)
    change, interval = math.expm1(mean), (math.expm1(low), math.expm1(high))
    fast, slow = machine_change(result, pace)
    status, why = Status.PASS, ""
    if change > clock.margin and low > 0:
        status, why = Status.REGRESSED, f"{change:+.1%} slower than accepted, {clock.margin:.0%} is allowed"
        if (busy := too_busy(result)) and change < clock.busy_margin:
            status, why = Status.INCONCLUSIVE, busy
        elif math.expm1(mean - slow) <= clock.margin:
            status = Status.INCONCLUSIVE
            why = (
                f"{change:+.1%} slower, and the machine itself is: its reference workload takes {math.expm1(slow):+.1%}"
            )
    elif math.expm1(mean - fast) < -clock.margin and high < 0:
        status = Status.IMPROVED
    then = float(np.exp(-mean)) * now
    red = status is Status.REGRESSED
    return Verdict(clock.metric, UNIT, "speed", status, now, then, change, interval, why, red)


def machine_change(result: Result, pace: Pace) -> tuple[float, float]:
    """log(now / then) of the reference workload: (0.0 or less, 0.0 or more), what the machine can account for.

    Both are 0.0 where it was not timed, and on a GPU, of whose speed it tells nothing.
    """
    now, then = result.readings, pace.readings
    same = now.get("reference_version", 0) == then.get("reference_version", -1)
    if not same or result.key.device != "cpu":
        return 0.0, 0.0
    changes = [math.log(now[part] / then[part]) for part in REFERENCE]
    return min(0.0, *changes), max(0.0, *changes)


def too_busy(result: Result) -> str:
    """Why the clocks of a result prove little: other processes took too many cores meanwhile; '' if they did not."""
    others, cores = result.readings["other_cores"], result.readings["cores"]
    allowed = cores / 2 + SPARE if cores > int(result.provenance["threads"]) else NO_SPARE
    return f"other processes kept {others:.1f} of {cores:.0f} cores busy" if others > allowed else ""


def log_ratios(result: Result, pace: Pace, column: int) -> Floats:
    """log(now / then) of each utterance that has a time on both sides, shape (n,)."""
    pairs = [
        ((utterance.wall_s, utterance.cpu_s)[column], pace.times[utterance.id][column])
        for utterance in result.utterances
        if utterance.id in pace.times and not utterance.error
    ]
    both = np.array([pair for pair in pairs if min(pair) > 0], dtype=float).reshape(-1, 2)
    return np.asarray(np.log(both[:, 0] / both[:, 1]), dtype=float)


def trimmed_interval(values: Floats) -> tuple[float, float, float]:
    """20 % trimmed mean and its 95 % interval (Tukey & McLaughlin 1963): (mean, low, high)."""
    from scipy.special import stdtrit  # 0.1 s that collection need not pay

    ordered = np.sort(values)
    n, g = len(ordered), int(TRIM * len(ordered))
    kept = ordered[g : n - g]
    winsorised = np.concatenate([np.full(g, kept[0]), kept, np.full(g, kept[-1])])
    error = float(winsorised.std(ddof=1)) / ((1 - 2 * g / n) * math.sqrt(n))
    half = float(stdtrit(n - 2 * g - 1, (1 + CONFIDENCE) / 2)) * error
    mean = float(kept.mean())
    return mean, mean - half, mean + half
