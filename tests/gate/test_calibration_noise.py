"""A run as numbers beside what was accepted, and the noise of many such runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from modellab.gate.calibration_noise import Noise, behind, log_ratios, machine_parts, session, unexplained
from modellab.types import ResourceBaseline, Result, Utterance
from modellab.types.readings import CLOCKS

from ..make import READINGS, name, resources, result, utterance

REFERENCE = {"reference_version": 2.0, "reference_arithmetic_s": 0.002, "reference_walk_s": 0.001}


def timed_utterances(wall: Sequence[float], cpu_s: float = 0.1, gpu_s: float = math.nan) -> list[Utterance]:
    return [utterance(name(i), {}, wall_s=wall_s, cpu_s=cpu_s, gpu_s=gpu_s) for i, wall_s in enumerate(wall)]


def ratios(then: ResourceBaseline, now: Result, metric: str = "rtf") -> list[float]:
    return [round(math.exp(ratio), 9) for ratio in log_ratios(now, then, CLOCKS[metric]).tolist()]


# ---------------------------------------------------------------------------- which utterances are paired


def test_utterances_are_paired_by_their_id() -> None:
    now = result(timed_utterances([0.2, 0.3, 0.8])[::-1])
    assert ratios(resources(timed_utterances([0.1, 0.1, 0.1])), now) == [8.0, 3.0, 2.0]


def test_only_what_has_a_time_on_both_sides_counts() -> None:
    then = resources(timed_utterances([0.1, 0.1, 0.0, 0.1, 0.1]))
    now = timed_utterances([0.2, 0.0, 0.2, 0.4, math.nan, 0.9])
    now[3] = replace(now[3], error="the decoder lost its way")
    assert ratios(then, result(now)) == [2.0]
    assert log_ratios(result([]), resources([]), 0).shape == (0,)


def test_each_clock_has_its_column() -> None:
    then = ResourceBaseline({}, {"0000": (0.1, 0.2, 0.4), "0001": (0.1, 0.2)}, {})
    now = result(timed_utterances([0.2, 0.2], cpu_s=0.6, gpu_s=1.6))
    assert {metric: ratios(then, now, metric) for metric in CLOCKS} == {
        "rtf": [2.0, 2.0],
        "rtf_cpu": [3.0, 3.0],
        "rtf_gpu": [4.0],
    }


# ---------------------------------------------------------------------------- one run


def test_a_session_holds_what_calibration_needs() -> None:
    then = resources(timed_utterances([0.1] * 6), **REFERENCE)
    readings = {**READINGS, **REFERENCE, "reference_walk_s": 0.002, "peak_vram_bytes": 7e8}
    found = session(result(timed_utterances([0.2] * 6), readings=readings), then)
    assert found == pytest.approx(
        {
            "rtf": math.log(2),
            "rtf_cpu": 0.0,
            "reference_arithmetic_s": 0.0,
            "reference_walk_s": math.log(2),
            "peak_rss_bytes": 100e6,
            "peak_vram_bytes": 7e8,
        }
    )


def test_a_session_leaves_out_what_it_does_not_know() -> None:
    found = session(result(timed_utterances([0.2] * 4)), resources(timed_utterances([0.1] * 4)))
    assert found == {"peak_rss_bytes": 100e6}


def test_only_the_same_workload_tells_of_the_machine() -> None:
    assert machine_parts({**REFERENCE, "reference_version": 1.0}, REFERENCE) == {}
    assert machine_parts({}, {}) == {}
    assert machine_parts(REFERENCE, REFERENCE) == {"reference_arithmetic_s": 0.0, "reference_walk_s": 0.0}


@pytest.mark.parametrize(
    ("arithmetic", "walk", "slower", "faster"),
    [
        (0.0, 0.0, 0.3, -0.3),
        (0.1, 0.2, 0.1, -0.3),  # the larger of the two
        (-0.1, -0.2, 0.3, -0.5),  # a faster machine excuses no slowdown, and explains being faster
        (-0.1, 0.2, 0.1, -0.4),
    ],
)
def test_what_the_machine_cannot_account_for(arithmetic: float, walk: float, slower: float, faster: float) -> None:
    run = {"rtf": 0.3, "a": arithmetic, "w": walk}
    assert unexplained(run, "rtf", ["a", "w"]) == pytest.approx(slower)
    assert unexplained(run, "rtf", ["a", "w"], -1) == pytest.approx(faster)
    assert unexplained(run, "rtf", []) == 0.3


# ---------------------------------------------------------------------------- many runs


def test_the_noise_is_that_of_the_next_session() -> None:
    values = [0.01, -0.02, 0.03, 0.0, 0.01, 0.02]
    noise = Noise.of(values)
    assert (noise.mean, noise.sd, noise.n) == pytest.approx((np.mean(values), np.std(values, ddof=1), 6))
    by_t = scipy.stats.t(df=5, scale=noise.sd * math.sqrt(7 / 6))
    assert noise.beyond(0.01) == pytest.approx(float(by_t.isf(0.01)))
    assert noise.p_above(0.03) == pytest.approx(float(by_t.sf(0.03)))


@pytest.mark.parametrize("count", [0, 1, 4])
def test_few_sessions_say_nothing(count: int) -> None:
    noise = Noise.of([0.1, 0.3, 0.2, 0.9][:count])
    assert (noise.mean, noise.sd, noise.n, noise.calibrated, noise.beyond(0.01)) == (0.0, 0.0, count, False, 0.0)


def test_sessions_that_do_not_differ_have_no_noise() -> None:
    noise = Noise.of([0.25] * 5)
    assert (noise.beyond(0.01), noise.p_above(0.1), noise.p_above(0.0)) == (0.0, 0.0, 1.0)


@given(st.lists(st.floats(-1, 1).map(lambda x: round(x, 6)), min_size=5, max_size=20), st.floats(0.001, 0.4))
def test_the_limit_and_its_chance_belong_together(values: list[float], chance: float) -> None:
    noise = Noise.of(values)
    if noise.sd > 1e-9:
        assert noise.p_above(noise.beyond(chance)) == pytest.approx(chance, rel=1e-6)


def test_a_prediction_limit_is_kept_by_the_next_session() -> None:
    """10 sessions of Gaussian noise, 20,000 times: the 11th is beyond the 1 % limit in 1 % of them."""
    draw = np.random.default_rng(5).normal(0.1, 0.03, (20_000, 11))
    beyond = sum(float(row[10] - row[:10].mean()) > Noise.of(row[:10]).beyond(0.01) for row in draw[:4000])
    assert 20 <= beyond <= 64


@pytest.mark.parametrize(
    ("clock", "parts", "lag"),
    [
        (0.0, {"a": -0.2, "w": -0.1}, 0.2),
        (0.05, {"a": -0.2, "w": 0.1}, 0.25),
        (-0.3, {"a": -0.2}, -0.1),
        (0.2, {"a": 0.2, "w": 0.3}, 0.0),
        (0.1, {}, 0.0),
    ],
)
def test_a_clock_lags_behind_the_part_that_gained_most(clock: float, parts: dict[str, float], lag: float) -> None:
    assert behind({"rtf": clock, **parts}, "rtf", [*parts]) == pytest.approx(lag)
