"""`/runs` and `/results`: what the ledger holds, from its index; all filters are in the address."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Annotated, Any, Protocol
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from modellab import tasks, units
from modellab.plan.matrix import Broken, Matrix
from modellab.results.entry import UNTRIED
from modellab.results.headline import NOT_RUN
from modellab.server.auth import Who, needs
from modellab.server.errors import ApiError
from modellab.server.pages import frame
from modellab.server.results import query, sessions
from modellab.server.results.index import Index
from modellab.types import readings

Reads = Annotated[Who, Depends(needs("read"))]
BOXES = (("task", "Task"), ("dataset", "Dataset"), ("model", "Model"), ("machine", "Machine"), ("commit", "Commit"))
ORDERS = (("-finished_at", "newest first"), ("finished_at", "oldest first"), ("value", "lowest value first"),
          ("-value", "highest value first"))  # fmt: skip
WORST_FIRST = ("ERROR", "PARTIAL", "REGRESSED", "ABOVE_LIMIT", "BELOW_LIMIT", "NOT_COMPARABLE", "INCONCLUSIVE",
               "NOT_RUN", "NEW", "IMPROVED")  # fmt: skip
CASE_POLICY = f"{frame.POLICY}; style-src-attr 'unsafe-inline'"  # how wide a drawing of its is
Row = dict[str, Any]


class Jobs(Protocol):
    """What the pages of runs have to know of jobs."""

    def running(self, project: str) -> list[Row]:
        """The runs of a project that wait or are at work."""

    def page(self, request: Request, who: Who, session: str, *, is_over: bool) -> Response | None:
        """The page of the job whose session it is; None where it is no job's, or over unless that is wanted too."""

    def begun(self, project: str, session: str) -> Row | None:
        """What a run of the command line says of itself that has not ended by itself, and whether it `lives`."""


def router(index: Index, matrix: Matrix, jobs: Jobs) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    _runs(routes, index, jobs)
    _results(routes, index, matrix)
    return routes


def _runs(routes: APIRouter, index: Index, jobs: Jobs) -> None:
    @routes.get("/runs")
    def runs(request: Request, who: Reads, asked: Annotated[sessions.Runs, Query()]) -> Response:
        asked = _without_empty(asked).model_copy(update={"state": None})  # those that go on stand above the others
        page = index.rows(lambda connection: sessions.runs(connection, who.project, asked))
        older, newest = _pages(request, page, asked)
        return frame.page(
            request, "runs.html.j2", "Runs",
            found=page, asked=asked, running=[] if asked.cursor else jobs.running(who.project),
            older=older, newest=newest, is_filtered=_is_filtered(asked),
        )  # fmt: skip

    @routes.get("/runs/{session}")
    def run(request: Request, who: Reads, session: str) -> Response:
        if going_on := jobs.page(request, who, session, is_over=False):
            return going_on
        index.settle()
        try:
            record = index.one(lambda connection: sessions.run(connection, who.project, session))
        except ApiError as error:  # it ended before its first result
            if error.status == 404 and (ended := jobs.page(request, who, session, is_over=True)):
                return ended
            raise
        rows = sorted(map(shown, record["results"]), key=lambda row: (row["task"], _rank(row), row["case"]))
        by_task = [(task, list(group)) for task, group in itertools.groupby(rows, key=lambda row: row["task"])]
        lead, colour = _lead(record)
        facts = [(name, record[name]) for name in ("machine", "host", "by", "experiment")]
        return frame.page(
            request, "run.html.j2", f"Run {session}", run=record, tasks=by_task, lead=lead, colour=colour, facts=facts,
            is_cut=record["cases"] > len(rows), most=query.MOST, may_share=who.may("run"),
            begun=jobs.begun(who.project, session),
        )  # fmt: skip


