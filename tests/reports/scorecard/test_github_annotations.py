"""Red cases as workflow commands, letter by letter."""

from __future__ import annotations

import pytest

from modellab.reports.scorecard import github_annotations
from modellab.types import Status

from .test_table import row, rtf, wer

PLACE = ("benchmarks/test_asr.py", 9)


def test_a_regression_names_each_red_metric() -> None:
    red = row("worse", Status.REGRESSED, wer(Status.REGRESSED, 0.031, 0.0211, baseline=0.01), rtf(Status.PASS))
    (line,) = github_annotations.errors([(red, PLACE)])
    assert line == (
        "::error file=benchmarks/test_asr.py,line=9,title=REGRESSED fake%3Aworse-short_v1-cpu-float32::"
        "wer: baseline 1.00 %25, now 3.10 %25, change +2.11 %25 [+1.11 %25, +3.11 %25]: REGRESSED"
    )


@pytest.mark.parametrize(
    ("error", "said"),
    [("it hung\nend of its log", "::it hung"), ("100 % gone\r\nlog", "::100 %25 gone")],
)
def test_an_error_is_its_first_line(error: str, said: str) -> None:
    dead = row("dies", Status.ERROR, utterances=0, readings={}, error=error)
    (line,) = github_annotations.errors([(dead, PLACE)])
    assert line.endswith(said)
    assert "\n" not in line


def test_what_was_heard_starts_no_command_of_its_own() -> None:
    """Untrusted text may hold line breaks: a line that starts with `::` would be obeyed."""
    why = "x\n::set-output name=a::b"
    red = row("worse", Status.REGRESSED, wer(Status.REGRESSED, 0.031, 0.0211, why=why))
    assert all(
        line.startswith("::error ") for text in github_annotations.errors([(red, PLACE)]) for line in text.splitlines()
    )


def test_many_are_cut_to_what_is_shown() -> None:
    red = [(row(f"v{i:02}", Status.REGRESSED, wer(Status.REGRESSED, 0.1)), PLACE) for i in range(14)]
    lines = list(github_annotations.errors([*red, (row("dead", Status.ERROR, error="gone"), PLACE)]))
    assert len(lines) == github_annotations.MOST
    assert "title=6 more red cases::" in lines[-1]
    assert lines[-1].endswith("fake:dead-short_v1-cpu-float32"), "regressions come first"
    assert list(github_annotations.errors([])) == []
