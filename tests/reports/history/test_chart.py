"""The chart of a history: what is on it, and what it is not drawn for."""

from __future__ import annotations

import datetime
import math
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from modellab.errors import ConfigError
from modellab.reports.history import chart
from modellab.reports.history.events import Event
from modellab.reports.history.series import NONE, History, Run, Series
from modellab.stats.change_points import Step
from modellab.system.machine import Commit
from modellab.types import Status

from ...make import KEY

START = datetime.datetime(2026, 3, 1, 2, 0, tzinfo=datetime.UTC)
SVG = "{http://www.w3.org/2000/svg}"
STEP = (Step(6, 0.2, 0.3),)
WER = Series("wer", "ratio", "quality", "lower", (0.2,) * 6 + (0.3,) * 6, frozenset(), 0.2, 0.25, STEP)
PEAK = Series("peak_rss_bytes", "bytes", "memory", "lower", tuple(2e8 + i * 1e6 for i in range(12)), frozenset(), 2e8)
RATE = Series("success_rate", "ratio", "quality", "higher", (1.0,) * 12)
RTF = Series("rtf", "s/s", "speed", "lower", (0.05, 0.051) * 5 + (0.4, NONE), frozenset({3, 10, 11}), 0.05, 0.05)


def history(*series: Series, count: int = 12) -> History:
    statuses = [Status.PASS, Status.IMPROVED, Status.REGRESSED, Status.INCONCLUSIVE, Status.NEW, Status.ERROR]
    runs = [
        Run(START + datetime.timedelta(days=i), Commit(f"{i:07}" + "a" * 33), Status.PASS, {"wer": statuses[i % 6]}, {})
        for i in range(count)
    ]
    return History(KEY, "a-cpu-1t", tuple(runs), series)


def texts(path: Path) -> list[str]:
    """The words of an SVG: matplotlib draws letters as paths and puts the text into a comment."""
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    tree = ElementTree.parse(path, parser)
    return [(node.text or "").strip() for node in tree.iter() if node.tag is ElementTree.Comment]


def drawn(found: History, tmp_path: Path) -> list[str]:
    chart.draw(found, tmp_path / "deep" / "chart.svg")
    return texts(tmp_path / "deep" / "chart.svg")


def test_what_is_on_it(tmp_path: Path) -> None:
    words = drawn(history(WER, PEAK, RATE, RTF), tmp_path)
    assert str(KEY) in words
    assert "12 results, 2026-03-01 to 2026-03-12 · speed and memory on a-cpu-1t" in words
    assert {"wer", "peak_rss_bytes", "rtf"} <= set(words)
    assert "+10.00 %" in words
    assert "never moved: success_rate 100.00 %" in words
    assert {"PASS", "IMPROVED", "REGRESSED", "INCONCLUSIVE", "not judged", "in doubt"} <= set(words)
    assert {"baseline", "20.00 %", "pinned", "25.00 %", "baseline = pinned"} <= {
        line for word in words for line in word.splitlines()
    }


def test_the_runs_around_are_named_by_commit_and_day(tmp_path: Path) -> None:
    lines = {line for word in drawn(history(WER), tmp_path) for line in word.splitlines()}
    assert {"0000000", "0000006", "0000011", "2026-03-01", "2026-03-07"} <= lines


def test_a_metric_that_never_moved_is_drawn_where_nothing_else_is(tmp_path: Path) -> None:
    words = drawn(history(RATE), tmp_path)
    assert "success_rate" in words
    assert not any(word.startswith("never moved") for word in words)


@pytest.mark.parametrize(
    "series",
    [
        replace(WER, values=(0.2,), steps=()),
        replace(WER, values=(NONE, 0.2, NONE), steps=()),
        replace(RTF, doubted=frozenset(range(12))),
        replace(WER, values=(0.0,) * 5, steps=(), accepted=0.0, pinned=0.0),
        replace(WER, steps=tuple(Step(i, 0.2, 0.3) for i in range(1, 12))),
    ],
    ids=["one point", "gaps", "all in doubt", "all zero", "steps side by side"],
)
def test_it_is_drawn_of_anything(tmp_path: Path, series: Series) -> None:
    assert series.metric in drawn(history(series, count=len(series.values)), tmp_path)


def test_the_same_history_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg"):
        chart.draw(history(WER, PEAK), tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_a_png(tmp_path: Path) -> None:
    chart.draw(history(WER), tmp_path / "chart.PNG")
    assert (tmp_path / "chart.PNG").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["chart", "chart.pdf", "chart.svg.gz"])
def test_other_kinds_of_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=rf"{name} is no chart's name, expected one that ends in \.svg or \.png"):
        chart.check(tmp_path / name)


def test_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match=r"needs matplotlib, .*: pip install 'modellab\[reports\]'"):
        chart.draw(history(WER), tmp_path / "chart.svg")


def test_a_spike_in_doubt_does_not_squeeze_the_panel(tmp_path: Path) -> None:
    numbers = [float(word) for word in drawn(history(RTF), tmp_path) if word.startswith("0.0")]
    assert max(numbers) < 0.06
    assert not any(math.isclose(number, 0.4) for number in numbers)


def test_whatever_an_event_and_a_machine_say_is_drawn(tmp_path: Path) -> None:
    found = replace(
        history(WER), machine="a\ud800-cpu", events=(Event(START, "upgrade", "$x_{ \ud800 \x1b[1m $5 and $6"),)
    )
    words = drawn(found, tmp_path)
    assert any("$x_{ \ufffd \u241b[1m $5 and $6" in each for each in words)
    assert any("a\ufffd-cpu" in each for each in words)
