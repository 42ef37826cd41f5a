"""What pairs and peaks say of a case: verdicts against the base, and what else differs between the two sides.

`look_slower` and `look_larger` decide nothing: they ask for fresh processes before there is any verdict.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from modellab.gate import memory, paired_speed
from modellab.gate.timing_validity import too_busy, too_many_cores, untrusted
from modellab.plan.matrix import Case
from modellab.runner.evaluate import Loaded
from modellab.runner.paired.interleave import Pairs
from modellab.runner.paired.readings import PairedCase, PairedReadings, Peaks, Timed
from modellab.tasks import Task
from modellab.types import Floats, Result, Rule, Status, Verdict
from modellab.types.readings import CLOCKS, judged, unit


def judge(timed_case: PairedCase, readings: PairedReadings) -> list[Verdict]:
    """The verdicts on the clocks and the memory of the case's device; NEW for all where there was no base."""
    if readings.timed is None:
        return _nothing(timed_case, readings.missing, readings.label)
    timed, label = readings.timed, readings.label
    speed = [_speed(timed_case, metric, timed, label) for metric in _clocks(timed_case, timed.first)]
    return [*speed, *_peaks(timed_case, timed.peaks, label)]


def _nothing(timed_case: PairedCase, why: str, label: str) -> list[Verdict]:
    """NEW for all that would have been compared."""
    device, readings = timed_case.case.key.device, timed_case.result.readings
    speed = [Verdict(metric, unit(metric), "speed", Status.NEW, math.nan) for metric in judged(device, "speed")]
    peaks = [Verdict(metric, unit(metric), "memory", Status.NEW, math.nan) for metric in judged(device, "memory")]
    return [
        replace(verdict, now=readings[verdict.metric], why=why, versus=label)
        for verdict in (*speed, *peaks)
        if verdict.metric in readings
    ]


def look_slower(timed_case: PairedCase, pairs: Pairs) -> bool:
    """Whether any clock of the first pairs asks for a confirmation."""
    return any(_looks_slower(timed_case, metric, pairs) for metric in _clocks(timed_case, pairs))


def more_pairs(timed_case: PairedCase, first: Pairs) -> int:
    """How many further pairs the first look needs where they spread: by the clock that decides."""
    rule, ratios = _deciding(timed_case, first)
    return paired_speed.first_pairs(ratios, rule) - len(ratios) if len(ratios) > 1 else 0


def confirming(timed_case: PairedCase, first: Pairs) -> int:
    """How many fresh pairs confirm what the first ones showed."""
    rule, ratios = _deciding(timed_case, first)
    return paired_speed.second_pairs(ratios, rule) if len(ratios) > 1 else paired_speed.SECOND


def _deciding(timed_case: PairedCase, pairs: Pairs) -> tuple[Rule, Floats]:
    """The rule and the finite ratios of the clock that decides: CPU time of one thread, a GPU's own, else the wall."""
    known = _clocks(timed_case, pairs)
    several = timed_case.case.key.device == "cpu" and timed_case.result.provenance["threads"] != "1"
    metric = "rtf" if several or not known else known[-1]
    ratios = _ratios(pairs, metric)
    return timed_case.rules.get(metric, Rule()), ratios[np.isfinite(ratios)]


def look_larger(timed_case: PairedCase, peaks: Peaks) -> bool:
    """Whether a peak asks for a confirmation."""
    return any(verdict.red for verdict in _peaks(timed_case, peaks, ""))


def _clocks(timed_case: PairedCase, pairs: Pairs) -> list[str]:
    """The clocks that judge a case on its device and that gave times."""
    return [
        metric for metric in judged(timed_case.case.key.device, "speed") if np.isfinite(_ratios(pairs, metric)).any()
    ]


def _ratios(pairs: Pairs, metric: str) -> Floats:
    return (pairs.wall, pairs.cpu, pairs.gpu)[CLOCKS[metric]]


def _looks_slower(timed_case: PairedCase, metric: str, pairs: Pairs) -> bool:
    margin = timed_case.rules.get(metric, Rule()).margin
    ratios = _ratios(pairs, metric)
    finite = ratios[np.isfinite(ratios)]
    return len(finite) > 1 and paired_speed.looks_slower(finite, paired_speed.MARGIN if margin is None else margin)


def _speed(timed_case: PairedCase, metric: str, timed: Timed, label: str) -> Verdict:
    first, second = timed.first, timed.second
    now, then = (second or first).rtf(CLOCKS[metric])
    fresh = None if second is None else _ratios(second, metric)
    rule = timed_case.rules.get(metric, Rule())
    invalid = _invalid(timed_case.result) if metric == "rtf_cpu" else ""
    load = too_busy(timed_case.result)
    verdict = paired_speed.assess(metric, _ratios(first, metric), fresh, rule, now, then, label, invalid, load)
    if reason := untrusted(timed_case.result):
        return replace(verdict, status=Status.INCONCLUSIVE, why=reason, red=False)
    return verdict


def _invalid(result: Result) -> str:
    """Why the CPU clock proves little. Load, heat and neighbours slow both sides of a pair and are no reason."""
    if (threads := result.provenance["threads"]) != "1":
        return f"CPU time of {threads} threads holds their waiting for each other: the wall clock decides"
    return too_many_cores(result)


def _peaks(timed_case: PairedCase, peaks: Peaks, label: str) -> list[Verdict]:
    """The verdicts on peak memory since both were asked to start."""
    device = timed_case.case.key.device
    return memory.assess_beside(peaks.now, peaks.then, device, timed_case.rules, label, peaks.allocators)


def other_precision(case: Case, precision: str, label: str) -> list[str]:
    """A note if the base has not the candidate's precision."""
    own = case.key.precision
    return [] if precision == own else [f"{label} has no {own}: it ran at {precision}"]


def differences(task: Task, candidate: Loaded, base: Loaded, pairs: Pairs, label: str) -> list[str]:
    """What else differs between the two sides."""
    now, then = candidate.facts, base.facts
    both = sorted(then["versions"].keys() & now["versions"].keys())
    other = [name for name in both if then["versions"][name] != now["versions"][name]]
    notes = [f"{name} is {then['versions'][name]} in {label} and {now['versions'][name]} here" for name in other]
    if then["weights"] != now["weights"]:
        notes.append(f"the weights are {then['weights']} in {label} and {now['weights']} here")
    if differing := sum(_words(task, mine) != _words(task, other) for mine, other in pairs.said):
        notes.append(f"{label} said something else in {differing} of {len(pairs.said)} pairs")
    return notes


def _words(task: Task, outputs: Sequence[Any]) -> list[Any]:
    """What a person would compare of the outputs; an old modellab's, in another form, as they are."""
    try:
        return [task.remember(output) for output in outputs]
    except (KeyError, TypeError):
        return list(outputs)
