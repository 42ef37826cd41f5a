"""A case as a row: it survives the way from an xdist worker, and JUnit gets its numbers."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from modellab.runner.outcome import Outcome
from modellab.runner.summary import CaseSummary
from modellab.types import Status

from ...make import KEY, outcome, result, utterance, verdict

MEASURED = result([utterance("a", {}), utterance("b", {})])
FULL = outcome(
    Status.REGRESSED,
    verdict("wer", Status.REGRESSED, 0.2, baseline=0.1, change=0.1, interval=(0.05, 0.15), why="2 of 2 changed"),
    verdict("rtf", Status.NEW, 0.05, unit="s/s", kind="speed"),
    result=MEASURED,
    changed=2,
    notes=("the weights changed",),
    written=(Path("baselines/a.json"), Path("baselines/b.json")),
)
FAILED = outcome(Status.ERROR, error="the worker died\nsegfault")


@pytest.mark.parametrize("case", [FULL, FAILED], ids=["measured", "failed"])
def test_a_row_survives_the_way_from_a_worker(case: Outcome) -> None:
    row = case.summary()
    assert CaseSummary.decode(json.loads(json.dumps(row.encode()))) == row


def test_a_reading_that_is_none_survives_too() -> None:
    readings = {**MEASURED.readings, "first_call_s": math.nan}
    row = replace(FULL, result=replace(MEASURED, readings=readings)).summary()
    assert math.isnan(CaseSummary.decode(json.loads(json.dumps(row.encode()))).readings["first_call_s"])


def test_a_row_knows_what_the_scorecard_needs() -> None:
    row = FULL.summary()
    assert (row.key, row.tier, row.utterances, row.changed) == (KEY, "smoke", 2, 2)
    assert row.primary == row.verdict("wer")
    assert [each.metric for each in row.red] == ["wer"]
    assert row.verdict("der") is None
    assert row.written == ("baselines/a.json", "baselines/b.json")
    assert row.readings["peak_rss_bytes"] == 100e6


def test_a_case_without_a_measurement_is_a_row_too() -> None:
    row = FAILED.summary()
    assert (row.utterances, row.primary, row.red, dict(row.readings)) == (0, None, (), {})
    assert row.properties() == [("verdict", "ERROR")]


def test_junit_gets_each_number_once() -> None:
    properties = FULL.summary().properties()
    names = [name for name, _ in properties]
    assert len(set(names)) == len(names)
    assert dict(properties).items() >= {"verdict": "REGRESSED", "wer": "0.2", "rtf": "0.05", "load_s": "0.5"}.items()
