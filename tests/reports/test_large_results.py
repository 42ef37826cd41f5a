"""Of a result with very many utterances MLflow, pages and sheets get the worst; counts and rates are of all."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from modellab.reports.case import page
from modellab.reports.html import figures
from modellab.reports.leaderboard import utterance_sheets, utterances
from modellab.reports.leaderboard.records import System
from modellab.results.entry import Entry
from modellab.tracking import artifacts, runs
from modellab.types.utterances import Large

from ..make import name, utterance
from .leaderboard import makers

COUNT, KEPT = 40, 6


LARGE = Large(more_than=30, worst=KEPT)


@pytest.fixture
def large() -> Entry:
    """Forty utterances, which are many here, of which every fifth has errors."""
    return makers.entry(errors=[i / 10 if i % 5 == 0 else 0.0 for i in range(COUNT)])


WORST = [name(i) for i in (35, 30, 25, 20, 15, 10)]


def test_mlflow_has_a_table_of_the_worst_and_no_line_of_the_ledger(large: Entry, tmp_path: Path) -> None:
    assert [row[0] for row in runs.table(large, LARGE)["data"]] == WORST
    artifacts.write(tmp_path / "large", [large], large=LARGE)
    files = sorted(path.parent.name for path in (tmp_path / "large").rglob("*") if path.is_file())
    assert files == ["utterances"]
    artifacts.write(tmp_path / "small", [makers.entry(errors=[0.0] * 30)], large=LARGE)
    assert sorted(path.name for path in (tmp_path / "small").iterdir()) == ["entries", "utterances"]
    table = json.loads(next((tmp_path / "small" / "utterances").iterdir()).read_text())
    assert len(table["data"]) == 30


def test_a_page_lists_the_worst_and_says_how_many_there_are(large: Entry, tmp_path: Path) -> None:
    made = page.render(large, tmp_path, limits=page.Limits(large=LARGE))
    assert re.findall(r'<article [^>]*aria-label="utterance ([^"]*)"', made) == WORST
    assert f"<dt>utterances</dt><dd>{COUNT}</dd>" in made
    assert name(5) not in re.sub("<svg.*?</svg>", "", made.split("<table")[-1], flags=re.S)


def test_a_sheet_has_the_worst_and_says_of_how_many(large: Entry) -> None:
    who = System("asr", "a", "one", "cpu", "int8")
    made = utterance_sheets.sheet(who, large, None, LARGE)
    assert [each.id for each in made.utterances] == WORST
    (leaf,) = utterances.leaves([made])
    assert leaf.summary == f"6 of the worst {KEPT} of {COUNT} utterances with errors"
    small = utterance_sheets.sheet(who, makers.entry(errors=[0.0, 0.5]), None, LARGE)
    (leaf,) = utterances.leaves([small])
    assert leaf.summary == "1 of 2 utterances with errors"


def test_calls_share_bars_where_they_are_many() -> None:
    calls = [utterance(name(i), {}, wall_s=0.1 * (1 + i % 2), duration_s=2.0) for i in range(10)]
    alone = figures.speed_chart(calls)
    shared = figures.speed_chart(calls, most_calls=5)
    assert alone is not None
    assert shared is not None
    assert (len(alone.bars), len(shared.bars)) == (10, 5)
    assert shared.bars[0].label == "2 calls from 0000: 0.075"
    assert alone.bars[0].label == "0000: 0.05"
    assert shared.title == alone.title
