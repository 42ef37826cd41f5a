"""`modellab results`: what is stored, chosen as `compare` chooses it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from modellab.types import Status

from .conftest import Desk
from .finished import CASE, KEY, measure

TWO = replace(KEY, model="two")


@pytest.fixture
def stored(desk: Desk) -> Desk:
    """`fake` measured twice, `two` once between."""
    measure(desk, session="first", finished_at="2026-11-01T00:00:00.000000+00:00", wrong=2)
    measure(desk, session="second", key=TWO, finished_at="2026-11-02T00:00:00.000000+00:00", status=Status.REGRESSED)
    measure(desk, session="third", finished_at="2026-11-03T00:00:00.000000+00:00", wrong=0)
    return desk


def told(desk: Desk, *arguments: str) -> list[Any]:
    result = desk.type("results", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return list(json.loads(result.stdout)["results"])


def test_a_line_for_each_case_with_its_id(stored: Desk) -> None:
    head, *lines = stored.type("results").stdout.splitlines()
    assert head.split() == ["case", "status", "metric", "value", "N", "RTF", "finished", "commit", "session"]
    assert [line.split()[:6] for line in lines] == [
        [CASE, "PASS", "wer", "0.00", "%", "8"],
        [str(TWO), "REGRESSED", "wer", "2.50", "%", "8"],
    ]
    assert [float(line.split()[6]) for line in lines] == [0.05, 0.05]


@pytest.mark.parametrize(
    ("arguments", "sessions"),
    [
        ((), ["third", "second"]),
        (("--all",), ["first", "third", "second"]),
        (("fake",), ["third"]),
        (("fake@first",), ["first"]),
        ((CASE,), ["third"]),
        ((f"{CASE}@first",), ["first"]),
        ((CASE, "--all"), ["first", "third"]),
        (("--since", "2026-11-02"), ["third", "second"]),
        (("--since", "2026-11-02T12:00"), ["third"]),
        (("--since", "2026-11-02T14:00+02:00"), ["third"]),
    ],
)
def test_which_are_listed(stored: Desk, arguments: tuple[str, ...], sessions: list[str]) -> None:
    assert [each["session"] for each in told(stored, *arguments)] == sessions


def test_a_case_whose_turn_never_came_is_listed_beside_those_with_results(stored: Desk) -> None:
    three = replace(KEY, model="three")
    measure(stored, session="fourth", key=three, status=Status.ERROR, result=None, error="not run: the run was stopped")
    listed = [(each["case"], each["status"]) for each in told(stored)]
    assert listed == [(CASE, "PASS"), (str(three), "NOT_RUN"), (str(TWO), "REGRESSED")]
    assert "NOT_RUN" in stored.type("results", "three").stdout


def test_what_a_program_reads(stored: Desk) -> None:
    (found,) = told(stored, "two")
    expected = {"case": str(TWO), "status": "REGRESSED", "metric": "wer", "value": 0.025, "utterances": 8, "error": ""}
    assert {name: found[name] for name in expected} == expected
    assert found["finished_at"] == "2026-11-02T00:00:00.000000+00:00"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--since", "2027-01-01"),
            "no results since 2027-01-01T00:00 UTC: the newest is of 2026-11-03T00:00",
        ),
        (("--since", "yesterday"), "'yesterday' is no time: expected 2026-11-20, 2026-11-20T08:00, or 12h, 7d, 2w ago"),
        (("--since", "9999999999d"), "is no time"),
        (("faek",), "did you mean fake?"),
    ],
)
def test_what_cannot_be_is_one_sentence(stored: Desk, arguments: tuple[str, ...], said: str) -> None:
    result = stored.type("results", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_empty_ledger_says_what_fills_it(desk: Desk) -> None:
    result = desk.type("results")
    assert (result.exit_code, "`modellab run` makes some" in result.stderr) == (2, True)


def test_a_number_that_is_none_is_null(stored: Desk) -> None:
    def refused(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    read = json.loads(stored.type("results", "--json").stdout, parse_constant=refused)
    assert None in [value for each in read["results"] for value in each["values"].values()]
