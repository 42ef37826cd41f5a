"""The stored speed gate: paired log ratios, held to the noise of calibration sessions, and when nothing is decided."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.stats

from modellab.gate import speed
from modellab.gate.calibration_noise import Session
from modellab.gate.speed import exceeds, stored_limit
from modellab.types import ResourceBaseline, Rule, Status, Utterance, Verdict

from ..make import KEY, PROVENANCE, READINGS, name, resources, result, utterance

BUSY = {**READINGS, "other_cores": 1.5, "cores": 2.0}
CUDA = replace(KEY, device="cuda")
REFERENCE = {"reference_version": 2.0, "reference_arithmetic_s": 0.002, "reference_walk_s": 0.001}


def timed_utterances(
    wall: Sequence[float], cpu: Sequence[float] | None = None, gpu: Sequence[float] = ()
) -> list[Utterance]:
    """Utterances with these times."""
    said = []
    for i, wall_s in enumerate(wall):
        gpu_s = gpu[i] if gpu else math.nan
        said.append(utterance(name(i), {}, wall_s=wall_s, cpu_s=wall_s if cpu is None else cpu[i], gpu_s=gpu_s))
    return said


def times(*factors: float, count: int = 20) -> list[float]:
    """Times of utterances of many lengths, each multiplied by one of the factors in turn."""
    return [0.05 * (1 + i % 7) * factors[i % len(factors)] for i in range(count)]


def sessions(sd: float = 0.01, mean: float = 0.0, count: int = 6, **fixed: float) -> tuple[Session, ...]:
    """Sessions whose clocks all have this mean and standard deviation; `fixed` are further numbers of each."""
    sign = [1.0 if i % 2 else -1.0 for i in range(count)]
    spread = np.array(sign) * sd / (np.std(sign, ddof=1) if count > 1 else 1.0)
    return tuple({**dict.fromkeys(["rtf", "rtf_cpu", "rtf_gpu"], mean + float(x)), **fixed} for x in spread)


def assess(
    then: Sequence[Utterance] | ResourceBaseline,
    now: Sequence[Utterance],
    rules: Mapping[str, Rule] | None = None,
    calibration: tuple[Session, ...] | None = None,
    **changes: Any,
) -> dict[str, Verdict]:
    """The verdicts by their metric; calibrated to 1 % unless the test says otherwise."""
    calibration = sessions() if calibration is None else calibration
    accepted = replace(then if isinstance(then, ResourceBaseline) else resources(then), sessions=calibration)
    return {verdict.metric: verdict for verdict in speed.assess(result(now, **changes), accepted, rules or {})}


@pytest.mark.parametrize(
    ("factors", "status", "change"),
    [
        pytest.param([1.0], "PASS", 0.0, id="identical"),
        pytest.param([2.0], "REGRESSED", 1.0, id="twice as slow"),
        pytest.param([0.5], "IMPROVED", -0.5, id="twice as fast"),
        pytest.param([1.09], "PASS", 0.09, id="slower within the margin"),
        pytest.param([1.12], "REGRESSED", 0.12, id="slower beyond the margin"),
        pytest.param([0.92], "PASS", -0.08, id="faster within the margin"),
        pytest.param([0.4, 4.0], "INCONCLUSIVE", 0.264, id="so scattered that it proves nothing"),
        pytest.param([0.25, 2.5], "PASS", -0.209, id="faster, so scattered that it proves nothing"),
        pytest.param([1.3, 1.2, 1.25], "REGRESSED", 0.25, id="slower with a little scatter"),
        pytest.param([1.0] * 17 + [30.0] * 3, "PASS", 0.0, id="three hiccups of twenty"),
    ],
)
def test_the_change_is_that_of_the_typical_utterance(factors: list[float], status: str, change: float) -> None:
    verdicts = assess(timed_utterances(times(1.0)), timed_utterances(times(*factors)))
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
    waiting = assess(timed_utterances(times(1.0)), timed_utterances(times(2.0), times(1.0)))
    assert (waiting["rtf"].status, waiting["rtf_cpu"].status) == (Status.REGRESSED, Status.PASS)
    assert waiting["rtf"].why == "+100.0% slower than accepted, 10% is allowed"
    assert waiting["rtf_cpu"].why == ""


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
    verdicts = assess(timed_utterances(times(1.0)), timed_utterances(times(factor)), readings=BUSY)
    assert (verdicts["rtf"].status, verdicts["rtf_cpu"].status) == (wall, cpu)
    if wall == "INCONCLUSIVE":
        assert verdicts["rtf"].why == "looks slower, but other processes kept 1.5 of 2 cores busy"
        assert not verdicts["rtf"].red


def test_without_a_baseline_it_is_new() -> None:
    for verdict in speed.assess(result(timed_utterances(times(1.0))), None, {}):
        assert (verdict.status, verdict.red, verdict.baseline, verdict.change) == (Status.NEW, False, None, None)
        assert (verdict.why, verdict.p, verdict.detects) == ("no baseline for a-cpu-1t", None, None)


@pytest.mark.parametrize("count", [0, 1, 4])
def test_too_few_utterances_decide_nothing(count: int) -> None:
    for verdict in assess(timed_utterances([0.1] * count), timed_utterances([0.9] * count)).values():
        assert (verdict.status, verdict.red) == (Status.INCONCLUSIVE, False)
        assert verdict.why == f"{count} utterances with times on both sides, at least 5 are needed"


def test_five_utterances_are_enough() -> None:
    assert assess(timed_utterances([0.1] * 5), timed_utterances([0.9] * 5))["rtf"].red


# ---------------------------------------------------------------------------- which clock


def test_a_gpu_is_judged_by_its_own_clock_and_the_wall() -> None:
    readings = {**READINGS, "rtf_gpu": 0.03}
    then, now = timed_utterances(times(1.0), gpu=times(1.0)), timed_utterances(times(1.0), gpu=times(1.5))
    accepted = ResourceBaseline({}, {each.id: (each.wall_s, each.cpu_s, each.gpu_s) for each in then}, readings)
    verdicts = assess(accepted, now, key=CUDA, readings=readings)
    assert {metric: verdict.status for metric, verdict in verdicts.items()} == {"rtf": "PASS", "rtf_gpu": "REGRESSED"}
    assert verdicts["rtf_gpu"].now == 0.03


def test_a_gpu_without_events_is_judged_by_the_wall() -> None:
    verdicts = assess(timed_utterances(times(1.0)), timed_utterances(times(2.0)), key=CUDA)
    assert {metric: verdict.status for metric, verdict in verdicts.items()} == {"rtf": "REGRESSED"}


def test_a_clock_that_the_baseline_lacks_is_new() -> None:
    now = timed_utterances(times(1.0), gpu=times(1.0))
    verdict = assess(timed_utterances(times(1.0)), now, key=CUDA, readings={**READINGS, "rtf_gpu": 0.03})["rtf_gpu"]
    assert (verdict.status, verdict.why) == (Status.NEW, "the baseline has no rtf_gpu")


def test_with_more_threads_the_wall_clock_decides() -> None:
    threads = {**PROVENANCE, "threads": "4"}
    slower = assess(
        timed_utterances(times(1.0)),
        timed_utterances(times(2.0)),
        provenance=threads,
        readings={**READINGS, "cores": 8.0},
    )
    assert (slower["rtf"].status, slower["rtf_cpu"].status) == (Status.REGRESSED, Status.INCONCLUSIVE)
    assert "CPU time of 4 threads holds their waiting" in slower["rtf_cpu"].why


def test_a_throttled_gpu_proves_nothing() -> None:
    slower = assess(
        timed_utterances(times(1.0)),
        timed_utterances(times(2.0)),
        key=CUDA,
        readings={**READINGS, "gpu_throttled": 0.5},
    )
    assert slower["rtf"].status is Status.INCONCLUSIVE
    assert slower["rtf"].why.startswith("looks slower, but the GPU had lowered its clocks")


def test_more_cores_than_threads_prove_nothing_on_either_clock() -> None:
    slower = assess(timed_utterances(times(1.0)), timed_utterances(times(2.0), times(4.0)))
    assert {verdict.status for verdict in slower.values()} == {Status.INCONCLUSIVE}
    assert "the model used 2.0 cores with 1 thread" in slower["rtf_cpu"].why


# ---------------------------------------------------------------------------- calibration


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_case_has_to_earn_the_right_to_fail(count: int) -> None:
    slower = assess(timed_utterances(times(1.0)), timed_utterances(times(2.0)), calibration=sessions(count=count))[
        "rtf_cpu"
    ]
    assert (slower.status, slower.red, slower.detects, slower.p) == (Status.INCONCLUSIVE, False, None, None)
    assert slower.why == (
        f"looks slower, but not calibrated ({count} sessions): `modellab calibrate` measures how much this case varies"
    )
    same = assess(timed_utterances(times(1.0)), timed_utterances(times(1.05)), calibration=sessions(count=count))[
        "rtf_cpu"
    ]
    assert (same.status, same.detects) == (Status.PASS, None)


def test_sessions_without_the_clock_do_not_count() -> None:
    calibration = tuple({"rtf": each["rtf"]} for each in sessions())
    slower = assess(timed_utterances(times(1.0)), timed_utterances(times(2.0)), calibration=calibration)
    assert (slower["rtf"].status, slower["rtf_cpu"].status) == (Status.REGRESSED, Status.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("sd", "factor", "status"),
    [
        (0.01, 1.12, "REGRESSED"),  # the margin rules
        (0.05, 1.12, "INCONCLUSIVE"),  # t(0.99, 5) = 3.36, times 5 % and sqrt(7/6): up to +20 % is noise
        (0.05, 1.19, "INCONCLUSIVE"),
        (0.05, 1.22, "REGRESSED"),
        (0.05, 0.90, "PASS"),
        (0.05, 0.81, "IMPROVED"),
    ],
)
def test_the_limit_is_what_unchanged_models_do(sd: float, factor: float, status: str) -> None:
    verdict = assess(timed_utterances(times(1.0)), timed_utterances(times(factor)), calibration=sessions(sd))["rtf_cpu"]
    assert verdict.status == status
    assert verdict.change == pytest.approx(factor - 1)
    if status == "INCONCLUSIVE":
        assert verdict.why == "looks slower, but runs of the unchanged model differ as much: 20% is allowed"


def test_a_lucky_baseline_is_set_right_by_its_sessions() -> None:
    """All sessions took 6 % more than the accepted run: +12 % is only 6 % more than usual. Not without end, though."""
    then, now = timed_utterances(times(1.0)), timed_utterances(times(1.12))
    assert assess(then, now, calibration=sessions(mean=math.log(1.06)))["rtf_cpu"].status is Status.PASS
    slow = sessions(mean=math.log(1.5))
    assert assess(then, timed_utterances(times(1.5)), calibration=slow)["rtf_cpu"].status is Status.REGRESSED


def test_p_and_what_is_detected_come_from_the_sessions() -> None:
    verdict = assess(timed_utterances(times(1.0)), timed_utterances(times(1.05)), calibration=sessions(0.02))["rtf_cpu"]
    error = 0.02 * math.sqrt(1 + 1 / 6)
    assert verdict.p == pytest.approx(float(scipy.stats.t.sf(math.log(1.05) / error, 5)))
    assert verdict.detects == pytest.approx(1.10 * math.exp(float(scipy.stats.t.isf(1 - 0.8**0.5, 5)) * error) - 1)


def test_a_rule_sets_margin_alpha_and_limit() -> None:
    then, now = timed_utterances(times(1.0)), timed_utterances(times(1.06))
    assert assess(then, now)["rtf"].status is Status.PASS
    rules = {"rtf": Rule(margin=0.03), "rtf_cpu": Rule(margin=0.03, alpha=0.0001)}
    tight = assess(then, now, rules)
    assert (tight["rtf"].status, tight["rtf_cpu"].status) == (Status.REGRESSED, Status.INCONCLUSIVE)
    assert tight["rtf_cpu"].alpha == 0.0001
    limits = assess(then, then, {"rtf": Rule(limit=0.049), "rtf_cpu": Rule(limit=0.04)})
    assert (limits["rtf"].red, limits["rtf_cpu"].red) == (True, False)
    assert limits["rtf"].why == "0.05 is above the limit 0.049"
    (new, _) = speed.assess(result(now), None, {"rtf": Rule(limit=0.01)})
    assert new.why == "0.05 is above the limit 0.01; no baseline for a-cpu-1t"


def test_a_pass_that_could_not_have_seen_enough_is_none() -> None:
    verdicts = assess(timed_utterances(times(1.0)), timed_utterances(times(1.0)), {"rtf": Rule(sensitivity=0.11)})
    assert verdicts["rtf"].why == "sees a change of 11.7% or more, 11.0% is asked for"
    assert (verdicts["rtf"].status, verdicts["rtf_cpu"].status) == (Status.INCONCLUSIVE, Status.PASS)


def test_limits_and_excess_for_those_who_compute_with_sessions() -> None:
    assert stored_limit((), "rtf") == pytest.approx(math.log(1.10))
    assert stored_limit(sessions(0.05), "rtf") == pytest.approx(3.3649 * 0.05 * math.sqrt(7 / 6), abs=1e-4)
    assert stored_limit(sessions(0.05), "rtf", margin=0.5) == pytest.approx(math.log(1.5))
    assert stored_limit(sessions(mean=0.04), "rtf") == pytest.approx(math.log(1.10) + 0.04)
    assert not exceeds({"rtf": 9.0}, sessions(count=4), "rtf")
    assert [exceeds({"rtf": x}, sessions(0.05), "rtf") for x in (0.18, 0.19)] == [False, True]
    assert not exceeds({"rtf": 0.19}, sessions(0.05), "rtf", alpha=0.001)
