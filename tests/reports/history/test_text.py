"""A history in words."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from rich.text import Text

from modellab.reports.history import text
from modellab.reports.history.series import History, Run, Series
from modellab.stats.change_points import Step
from modellab.system.machine import Commit
from modellab.types import Status

from ...make import KEY

START = datetime.datetime(2026, 3, 1, 2, 0, tzinfo=datetime.UTC)


def run(day: int, hash: str = "", dirty: bool = False, status: Status = Status.PASS, **facts: str) -> Run:
    commit = Commit(hash or f"{day:07}{'0' * 33}", dirty=dirty)
    return Run(START + datetime.timedelta(days=day), commit, status, {"wer": Status.IMPROVED}, facts)


def series(metric: str = "wer", values: tuple[float, ...] = (0.2, 0.3), **changes: Any) -> Series:
    fields = {
        "unit": "ratio",
        "kind": "quality",
        "better": "lower",
        "steps": (Step(1, values[0], values[1]),),
        **changes,
    }
    return Series(metric, values=values, **fields)


def history(*runs: Run, series: tuple[Series, ...]) -> History:
    return History(KEY, "a-cpu-1t", runs, series)


def told(*runs: Run, of: Series | None = None) -> str:
    (sentence,) = text.sentences(history(*runs, series=(of or series(),)))
    return sentence


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({}, "+10.00 %"),
        ({"kind": "speed", "unit": "s/s", "values": (0.2, 0.21)}, "+5.0 %"),
        ({"kind": "memory", "unit": "bytes", "values": (200e6, 150e6)}, "-25.0 %"),
        ({"kind": "speed", "unit": "s", "values": (0.0, 0.5)}, "+0.5 s"),
    ],
    ids=["quality in its unit", "speed as a share", "memory as a share", "a share of nothing"],
)
def test_the_size_of_a_step(fields: dict[str, Any], size: str) -> None:
    of = series(**fields)
    assert text.size(of, of.steps[0]) == size


def test_a_step_is_told_with_its_commits() -> None:
    said = "wer +10.00 % (20.00 % -> 30.00 %, worse) between 0000000 (2026-03-01) and 0000001 (2026-03-02)"
    assert told(run(0), run(1)) == said


def test_for_the_better() -> None:
    assert ", better)" in told(run(0), run(1), of=series(better="higher"))
    assert ", better)" in told(run(0), run(1), of=series(values=(0.3, 0.2)))


def test_at_one_commit_it_is_not_the_code() -> None:
    said = told(run(0, "a" * 40), run(1, "a" * 40))
    assert said.endswith("between 2026-03-01 02:00 and 2026-03-02 02:00, both at aaaaaaa: not the code")
    assert "not the code" not in told(run(0, "a" * 40), run(1, "a" * 40, dirty=True))


def test_what_else_changed_there() -> None:
    before, after = run(0, torch="2.9", numpy="2.1", old="1"), run(1, torch="2.10", numpy="2.1", new="3")
    assert told(before, after).endswith("; with new none -> 3, old 1 -> none, torch 2.9 -> 2.10")


def test_many_changes_are_not_all_named() -> None:
    before, after = (run(day, **{f"lib{i}": str(day) for i in range(7)}) for day in (0, 1))
    assert told(before, after).endswith("lib3 0 -> 1, 3 more")


def test_the_commits_around_a_gap_are_those_of_the_points() -> None:
    of = series(values=(0.2, float("nan"), 0.3), steps=(Step(1, 0.2, 0.3),))
    assert "between 0000000 (2026-03-01) and 0000002 (2026-03-03)" in told(run(0), run(1), run(2), of=of)


def test_the_table() -> None:
    rtf = series("rtf", (0.05, float("nan")), unit="s/s", kind="speed", steps=())
    columns, rows = text.table(history(run(0, dirty=True), run(1, status=Status.ERROR), series=(series(), rtf)))
    assert columns == ["date", "commit", "wer", "rtf", "verdict"]
    assert rows[0] == ["2026-03-01 02:00", "0000000+", "20.00 %", "0.05", "PASS"]
    assert rows[1] == ["2026-03-02 02:00", "0000001", Text("30.00 % ▲ +10.00 %", "red"), "-", "ERROR"]


def test_down_and_better_is_green() -> None:
    _, rows = text.table(history(run(0), run(1), series=(series(values=(0.3, 0.2)),)))
    assert rows[1][2] == Text("20.00 % ▼ -10.00 %", "green")


def test_a_single_metric_shows_its_own_verdict() -> None:
    _, rows = text.table(history(run(0), series=(series(steps=()),)))
    assert rows[0][-1] == "IMPROVED"
    _, rows = text.table(history(run(0), series=(series("cer", steps=()),)))
    assert rows[0][-1] == "-"


def test_no_commit() -> None:
    assert text.commit(Run(START, Commit(), Status.PASS, {}, {})) == "no commit"
