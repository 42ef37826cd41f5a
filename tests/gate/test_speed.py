"""The speed gate: paired log ratios, a trimmed mean with its interval, and when nothing may be decided."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from modellab.gate import speed
from modellab.gate.speed import log_ratios, trimmed_interval
from modellab.types import Result, Status, Utterance, Verdict

from ..make import KEY, READINGS, name, pace, result, utterance

BUSY = {**READINGS, "other_cores": 1.5, "cores": 2.0}


def timed(wall: Sequence[float], cpu: Sequence[float] | None = None) -> list[Utterance]:
    """Utterances with these times."""
    both = zip(wall, wall if cpu is None else cpu, strict=True)
    return [utterance(name(i), {}, wall_s=wall_s, cpu_s=cpu_s) for i, (wall_s, cpu_s) in enumerate(both)]


def times(*factors: float, count: int = 20) -> list[float]:
    """Times of utterances of many lengths, each multiplied by one of the factors in turn."""
    return [0.05 * (1 + i % 7) * factors[i % len(factors)] for i in range(count)]


def judge(then: Sequence[Utterance], now: Sequence[Utterance], **changes: Any) -> dict[str, Verdict]:
    return {verdict.metric: verdict for verdict in speed.judge(result(now, **changes), pace(then))}


@pytest.mark.parametrize(
    ("factors", "status", "change"),
    [
        pytest.param([1.0], "PASS", 0.0, id="identical"),
        pytest.param([2.0], "REGRESSED", 1.0, id="twice as slow"),
        pytest.param([0.5], "IMPROVED", -0.5, id="twice as fast"),
        pytest.param([1.09], "PASS", 0.09, id="slower within the margin"),
        pytest.param([1.12], "REGRESSED", 0.12, id="slower beyond the margin"),
        pytest.param([0.92], "PASS", -0.08, id="faster within the margin"),
        pytest.param([0.4, 4.0], "PASS", 0.264, id="so scattered that it proves nothing"),
        pytest.param([0.25, 2.5], "PASS", -0.209, id="faster, so scattered that it proves nothing"),
        pytest.param([1.3, 1.2, 1.25], "REGRESSED", 0.25, id="slower with a little scatter"),
        pytest.param([1.0] * 17 + [30.0] * 3, "PASS", 0.0, id="three hiccups of twenty"),
    ],
)
def test_the_change_is_that_of_the_typical_utterance(factors: list[float], status: str, change: float) -> None:
    verdicts = judge(timed(times(1.0)), timed(times(*factors)))
    assert list(verdicts) == ["rtf", "rtf_cpu"]
    for verdict in verdicts.values():
        assert verdict.status == status
        assert verdict.red is (status == "REGRESSED")
        assert verdict.change == pytest.approx(change, abs=0.01)
        assert verdict.now == READINGS[verdict.metric]
        assert verdict.baseline == pytest.approx(verdict.now / (1 + (verdict.change or 0)))
        low, high = verdict.interval or (math.nan, math.nan)
        assert low <= (verdict.change or 0) <= high
        assert (verdict.unit, verdict.kind) == ("s/s", "speed")


def test_each_clock_is_judged_by_its_own_times() -> None:
    waiting = judge(timed(times(1.0)), timed(times(2.0), times(1.0)))
    assert (waiting["rtf"].status, waiting["rtf_cpu"].status) == (Status.REGRESSED, Status.PASS)
    assert waiting["rtf"].why == "+100.0% slower than accepted, 10% is allowed"


@pytest.mark.parametrize(
    ("factor", "wall", "cpu"),
    [
        (1.0, "PASS", "PASS"),
        (1.15, "INCONCLUSIVE", "INCONCLUSIVE"),
        (1.5, "INCONCLUSIVE", "REGRESSED"),
        (0.5, "IMPROVED", "IMPROVED"),
    ],
)
def test_a_busy_machine_slows_the_wall_clock_much_and_the_cpu_clock_a_little(
    factor: float, wall: str, cpu: str
) -> None:
    verdicts = judge(timed(times(1.0)), timed(times(factor)), readings=BUSY)
    assert (verdicts["rtf"].status, verdicts["rtf_cpu"].status) == (wall, cpu)
    if wall == "INCONCLUSIVE":
        assert verdicts["rtf"].why == "other processes kept 1.5 of 2 cores busy"
        assert not verdicts["rtf"].red


def test_a_gpu_is_judged_by_the_wall_clock_alone() -> None:
    verdicts = judge(timed(times(1.0)), timed(times(2.0)), key=replace(KEY, device="cuda"))
    assert {metric: verdict.status for metric, verdict in verdicts.items()} == {"rtf": "REGRESSED"}


def test_without_a_baseline_it_is_new() -> None:
    for verdict in speed.judge(result(timed(times(1.0))), None):
        assert (verdict.status, verdict.red, verdict.baseline, verdict.change) == (Status.NEW, False, None, None)
        assert verdict.why == "no baseline for a-cpu-1t"


@pytest.mark.parametrize("count", [0, 1, 4])
def test_too_few_utterances_decide_nothing(count: int) -> None:
    for verdict in judge(timed([0.1] * count), timed([0.9] * count)).values():
        assert (verdict.status, verdict.red) == (Status.INCONCLUSIVE, False)
        assert verdict.why == f"{count} utterances with times on both sides, at least 5 are needed"


def test_five_utterances_are_enough() -> None:
    assert judge(timed([0.1] * 5), timed([0.9] * 5))["rtf"].red


# ---------------------------------------------------------------------------- which utterances are paired


def ratios(then: Sequence[Utterance], now: Result) -> list[float]:
    return [round(math.exp(ratio), 9) for ratio in log_ratios(now, pace(then), 0).tolist()]


def test_utterances_are_paired_by_their_id() -> None:
    now = result(timed([0.2, 0.3, 0.8])[::-1])
    assert ratios(timed([0.1, 0.1, 0.1]), now) == [8.0, 3.0, 2.0]


def test_only_what_has_a_time_on_both_sides_counts() -> None:
    then = timed([0.1, 0.1, 0.0, 0.1])
    now = timed([0.2, 0.0, 0.2, 0.4, 0.9])
    now[3] = replace(now[3], error="the decoder lost its way")
    assert ratios(then, result(now)) == [2.0]
    assert log_ratios(result([]), pace([]), 0).shape == (0,)


# ---------------------------------------------------------------------------- the trimmed mean

VALUES = st.lists(st.floats(-3, 3), min_size=5, max_size=60)


def yuen(values: Sequence[float]) -> tuple[float, float, float]:
    """The same by hand: trimmed mean, winsorised variance, Student's t of the kept values."""
    ordered = sorted(values)
    n = len(ordered)
    g = math.floor(0.2 * n)
    kept = ordered[g : n - g]
    mean = sum(kept) / len(kept)
    winsorised = [min(max(value, kept[0]), kept[-1]) for value in ordered]
    centre = sum(winsorised) / n
    variance = sum((value - centre) ** 2 for value in winsorised) / (n - 1)
    error = math.sqrt(variance / n) / (len(kept) / n)
    half = float(scipy.stats.t.ppf(0.975, len(kept) - 1)) * error
    return mean, mean - half, mean + half


