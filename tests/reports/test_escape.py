"""What a model or an exception says takes no effect at any door, and is still to be read there."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.reports.leaderboard import export, html, markdown
from modellab.reports.scorecard import claims, failure, github_annotations, table
from modellab.reports.scorecard.claims import ClaimRow
from modellab.runner.summary import CaseSummary
from modellab.system import escape
from modellab.types import Status

from ..make import KEY, outcome, verdict
from .leaderboard.makers import entry, failed, report

EVIL = (
    "<img src=x> @octocat fixes #1 GH-2 [x](y) ![a](http://b.c) ##[stop-commands]zzz \x1b]0;title\x07 \u202egnp"
    " `code` http://evil.example www.evil.example"
)
EVIL_LINES = f"{EVIL}\n::stop-commands::zzz\n  ::error::x\r\n##[error]y\n=1+1"
WORDS = ("img src=x", "octocat", "fixes", "title", "gnp", "stop-commands")


def nothing_acts_in_a_log(text: str) -> None:
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert not re.search(r"^\s*::", text, re.MULTILINE)
    assert "##[" not in text


def nothing_acts_in_markdown(text: str) -> None:
    """Whatever GitHub makes of Markdown, behind the markup of our own."""
    nothing_acts_in_a_log(text)
    bare = re.sub(r"&#\d+;", "\u200b", text)
    assert not re.search(r"<img|@octocat|#1|GH-2|\]\(|`code|https?://|www\.", bare)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", "␛[31mred␇"),
        ("a\rb", "a␍b"),
        ("\u202egnp", "⟨U+202E⟩gnp"),
        ("\u2066x\u2069", "⟨U+2066⟩x⟨U+2069⟩"),
        ("a\u2028b", "a⟨U+2028⟩b"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("\ud800", "\ufffd"),
        ("\x9b31m", "\ufffd31m"),
        ("fine: ünïcode 漢字\tand a tab", "fine: ünïcode 漢字\tand a tab"),
    ],
)
def test_nothing_hides(text: str, shown: str) -> None:
    assert escape.visible(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", "\\::error::x"),
        ("a\n \t::set-output name=a::b", "a\n \t\\::set-output name=a::b"),
        ("a::b", "a::b"),
        ("x ##[group]", "x ##\\[group]"),
        ("C++ std::vector", "C++ std::vector"),
    ],
)
def test_a_log_gives_no_orders(text: str, shown: str) -> None:
    assert escape.lines(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
        ("\r=1", "'␍=1"), (" =1", "' =1"), ("a=1", "a=1"), ("", ""), ("faster-whisper", "faster-whisper"),
    ],
)  # fmt: skip
def test_a_cell_is_no_formula(text: str, shown: str) -> None:
    assert escape.cell(text) == shown


@given(st.text(max_size=60))
def test_an_annotation_stays_one_line_and_one_command(text: str) -> None:
    for found in (escape.data(text), escape.property(text)):
        assert "\n" not in found
        assert "\r" not in found
        assert "##[" not in found
    assert not re.search(r"[:,]", escape.property(text))


@given(st.text(max_size=60))
def test_no_text_acts_in_a_log(text: str) -> None:
    nothing_acts_in_a_log(escape.lines(text))
    nothing_acts_in_a_log(escape.line(text))


# ---------------------------------------------------------------------------- the doors


def row(error: str = EVIL_LINES) -> CaseSummary:
    return CaseSummary(
        replace(KEY, variant="<b>one"), "smoke", Status.ERROR, 0, None, (), {}, error=error, notes=(EVIL,)
    )


def test_the_terminal() -> None:
    said = failure.text(outcome(Status.ERROR, error=EVIL_LINES), None)  # type: ignore[arg-type]
    nothing_acts_in_a_log(said)
    nothing_acts_in_a_log(table.tables([row()]))
    for word in WORDS:
        assert word in said


def test_the_scorecard_as_markdown() -> None:
    text = table.tables([row()], "github")
    nothing_acts_in_markdown(text)
    assert "<b>" not in text
    assert "&#60;b&#62;one" in text


def test_claims_as_markdown() -> None:
    claimed = ClaimRow(KEY, EVIL, 8, verdict(status=Status.REGRESSED, baseline=0.1))
    nothing_acts_in_markdown(claims.table([claimed], "github"))
    nothing_acts_in_a_log(claims.table([claimed]))


def test_the_annotations() -> None:
    (line,) = github_annotations.errors([(row(), ("benchmarks/test_asr.py", 3))])
    assert line.startswith("::error file=benchmarks/test_asr.py,line=3,title=")
    assert not re.search(r"[\x00-\x1f\u202e]|##\[", line)
    assert line.count("::") == 2


def test_the_comment_and_the_tables() -> None:
    made = report(entry("b"), failed("a", error=EVIL_LINES))
    text = markdown.render_markdown(made)
    nothing_acts_in_markdown(text.replace("<!-- modellab-report -->", ""))
    for word in WORDS:
        assert word in text
    page = html.render_html(made)
    assert "<img src=x" not in page
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", page)
    wicked = report(entry("b"), failed("a", error="=cmd|' /C calc'!A0"))
    rows = list(csv.DictReader(io.StringIO(export.render_csv(wicked))))
    assert [each["error"] for each in rows if each["error"]] == ["'=cmd|' /C calc'!A0"]
    assert [each["error"] for each in json.loads(export.render_json(wicked)) if each["error"]] == ["=cmd|' /C calc'!A0"]


def test_a_spreadsheet_has_numbers_that_are_below_0() -> None:
    rows = list(csv.DictReader(io.StringIO(export.render_csv(report(entry("b"))))))
    assert all(not each[name].startswith("'") for each in rows for name in ("value", "low", "high", "n"))


def test_junit_is_xml_whatever_was_said(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "from modellab.system import escape\nimport pytest\n\n\n"
        f"def test_x():\n    pytest.fail(escape.lines({EVIL_LINES!r}))\n"
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "--junitxml=x.xml", "-p", "no:modellab")
    message = ET.parse(pytester.path / "x.xml").find(".//failure").get("message")  # type: ignore[union-attr]
    assert message is not None
    nothing_acts_in_a_log(message)
    assert "octocat" in message
