"""What pages and API say of cases whose turn did not come, of lines that are no results, of speed that is in doubt."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from modellab.results.entry import Entry
from modellab.types import Status
from tests.server.conftest import Server, project, serving
from tests.server.results.boards import dataset, results
from tests.server.results.conftest import entry, write

STOPPED = "not run: the session was interrupted before"


def stopped(number: int, of: Entry) -> Entry:
    return entry(number, Status.ERROR, session="stopped", key=of.key, error=STOPPED)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = project(tmp_path_factory.mktemp("stopped"))
    ran = entry(0)
    write(root / "mlruns", ran, entry(1), entry(600, session="stopped", key=ran.key), stopped(601, entry(1)))
    ledger = next((root / "mlruns" / "ledger").glob("s00000*"))
    with ledger.open("a") as file:
        file.write("no result\n" * 30)
    with serving(root) as up:
        yield up


def test_a_case_whose_turn_did_not_come_is_not_run_and_not_red(site: Server) -> None:
    run = site.get("/api/v1/runs/stopped")[1]
    assert (run["cases"], run["red"], run["statuses"]) == (2, 0, {"PASS": 1, "NOT_RUN": 1})
    assert [each["status"] for each in site.get("/api/v1/results?status=NOT_RUN")[1]["data"]] == ["NOT_RUN"]
    assert site.get("/api/v1/results?red=true")[1]["data"] == []
    page = html.unescape(site.get("/runs/stopped")[1])
    assert '<span class="status inconclusive">2 cases: 1 NOT RUN, 1 PASS</span>' in page
    assert '<span class="status not-run">NOT RUN</span>' in page
    assert f"<small>{STOPPED.removeprefix('not run: ')}</small>" in page
    assert '<span class="status not-run">1 NOT RUN</span>' in site.get("/")[1]


def test_it_is_no_finding_and_not_in_the_history_of_its_case(site: Server) -> None:
    page = html.unescape(site.get("/findings")[1])
    assert "ended in an ERROR" not in page
    assert "ERROR" not in re.sub(r"<[^>]+>", " ", page)
    (measured,) = site.get("/api/v1/results?model=m1&status=PASS")[1]["data"]
    history = html.unescape(site.get(f"/results/{measured['id']}/history")[1])
    assert "stopped" not in history
    assert "without values" not in history


def test_how_many_lines_are_no_results_is_told(site: Server) -> None:
    warnings = site.get("/api/v1/results")[1]["warnings"]
    assert len(warnings) == 6
    assert warnings[-1] == "and 25 lines more that are no results here"
    assert warnings[-1] in site.get("/runs")[1]


def test_where_clocks_are_in_doubt_the_speed_is_of_the_newest_result_without_doubt(tmp_path: Path) -> None:
    root = project(tmp_path)
    own = [each for each in results(dataset(root)) if each.key.model == "m0" and each.key.dataset == "parts_v1"]
    *former, sound, last = own
    assert last.result
    assert sound.result
    drifted = {**last.result.readings, "reference_drift": 0.5}
    other = replace(sound, id="f" * 32, versions={"ctranslate2": "9.0"}, finished_at=last.finished_at)
    late = f"{last.finished_at[:17]}59.0+00:00"
    busy = replace(last, result=replace(last.result, readings=drifted), finished_at=late)
    write(root / "mlruns", *former, sound, other, busy)
    with serving(root) as up:
        _, line = up.get("/leaderboard.json")[1]
        told = [row for row in up.get("/api/v1/leaderboard")[1]["data"] if row["metric"] == "rtf"]
        page = html.unescape(up.get("/leaderboard")[1])
    assert (line["result"], line["timed"], line["doubt"]) == (busy.id, sound.id, "")
    assert line["rtf"] == pytest.approx(sound.result.readings["rtf"])
    assert told[0]["value"] == pytest.approx(line["rtf"])
    assert "the speed is of the newest one like it without doubt" in page
    assert "in doubt</small>" not in page
