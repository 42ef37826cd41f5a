"""The memory gate: a peak against a margin that comes from measured noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.gate import memory
from modellab.gate.calibration_noise import Noise
from modellab.types import ResourceBaseline, Rule, Status, Verdict

from ..make import KEY, PROVENANCE, READINGS, result

MIB = 2.0**20


def assess(
    then: float | None, now: float, sessions: tuple[dict[str, float], ...] = (), rule: Rule | None = None
) -> Verdict:
    resources = None if then is None else ResourceBaseline({}, {}, {"peak_rss_bytes": then}, sessions)
    readings = {**READINGS, "peak_rss_bytes": now}
    (verdict,) = memory.assess(result([], readings=readings), resources, {"peak_rss_bytes": rule or Rule()})
    return verdict


def sessions_around(peak: float, sd: float = 0.0) -> tuple[dict[str, float], ...]:
    """Six sessions around a peak, with this standard deviation."""
    signs = np.array([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0])
    return tuple({"peak_rss_bytes": float(peak + sd * sign / np.std(signs, ddof=1))} for sign in signs)


@pytest.mark.parametrize(
    ("then", "now", "status"),
    [
        pytest.param(100 * MIB, 100 * MIB, "PASS", id="identical"),
        pytest.param(100 * MIB, 112 * MIB, "PASS", id="12 MiB more are nothing"),
        pytest.param(100 * MIB, 113 * MIB, "REGRESSED", id="13 MiB more of a small model"),
        pytest.param(100 * MIB, 88 * MIB, "PASS", id="12 MiB less"),
        pytest.param(100 * MIB, 87 * MIB, "IMPROVED", id="13 MiB less"),
        pytest.param(4000 * MIB, 4120 * MIB, "PASS", id="3 % more of a large model"),
        pytest.param(4000 * MIB, 4121 * MIB, "REGRESSED", id="beyond 3 %"),
        pytest.param(4000 * MIB, 3879 * MIB, "IMPROVED", id="beyond 3 % less"),
        pytest.param(0.0, 5 * MIB, "PASS", id="from nothing"),
        pytest.param(0.0, 50 * MIB, "REGRESSED", id="from nothing to much"),
    ],
)
def test_a_peak_is_held_to_its_margin(then: float, now: float, status: str) -> None:
    verdict = assess(then, now)
    assert verdict.status == status
    assert verdict.red is (status == "REGRESSED")
    assert (verdict.metric, verdict.unit, verdict.kind) == ("peak_rss_bytes", "bytes", "memory")
    assert (verdict.now, verdict.baseline, verdict.change, verdict.interval) == (now, then, now - then, None)


@pytest.mark.parametrize(
    ("sessions_at", "now", "status"),
    [
        pytest.param(1005, 1014, "PASS", id="the accepted peak was a lucky one"),
        pytest.param(1005, 1016, "REGRESSED", id="and a growth beyond the sessions' is seen"),
        pytest.param(995, 1004, "PASS", id="an unlucky one"),
        pytest.param(995, 1006, "REGRESSED", id="hides no growth"),
        pytest.param(1300, 1019, "PASS", id="sessions of another model set it right by 1 %"),
        pytest.param(1300, 1021, "INCONCLUSIVE", id="and contradict it from there to their own peak"),
        pytest.param(1300, 1311, "REGRESSED", id="above both"),
        pytest.param(700, 690, "INCONCLUSIVE", id="and below as well"),
        pytest.param(700, 689, "IMPROVED", id="below both"),
    ],
)
def test_a_single_accepted_peak_is_set_right_by_the_sessions(sessions_at: int, now: int, status: str) -> None:
    verdict = assess(1000 * MIB, now * MIB, sessions_around(sessions_at * MIB))
    assert (verdict.status, verdict.change) == (status, (now - 1000) * MIB)


LOW, HIGH = 197.9 * MIB, 210.5 * MIB  # the two peaks that one unchanged recogniser had


@pytest.mark.parametrize(
    ("then", "sessions", "now", "status"),
    [
        pytest.param(LOW, [HIGH] * 6, HIGH, "INCONCLUSIVE", id="accepted low, calibrated high: high is no growth"),
        pytest.param(LOW, [HIGH] * 6, LOW, "PASS", id="and low is as accepted"),
        pytest.param(LOW, [HIGH] * 6, HIGH + 20 * MIB, "REGRESSED", id="20 MiB above both"),
        pytest.param(HIGH, [LOW] * 6, LOW, "INCONCLUSIVE", id="accepted high, calibrated low: low is no gain"),
        pytest.param(HIGH, [LOW] * 6, LOW + 20 * MIB, "REGRESSED", id="the high one hides no growth of 20 MiB"),
        pytest.param(LOW, [LOW, HIGH] * 3, HIGH, "PASS", id="sessions that hold both, accepted low"),
        pytest.param(HIGH, [LOW, HIGH] * 3, LOW, "PASS", id="sessions that hold both, accepted high"),
        pytest.param(LOW, [LOW] * 5 + [HIGH], HIGH, "PASS", id="one session of six"),
        pytest.param(LOW, [LOW, HIGH] * 3, HIGH + 30 * MIB, "REGRESSED", id="30 MiB above both"),
    ],
)
def test_two_modes_of_unchanged_code_are_neither_better_nor_worse(
    then: float, sessions: list[float], now: float, status: str
) -> None:
    verdict = assess(then, now, tuple({"peak_rss_bytes": peak} for peak in sessions))
    assert verdict.status == status
    if status == "INCONCLUSIVE":
        other = f"{sessions[0] / MIB:.1f} MiB"
        assert f"accepted peak is {then / MIB:.1f} MiB and that of its calibration sessions {other}" in verdict.why
        assert "its peak has two modes, accept its memory anew" in verdict.why


@pytest.mark.parametrize(
    ("then", "now"), [({}, "a=1"), ({"allocator": "a=1"}, "a=2"), ({"allocator": "a=1"}, "default")]
)
@pytest.mark.parametrize("peak", [50.0, 100.0, 150.0])
def test_peaks_of_different_allocators_are_not_compared(then: dict[str, str], now: str, peak: float) -> None:
    accepted = ResourceBaseline(then, {}, {"peak_rss_bytes": 100 * MIB, "peak_vram_bytes": 100 * MIB})
    readings = {**READINGS, "peak_rss_bytes": peak * MIB, "peak_vram_bytes": 150 * MIB}
    measured = result(
        [], readings=readings, provenance={**PROVENANCE, "allocator": now}, key=replace(KEY, device="cuda")
    )
    resident, gpu = memory.assess(measured, accepted, {})
    assert (resident.status, resident.red) == (Status.NOT_COMPARABLE, False)
    was = then.get("allocator", "not recorded")
    assert resident.why.startswith(f"its memory was accepted under another setting of the allocator ({was}; now {now})")
    assert gpu.status is Status.REGRESSED, "the GPU's memory has another allocator"
    (limited, _) = memory.assess(measured, accepted, {"peak_rss_bytes": Rule(limit=10 * MIB)})
    assert limited.red, "an absolute limit holds anyway"


def test_the_sentence_names_the_growth_and_the_margin() -> None:
    assert assess(1000 * MIB, 1050 * MIB).why == "+50 MiB above the accepted peak, 30 MiB is allowed"
    assert assess(100 * MIB, 150 * MIB).why == "+50 MiB above the accepted peak, 12 MiB is allowed"


def test_without_a_baseline_it_is_new() -> None:
    verdict = assess(None, 100 * MIB)
    assert (verdict.status, verdict.red, verdict.change) == (Status.NEW, False, None)
    assert verdict.why == "no baseline for a-cpu-1t"


def test_a_reading_that_the_baseline_lacks_is_new() -> None:
    (verdict,) = memory.assess(result([]), ResourceBaseline({}, {}, {}), {})
    assert (verdict.status, verdict.red) == (Status.NEW, False)


@pytest.mark.parametrize(
    ("device", "metrics"),
    [
        ("cpu", ["peak_rss_bytes"]),
        ("cuda", ["peak_rss_bytes", "peak_vram_bytes"]),
        ("mps", ["peak_rss_bytes"]),
    ],
)
def test_each_device_has_its_kinds_of_memory(device: str, metrics: list[str]) -> None:
    resources = ResourceBaseline({}, {}, dict.fromkeys(metrics, 100e6))
    now = {**READINGS, "peak_rss_bytes": 100e6, "peak_vram_bytes": 900e6}
    verdicts = memory.assess(result([], key=replace(KEY, device=device), readings=now), resources, {})
    assert [verdict.metric for verdict in verdicts] == metrics
    assert [verdict.red for verdict in verdicts] == [metric == "peak_vram_bytes" for metric in metrics]


@pytest.mark.parametrize(
    ("then", "sd", "now", "status"),
    [
        pytest.param(50, 0.0, 51, "PASS", id="1 MiB more is nothing"),
        pytest.param(50, 0.0, 51.5, "REGRESSED", id="more than 1 MiB of a small model"),
        pytest.param(1000, 0.8, 1010, "PASS", id="1 % more of a large model"),
        pytest.param(1000, 0.8, 1010.5, "REGRESSED", id="beyond 1 %"),
        pytest.param(1000, 0.8, 989.5, "IMPROVED", id="beyond 1 % less"),
        pytest.param(1000, 5.0, 1019.5, "PASS", id="within four deviations of a restless one"),
        pytest.param(1000, 5.0, 1020.5, "REGRESSED", id="beyond four deviations"),
    ],
)
def test_calibration_sets_the_margin(then: float, sd: float, now: float, status: str) -> None:
    assert assess(then * MIB, now * MIB, sessions_around(then * MIB, sd * MIB)).status == status


def test_fewer_than_five_sessions_are_no_calibration() -> None:
    assert assess(1000 * MIB, 1020 * MIB, sessions_around(1000 * MIB)[:4]).status is Status.PASS
    assert assess(1000 * MIB, 1020 * MIB, sessions_around(1000 * MIB)[:5]).status is Status.REGRESSED


@pytest.mark.parametrize("sessions", [(), sessions_around(1000 * MIB)])
def test_a_rule_sets_share_and_limit(sessions: tuple[dict[str, float], ...]) -> None:
    then = 1000 * MIB
    assert assess(then, 1060 * MIB, sessions, Rule(margin=0.07)).status is Status.PASS
    assert assess(then, 1080 * MIB, sessions, Rule(margin=0.07)).status is Status.REGRESSED
    over = assess(then, then, sessions, Rule(limit=512 * MIB))
    assert (over.red, over.why) == (True, "1000.0 MiB is above the limit 512.0 MiB")
    unknown = assess(None, then, (), Rule(limit=512 * MIB))
    assert unknown.why == "1000.0 MiB is above the limit 512.0 MiB; no baseline for a-cpu-1t"


def test_what_is_detected_is_the_margin_and_a_little_noise() -> None:
    assert assess(1000 * MIB, 1000 * MIB).detects == 30 * MIB
    assert assess(1000 * MIB, 1000 * MIB, sessions_around(1000 * MIB)).detects == 10 * MIB
    noisy = assess(1000 * MIB, 1000 * MIB, sessions_around(1000 * MIB, MIB))
    assert noisy.detects == pytest.approx((10 + 1.25 * (7 / 6) ** 0.5) * MIB)


def test_noise_of_0_08_percent_is_never_red_and_1_5_percent_always() -> None:
    """500 MiB, baseline, calibration and run drawn anew each time; red twice, as the suite asks for."""
    draw = np.random.default_rng(9)
    red = {0.0: 0, 0.015: 0}
    for _ in range(500):
        peaks = 500 * MIB * (1 + 0.0008 * draw.standard_normal(9))
        sessions = tuple({"peak_rss_bytes": float(peak)} for peak in peaks[:6])
        for growth in red:
            runs = [assess(float(peaks[6]), float(peak * (1 + growth)), sessions) for peak in peaks[7:]]
            red[growth] += all(run.red for run in runs)
    assert red == {0.0: 0, 0.015: 500}


@given(st.floats(1, 1e12), st.floats(1, 1e12))
def test_more_is_never_better(then: float, now: float) -> None:
    status = assess(then, now).status
    assert status is not (Status.IMPROVED if now >= then else Status.REGRESSED)
    assert assess(then, then).status is Status.PASS


# ---------------------------------------------------------------------------- beside a reference


def beside(then: float, now: float, allocators: tuple[str, str] = ("a=1", "a=1"), rule: Rule | None = None) -> Verdict:
    rules = {"peak_rss_bytes": rule or Rule()}
    ours, theirs = {"peak_rss_bytes": now}, {"peak_rss_bytes": then, "peak_vram_bytes": 1.0}
    (verdict,) = memory.assess_beside(ours, theirs, "cuda", rules, "main", allocators)
    return verdict


@pytest.mark.parametrize(
    ("then", "now", "status"),
    [(100, 112, "PASS"), (100, 113, "REGRESSED"), (1000, 1031, "REGRESSED"), (113, 100, "IMPROVED")],
)
def test_the_peak_of_a_reference_stands_for_an_accepted_one(then: int, now: int, status: str) -> None:
    verdict = beside(then * MIB, now * MIB)
    assert (verdict.status, verdict.red, verdict.versus) == (status, status == "REGRESSED", "main")
    assert (verdict.baseline, verdict.change) == (then * MIB, (now - then) * MIB)
    assert verdict.detects == memory.margin_bytes(then * MIB, Noise.of([]))


def test_a_reference_with_another_allocator_tells_nothing_and_a_limit_holds_anyway() -> None:
    verdict = beside(100 * MIB, 200 * MIB, ("a=1", "a=2"))
    assert (verdict.status, verdict.red) == (Status.NOT_COMPARABLE, False)
    assert verdict.why == "main measures memory under another setting of the allocator (a=2; here a=1)"
    assert beside(100 * MIB, 200 * MIB, ("a=1", "a=2"), Rule(limit=150 * MIB)).red
