"""A folder of all reports: the list, the badge, and what was there before."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import ConfigError
from modellab.reports.leaderboard import site
from modellab.reports.leaderboard.site import Session
from modellab.results.entry import Entry
from modellab.system.machine import Commit
from modellab.types import Status, Verdict

from ...make import KEY, asr_counts, result, utterance, verdict


def entry(day: int, status: Status = Status.PASS, *verdicts: Verdict, **key: str) -> Entry:
    named = replace(KEY, **key)
    measured = result([utterance("0000", asr_counts(1))], key=named) if status is not Status.ERROR else None
    at = f"2026-03-{day:02}T02:00:00.000000+00:00"
    return Entry(named, status, f"s{day:02}", result=measured, verdicts=verdicts, finished_at=at,
                 commit=Commit(f"{day:x}" * 40, branch="main"))  # fmt: skip


GOOD = verdict("wer", baseline=0.1)
FAST = verdict("rtf", kind="speed", baseline=0.1)
NO_SPEED = verdict("rtf", Status.NOT_COMPARABLE, kind="speed", why="accepted on a, this is b")
NEW = verdict("wer", Status.NEW, why="no baseline: accept this run")
RED = verdict("wer", Status.REGRESSED, baseline=0.1)
BOTH = (GOOD, FAST)


@pytest.mark.parametrize(
    ("entries", "message", "colour"),
    [
        ([entry(1, Status.PASS, *BOTH)], "none red of 1", "brightgreen"),
        ([entry(1, Status.PASS, GOOD, NO_SPEED)], "none red of 1, speed judged in 0", "yellowgreen"),
        ([entry(1, Status.NEW, NEW, FAST)], "none red of 1, quality judged in 0", "yellow"),
        ([entry(1)], "none red of 1, quality judged in 0, speed judged in 0", "yellow"),
        ([entry(1, Status.PASS, *BOTH), entry(1, Status.REGRESSED, RED, FAST, variant="two")], "1 red of 2", "red"),
        ([entry(1, Status.PASS, *BOTH), entry(1, Status.ERROR, variant="two")], "1 broken of 2", "yellow"),
        ([entry(1, Status.ERROR)], "1 broken of 1", "red"),
        ([entry(1, Status.REGRESSED, RED, FAST), entry(1, Status.ERROR, variant="two")], "1 red, 1 broken of 2", "red"),
    ],
)
def test_a_badge_says_how_it_went(entries: list[Entry], message: str, colour: str) -> None:
    assert site.badge(Session.of(entries)) == {
        "schemaVersion": 1, "label": "modellab", "message": message, "color": colour,
    }  # fmt: skip


def publish(folder: Path, *days: int, **more: Any) -> str:
    new = [Session.of([entry(day)]) for day in days]
    reports = {session.name: f"<p>{session.name}" for session in new}
    return site.add(folder, {**reports, **more}, new, "All").read_text(encoding="utf-8")


def test_the_latest_is_on_top_whatever_the_order(tmp_path: Path) -> None:
    publish(tmp_path, 2)
    publish(tmp_path, 3, 1)
    names = [session.name for session in site.sessions(tmp_path)]
    index = (tmp_path / "index.html").read_text()
    assert names == ["s03", "s02", "s01"]
    assert [index.index(f'href="reports/{name}.html">2026') for name in names] == sorted(
        index.index(f'href="reports/{name}.html">2026') for name in names
    )
    assert (
        json.loads((tmp_path / "badge.json").read_text())["message"]
        == "none red of 1, quality judged in 0, speed judged in 0"
    )
    assert (tmp_path / "reports" / "s02.html").read_text() == "<p>s02", "what was there stays"


def test_the_same_sessions_give_the_same_bytes(tmp_path: Path) -> None:
    publish(tmp_path / "a", 1, 2)
    publish(tmp_path / "b", 2)
    publish(tmp_path / "b", 1)
    publish(tmp_path / "b", 1)
    for name in ("index.html", "badge.json", "sessions.json", "reports/s01.html"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_session_without_a_report_has_no_link(tmp_path: Path) -> None:
    session = Session.of([entry(1, Status.ERROR)])
    index = site.add(tmp_path, {}, [session], "All").read_text()
    assert "1 broken of 1" in index
    assert "reports/s01.html" not in index


def test_what_a_ledger_says_is_text(tmp_path: Path) -> None:
    odd = replace(Session.of([entry(1)]), branch="<script>alert(1)</script>", machines='"><img src=x onerror=1>')
    index = site.add(tmp_path, {}, [odd], "<b>All</b>").read_text()
    assert "<script>alert" not in index
    assert "<img src=x" not in index
    assert "<h1>&lt;b&gt;All" in index


@pytest.mark.parametrize("name", ["../up", ".hidden", "a/b", ""])
def test_no_session_is_written_outside(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a file's name"):
        site.add(tmp_path / "site", {name: "x"}, [replace(Session.of([entry(1)]), name=name)], "All")
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2, "sessions": []}', '{"format": 1, "sessions": [{"at": 1}]}'])
def test_a_list_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "sessions.json").write_text(text)
    with pytest.raises(ConfigError, match="is no list of sessions"):
        publish(tmp_path, 1)


def test_what_a_newer_modellab_added_is_passed_over(tmp_path: Path) -> None:
    publish(tmp_path, 1)
    stored = json.loads((tmp_path / "sessions.json").read_text())
    stored["sessions"][0]["mood"] = "fine"
    (tmp_path / "sessions.json").write_text(json.dumps(stored))
    assert [session.name for session in site.sessions(tmp_path)] == ["s01"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="Not a directory"):
        publish(tmp_path / "file" / "site", 1)
