"""The table of claims, for a terminal and for Markdown."""

from __future__ import annotations

import json
import math

import pytest

from modellab.reports.scorecard.claims import ClaimRow, failure, notes, table
from modellab.types import Status

from ... import make


def row(status: Status = Status.PASS, now: float = 0.04, source: str = "the paper") -> ClaimRow:
    verdict = make.verdict(
        "wer", status, now, baseline=0.03, change=now - 0.03, interval=(-0.01, 0.03), detects=0.02, versus="claim",
        why="worse than stated, p 0.001", p=0.001,
    )  # fmt: skip
    return ClaimRow(make.KEY, source, 400, verdict)


def test_a_line_says_what_was_stated_measured_and_could_be_seen() -> None:
    headers, line = table([row()]).splitlines()
    assert headers.split() == [
        "model", "dataset", "device", "metric", "N", "claimed", "measured", "difference", "[95", "%]", "detects",
        "verdict", "source",
    ]  # fmt: skip
    assert line.split("  ") != []
    for part in ("fake:one", "short_v1", "400", "3.00 %", "4.00 %", "+1.00 % [-1.00 %, +3.00 %]", "+2.00 %", "PASS"):
        assert part in line
    assert line.endswith("the paper")


def test_lines_are_sorted_and_markdown_is_bold_where_it_is_red() -> None:
    text = table([row(Status.REGRESSED, source="a|b")], "github")
    assert "**REGRESSED**" in text
    assert "a&#124;b" in text


def test_what_can_never_be_seen_is_a_dash() -> None:
    blind = ClaimRow(make.KEY, "x", 3, make.verdict(baseline=0.1, change=0.0, detects=math.inf))
    assert " -  " in table([blind]).splitlines()[1]


def test_a_failure_names_the_source() -> None:
    assert failure(row(Status.REGRESSED)).splitlines() == [
        "fake:one-short_v1-cpu-float32: a claim does not hold",
        "  wer: claimed 3.00 %, measured 4.00 %, difference +1.00 % [-1.00 %, +3.00 %] (worse than stated, p 0.001)",
        "  claimed by the paper",
    ]


@pytest.mark.parametrize(("status", "count"), [(Status.PASS, 0), (Status.INCONCLUSIVE, 1), (Status.REGRESSED, 0)])
def test_doubt_is_explained(status: Status, count: int) -> None:
    assert len(notes([row(status)])) == count


def test_a_row_survives_the_way_between_processes() -> None:
    assert ClaimRow.decode(json.loads(json.dumps(row().encode()))) == row()


def test_junit_gets_the_numbers() -> None:
    assert dict(row().properties()) == {"verdict": "PASS", "claimed": "0.03", "wer": "0.04"}
