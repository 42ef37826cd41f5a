"""Numbers of API and pages computed once more from the ledger's lines, as JSON and with nothing of modellab's own."""

from __future__ import annotations

import html
import json
import math
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy import stats

from modellab.results.entry import Entry, pooled
from modellab.types import Floats
from tests import make
from tests.server.conftest import Server, project, serving
from tests.server.recomputing import change, column, holm, interval, steps, swapped_p, time_ratio
from tests.server.results.boards import dataset, results
from tests.server.results.conftest import write

PRICE = 0.5


def aged(entries: list[Entry]) -> Iterator[Entry]:
    """The first half a month old, the rest of yesterday, in which m1 makes two more errors in each utterance."""
    for number, each in enumerate(entries):
        is_late = 2 * number >= len(entries)
        moment = datetime.now(UTC) - timedelta(days=1 if is_late else 30) + timedelta(seconds=number)
        at = moment.isoformat(timespec="microseconds")
        result = each.result
        assert result
        if is_late and each.key.model == "m1":
            said = tuple(replace(u, counts=make.asr_counts(u.counts["wer"][0] + 2, 10.0)) for u in result.utterances)
            result = replace(result, utterances=said)
        yield replace(each, started_at=at, finished_at=at, result=result, values=pooled(result))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = project(tmp_path_factory.mktemp("recomputed"))
    with (root / "pyproject.toml").open("a") as file:
        file.write(f'[tool.modellab.scorecard.prices]\n"epyc-*" = {PRICE}\n')
    write(root / "mlruns", *aged(list(results(dataset(root)))))
    with serving(root) as up:
        yield up


@pytest.fixture(scope="module")
def lines(site: Server) -> list[dict[str, Any]]:
    """The ledger, oldest result first."""
    paths = (site.root / "mlruns" / "ledger").glob("*.jsonl")
    found = [json.loads(text) for path in paths for text in path.read_text().splitlines()]
    return sorted(found, key=lambda line: (line["finished_at"], line["id"]))


def case(line: dict[str, Any]) -> tuple[str, str]:
    return line["key"]["model"], line["key"]["dataset"]


def test_results_and_leaderboard_have_the_numbers_of_the_ledger(site: Server, lines: list[dict[str, Any]]) -> None:
    newest = {case(line): line for line in lines}
    board = {(row["model"], row["dataset"]): row for row in site.get("/leaderboard.json")[1]}
    listed = {row["id"]: row for row in site.get("/api/v1/results?limit=500")[1]["data"]}
    page = html.unescape(site.get("/results?limit=500")[1])
    assert len(listed) == len(lines)
    for line in lines:
        value, low, high = interval(column(line, "wer"))
        rtf = interval(column(line, "wall_s", "duration_s"), is_share=False)
        row = listed[line["id"]]
        assert [row["value"], *row["interval"], row["readings"]["rtf"]] == pytest.approx([value, low, high, rtf[0]])
        assert re.search(rf'href="/results/{line["id"]}".*?{100 * value:.2f} %.*?>{rtf[0]:.3g}</td>', page, re.DOTALL)
        if newest[case(line)] is line:
            row = board[case(line)]
            names = ("value", "low", "high", "rtf", "rtf_low", "rtf_high", "rtfx", "cost")
            known = [value, low, high, *rtf, 1 / rtf[0], PRICE * rtf[0]]
            assert [row[name] for name in names] == pytest.approx(known)
    for model in ("m0", "m1"):
        own = [interval(column(newest[model, name], "wer")) for name in ("parts_v1", "second_v1")]
        mean = sum(each[0] for each in own) / 2
        down, up = (math.hypot(*(abs(each[end] - each[0]) for each in own)) / 2 for end in (1, 2))
        row = board[model, "(average)"]
        assert [row["value"], row["low"], row["high"]] == pytest.approx([mean, mean - down, mean + up])


