"""`/leaderboard`, the history of a case and `/slices`: every number on them, made again from the ledger."""

from __future__ import annotations

import csv
import html
import io
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from modellab import tasks, units
from modellab.datasets import load
from modellab.reports.history import series
from modellab.reports.leaderboard import estimates, slices
from modellab.reports.leaderboard.systems import system_of
from modellab.results import baselines, ledger
from modellab.results.pinned import pin
from modellab.stats import intervals
from modellab.stats.estimate import Estimate
from modellab.types import CaseId, Status
from tests.server.conftest import Server, project, serving
from tests.server.results.boards import RATES, WER, dataset, newest, results
from tests.server.results.conftest import write

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, expect

from tests.server.browser import chromium, visit

KEY = CaseId("asr", "parts_v1", "m1", "one", "cpu", "float32")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = project(tmp_path_factory.mktemp("board"))
    with (root / "pyproject.toml").open("a") as file:
        file.write('[tool.modellab.scorecard.prices]\n"epyc-*" = 0.5\n')
    found = list(results(dataset(root)))
    write(root / "mlruns", *found)
    own = [each.result for each in found if each.key == KEY and each.result]
    for result, accepted in ((own[0], "the release"), (own[3], "the present one")):
        baselines.save(root / "baselines", tasks.get("asr"), [result], accepted, "2026-11-01")
        if accepted == "the release":
            pin(root / "baselines", [KEY], "release", "2026-11-01")
    of_others = replace(found[-1], id="0" * 32, labels={"project": "other"}, finished_at="2026-11-30T10:00:00+00:00")
    failed = replace(found[0], id="1" * 32, result=None, status=Status.ERROR, error="RuntimeError: gone", values={})
    write(root / "mlruns", of_others, replace(failed, finished_at="2026-11-29T10:00:00.000000+00:00"))
    with serving(root) as up:
        yield up


@pytest.fixture(scope="module")
def browser(site: Server) -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def rows(site: Server, query: str = "") -> list[dict[str, Any]]:
    status, found = site.get(f"/leaderboard.json{query}")
    assert status == 200
    return list(found)


def test_every_number_of_the_leaderboard_is_that_of_the_ledger(site: Server) -> None:
    found = {(row["model"], row["dataset"]): row for row in rows(site)}
    page = html.unescape(site.get("/leaderboard")[1])
    cases = newest(site.root)
    assert len(found) == len(cases) + 3
    quality: dict[str, list[Estimate]] = {}
    for key, each in cases.items():
        assert each.result
        value, speed = intervals.of(WER, each.result.utterances), estimates.speed([[each]])
        row = found[key.model, key.dataset]
        told = [row[name] for name in ("value", "low", "high", "rtf", "rtf_low", "rtf_high", "rtfx", "cost")]
        known = [value.value, value.low, value.high, speed.value, speed.low, speed.high, 1 / speed.value]
        assert told == pytest.approx([*known, 0.5 * speed.value])
        assert (row["n"], row["result"], row["machine"]) == (40, each.id, "epyc-2c-1t")
        ends = ", ".join(units.value(end, "ratio").removesuffix(" %") for end in (value.low, value.high))
        cell = f'<a href="/results/{each.id}/history">{units.value(value.value, "ratio")}</a>'
        assert f'{cell} <small class="block">[{ends}] N\xa040</small>' in page
        quality.setdefault(key.model, []).append(value)
    for model in ("m0", "m1"):
        average, (one, other) = found[model, "(average)"], quality[model]
        half = math.hypot(one.value - one.low, other.value - other.low) / 2
        assert average["value"] == pytest.approx((one.value + other.value) / 2)
        assert average["low"] == pytest.approx(average["value"] - half)
        assert average["n"] == 80
        assert units.value(average["value"], "ratio") in page
    assert found["m2", "(average)"]["value"] is None  # it lacks a dataset
    assert [found[model, "(average)"]["rank"] for model in RATES] == [1, 2, None]
    assert [found[model, "(average)"]["front"] for model in RATES] == [True, True, False]


def test_the_csv_has_the_same_rows(site: Server) -> None:
    told = list(csv.DictReader(io.StringIO(site.get("/leaderboard.csv")[1])))
    found = rows(site)
    assert len(told) == len(found)
    for text, row in zip(told, found, strict=True):
        assert text["model"] == row["model"]
        assert text["value"] == ("" if row["value"] is None else str(row["value"]))


def test_filters_of_the_leaderboard(site: Server) -> None:
    assert {row["model"] for row in rows(site, "?model=m1")} == {"m1"}
    only = rows(site, "?dataset=parts_v1&task=")
    assert {row["dataset"] for row in only} == {"parts_v1", "(average)"}
    assert [row["rank"] for row in only if row["dataset"] == "(average)"] == [1, 2, 3]
    assert "No result fits" in site.get("/leaderboard?model=nobody")[1]
    assert site.get("/leaderboard.csv?model=nobody")[0] == 404
    assert site.get("/leaderboard?color=red")[0] == 400


