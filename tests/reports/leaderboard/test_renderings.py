"""One report as Markdown, HTML and long tables."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.reports.leaderboard import export, markdown, tables
from modellab.reports.leaderboard.assemble import Report
from modellab.reports.leaderboard.html import render_html
from modellab.reports.leaderboard.records import UtteranceResult
from modellab.reports.leaderboard.utterances import lines
from modellab.system import escape
from modellab.types import Break, Status

from .makers import again, entry, failed, regressed, report, some

EVIL = '</li></details><script>alert(1)</script><img src=x onerror="alert(2)"> @everyone | `x` \u202egnp'


@pytest.fixture(scope="module")
def made() -> Report:
    entries = [
        entry("good", errors=some(1), rtf=0.2, said={0: EVIL}),
        entry("nearly", errors=some(2)),
        entry("bad", errors=some(30), verdicts=(regressed(),)),
        entry("other", provenance={"normaliser": "basic@2#1"}),
    ]
    return report(*entries, failed("nearly", error=f"CrashError: {EVIL}"), utterances=True)


@pytest.fixture(scope="module")
def html(made: Report) -> str:
    return render_html(made)


# ---------------------------------------------------------------------------- Markdown


def test_a_comment_starts_with_what_the_next_run_looks_for_and_is_worst_first(made: Report) -> None:
    text = markdown.render_markdown(made)
    assert text.startswith("<!-- modellab-report -->\n## modellab report: the newest results\n")
    assert "**1 regression, 1 error in 4 cases.** quality judged in 1 of 2 cases: not measured in 1; speed" in text
    places = [text.index(part) for part in ("| ERROR |", "| REGRESSED |", "### asr", "How a score is made")]
    assert places == sorted(places)
    assert "differ in the normaliser" in text


def test_one_regression_is_one() -> None:
    made = report(entry("bad", errors=some(30), verdicts=(regressed(),)), entry("good"))
    assert "**1 regression in 2 cases.**" in markdown.render_markdown(made)
    assert ">1 regression in 2 cases<" in render_html(made)


def test_broken_utterances_come_first_with_their_texts() -> None:
    lines = ("ref  what is the weather", f"hyp  {EVIL}", "was  what is the weather")
    told = replace(regressed(), status=Status.INCONCLUSIVE, red=False, broken=1)
    once, twice = (replace(told, breaks=(Break("0007", 4.0, 5.0, again, lines),)) for again in (False, True))
    entries = [
        entry("once", verdicts=(once,), status=Status.PASS),
        entry("twice", verdicts=(twice,), status=Status.INCONCLUSIVE),
        entry("bad", errors=some(30), verdicts=(regressed(), replace(twice, red=True))),
    ]
    made = report(*entries)
    assert [each.case.partition(":")[0] for each in made.broken] == ["twice", "once"], "what is red is told elsewhere"
    text, html = markdown.render_markdown(made), render_html(made)
    places = [text.index(part) for part in ("Look at these first", "twice", "broke again in", "once", "### What got")]
    assert places == sorted(places)
    assert html.index("Look at these first") < html.index("What changed")
    assert "ref  what is the weather" in html
    for found in (text, html):
        assert "<script>alert" not in found
        assert "@everyone" not in text


def test_what_cases_have_to_say_is_shown_the_most_urgent_first_and_takes_no_effect() -> None:
    quiet = entry("good", notes=("outputs changed in what no judged metric counts: casing in 3 of 40",))
    red = entry("bad", errors=some(30), verdicts=(regressed(),), notes=(f"looks like {EVIL}",))
    made = report(quiet, red, entry("silent"))
    assert [each.case.partition(":")[0] for each in made.noted] == ["bad", "good"]
    text, page = markdown.render_markdown(made), render_html(made)
    assert "What to know of the cases (2)" in text
    assert text.index("looks like") < text.index("casing in 3 of 40")
    assert "<h2>What to know of the cases</h2>" in page
    assert "casing in 3 of 40" in page
    for rendering in (text, page):
        assert "<script>alert(1)" not in rendering
        assert "\u202e" not in rendering


def test_notes_leave_room_for_the_rest_of_a_comment() -> None:
    notes = tuple(f"note {number} {'x' * 480}" for number in range(20))
    made = report(*(entry(f"m{number}", notes=notes) for number in range(40)))
    text = markdown.render_markdown(made)
    assert "and 15 more in the HTML report" in text
    assert "and 20 more cases in the HTML report" in text
    assert len(text[text.index("What to know") : text.index("### asr")]) < markdown.LIMIT / 1.5
    assert "How a score is made" in text


def test_a_comment_keeps_to_its_limit_and_says_what_is_left_out(made: Report) -> None:
    whole = markdown.render_markdown(made)
    short = markdown.render_markdown(made, limit=4000)
    assert len(short) <= 4000 < len(whole)
    assert re.search(r"_\d+ more sections did not fit into 4000 characters", short)
    assert short.count("<details>") == short.count("</details>")


def test_nothing_of_an_error_is_markup(made: Report) -> None:
    text = markdown.render_markdown(made)
    assert "CrashError: &#60;/li&#62;" in text
    assert not re.search(r"<(script|img|/li)", text)
    assert "@everyone" not in text


@given(st.text(max_size=60))
def test_escaped_text_has_no_markup_left(text: str) -> None:
    found = escape.markdown(text)
    bare = re.sub(r"&#\d+;", "\u200b", found)
    assert not re.search(r"[&<>|`*~$\\]|@\w|#\d|\]\(|https?://", bare)
    assert "\n" not in found


# ---------------------------------------------------------------------------- HTML


class Page(HTMLParser):
    """What a browser would find: tags, ids, links, and attributes that load or run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.active: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name == "href" and (value or "").startswith("#"):
                self.links.append((value or "")[1:])
            if name.startswith("on") or (
                name in {"src", "href"} and re.match(r"(https?:)?//|javascript:", value or "")
            ):
                self.active.append((name, value or ""))


