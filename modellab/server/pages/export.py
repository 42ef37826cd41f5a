"""`/results.csv` and `/results.json`: the results that fit a filter, all of them, as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from modellab.results import serialization
from modellab.server.auth import Who, needs
from modellab.server.results import query
from modellab.server.results.index import Index
from modellab.system import escape
from modellab.types import readings

Reads = Annotated[Who, Depends(needs("read"))]
Given = Annotated[query.Filters, Query()]
NUMBERS = ("value", "low", "high", *readings.CLOCKS, *readings.PEAKS)
COLUMNS = ("case", *query.COLUMNS, *NUMBERS)
Json = dict[str, Any]


def router(index: Index) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/results.csv")
    def as_csv(who: Reads, asked: Given) -> StreamingResponse:
        return _download(_lines(_rows(index, who, asked)), "text/csv; charset=utf-8", "results.csv")

    @routes.get("/results.json")
    def as_json(who: Reads, asked: Given) -> StreamingResponse:
        return _download(_list(_rows(index, who, asked)), "application/json", "results.json")

    return routes


def _rows(index: Index, who: Who, asked: query.Filters) -> Iterator[list[Json]]:
    """All that fit in their order, a page of the list at a time; the first is there before the answer begins."""

    def part(cursor: str) -> Json:
        given = asked.model_copy(update={"limit": query.MOST, "cursor": cursor})
        return index.rows(lambda connection: query.results(connection, who.project, given))

    def pages(page: Json) -> Iterator[list[Json]]:
        yield page["data"]
        while page["has_more"]:
            page = part(page["next_cursor"])
            yield page["data"]

    return pages(part(asked.cursor))


def _lines(pages: Iterator[list[Json]]) -> Iterator[str]:
    """A heading and a line for each result; what is missing is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for page in pages:
        for row in page:
            low, high = row.get("interval") or (None, None)
            full = {**row.get("readings", {}), **row, "low": low, "high": high}
            safe = {name: escape.cell(value) if isinstance(value, str) else value for name, value in full.items()}
            writer.writerow(safe)
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def _list(pages: Iterator[list[Json]]) -> Iterator[str]:
    """One array, a result a line."""
    before = "[\n"
    for page in pages:
        if page:
            yield before + ",\n".join(map(serialization.dumps, page))
            before = ",\n"
    yield "\n]\n" if before == ",\n" else "[]\n"


def _download(parts: Iterator[str], kind: str, name: str) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(parts, media_type=kind, headers=headers)
