"""Numbers of API and pages computed once more from the ledger's lines, as JSON and with nothing of modellab's own.

Formulas are those of the documentation: a pooled rate has the jackknife's interval with Student's t; two systems are
compared by turning the sign of each utterance's change, every way counted; Holm's correction is over all pairs.
"""

from __future__ import annotations

import html
import json
import math
import re
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
from tests.server.results.boards import dataset, results
from tests.server.results.conftest import write

PRICE = 0.5
Ends = tuple[float, float, float]  # value, and the ends of its interval


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


def column(line: dict[str, Any], *names: str) -> Floats:
    """Numbers of each utterance: those of a metric's counts, or of the utterance itself."""
    said = line["result"]["utterances"]
    return np.array([u["shares"][names[0]] if names[0] in u["shares"] else [u[n] for n in names] for u in said])


def interval(counts: Floats, *, is_share: bool = True) -> Ends:
    """The rate of sums with its interval; a share stays below 1, and without any error ends at 3.69 of them."""
    total, n = counts.sum(axis=0), len(counts)
    left = (total[0] - counts[:, 0]) / (total[1] - counts[:, 1])
    half = stats.t.ppf(0.975, n - 1) * math.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())
    value = total[0] / total[1]
    if is_share and not total[0]:
        return value, value, min(1.0, -math.log(0.025) / total[1])
    return value, max(0.0, value - half), min(1.0, value + half) if is_share else value + half


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
            a, b = column(before[-1], "wer"), column(after[-1], "wer")
            rates = [(s.sum(axis=0) - s)[:, 0] / (s.sum(axis=0) - s)[:, 1] for s in (a, b)]
            left, n = rates[1] - rates[0], len(a)
            error = math.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())
            change = float(b[:, 0].sum() / b[:, 1].sum() - a[:, 0].sum() / a[:, 1].sum())
            p = 2 * float(stats.t.sf(abs(change) / error, n - 1)) if change else 1.0
            found.append((p, f"{name[0]}:one-{name[1]}-cpu-float32", change))
    highest, expected = 0.0, dict[str, tuple[str, str]]()
    for number, (p, named, change) in enumerate(sorted(found)):
        highest = min(1.0, max(highest, p * (len(found) - number)))
        if highest <= 0.05:
            expected[named] = (f"{100 * change:+.2f} %", f"{highest:.2g}")
    page = html.unescape(site.get("/findings?days=7")[1])
    part = page[page.index('id="week"') : page.index('id="near"')]
    rows = re.findall(r"<tr>.*?/results/\w+\">(m.*?)</a>.*?(?:worse|better): (\S+ %).*?>([^<]*)</td></tr>", part)
    assert {named: (change, p) for named, change, p in rows} == expected
    assert len(expected) == 2  # m1 on both datasets


def swapped_p(before: Floats, after: Floats) -> float:
    """Two-sided: of all ways to turn the signs of the changes, how many add up to at least as much on either side."""
    changes = (after - before)[:, 0]
    sums = {0: 1.0}
    for change in changes[changes != 0].astype(int):
        turned: dict[int, float] = {}
        for total, share in sums.items():
            for side in (total + change, total - change):
                turned[side] = turned.get(side, 0.0) + share / 2
        sums = turned
    seen = changes.sum()
    above, below = (sum(s for total, s in sums.items() if (total - seen) * sign >= 0) for sign in (1, -1))
    return min(1.0, 2 * min(above, below))


def test_an_experiment_ranks_as_the_ledger_does(site: Server, lines: list[dict[str, Any]]) -> None:
    asked = {"name": "three", "members": ["m0", "m1", "m2"]}
    made = site.ask("POST", "/api/v1/experiments", asked)[1]
    (ranking,) = site.get(f"/api/v1/experiments/{made['id']}/comparison")[1]["rankings"]
    newest = {case(line)[0]: column(line, "wer") for line in lines if case(line)[1] == "parts_v1"}
    order = sorted(newest, key=lambda model: interval(newest[model])[0])
    pairs = [(a, b, swapped_p(newest[a], newest[b])) for a, b in combinations(order, 2)]
    highest, told = 0.0, set()
    for number, (a, b, p) in enumerate(sorted(pairs, key=lambda pair: pair[2])):
        highest = min(1.0, max(highest, p * (len(pairs) - number)))
        if highest <= ranking["alpha"]:
            told.add((a, b))
    assert ranking["datasets"] == ["parts_v1"]
    for standing, model in zip(ranking["standings"], order, strict=True):
        assert standing["name"].startswith(f"{model}:one")
        value, low, high = interval(newest[model])
        assert [standing["value"], *standing["interval"]] == pytest.approx([value, low, high])
        best = 1 + sum(worse == model for _, worse in told)
        worst = len(order) - sum(better == model for better, _ in told)
        assert standing["rank"] == (f"{best}" if best == worst else f"{best}-{worst}")
    for pair, (_, _, p) in zip(ranking["pairs"], pairs, strict=True):
        assert pair["p"] == pytest.approx(p, rel=1e-6, abs=1e-12)
