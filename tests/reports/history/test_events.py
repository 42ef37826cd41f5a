"""What happened beside the results: baselines by git, stages by their records, upgrades by the versions."""

from __future__ import annotations

import datetime
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from modellab.lifecycle import stages
from modellab.lifecycle.stages import Record
from modellab.reports.history import chart, events, series, text
from modellab.results import baselines
from modellab.results.entry import Entry
from modellab.system.machine import Commit
from modellab.tasks import asr
from modellab.types import Status

from ...make import KEY, asr_counts, result, utterance

MACHINE = "a-cpu-1t"
START = datetime.datetime(2026, 3, 1, 2, 0, tzinfo=datetime.UTC)


def git(root: Path, *command: str, day: int = 0) -> None:
    moment = (START + datetime.timedelta(days=day, hours=6)).isoformat()
    names = {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment, "HOME": str(root), "PATH": "/usr/bin:/bin"}
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", "-C", str(root), *who, *command], check=True, env=names)


def accept(root: Path, day: int, reason: str, wer: float = 0.2) -> None:
    baselines.save(
        root / "baselines", asr, [result([utterance("0000", asr_counts(5 * wer))], machine=MACHINE)], reason, "x"
    )
    git(root, "add", "baselines")
    git(root, "commit", "-q", "-m", f"accept on day {day}", day=day)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    accept(tmp_path, 0, "first results")
    accept(tmp_path, 3, "one error less", wer=0.1)
    return tmp_path


def entry(day: int, **versions: str) -> Entry:
    at = (START + datetime.timedelta(days=day)).isoformat(timespec="microseconds")
    measured = result([utterance("0000", asr_counts(1))], machine=MACHINE)
    return Entry(KEY, Status.PASS, f"s{day}", result=measured, values={"wer": 0.2}, weights="sha256:w",
                 versions=versions, finished_at=at, commit=Commit(f"{day:040x}"))  # fmt: skip


def test_baselines_are_what_git_says_of_their_files(root: Path) -> None:
    first, second = sorted(events.accepted(KEY, MACHINE, root / "baselines"), key=lambda event: event.at)
    assert first.text.startswith("quality and speed accepted (")
    assert first.text.endswith("): first results")
    assert (second.at, second.kind) == (START + datetime.timedelta(days=3, hours=6), "baseline")
    assert second.text.endswith("): one error less")
    (quality,) = (each for each in events.accepted(KEY, "other-machine", root / "baselines") if "less" in each.text)
    assert quality.text.startswith("quality accepted ("), "the speed of another machine class is another's"


def test_without_git_or_files_nothing_happened(tmp_path: Path) -> None:
    assert list(events.accepted(KEY, MACHINE, tmp_path / "baselines")) == []
    assert list(events.moves(KEY, tmp_path / "baselines")) == []


def test_a_damaged_baseline_is_told_by_its_commit(root: Path) -> None:
    baselines.quality_path(root / "baselines", KEY).write_text("no baseline")
    git(root, "commit", "-q", "-a", "-m", "break it", day=4)
    newest = max(events.accepted(KEY, MACHINE, root / "baselines"), key=lambda event: event.at)
    assert newest.text.endswith("): break it")


def test_stages_are_what_is_recorded(root: Path) -> None:
    up = Record(stage="production", when="2026-03-02T12:00:00Z", by="Ada", because="three quiet weeks")
    back = Record(stage="candidate", when="2026-03-05T12:00:00Z", by="Bob", because="it loops", rollback=True)
    stages.append(root / "baselines", KEY.model, {KEY.variant: up, "other": up})
    stages.append(root / "baselines", KEY.model, {KEY.variant: back})
    assert [event.text for event in events.moves(KEY, root / "baselines")] == [
        "moved to production by Ada: three quiet weeks",
        "rolled back to candidate by Bob: it loops",
    ]
    stages.file(root / "baselines", KEY.model).write_text("<<<<<<< mine")
    assert list(events.moves(KEY, root / "baselines")) == []


def test_upgrades_are_what_differs() -> None:
    facts = [
        (START, {"weights": "w", "ctranslate2": "4.7.1"}),
        (START, {"weights": "w", "ctranslate2": "4.7.1"}),
        (START + datetime.timedelta(days=2), {"weights": "v", "ctranslate2": "4.8.0", "numpy": "2.3"}),
    ]
    (upgrade,) = events.upgrades(facts)
    assert upgrade.at == facts[2][0]
    assert upgrade.text == "ctranslate2 4.7.1 -> 4.8.0, numpy none -> 2.3, weights w -> v"
    many = {f"library{i}": "1" for i in range(6)}
    (crowd,) = events.upgrades([(START, {"a": "1"}), (START, {"a": "1", **many})])
    assert crowd.text.endswith("library3 none -> 1, 2 more")


def test_a_history_has_the_events_since_its_first_result(root: Path, tmp_path: Path) -> None:
    entries = [
        entry(2, numpy="2.2"),
        entry(3, numpy="2.2"),
        entry(5, numpy="2.3"),
        replace(entry(4), result=None, weights=""),
    ]
    found = series.read(KEY, entries, root / "baselines")
    assert [(event.kind, event.text.partition(" (")[0]) for event in found.events] == [
        ("baseline", "quality and speed accepted"),
        ("upgrade", "numpy 2.2 -> 2.3"),
    ], "what was accepted before the first result is not told, and an ERROR upgrades nothing"
    assert next(text.happened(found)).startswith("2026-03-04 08:00  baseline  quality and speed accepted (")
    for name in ("a.svg", "b.svg"):
        chart.draw(found, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert "<!-- numpy 2.2 -> 2.3 -->" in (tmp_path / "a.svg").read_text().replace("-&gt;", "->")