def test_what_moved_lately_moved_in_the_ledger(site: Server, lines: list[dict[str, Any]]) -> None:
    since = (datetime.now(UTC) - timedelta(days=7)).strftime("%Y-%m-%dT%H:00:00")
    found: list[tuple[float, str, float]] = []
    for name in dict.fromkeys(map(case, lines)):
        own = [line for line in lines if case(line) == name]
        before, after = ([line for line in own if (line["finished_at"] >= since) is late] for late in (False, True))
        if before and after:
            (moved, _, _), p = change(column(before[-1], "wer"), column(after[-1], "wer"))
            found.append((p, f"{name[0]}:one-{name[1]}-cpu-float32", moved))
    corrected = holm([p for p, _, _ in found])
    expected = {
        named: (f"{100 * moved:+.2f} %", f"{p:.2g}")
        for p, (_, named, moved) in zip(corrected, found, strict=True)
        if p <= 0.05
    }
    page = html.unescape(site.get("/findings?days=7")[1])
    part = page[page.index('id="week"') : page.index('id="near"')]
    rows = re.findall(r"<tr>.*?/results/\w+\">(m.*?)</a>.*?(?:worse|better): (\S+ %).*?>([^<]*)</td></tr>", part)
    assert {named: (moved, p) for named, moved, p in rows} == expected
    assert len(expected) == 2  # m1 on both datasets


def test_an_experiment_ranks_as_the_ledger_does(site: Server, lines: list[dict[str, Any]]) -> None:
    asked = {"name": "three", "members": ["m0", "m1", "m2"]}
    made = site.ask("POST", "/api/v1/experiments", asked)[1]
    (ranking,) = site.get(f"/api/v1/experiments/{made['id']}/comparison")[1]["rankings"]
    newest = {case(line)[0]: column(line, "wer") for line in lines if case(line)[1] == "parts_v1"}
    order = sorted(newest, key=lambda model: interval(newest[model])[0])
    pairs = [(a, b, swapped_p(newest[a], newest[b])) for a, b in combinations(order, 2)]
    corrected = holm([p for _, _, p in pairs])
    told = {(a, b) for (a, b, _), p in zip(pairs, corrected, strict=True) if p <= ranking["alpha"]}
    assert ranking["datasets"] == ["parts_v1"]
    for standing, model in zip(ranking["standings"], order, strict=True):
        assert standing["name"].startswith(f"{model}:one")
        value, low, high = interval(newest[model])
        assert [standing["value"], *standing["interval"]] == pytest.approx([value, low, high])
        best = 1 + sum(worse == model for _, worse in told)
        worst = len(order) - sum(better == model for better, _ in told)
        assert standing["rank"] == (f"{best}" if best == worst else f"{best}-{worst}")
    for pair, (a, b, p), of_all in zip(ranking["pairs"], pairs, corrected, strict=True):
        assert [pair["p"], pair["adjusted"]] == pytest.approx([p, of_all], rel=1e-6, abs=1e-12)
        (moved, low, high), _ = change(newest[a], newest[b])
        assert [pair["change"], *pair["interval"]] == pytest.approx([moved, low, high])


def test_two_systems_are_compared_as_in_the_ledger(site: Server, lines: list[dict[str, Any]]) -> None:
    asked = {"name": "two", "members": ["m0@latest", "m1@latest"]}
    made = site.ask("POST", "/api/v1/experiments", asked)[1]
    compared = site.get(f"/api/v1/experiments/{made['id']}/comparison")[1]
    a, b = ({case(line)[1]: line for line in lines if case(line)[0] == model} for model in ("m0", "m1"))
    (duel,) = compared["duels"]

    def counts(side: dict[str, dict[str, Any]], line: dict[str, Any]) -> Floats:
        of = sorted(side) if line["dataset"] == "all" else [line["dataset"]]
        return np.concatenate([column(side[name], line["metric"]) for name in of])

    said = [(line, counts(a, line), counts(b, line)) for line in duel["quality"]]
    assert {line["dataset"] for line, _, _ in said} == {"all", "parts_v1", "second_v1"}
    assert {line["metric"] for line, _, _ in said} >= {"wer", "cer"}
    for line, before, after in said:
        values = [interval(side)[0] for side in (before, after)]
        (moved, low, high), _ = change(before, after)
        told = [line["a"], line["b"], line["change"], *line["interval"]]
        assert told == pytest.approx([*values, moved, low, high])
        assert line["p"] == pytest.approx(swapped_p(before, after), rel=1e-6, abs=1e-12)
        worse, better = (int((sign * (after - before)[:, 0] > 0).sum()) for sign in (1, -1))
        assert (line["wins"], line["losses"], line["n"]) == (better, worse, len(before))
        if better + worse:
            assert line["sign_p"] == pytest.approx(stats.binomtest(better, better + worse).pvalue)
    page = html.unescape(site.get(f"/experiments/{made['id']}")[1])
    for _, before, after in said:
        (moved, low, high), _ = change(before, after)
        assert f"{100 * moved:+.2f} % [{100 * low:+.2f} %, {100 * high:+.2f} %]" in page
    for speed in duel["speed"]:
        times = (column(side[speed["dataset"]], "cpu_s") for side in (a, b))
        ratio, low, high = time_ratio(*(each[:, 0] for each in times))
        assert [speed["ratio"], *speed["interval"]] == pytest.approx([ratio, low, high])


