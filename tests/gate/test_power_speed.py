"""What sessions let speed and memory see agrees with what the gate then says, by simulation."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from modellab.gate import memory, paired_speed, power, power_speed, speed
from modellab.gate.calibration_noise import Noise
from modellab.gate.power_speed import DetectableEffect
from modellab.tasks import asr
from modellab.types import ResourceBaseline, Rule

from ..make import READINGS, result, utterance

RULE = Rule()


def sessions(n: int, sd: float, metric: str = "rtf_cpu", mean: float = 0.0) -> list[dict[str, float]]:
    """Sessions whose sample sd is exactly `sd`."""
    values = np.random.default_rng(n).normal(size=n)
    values = (values - values.mean()) / values.std(ddof=1)
    return [{metric: mean + sd * value} for value in values]


@pytest.mark.parametrize("sd", [0.005, 0.05])
def test_the_smallest_slowdown_is_seen_twice_in_four_of_five_cases(sd: float) -> None:
    known = sessions(20, sd)
    detectable = power_speed.clock(known, "rtf_cpu", RULE)
    assert detectable.smallest is not None
    generator = np.random.default_rng(1)
    runs = [math.log1p(detectable.smallest) + generator.normal(0, sd, 2) for _ in range(2000)]
    seen = np.mean([all(speed.exceeds({"rtf_cpu": each}, known, "rtf_cpu") for each in run) for run in runs])
    assert seen == pytest.approx(0.8, abs=0.05)
    assert power_speed.stored_power(detectable, detectable.smallest) == pytest.approx(0.8, abs=0.01)


def test_less_than_the_margin_is_never_seen_and_much_more_always() -> None:
    detectable = power_speed.clock(sessions(10, 0.01), "rtf_cpu", RULE)
    assert power_speed.stored_power(detectable, 0.02) < 0.01
    assert power_speed.stored_power(detectable, 0.5) > 0.99
    assert detectable.smallest == pytest.approx(0.1, abs=0.03)


def test_the_reference_workload_is_taken_off() -> None:
    slower_machine = [{"rtf_cpu": x + 0.1, "reference_walk_s": 0.1, "reference_arithmetic_s": 0.0}
                      for x in (0.0, 0.01, -0.01, 0.02, -0.02)]  # fmt: skip
    assert power_speed.clock(slower_machine, "rtf_cpu", RULE).noise.mean == pytest.approx(0.0, abs=1e-9)


def test_too_few_sessions_see_nothing() -> None:
    detectable = power_speed.clock(sessions(4, 0.01), "rtf_cpu", RULE)
    assert detectable.smallest is None
    assert power_speed.stored_power(detectable, 1.0) == 0.0
    assert detectable.hindrance(RULE) == "1 more session is needed"
    assert power_speed.clock([], "rtf_cpu", RULE).hindrance(RULE) == "5 more sessions are needed"


def test_a_case_that_sees_too_little_may_not_fail() -> None:
    detectable = power_speed.clock(sessions(10, 0.05), "rtf_cpu", RULE)
    assert detectable.hindrance(Rule(sensitivity=0.5)) == ""
    assert detectable.hindrance(Rule(sensitivity=0.05)).endswith("5.0% is asked for")
    peak = DetectableEffect("peak_rss_bytes", Noise(1e8, 1e5, 10), 2e6)
    assert peak.hindrance(Rule(sensitivity=0.01), 1e8) == "sees +2.0%, 1.0% is asked for"


@pytest.mark.parametrize(
    ("mean", "told"), [(0.05, 0.0), (-0.05, 0.0), (0.3, math.expm1(0.3)), (-0.3, math.expm1(-0.3))]
)
def test_sessions_far_from_what_was_accepted_are_told(mean: float, told: float) -> None:
    detectable = power_speed.clock(sessions(10, 0.01, mean=mean), "rtf_cpu", RULE)
    assert detectable.offset(RULE) == pytest.approx(told, abs=1e-6)
    assert detectable.smallest == pytest.approx(power_speed.clock(sessions(10, 0.01), "rtf_cpu", RULE).smallest)


@pytest.mark.parametrize("sd", [0.05, 0.1])
def test_more_sessions_help_until_none_do(sd: float) -> None:
    detectable = power_speed.clock(sessions(10, sd), "rtf_cpu", RULE)
    needed = power_speed.sessions_for(detectable, RULE, math.expm1(3.8 * sd))
    assert needed is not None
    again = power_speed.clock(sessions(needed, sd), "rtf_cpu", RULE)
    assert again.smallest is not None
    assert again.smallest <= math.expm1(3.8 * sd) + 1e-9
    assert power_speed.sessions_for(detectable, RULE, math.expm1(3 * sd)) is None


def test_peaks_see_what_memory_judges() -> None:
    resources = ResourceBaseline(
        {}, {}, {"peak_rss_bytes": 100e6}, tuple({"peak_rss_bytes": 100e6 + x} for x in (0, 1e5, -1e5, 2e5, 0))
    )
    (detectable,) = power_speed.peaks(resources, "cpu", {})
    now = result([utterance("0000", {})], readings={**READINGS, "peak_rss_bytes": 100e6})
    (verdict,) = memory.assess(now, resources, {})
    assert detectable.smallest == verdict.detects
    assert power_speed.stored_power(detectable, detectable.smallest or 0.0) == pytest.approx(0.8, abs=0.08)
    assert power_speed.stored_power(detectable, 0.0) < 0.01
    (unknown,) = power_speed.peaks(replace(resources, sessions=()), "cpu", {})
    assert unknown.smallest == memory.UNCALIBRATED_BYTES
    assert power_speed.stored_power(unknown, memory.UNCALIBRATED_BYTES + 1) == 1.0


def test_the_clock_that_decides() -> None:
    assert power_speed.decisive(ResourceBaseline({"threads": "1"}, {}, {}), "cpu") == "rtf_cpu"
    assert power_speed.decisive(ResourceBaseline({"threads": "2"}, {}, {}), "cpu") == "rtf"
    assert power_speed.decisive(ResourceBaseline({}, {}, {}), "cuda") == "rtf_gpu"
    assert power_speed.decisive(ResourceBaseline({}, {}, {}), "mps") == "rtf"
    assert [each.metric for each in power_speed.clocks(ResourceBaseline({}, {}, {}), "cpu", {})] == ["rtf", "rtf_cpu"]


# ---------------------------------------------------------------------------- pairs


def test_the_spread_of_pairs_is_that_of_their_ratios() -> None:
    generator = np.random.default_rng(3)
    found = []
    for _ in range(50):
        sides = np.exp(generator.normal([0.0, 0.2], 0.03, (40, 2)))
        now, before = (
            result([utterance(f"{i}", {}, cpu_s=float(side[column])) for i, side in enumerate(sides)])
            for column in (1, 0)
        )
        found.append(power_speed.pair_spread(now, before, "rtf_cpu"))
    assert np.mean([each or 0.0 for each in found]) == pytest.approx(0.03 * math.sqrt(2), rel=0.1)
    assert power_speed.pair_spread(result([]), result([]), "rtf") is None


def test_calls_without_a_time_make_no_pair() -> None:
    times = np.exp(np.random.default_rng(4).normal(size=(12, 2)))
    utterances = [[utterance(f"{i}", {}, cpu_s=float(s)) for i, s in enumerate(side)] for side in times.T]
    expected = power_speed.pair_spread(result(utterances[0]), result(utterances[1]), "rtf_cpu")
    assert expected is not None
    for now, before in ((0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (math.nan, 1.0), (1.0, math.inf)):
        more = [
            [*utterances[side], utterance("12", {}, cpu_s=cpu_s), utterance(f"only here {side}", {}, cpu_s=9.0)]
            for side, cpu_s in enumerate((now, before))
        ]
        assert power_speed.pair_spread(result(more[0]), result(more[1]), "rtf_cpu") == expected


def test_a_side_of_several_calls_is_steadier() -> None:
    known = [{"pair_rtf": 0.06}, {}, {"pair_rtf": 0.08}]
    assert power_speed.pair_sd(known, "rtf") == pytest.approx(math.sqrt(0.005))
    assert power_speed.pair_sd(known, "rtf", 4) == pytest.approx(math.sqrt(0.005) / 2)
    assert power_speed.pair_sd(known, "rtf_cpu") is None


@pytest.mark.parametrize("sd", [0.01, 0.05])
def test_simulated_pairs_agree_with_the_gate(sd: float) -> None:
    smallest = power_speed.paired_smallest(sd, RULE)
    assert power_speed.paired_power(sd, RULE, smallest) == pytest.approx(0.8, abs=0.12)
    drawn = np.random.default_rng(4).normal(0, sd, 4000)
    assert smallest == pytest.approx(paired_speed.detects(drawn), rel=0.1)


def test_more_pairs_see_less() -> None:
    assert power_speed.pairs_for(0.02, RULE, 0.01) is None, "the margin"
    needed = power_speed.pairs_for(0.05, RULE, 0.03)
    assert needed is not None
    assert needed > paired_speed.SECOND
    assert power_speed.paired_smallest(0.05, RULE, needed) <= 0.03 < power_speed.paired_smallest(0.05, RULE, needed - 1)


def test_the_most_pairs_are_enough_for_just_what_they_see() -> None:
    just = power_speed.paired_smallest(0.3, RULE, power_speed.MOST_PAIRS)
    assert power_speed.pairs_for(0.3, RULE, just) == power_speed.MOST_PAIRS
    assert power_speed.pairs_for(0.3, RULE, just * 0.999) is None


# ---------------------------------------------------------------------------- the tables of docs/calibrate.md


def table(heading: str) -> list[list[float]]:
    """The numbers of the table below a heading, without the columns' names."""
    page = (Path(__file__).parents[2] / "docs" / "calibrate.md").read_text(encoding="utf-8")
    lines = [line for line in page.partition(f"### {heading}\n")[2].partition("\n#")[0].splitlines() if "|" in line]
    return [[float(case.replace("%", "")) for case in line.split("|")[1:-1]] for line in lines[2:]]