def _results(routes: APIRouter, index: Index, matrix: Matrix) -> None:
    @routes.get("/results")
    def results(request: Request, who: Reads, asked: Annotated[query.Filters, Query()]) -> Response:
        asked = _without_empty(asked)
        index.settle()
        page = index.rows(lambda connection: query.results(connection, who.project, asked))
        older, newest = _pages(request, page, asked)
        values = {name: _text(getattr(asked, name)) for name, _ in BOXES}
        return frame.page(
            request, "results.html.j2", "Results", found=page, rows=list(map(shown, page["data"])), asked=asked,
            boxes=BOXES, orders=ORDERS, values=values, known=_known(matrix), older=older, newest=newest,
            is_filtered=_is_filtered(asked), query=_query(request),
        )  # fmt: skip

    @routes.get("/results/{entry}")
    def result(request: Request, who: Reads, entry: str) -> Response:
        row = index.one(lambda connection: dict(query.one(connection, who.project, entry)))
        share = (("Share this result", f"/shares?entry={quote(entry)}"),) if who.may("run") else ()
        links = (
            ("History of this case", f"/results/{quote(entry)}/history"),
            ("Its run", f"/runs/{quote(row['session'])}"),
            *share,
        )
        body = index.whole("page", who.project, entry, frame=frame.drawn_elsewhere(request), links=links)["page"]
        return HTMLResponse(body, headers={**frame.HEADERS, "Content-Security-Policy": CASE_POLICY})


def shown(row: Row) -> Row:
    """A row of the index as a table shows it: numbers with their units, and what it rests on."""
    metric = _metric(row["task"], row["metric"])
    value = row["value"]
    rtf = row["readings"].get("rtf")
    red = ", ".join(verdict["metric"] for verdict in row["verdicts"] if verdict["red"])
    return {
        **row,
        "place": " ".join(filter(None, (row["device"], row["precision"], row["preprocessing"]))),
        "metric_title": units.heading(row["metric"]) if row["metric"] else "",
        "quality": units.value(value, metric) if value is not None and metric else "",
        "interval": _interval(row["interval"], metric),
        "rtf": units.value(rtf, readings.unit("rtf")) if isinstance(rtf, float) else "",
        "remark": row["error"].removeprefix(f"{NOT_RUN}: ") or red,
    }


def _interval(ends: list[float] | None, unit: str) -> str:
    """A 95 % interval without its unit, which stands before it; '' where there is none."""
    return f"[{', '.join(units.value(end, unit).removesuffix(' %') for end in ends)}]" if ends and unit else ""


def _metric(task: str, name: str) -> str:
    """The unit of a metric; '' of one that is unknown here."""
    known = tasks.get(task).METRICS if task in tasks.names() else ()
    return next((metric.unit for metric in known if metric.name == name), "")


def _rank(row: Row) -> int:
    return WORST_FIRST.index(row["status"]) if row["status"] in WORST_FIRST else len(WORST_FIRST)


def _lead(run: Mapping[str, Any]) -> tuple[str, str]:
    """What became of a run, in a few words, and their colour."""
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in run["statuses"].items())
    colour = "regressed" if run["red"] else "inconclusive" if UNTRIED in run["statuses"] else "pass"
    return f"{units.counted(run['cases'], 'case')}: {counts}", colour


def _known(matrix: Matrix) -> dict[str, list[str]]:
    """What the boxes of filters offer."""
    there = [entry[0].name for entry in matrix.datasets if not isinstance(entry, Broken)]
    return {"task": list(tasks.names()), "dataset": there, "model": matrix.model_names(), "machine": [], "commit": []}


def _without_empty[Asked: query.Page](asked: Asked) -> Asked:
    """A form sends its empty boxes too: they ask for nothing."""
    lists = {name: [element for element in value if element] for name, value in asked if isinstance(value, list)}
    return asked.model_copy(update=lists)


def _is_filtered(asked: query.Page) -> bool:
    return any(value for name, value in asked if name not in ("limit", "cursor", "sort", "fields"))


def _pages(request: Request, page: Mapping[str, Any], asked: query.Page) -> tuple[str, str]:
    """The addresses of the next page and of the first one; '' where there is none."""
    kept = _kept(request)
    path = request.url.path
    older = f"{path}?{urlencode([*kept, ('cursor', page['next_cursor'])])}" if page["has_more"] else ""
    return older, f"{path}?{urlencode(kept)}" if asked.cursor else ""


def _kept(request: Request) -> list[tuple[str, str]]:
    """What an address asks for, on whatever page of the list."""
    return [(name, value) for name, value in request.query_params.multi_items() if name != "cursor" and value]


def _query(request: Request) -> str:
    """The same as the end of an address; '' for nothing."""
    kept = [(name, value) for name, value in _kept(request) if name not in ("limit", "fields")]
    return f"?{urlencode(kept)}" if kept else ""


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else " ".join(value)