def test_a_history_moves_where_the_ledger_does(site: Server, lines: list[dict[str, Any]]) -> None:
    told = set()
    for name in dict.fromkeys(map(case, lines)):
        own = [line for line in lines if case(line) == name]
        page = html.unescape(site.get(f"/results/{own[-1]['id']}/history")[1])
        expected = []
        for title, unit in (("WER", "%"), ("RTF", "")):
            counts = [column(line, "wer") if unit else column(line, "wall_s", "duration_s") for line in own]
            for first, before, after in steps(np.array([side[:, 0].sum() / side[:, 1].sum() for side in counts])):
                levels = [f"{100 * level:.2f} %" if unit else f"{level:.3g}" for level in (before, after)]
                size = f"{100 * (after - before):+.2f} %" if unit else f"{100 * (after / before - 1):+.1f} %"
                expected.append((title, size, *levels, own[first - 1]["id"], own[first]["id"]))
        shown = re.findall(
            r">(WER|RTF) (\S+ %) \((\S+(?: %)?) to (\S+(?: %)?), \w+\) between .*?/results/(\w+)\".*?/results/(\w+)\"",
            page,
        )
        assert shown == expected
        told |= {(name[0], each[0]) for each in shown}
    assert told >= {("m1", "WER"), ("m1", "RTF")}


@pytest.mark.parametrize(
    "page", ["/leaderboard", "/results?limit=100", "/findings", "/slices?dataset=parts_v1", "history"]
)
def test_a_frozen_copy_has_every_number_of_its_page(site: Server, lines: list[dict[str, Any]], page: str) -> None:
    path = f"/results/{lines[-1]['id']}/history" if page == "history" else page
    status, made = site.ask("POST", "/api/v1/shares", {"page": path})
    assert status == 201
    with urllib.request.urlopen(made["url"]) as answer:
        copy = numbers(answer.read().decode())
    assert copy == numbers(site.get(path)[1])
    assert len(copy) >= 9


@pytest.mark.parametrize("kind", ["entry", "run"])
def test_a_shared_result_and_a_shared_run_have_the_numbers_of_the_ledger(
    site: Server, lines: list[dict[str, Any]], kind: str
) -> None:
    own = [lines[-1]] if kind == "entry" else [line for line in lines if line["session"] == lines[-1]["session"]]
    status, made = site.ask("POST", "/api/v1/shares", {kind: own[0]["id" if kind == "entry" else "session"]})
    assert status == 201
    with urllib.request.urlopen(made["url"]) as answer:
        text = html.unescape(re.sub(r"<[^>]+>", " ", answer.read().decode()))
    for line in own:
        for number in interval(column(line, "wer")):
            assert f"{100 * number:.2f}" in text, (case(line), number)


def numbers(page: str) -> list[str]:
    """What the cells of the tables of a page say, without markup."""
    cells = re.findall(r"<t[dh]\b[^>]*>(.*?)</t[dh]>", page, re.DOTALL)
    return [
        text for each in cells if (text := " ".join(re.sub(r"<[^>]+>", " ", each).split())) and re.search(r"\d", text)
    ]
