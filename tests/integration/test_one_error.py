"""Whatever is raised while one case is measured, scored or judged: one ERROR with its cause, and the next case runs."""

from __future__ import annotations

from typing import Any

import pytest

from modellab.plan import thresholds
from modellab.results import ledger
from modellab.results.entry import Entry
from modellab.runner import judging
from modellab.tasks import asr

from ..make import no_number
from .conftest import FakeProject

BROKEN = 3  # exit status: no regression, but no measurement either


class OddError(Exception):
    """It cannot even say what it is."""

    def __str__(self) -> str:
        raise ValueError("no words")


def raising_once(real: Any, error: BaseException) -> Any:
    """The real function but for its first call, which raises."""
    calls: list[int] = []

    def function(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise error
        return real(*arguments, **named)

    return function


@pytest.fixture
def three_cases(fake_project: FakeProject) -> FakeProject:
    fake_project.dataset("second_v1")
    fake_project.dataset("third_v1")
    return fake_project


@pytest.mark.parametrize(
    ("where", "error", "words"),
    [
        ("scored", AssertionError("4300 digits of s3cr3t-1"), "AssertionError: 4300 digits of ***"),
        ("measured", OddError(), "OddError: (what it says cannot be told: its __str__ raised ValueError)"),
        pytest.param("judged", RecursionError("too deep"), "RecursionError: too deep", marks=pytest.mark.slow),
        ("kept", OverflowError("too large"), "OverflowError: too large"),
    ],
)
def test_one_case_is_one_error(
    three_cases: FakeProject, monkeypatch: pytest.MonkeyPatch, where: str, error: Exception, words: str
) -> None:
    owner, name = {
        "scored": (asr, "score"),
        "measured": (thresholds, "rules"),
        "judged": (judging, "judge"),
        "kept": (Entry, "of"),
    }[where]
    if where == "judged":
        three_cases.accept()
        (three_cases.model / "loads.log").unlink()
    monkeypatch.setenv("A_TOKEN", "s3cr3t-1")
    monkeypatch.setattr(owner, name, raising_once(getattr(owner, name), error))
    result = three_cases.run()
    assert result.ret == BROKEN, result.stdout.str()
    outcomes = result.parseoutcomes()
    assert (outcomes["passed"], outcomes["failed"]) == (2, 1)
    assert words in result.stdout.str()
    assert "INTERNALERROR" not in result.stdout.str()
    found, warnings = ledger.read(three_cases.root / "mlruns")
    entries = found[-3:]
    assert warnings == []
    assert [entry.status for entry in entries].count("ERROR") == 1
    (failed,) = (entry for entry in entries if entry.status == "ERROR")
    assert failed.error.startswith(words)
    if where == "scored":
        assert "(while utterance '000' was scored)" in failed.error
        assert len(three_cases.loads()) == 2, "the cases after it get a fresh worker"


def test_a_count_that_is_no_number_is_an_error_and_no_doubt(
    fake_project: FakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_project.accept()
    monkeypatch.setattr(asr, "score", no_number(asr.score))
    desk = fake_project.run()
    desk.stdout.fnmatch_lines(
        [
            "*ValueError: wer is [[]nan, 5.0[]]: no change of it could be judged*",
            "Nothing was measured, 1 error in 1 case: *",
        ]
    )
    assert desk.ret == BROKEN