@given(VALUES)
def test_the_trimmed_interval_is_yuens(values: list[float]) -> None:
    mean, low, high = trimmed_interval(np.array(values))
    assert mean == pytest.approx(float(scipy.stats.trim_mean(values, 0.2)), abs=1e-9)
    assert (mean, low, high) == pytest.approx(yuen(values), abs=1e-9)


@given(VALUES, st.floats(-2, 2))
def test_the_interval_moves_and_turns_with_the_values(values: list[float], shift: float) -> None:
    mean, low, high = trimmed_interval(np.array(values))
    assert low <= mean <= high
    assert trimmed_interval(np.array(values) + shift) == pytest.approx(
        (mean + shift, low + shift, high + shift), abs=1e-9
    )
    assert trimmed_interval(-np.array(values)) == pytest.approx((-mean, -high, -low), abs=1e-9)


@given(st.lists(st.floats(-1, 1), min_size=10, max_size=40))
def test_one_wild_value_cannot_carry_the_mean_away(values: list[float]) -> None:
    mean, _, _ = trimmed_interval(np.array([*values, 1e6]))
    assert min(values) <= mean <= max(values)


def test_equal_values_have_no_scatter() -> None:
    assert trimmed_interval(np.full(9, 0.25)) == (0.25, 0.25, 0.25)


# ---------------------------------------------------------------------------- false alarms and power


@pytest.mark.parametrize("count", [5, 8, 40])
def test_noise_alone_is_rarely_red(count: int) -> None:
    """Both sides with 8 % noise and every tenth call three times as slow: well below 2.5 % of 300 cases."""
    draw = np.random.default_rng(3)
    red = 0
    for _ in range(300):
        sides = np.exp(draw.normal(0, 0.08, (2, count))) * np.where(draw.random((2, count)) < 0.1, 3.0, 1.0)
        red += judge(timed(sides[0].tolist()), timed(sides[1].tolist()))["rtf_cpu"].red
    assert red <= 9


def test_a_fifth_slower_is_seen_through_the_noise() -> None:
    draw = np.random.default_rng(4)
    red = 0
    for _ in range(50):
        then, now = np.exp(draw.normal(0, 0.08, (2, 40)))
        red += judge(timed(then.tolist()), timed((1.25 * now).tolist()))["rtf_cpu"].red
    assert red >= 48


REFERENCE = {"reference_version": 1.0, "reference_arithmetic_s": 0.002, "reference_walk_s": 0.001}


@pytest.mark.parametrize(
    ("slower", "walk_s", "status"),
    [
        pytest.param(1.2, 0.001, "REGRESSED", id="the machine is as fast as it was"),
        pytest.param(1.2, 0.0012, "INCONCLUSIVE", id="the machine can be blamed for it"),
        pytest.param(1.2, 0.0008, "REGRESSED", id="a faster machine excuses nothing"),
        pytest.param(1.5, 0.0012, "REGRESSED", id="slower than the machine can explain"),
        pytest.param(1.05, 0.0012, "PASS", id="within the margin anyway"),
        pytest.param(0.8, 0.001, "IMPROVED", id="faster on a machine as fast as it was"),
        pytest.param(0.8, 0.0008, "PASS", id="faster on a faster machine"),
    ],
)
def test_a_slower_machine_is_told_from_a_slower_model(slower: float, walk_s: float, status: str) -> None:
    readings = {**READINGS, **REFERENCE, "reference_walk_s": walk_s}
    now = result(timed(times(slower)), readings=readings)
    verdicts = speed.judge(now, pace(timed(times(1.0)), **REFERENCE))
    assert {verdict.status for verdict in verdicts} == {status}


def test_another_version_of_the_reference_tells_nothing() -> None:
    readings = {**READINGS, **REFERENCE, "reference_walk_s": 0.002}
    now = result(timed(times(1.2)), readings=readings)
    then = pace(timed(times(1.0)), **{**REFERENCE, "reference_version": 2.0})
    assert {verdict.status for verdict in speed.judge(now, then)} == {Status.REGRESSED}
