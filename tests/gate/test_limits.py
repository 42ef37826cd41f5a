"""Absolute limits and the sensitivity that a case is asked for."""

from __future__ import annotations

import math
from typing import Any

import pytest

from modellab.gate.limits import held, limited, sensitive
from modellab.types import Rule, Status, Verdict

MIB = 2**20


def speed_verdict(status: Status = Status.PASS, **changes: Any) -> Verdict:
    fields: dict[str, Any] = {"now": 0.2, "baseline": 0.2, "detects": 0.04, **changes}
    return Verdict("rtf", "s/s", "speed", status, **fields)


@pytest.mark.parametrize(
    ("now", "limit", "why"),
    [
        (0.2, None, ""),
        (0.2, 0.2, ""),
        (0.2, 0.19, "0.2 is above the limit 0.19"),
        (math.nan, 0.19, "no value to hold to the limit 0.19"),
        (math.nan, None, ""),
    ],
)
def test_a_limit_is_absolute(now: float, limit: float | None, why: str) -> None:
    found = limited(speed_verdict(now=now), Rule(limit=limit))
    assert (found.red, found.why) == (bool(why), why)
    beyond = Status.INCONCLUSIVE if math.isnan(now) else Status.ABOVE_LIMIT
    assert found.status is (beyond if why else Status.PASS)


@pytest.mark.parametrize(
    ("baseline", "accepted", "status"),
    [
        (0.2, None, Status.ABOVE_LIMIT),
        (0.18, None, Status.REGRESSED),
        (0.19, None, Status.REGRESSED),
        (0.18, 0.2, Status.REGRESSED),
        (None, None, Status.ABOVE_LIMIT),
        (None, 0.2, Status.ABOVE_LIMIT),
        (None, 0.18, Status.REGRESSED),
    ],
)
def test_what_was_accepted_within_the_limit_regressed(
    baseline: float | None, accepted: float | None, status: Status
) -> None:
    assert limited(speed_verdict(baseline=baseline), Rule(limit=0.19), accepted).status is status


def test_a_limit_names_its_unit_and_keeps_what_was_said() -> None:
    grown = Verdict("peak_rss_bytes", "bytes", "memory", Status.NEW, 300 * MIB, why="no baseline for a-cpu-1t")
    assert limited(grown, Rule(limit=256 * MIB)).why == (
        "300.0 MiB is above the limit 256.0 MiB; no baseline for a-cpu-1t"
    )
    slow = Verdict("load_s", "s", "speed", Status.PASS, 9.0)
    assert limited(slow, Rule(limit=5)).why == "9 s is above the limit 5 s"


@pytest.mark.parametrize(
    ("status", "sensitivity", "expected"),
    [
        (Status.PASS, None, Status.PASS),
        (Status.PASS, 0.05, Status.PASS),
        (Status.PASS, 0.04, Status.PASS),
        (Status.PASS, 0.03, Status.INCONCLUSIVE),
        (Status.IMPROVED, 0.03, Status.IMPROVED),
        (Status.REGRESSED, 0.03, Status.REGRESSED),
    ],
)
def test_only_a_pass_needs_sensitivity(status: Status, sensitivity: float | None, expected: Status) -> None:
    assert sensitive(speed_verdict(status), Rule(sensitivity=sensitivity)).status is expected


def test_the_sensitivity_of_memory_is_a_share_too() -> None:
    peak = Verdict("peak_rss_bytes", "bytes", "memory", Status.PASS, 100.0 * MIB, 100.0 * MIB, detects=3.0 * MIB)
    assert sensitive(peak, Rule(sensitivity=0.05)).status is Status.PASS
    assert sensitive(peak, Rule(sensitivity=0.02)).why == "sees a change of 3.0% or more, 2.0% is asked for"


def test_what_cannot_be_told_is_not_asked() -> None:
    assert sensitive(speed_verdict(detects=None), Rule(sensitivity=0.01)).status is Status.PASS


def test_a_limit_comes_last() -> None:
    found = held(speed_verdict(), Rule(limit=0.1, sensitivity=0.01))
    assert found.red
    assert found.why == "0.2 is above the limit 0.1; sees a change of 4.0% or more, 1.0% is asked for"
