"""The leaderboard and the history of a case from the index, beside what the reports make of whole entries."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modellab.plan.score_settings import Scorecard
from modellab.reports.history import series
from modellab.server.database import Database
from modellab.server.results import board, follow, line, past
from modellab.server.results.board import Cell
from modellab.stats.estimate import Estimate
from modellab.types import Status
from tests import make

from .boards import WER, results
from .conftest import write


@pytest.mark.parametrize("case", ["plain", "other data", "an error", "in doubt", "rescored"])
def test_a_history_from_the_index_is_that_from_the_entries(tmp_path: Path, case: str) -> None:
    every = [each for each in results("sha256:now") if (each.key.model, each.key.dataset) == ("m1", "parts_v1")]
    first = every[3]
    assert first.result
    made: dict[str, dict[str, Any]] = {
        "plain": {},
        "other data": {"result": replace(first.result, provenance={**make.PROVENANCE, "dataset_digest": "sha256:old"})},
        "an error": {"result": None, "status": Status.ERROR, "values": {}},
        "in doubt": {"result": replace(first.result, readings={**first.result.readings, "reference_drift": 0.5})},
        "rescored": {
            "result": replace(first.result, provenance={**first.result.provenance, "rescored_from": every[2].id})
        },
    }
    every[3] = replace(first, **made[case])
    write(tmp_path / "mlruns", *every)
    database = Database("", tmp_path / "server")
    follow.follow(database.engine, tmp_path / "mlruns", line.estimated)
    url = database.engine.url.render_as_string(hide_password=False)
    found = past.past(tmp_path, {"url": url, "owner": "default", "entry": every[-1].id})
    database.close()
    known = series.read(every[0].key, every, tmp_path / "baselines")
    assert [run["finished_at"] for run in found["runs"]] == [
        run.at.isoformat(timespec="microseconds") for run in known.runs
    ]
    assert [each["metric"] for each in found["series"]] == [each.metric for each in known.series]
    for ours, theirs in zip(found["series"], known.series, strict=True):
        values = [math.nan if value is None else value for value in ours["values"]]
        assert values == pytest.approx(list(theirs.values), nan_ok=True)
        assert tuple(ours["points"]) == theirs.points
        assert [tuple(step) for step in ours["steps"]] == [
            (each.index, each.before, each.after) for each in theirs.steps
        ]
    assert [note.partition(" (")[0] for note in found["notes"]] == [note.partition(" (")[0] for note in known.notes]


def test_a_history_shows_no_interval_of_older_times_around_those_that_were_taken_again(tmp_path: Path) -> None:
    """What is accepted was timed several times: its utterances have the times of the first, its reading is the last."""
    every = [each for each in results("sha256:now") if (each.key.model, each.key.dataset) == ("m1", "parts_v1")]
    last = every[-1]
    assert last.result
    again = {**last.result.readings, "rtf": 3 * last.result.readings["rtf"]}
    every[-1] = replace(last, result=replace(last.result, readings=again))
    write(tmp_path / "mlruns", *every)
    database = Database("", tmp_path / "server")
    follow.follow(database.engine, tmp_path / "mlruns", line.estimated)
    url = database.engine.url.render_as_string(hide_password=False)
    found = past.past(tmp_path, {"url": url, "owner": "default", "entry": last.id})
    database.close()
    (rtf,) = [each for each in found["series"] if each["metric"] == "rtf"]
    assert rtf["values"][-1] == again["rtf"]
    assert rtf["intervals"][-1] is None
    low, high = rtf["intervals"][-2]
    assert low < rtf["values"][-2] < high


def cell(
    value: float, half: float = 0.01, rtf: float = 0.1, data: str = "d", at: str = "1", machine: str = "x"
) -> Cell:
    speed = Estimate(rtf, 0.9 * rtf, 1.1 * rtf, 40, unit="s/s")
    return Cell("e", Estimate(value, value - half, value + half, 40), speed, math.nan, machine, "PASS", "", data, at)


def who(name: str) -> board.Who:
    return name, "one", "cpu", "float32", ""


def test_who_ranks_is_tied_and_on_the_front() -> None:
    found = board.ranked("asr", WER, {
        who("a"): {"s": cell(0.10, rtf=0.5)}, who("b"): {"s": cell(0.11, rtf=0.5)}, who("c"): {"s": cell(0.2, rtf=0.1)},
        who("d"): {"s": cell(0.21, rtf=0.1)}, who("e"): {"s": cell(0.05, rtf=0.1, machine="other")},
    })  # fmt: skip
    assert [line.who[0] for line in found.lines] == ["e", "a", "b", "c", "d"]
    assert [line.who[0] for line in found.lines if line.front] == ["a", "c"]  # e's speed is of another machine
    assert [line.who[0] for line in found.lines if line.tied] == []
    assert found.machine == "x"
    close = board.ranked("asr", WER, {who("a"): {"s": cell(0.10)}, who("b"): {"s": cell(0.11)}})
    assert [line.tied for line in close.lines] == [False, True]


def test_the_average_is_over_what_most_share_and_results_on_other_data_are_left_out() -> None:
    cells = {
        who("a"): {"s": cell(0.1), "t": cell(0.3), "u": cell(0.5)},
        who("b"): {"s": cell(0.2), "t": cell(0.4)},
        who("c"): {"s": cell(0.1, data="old", at="0"), "t": cell(0.1)},
    }
    found = board.ranked("asr", WER, board._compared(cells))
    assert found.shared == ("s", "t")
    assert [(line.who[0], round(line.average.value, 3)) for line in found.lines[:2]] == [("a", 0.2), ("b", 0.3)]
    assert math.isnan(found.lines[2].average.value)
    assert not found.lines[2].cells["s"].same


def test_a_price_is_of_the_machine_that_measured(tmp_path: Path) -> None:
    write(tmp_path / "mlruns", *(each for each in results("sha256:now") if each.key.model == "m0"))
    database = Database("", tmp_path / "server")
    follow.follow(database.engine, tmp_path / "mlruns", line.estimated)
    with database.begin() as said:
        free = board.board(said, "default", board.Asked(), Scorecard())
        priced = board.board(said, "default", board.Asked(), Scorecard(prices={"epyc-*": 2.0}))
        nobody = board.board(said, "another", board.Asked(), Scorecard())
    database.close()
    assert free
    assert priced
    assert nobody is None
    assert math.isnan(free.lines[0].cost)
    assert priced.lines[0].cost == pytest.approx(2 * priced.lines[0].speed.value)
