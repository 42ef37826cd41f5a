"""`/leaderboard`: systems of a task against each other, with intervals, speed and cost; as a page, as CSV and JSON."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from modellab import units
from modellab.reports.leaderboard import prose
from modellab.results import serialization
from modellab.server.auth import Who, needs
from modellab.server.errors import ApiError
from modellab.server.pages import charts, frame
from modellab.server.results import board
from modellab.server.results.board import Board, Line
from modellab.server.results.index import Index
from modellab.server.results.kept import Kept
from modellab.stats.estimate import Estimate
from modellab.system import escape

Reads = Annotated[Who, Depends(needs("read"))]
Given = Annotated[board.Asked, Query()]
LINES, SETS = 50, 12  # of a page; an export has all
MOST_KEPT = 8  # leaderboards, while no result comes
DRAWN = 24  # systems of the chart, the best
DOUBTS = 3  # of times, that are told
COLUMNS = (
    "task", "rank", "model", "variant", "device", "precision", "preprocessing", "dataset", "metric", "better", "value",
    "low", "high", "n", "unit", "rtf", "rtf_low", "rtf_high", "rtfx", "cost", "currency", "machine", "front", "tied",
    "compared", "status", "doubt", "finished_at", "result", "timed",
)  # fmt: skip
Ranked = tuple[Board | None, Mapping[str, int]]  # and how many results there are of each task
Boards = Kept[Ranked]


def router(index: Index) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    kept: Boards = Kept(index, MOST_KEPT)

    @routes.get("/leaderboard")
    def page(request: Request, who: Reads, asked: Given) -> Response:
        ranking, known = _ranked(kept, who, asked)
        table = shown(ranking, asked) if ranking else None
        return frame.page(
            request, "leaderboard.html.j2", "Leaderboard", asked=asked, tasks=known, found=table,
            query=_query(asked), newer=_at(asked, ranking, LINES), older=_at(asked, ranking, -LINES),
        )  # fmt: skip

    @routes.get("/leaderboard.csv")
    def as_csv(who: Reads, asked: Given) -> Response:
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in rows(_needed(kept, who, asked)):
            writer.writerow(
                {name: escape.cell(value) if isinstance(value, str) else value for name, value in row.items()}
            )
        return _download(text.getvalue(), "text/csv; charset=utf-8", "leaderboard.csv")

    @routes.get("/leaderboard.json")
    def as_json(who: Reads, asked: Given) -> Response:
        body = ",\n".join(serialization.dumps(row) for row in rows(_needed(kept, who, asked)))
        return _download(f"[\n{body}\n]\n", "application/json", "leaderboard.json")

    return routes


def _ranked(kept: Boards, who: Who, asked: board.Asked) -> Ranked:
    index = kept.index

    def make() -> Ranked:
        with index.database.begin() as connection:
            card = index.project.judging.scorecard
            return board.board(connection, who.project, asked, card), board.there(connection, who.project)

    index.estimated()
    return kept.get((who.project, asked.model_copy(update={"start": 0}).model_dump_json()), make)


def _needed(kept: Boards, who: Who, asked: board.Asked) -> Board:
    ranking, _ = _ranked(kept, who, asked)
    if ranking is None:
        raise ApiError(404, "no_results", "there are no results of that: `modellab run` makes some")
    return ranking


def _download(text: str, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(text, media_type=kind, headers=headers)


def _query(asked: board.Asked, **other: Any) -> str:
    given = {name: value for name, value in {**asked.model_dump(), **other}.items() if value}
    return urlencode(given, doseq=True)


def _at(asked: board.Asked, ranking: Board | None, by: int) -> str:
    """The address of the systems after or before these; '' where there are none."""
    start = asked.start + by
    if ranking is None or start >= len(ranking.lines) or start <= -LINES:
        return ""
    return f"/leaderboard?{_query(asked, start=max(0, start))}"


# ---------------------------------------------------------------------------- as a table shows it


def shown(ranking: Board, asked: board.Asked) -> dict[str, Any]:
    """What the template needs: numbers as text, each with its interval and N."""
    part = ranking.lines[asked.start : asked.start + LINES]
    better = "lower" if ranking.metric.better == "lower" else "higher"
    return {
        "task": ranking.task, "metric": units.heading(ranking.metric.name), "better": better,
        "datasets": ranking.datasets[:SETS], "more": len(ranking.datasets) - SETS, "shared": ranking.shared,
        "machine": ranking.machine, "machines": ranking.machines, "currency": ranking.currency,
        "count": len(ranking.lines),
        "first": asked.start + 1, "last": asked.start + len(part), "is_cut": ranking.is_cut,
        "has_cost": any(math.isfinite(line.cost) for line in ranking.lines),
        "lines": [_line(ranking, line, number) for number, line in enumerate(part, asked.start + 1)],
        "chart": pareto(ranking), "most": board.MOST,
        "doubts": list(dict.fromkeys(line.doubt for line in part if line.doubt))[:DOUBTS],
        "has_earlier": any(cell.timed != cell.entry for line in part for cell in line.cells.values()),
        "has_other": any(not cell.same for line in part for cell in line.cells.values()),
    }  # fmt: skip


def _line(ranking: Board, line: Line, number: int) -> dict[str, Any]:
    cells = [line.cells.get(dataset) for dataset in ranking.datasets[:SETS]]
    return {
        "rank": str(number) if line.average.known else "", "name": line.name, "place": line.place, "tied": line.tied,
        "front": line.front, "average": number_of(line.average), "rtfx": rtfx(line.speed), "doubt": line.doubt,
        "cost": f"{line.cost:.3g}" if math.isfinite(line.cost) else "", "model": line.who[0],
        "cells": [
            None if cell is None else {**number_of(cell.quality), "id": cell.entry, "same": cell.same} for cell in cells
        ],
    }  # fmt: skip


def number_of(estimate: Estimate) -> dict[str, str]:
    """A number, its interval and N as text; '' for what there is not."""
    if not estimate.known:
        return {"value": "", "interval": "", "n": ""}
    ends = [units.value(end, estimate.unit).removesuffix(" %") for end in estimate.interval or ()]
    return {
        "value": units.value(estimate.value, estimate.unit),
        "interval": f"[{', '.join(ends)}]" if ends else "no interval",
        "n": prose.n(estimate),
    }


def rtfx(speed: Estimate) -> dict[str, str]:
    """How many times faster than the audio: the inverse of RTF, its ends changed over."""
    if not speed.known or speed.value <= 0:
        return {"value": "", "interval": "", "n": ""}
    ends = [f"{1 / end:.3g}" for end in reversed(speed.interval or ()) if end > 0]
    return {
        "value": f"{1 / speed.value:.3g}",
        "interval": f"[{', '.join(ends)}]" if len(ends) == 2 else "no interval",
        "n": prose.n(speed),
    }


# ---------------------------------------------------------------------------- the chart


def pareto(ranking: Board) -> dict[str, Any] | None:
    """Average quality over RTF; None for fewer than two systems with both."""
    both = [line for line in ranking.lines if line.average.known and line.speed.known]
    drawn = [*(line for line in both if line.front), *(line for line in both if not line.front)][:DRAWN]
    if len(drawn) < 2:
        return None
    across = charts.scale([line.speed for line in drawn], 100, may_log=True)
    down = charts.scale([line.average for line in drawn], charts.TALL, is_up=True)
    ranks = {line.who: number for number, line in enumerate(ranking.lines, 1)}
    drawn.sort(key=lambda line: ranks[line.who])
    dots = [
        charts.dot(
            line.speed, line.average, across, down, _dot_label(line), "front" if line.front else "behind",
            number=str(ranks[line.who]),
        )
        for line in drawn
    ]  # fmt: skip
    front = sorted((dot for dot in dots if dot.kind == "front"), key=lambda dot: dot.x)
    names = ", ".join(line.name for line in drawn if line.front)
    return {
        "height": charts.TALL, "dots": dots, "line": charts.line(front), "across": across.ticks("s/s"),
        "down": down.ticks(ranking.metric.unit), "left_out": len(both) - len(drawn),
        "said": f"{units.heading(ranking.metric.name)} against RTF; on the Pareto front: {names or 'nobody'}",
    }  # fmt: skip


def _dot_label(line: Line) -> str:
    doubt = f"; {line.doubt}" if line.doubt else ""
    return f"{line.name} {line.place}: {prose.span(line.average)}, RTF {prose.span(line.speed)}{doubt}"


# ---------------------------------------------------------------------------- as rows


def rows(ranking: Board) -> Iterator[dict[str, Any]]:
    """A row for each system's average, then one for each of its datasets; what is missing is None."""
    for number, line in enumerate(ranking.lines, 1):
        rank = number if line.average.known else None
        about: dict[str, Any] = dict(zip(board.SYSTEM, line.who, strict=True))
        about |= {"task": ranking.task, "rank": rank, "metric": ranking.metric.name, "better": ranking.metric.better}
        about |= {"unit": ranking.metric.unit, "currency": ranking.currency}
        yield _row(about, "(average)", line.average, line.speed, line.cost) | {
            "front": line.front, "tied": line.tied, "machine": ranking.machine, "doubt": line.doubt
        }  # fmt: skip
        for dataset, cell in sorted(line.cells.items()):
            yield _row(about, dataset, cell.quality, cell.speed, cell.cost) | {
                "machine": cell.machine, "status": cell.status, "doubt": cell.doubt, "compared": cell.same,
                "finished_at": cell.finished_at, "result": cell.entry, "timed": cell.timed,
            }  # fmt: skip


def _row(about: Mapping[str, Any], dataset: str, quality: Estimate, speed: Estimate, cost: float) -> dict[str, Any]:
    numbers = {
        "value": quality.value, "low": quality.low, "high": quality.high, "rtf": speed.value, "rtf_low": speed.low,
        "rtf_high": speed.high, "rtfx": 1 / speed.value if speed.known and speed.value > 0 else math.nan, "cost": cost,
    }  # fmt: skip
    known = {name: number if math.isfinite(number) else None for name, number in numbers.items()}
    return {**dict.fromkeys(COLUMNS), **about, **known, "dataset": dataset, "n": quality.n}