def test_the_documented_sessions() -> None:
    for sd, *documented in table("How many sessions"):
        for n, shown in zip((5, 10, 20), documented, strict=True):
            detectable = power_speed.clock(sessions(n, sd / 100), "rtf_cpu", RULE)
            assert shown == pytest.approx(100 * (detectable.smallest or 0.0), abs=0.06)


def test_the_documented_pairs() -> None:
    for sd, mde, *needed in table("How many pairs"):
        assert mde == pytest.approx(100 * power_speed.paired_smallest(sd / 100, RULE), abs=0.06)
        assert needed == [power_speed.pairs_for(sd / 100, RULE, effect) for effect in (0.05, 0.03, 0.02)]


@pytest.mark.parametrize("row", [1, 2])
def test_the_documented_utterances(row: int) -> None:
    n, *documented = table("How many utterances")[row]
    generator = np.random.default_rng(1)
    wrong = generator.random(int(n)) < 0.4
    errors = wrong * generator.choice([1, 2, 3, 4, 5], int(n), p=[0.5, 0.25, 0.13, 0.07, 0.05])
    counts = np.column_stack([errors, np.full(int(n), 8)]).astype(float)
    scene = power.SimulatedCase(asr.METRICS[0], Rule(cap=math.inf, margin_relative=0.0), counts)
    for churn, shown in zip((0, 0.02, 0.05, 0.1, 0.25), documented, strict=True):
        assert power.power(replace(scene, churn=churn), shown / 100, 60) == pytest.approx(0.8, abs=0.17)