def test_one_file_in_which_nothing_is_loaded_and_nothing_of_the_data_runs(html: str) -> None:
    page, text = Page(html), html
    assert page.active == []
    assert page.tags.count("script") == 1
    assert "img" not in page.tags
    assert "&lt;script&gt;alert(1)" in text
    assert "⟨U+202E⟩" in text
    assert "Content-Security-Policy" in text


def test_its_links_lead_somewhere_and_its_parts_are_there(html: str) -> None:
    page = Page(html)
    own = [each for each in page.ids if not re.match(r"[mpC][0-9a-f]{8,}", each)]
    assert len(own) == len(set(own))
    assert set(page.links) <= set(page.ids)
    assert page.tags.count("svg") == 5  # four panels and the front
    assert page.tags.count("li") >= 4 * 40


def test_the_same_report_gives_the_same_bytes(made: Report, html: str) -> None:
    assert render_html(made) == html
    assert not re.search(r"20(?!26-03)\d\d-\d\d-\d\dT", html)  # no time but the results'


def test_drawings_follow_the_page_in_light_and_dark(html: str) -> None:
    drawn = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    for svg in drawn:
        assert "var(--ink)" in svg
        assert not re.search(r"#1f2328|#fffffe|<metadata|<!--|DejaVu", svg)
        assert "good:one cpu-int8" in svg


def test_the_words_of_an_utterance_are_told_apart() -> None:
    steps = (("", "turn", "turn"), ("S", "on", "off"), ("D", "the", ""), ("I", "", "<b>"), ("", "light", "light"))
    text = str(lines([UtteranceResult("7", 3.0, 4.0, steps), UtteranceResult("8", 1.0, 1.0, error="no <memory>")]))
    assert "<li><b>7</b> 3 of 4 turn <del>on</del><ins>off</ins> <del>the</del> <ins>&lt;b&gt;</ins> light</li>" in text
    assert "<em>the model raised: no &lt;memory&gt;</em>" in text


def test_a_long_utterance_is_cut_in_the_list() -> None:
    text = str(lines([UtteranceResult("1", 0.0, 900.0, tuple(("S", "word", "ward") for _ in range(900)))]))
    assert len(text) < 1000


# ---------------------------------------------------------------------------- long tables


def test_a_row_for_each_number(made: Report) -> None:
    rows = export.rows(made)
    assert {tuple(row) for row in rows} == {export.COLUMNS}
    wer = next(row for row in rows if row["metric"] == "wer" and row["model"] == "bad")
    assert (wer["value"], wer["n"], wer["verdict"], wer["unit"]) == (0.075, 40, "REGRESSED", "ratio")
    assert wer["low"] < wer["value"] < wer["high"]
    assert (wer["commit"], wer["session"], wer["machine"]) == ("c0ffee0", "s1", "a-cpu-1t")
    assert {row["metric"] for row in rows if row["kind"] == "score"} == {
        "score", *(f"score/{part}" for part in ("quality", "speed", "memory", "stability", "cost")),
    }  # fmt: skip
    cost = next(row for row in rows if row["metric"] == "score/cost")
    assert (cost["value"], cost["low"]) == (None, None)


def test_csv_json_and_parquet_say_the_same(made: Report) -> None:
    from pyarrow import parquet

    rows = export.rows(made)
    assert json.loads(export.render_json(made)) == rows
    from_csv = list(csv.DictReader(io.StringIO(export.render_csv(made))))
    assert [row["metric"] for row in from_csv] == [row["metric"] for row in rows]
    assert [row["value"] for row in from_csv] == ["" if row["value"] is None else str(row["value"]) for row in rows]
    data = export.render_parquet(made)
    table = parquet.read_table(io.BytesIO(data))
    assert table.column_names == list(export.COLUMNS)
    assert table["value"].to_pylist() == [row["value"] for row in rows]
    assert data == export.render_parquet(made)


def test_times_that_decide_nothing_are_marked_where_they_stand() -> None:
    busy = entry("busy", readings={"other_cores": 2.0, "cores": 2.0})
    sound, once = entry("sound"), entry("once")
    made = report(sound, busy, once, every=[*again(sound), sound, busy, once])
    marks = {score.who.model: score.doubt for score in made.groups[0].scores}
    assert marks == {"sound": "", "busy": "busy", "once": "1 session"}
    for table in (tables.measured, tables.front):
        cells = {row[0].partition(":")[0]: " ".join(row) for row in table(made.groups[0])[1]}
        assert "(busy)" in cells["busy"]
        assert "(1 session)" in cells["once"]
        assert "(" not in cells["sound"]
    for text in (markdown.render_markdown(made), render_html(made)):
        assert "(busy)" in text
        assert "(1 session)" in text