def test_the_history_is_that_of_the_command(site: Server) -> None:
    every = [each for each in ledger.read(site.root / "mlruns")[0] if "project" not in each.labels]
    key, id = KEY, newest(site.root)[KEY].id
    known = series.read(key, every, site.root / "baselines")
    speed = next(each for each in known.series if each.metric == "rtf")
    assert len(speed.steps) == 1
    status, page = site.get(f"/results/{id}/history")
    page = html.unescape(page)
    assert status == 200
    for each in known.series:
        if len(set(each.values)) > 1 and each.accepted != each.pinned:
            for name, level in (("baseline", each.accepted), ("pinned", each.pinned)):
                assert f">{name} {units.value(level, each.unit)}</text>" in page
    assert known.series[0].accepted != known.series[0].pinned
    step = speed.steps[0]
    size = units.relative(step.change / step.before)
    assert f"RTF {size} ({units.value(step.before, 's/s')} to {units.value(step.after, 's/s')}, worse)" in page
    for run in (each for each in every if each.key == key):
        assert run.result
        value = intervals.of(WER, run.result.utterances)
        ends = ", ".join(units.value(end, "ratio") for end in (value.low, value.high))
        assert f'{units.value(value.value, "ratio")} <small>[{ends}]</small></td><td class="right">40</td>' in page
        assert f'href="/results/{run.id}"' in page
    assert site.get("/results/nobody/history")[0] == 404
    assert site.get(f"/results/{'0' * 32}/history")[0] == 404  # another project's


def test_parts_of_a_dataset_are_those_of_the_report(site: Server) -> None:
    page = html.unescape(site.get("/slices?task=asr&dataset=parts_v1")[1])
    data = load(site.root / "golden" / "parts_v1")
    best_first = sorted(RATES, key=lambda model: RATES[model])
    assert re.findall(r">(m\d):one cpu-float32</a>", page) == best_first
    for key, each in newest(site.root).items():
        if key.dataset == "parts_v1":
            for part in slices.slices(system_of(key), each, data):
                low, high = (units.value(end, "ratio").removesuffix(" %") for end in part.estimate.interval or ())
                told = (
                    f'{units.value(part.estimate.value, "ratio")} <small class="block">[{low}, {high}] N\xa020</small>'
                )
                assert told in page
    assert "no results of that" in site.get("/slices?dataset=parts_v1&model=nobody")[1]
    assert "second_v1 is not here" in site.get("/slices?dataset=second_v1")[1]


def test_a_result_leads_to_its_history_and_its_run(site: Server) -> None:
    each = next(iter(newest(site.root).values()))
    page = site.get(f"/results/{each.id}")[1]
    assert f'href="/results/{each.id}/history"' in page
    assert f'href="/runs/{each.session}"' in page


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark"), (1280, "dark"), (400, "light")])
@pytest.mark.parametrize("path", ["/leaderboard", "/slices?dataset=parts_v1", "/results/ID/history", "/results"])
def test_pages_fit_their_window_and_everybody_can_read_them(
    site: Server, browser: Browser, path: str, width: int, scheme: str
) -> None:
    id = newest(site.root)[KEY].id
    with visit(browser, site.address + path.replace("ID", id), width, scheme) as page:
        expect(page.get_by_role("main")).to_be_visible()


def ids(site: Server, *models: str, session: str = "") -> str:
    """The newest results of models on parts_v1, as the query of `/compare`."""
    asked = f"dataset=parts_v1&status=PASS&limit=1{f'&session={session}' if session else ''}"
    found = [site.get(f"/api/v1/results?{asked}&model={model}")[1]["data"][0]["id"] for model in models]
    return "&".join(f"entry={each}" for each in found)


def test_two_results_are_compared_as_the_command_compares_them(site: Server) -> None:
    first, second = (newest(site.root)[KEY], newest(site.root)[replace(KEY, model="m0")])
    assert first.result
    assert second.result
    own = {each.id: each.counts["wer"] for each in first.result.utterances}
    other = {each.id: each.counts["wer"] for each in second.result.utterances}
    change = sum(top for top, _ in own.values()) / 400 - sum(top for top, _ in other.values()) / 400
    page = html.unescape(site.get(f"/compare?{ids(site, 'm0', 'm1')}")[1])
    assert first.finished_at == second.finished_at  # so that either may come first
    assert units.change(change, "ratio") in page or units.change(-change, "ratio") in page
    assert "Utterances that changed most" in page


def test_three_results_are_ranked_and_what_cannot_be_compared_says_why(site: Server) -> None:
    page = html.unescape(site.get(f"/compare?{ids(site, 'm0', 'm1', 'm2')}")[1])
    assert "Ranking: asr" in page
    assert "3 pairs" in page
    assert "0 results of at least two" in site.get("/compare")[1]
    assert "1 result of at least two" in site.get(f"/compare?{ids(site, 'm0')}")[1]
    mixed = site.get("/api/v1/results?dataset=second_v1&limit=1")[1]["data"][0]["id"]
    assert "they are of several datasets" in site.get(f"/compare?{ids(site, 'm0')}&entry={mixed}")[1]
    assert site.get("/compare?entry=nobody")[0] == 404


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_results_are_ticked_and_compared(site: Server, browser: Browser, width: int, scheme: str) -> None:
    with visit(browser, f"{site.address}/results?dataset=parts_v1&model=m1&status=PASS", width, scheme) as page:
        for box in page.get_by_role("checkbox", name=re.compile("^m1:one-parts_v1")).all()[:2]:
            box.check()
        page.get_by_role("button", name="Compare what is ticked").click()
        expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible()
        expect(page.get_by_role("region", name="Quality of both")).to_be_visible()
        page.go_back()
        expect(page.get_by_role("button", name="Compare what is ticked")).to_be_visible()
