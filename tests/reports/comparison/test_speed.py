"""Stored times and peaks: what sessions differ by is in the interval, and another machine is no comparison."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from modellab.gate.calibration_noise import Noise
from modellab.reports.comparison import speed
from modellab.reports.comparison.pairing import CasePair
from modellab.reports.comparison.references import Calibrations, Library
from modellab.reports.comparison.two_systems import compare
from modellab.types import CaseId

from .systems import entry, said

ERRORS = [0.0, 1.0] * 20


def met(times: float = 0.08, **changes: Any) -> CasePair:
    """A fake against one that takes `times` seconds of CPU for each utterance."""
    return CasePair(entry(said(ERRORS), "one"), entry(said(ERRORS, cpu_s=times, wall_s=1.2 * times), "two", **changes))


def steady(key: CaseId, machine: str, metric: str) -> Noise:
    return Noise.of([0.01 * (-1) ** i for i in range(10)])


@pytest.mark.parametrize(("times", "told"), [(0.08, ""), (0.088, ""), (0.02, "B"), (0.32, "A")])
def test_what_is_told_of_speed(times: float, told: str) -> None:
    system_pair = compare("A", "B", [met(times)], Library(Path("nowhere")), steady).system_pairs[0]
    assert [each.told for each in system_pair.speeds] == [told]
    assert system_pair.speeds[0].ratio == pytest.approx(times / 0.08)
    low, high = system_pair.speeds[0].interval
    assert low < times / 0.08 < high


def test_sessions_that_were_never_taken_are_assumed_to_differ_more() -> None:
    (calm,), _, _ = speed.speeds(met(), steady)
    (unknown,), _, _ = speed.speeds(met(), speed.no_noise)
    assert unknown.assumed
    assert not calm.assumed
    spread = math.log(calm.interval[1])
    assert math.log(unknown.interval[1]) == pytest.approx(1.96 * math.sqrt(2) * speed.ASSUMED, rel=0.1)
    assert spread == pytest.approx(2.26 * math.sqrt(2) * speed.LEAST, rel=0.1)  # t with 9 degrees of freedom


def test_another_machine_is_no_comparison() -> None:
    clocks, peaks, why = speed.speeds(met(machine="another-cpu-1t"), steady)
    assert (clocks, peaks) == ([], [])
    assert why == "short_v1: measured on different machines (a-cpu-1t, another-cpu-1t): speed and memory not compared"


def test_a_disturbed_run_is_told_of_and_not_judged() -> None:
    case_pair = met(0.02, readings={"other_cores": 1.9})
    system_pair = compare("A", "B", [case_pair], Library(Path("nowhere")), steady).system_pairs[0]
    assert [each.told for each in system_pair.speeds] == [""]
    assert "cores busy" in system_pair.speeds[0].excuse


@pytest.mark.parametrize(("threads", "clock"), [("1", "rtf_cpu"), ("4", "rtf")])
def test_the_clock_that_decides(threads: str, clock: str) -> None:
    (found,), _, _ = speed.speeds(met(provenance={"threads": threads}), steady)
    assert found.clock == clock


@pytest.mark.parametrize(("peak", "told"), [(100e6, ""), (108e6, ""), (60e6, "B"), (200e6, "A")])
def test_what_is_told_of_memory(peak: float, told: str) -> None:
    _, (found,), _ = speed.speeds(met(readings={"peak_rss_bytes": peak}), steady)
    assert (found.a, found.b, found.told) == (100e6, peak, told)


def test_too_few_utterances_have_no_pace() -> None:
    few = said(ERRORS)[:4]
    clocks, _, why = speed.speeds(CasePair(entry(few, "one"), entry(few, "two")), steady)
    assert (clocks, why) == ([], "")


def test_without_a_baseline_there_are_no_sessions(tmp_path: Any) -> None:
    assert not Calibrations(tmp_path)(met().a.key, "a-cpu-1t", "rtf_cpu").calibrated
