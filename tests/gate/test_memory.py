"""The memory gate: a peak against a margin."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.gate import memory
from modellab.types import Pace, Status, Verdict

from ..make import KEY, READINGS, result

MIB = 2.0**20


def judge(then: float | None, now: float) -> Verdict:
    pace = None if then is None else Pace({}, {}, {"peak_rss_bytes": then})
    (verdict,) = memory.judge(result([], readings={**READINGS, "peak_rss_bytes": now}), pace)
    return verdict


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
    verdict = judge(then, now)
    assert verdict.status == status
    assert verdict.red is (status == "REGRESSED")
    assert (verdict.metric, verdict.unit, verdict.kind) == ("peak_rss_bytes", "bytes", "memory")
    assert (verdict.now, verdict.baseline, verdict.change, verdict.interval) == (now, then, now - then, None)


def test_the_sentence_names_the_growth_and_the_margin() -> None:
    assert judge(1000 * MIB, 1050 * MIB).why == "+50 MiB above the accepted peak, 30 MiB is allowed"
    assert judge(100 * MIB, 150 * MIB).why == "+50 MiB above the accepted peak, 12 MiB is allowed"


def test_without_a_baseline_it_is_new() -> None:
    verdict = judge(None, 100 * MIB)
    assert (verdict.status, verdict.red, verdict.change) == (Status.NEW, False, None)
    assert verdict.why == "no baseline for a-cpu-1t"


def test_a_reading_that_the_baseline_lacks_is_new() -> None:
    (verdict,) = memory.judge(result([]), Pace({}, {}, {}))
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
    pace = Pace({}, {}, dict.fromkeys(metrics, 100e6))
    now = {**READINGS, "peak_rss_bytes": 100e6, "peak_vram_bytes": 900e6}
    verdicts = memory.judge(result([], key=replace(KEY, device=device), readings=now), pace)
    assert [verdict.metric for verdict in verdicts] == metrics
    assert [verdict.red for verdict in verdicts] == [metric == "peak_vram_bytes" for metric in metrics]


@given(st.floats(1, 1e12), st.floats(1, 1e12))
def test_more_is_never_better(then: float, now: float) -> None:
    status = judge(then, now).status
    assert status is not (Status.IMPROVED if now >= then else Status.REGRESSED)
    assert judge(then, then).status is Status.PASS
