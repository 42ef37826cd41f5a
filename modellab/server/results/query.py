"""Lists from the index: filters, order, pages by cursor. Each question takes the project of who asks.

Runs are in `sessions.py`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import pydantic
import sqlalchemy as sa

from modellab.errors import did_you_mean
from modellab.server.errors import ApiError
from modellab.server.results.tables import ENTRIES, MISSING

MOST = 500  # rows of a page
SAME = (
    "task", "dataset", "model", "variant", "device", "precision", "preprocessing", "machine", "host", "branch",
    "session", "status", "tier", "experiment",
)  # fmt: skip
Texts = list[str]
Json = dict[str, Any]
Prefix = Annotated[str, pydantic.Field(pattern="^[0-9a-f]{0,64}$")]  # how a hash begins


class Page(pydantic.BaseModel):
    """Which rows of a list: so many, after a cursor that an earlier answer gave."""

    model_config = pydantic.ConfigDict(extra="forbid")

    limit: int = pydantic.Field(default=50, ge=1, le=MOST)
    cursor: str = pydantic.Field(default="", max_length=4_000)


class Filters(Page):
    """Which results: each filter may be repeated, then one of them has to fit. `commit` is how a hash begins."""

    task: Texts = []
    dataset: Texts = []
    model: Texts = []
    variant: Texts = []
    device: Texts = []
    precision: Texts = []
    preprocessing: Texts = []
    machine: Texts = []
    host: Texts = []
    branch: Texts = []
    session: Texts = []
    status: Texts = []
    tier: Texts = []
    experiment: Texts = []
    by: Texts = []
    commit: Prefix = ""
    red: bool | None = None
    since: str = pydantic.Field(default="", max_length=40, description="Ended at or after this moment, ISO 8601 in UTC")
    until: str = pydantic.Field(default="", max_length=40, description="Ended before it")
    sort: Literal["-finished_at", "finished_at", "value", "-value"] = "-finished_at"
    fields: str = pydantic.Field(default="", max_length=400, description="Only these, with commas between them")


def results(connection: sa.Connection, project: str, asked: Filters) -> Json:
    """A page of results."""
    wanted = _fields(asked.fields)
    name = asked.sort.removeprefix("-")
    statement = sa.select(ENTRIES).where(ENTRIES.c.project == project, *_conditions(asked))
    rows, cursor = _paged(connection, statement, (ENTRIES.c[name], ENTRIES.c.id), asked, falling=asked.sort[0] == "-")
    shown = [result(row) for row in rows]
    if wanted:
        shown = [{key: row[key] for key in wanted} for row in shown]
    return listed(shown, cursor)


def one(connection: sa.Connection, project: str, id: str) -> Any:
    """The row of a result; ApiError 404 where this project has none of that id."""
    statement = sa.select(ENTRIES).where(ENTRIES.c.project == project, ENTRIES.c.id == id)
    if (row := connection.execute(statement).mappings().first()) is None:
        raise ApiError(404, "not_found", f"there is no result {id[:40]!r} here", "entry")
    return row


def known(connection: sa.Connection, project: str, ids: Iterable[str]) -> list[str]:
    """Those of some ids that this project has results of."""
    statement = sa.select(ENTRIES.c.id).where(ENTRIES.c.project == project, ENTRIES.c.id.in_(list(ids)))
    return list(connection.execute(statement).scalars())


def result(row: Any) -> Json:
    """A row as the API gives it."""
    parts = [row[part] for part in ("device", "precision", "preprocessing") if row[part]]
    facts = json.loads(row["facts"])
    return {
        "object": "result",
        "case": f"{row['model']}:{row['variant']}-{row['dataset']}-{'-'.join(parts)}",
        **{name: row[name] for name in COLUMNS},
        "value": None if row["value"] == MISSING else row["value"],
        "interval": None if row["low"] is None or row["high"] is None else [row["low"], row["high"]],
        **facts,
    }


# ---------------------------------------------------------------------------- conditions and pages


def _conditions(asked: Filters) -> list[Any]:
    conditions: list[Any] = [ENTRIES.c[name].in_(values) for name in SAME if (values := values_of(asked, name))]
    if asked.by:
        conditions.append(ENTRIES.c.person.in_(asked.by))
    if asked.commit:
        conditions.append(begins(ENTRIES.c.commit, asked.commit))
    if asked.red is not None:
        conditions.append(ENTRIES.c.red == asked.red)
    if asked.since:
        conditions.append(ENTRIES.c.finished_at >= asked.since)
    if asked.until:
        conditions.append(ENTRIES.c.finished_at < asked.until)
    if asked.sort.endswith("value"):
        conditions.append(ENTRIES.c.value < MISSING)
    return conditions


def values_of(asked: Page, name: str) -> Texts:
    """What a filter that may be repeated asks for."""
    values: Texts = getattr(asked, name)
    return values


def begins(column: Any, prefix: str) -> Any:
    """That a hash begins so, as a range, which an index answers."""
    return (column >= prefix) & (column < prefix + "g")


def _fields(given: str) -> list[str]:
    """The fields that are wanted; ApiError for one that no result has."""
    wanted = [name.strip() for name in given.split(",") if name.strip()]
    for name in wanted:
        if name not in FIELDS:
            message = f"fields has {name[:60]!r}, no field of a result: {did_you_mean(name[:60], FIELDS)}"
            raise ApiError(400, "invalid_value", message, "fields")
    return wanted


COLUMNS = (
    "id", "session", "task", "dataset", "model", "variant", "device", "precision", "preprocessing", "machine", "host",
    "commit", "branch", "dirty", "started_at", "finished_at", "status", "red", "tier", "utterances", "metric", "error",
    "private",
)  # fmt: skip
FIELDS = ("object", "case", *COLUMNS, "value", "interval", "values", "readings", "verdicts", "weights", "labels")


def _paged(
    connection: sa.Connection, statement: sa.Select[Any], by: tuple[Any, Any], asked: Page, *, falling: bool
) -> tuple[list[Any], str]:
    """The rows of a page and the cursor of the next; '' after the last."""
    first, last = by
    if asked.cursor:
        place = sa.tuple_(*(sa.literal(value) for value in opened(asked.cursor, first)[:2]))
        here = sa.tuple_(first, last)
        statement = statement.where(here < place if falling else here > place)
    ordered = statement.order_by(*(column.desc() if falling else column for column in by)).limit(asked.limit + 1)
    rows = list(connection.execute(ordered).mappings())
    if len(rows) <= asked.limit:
        return rows, ""
    end = rows[asked.limit - 1]
    return rows[: asked.limit], closed([end[first.name], end[last.name]])


def closed(place: list[Any]) -> str:
    """The cursor that stands for a place: the values that a row is sorted by, and what else a list has to remember."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def opened(cursor: str, first: Any) -> tuple[Any, str, list[str]]:
    """The place that a cursor stands for, and what it remembers; ApiError for what is none, or one of another order."""
    kind = float if isinstance(first.type, sa.Float) else str
    try:
        value, id, *more = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or not all(isinstance(text, str) for text in (id, *more)):
            raise TypeError
    except (ValueError, TypeError, RecursionError):
        message = "the cursor is none that this list gave: take `next_cursor` of an answer with the same sort"
        raise ApiError(400, "invalid_value", message, "cursor") from None
    return value, id, more


def listed(shown: list[Json], cursor: str) -> Json:
    """A page as the API gives it."""
    return {"object": "list", "data": shown, "has_more": bool(cursor), "next_cursor": cursor or None}
