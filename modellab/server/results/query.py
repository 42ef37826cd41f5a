"""Lists from the index: filters, order, pages by cursor. Each question takes the project of who asks."""

from __future__ import annotations

import base64
import json
from typing import Any, Literal

import pydantic
import sqlalchemy as sa

from modellab.errors import did_you_mean
from modellab.server.errors import ApiError
from modellab.server.results.tables import ENTRIES, MISSING, SESSIONS

MOST = 500  # rows of a page
SAME = (
    "task", "dataset", "model", "variant", "device", "precision", "preprocessing", "machine", "host", "branch",
    "session", "status", "tier", "experiment",
)  # fmt: skip
Texts = list[str]
Json = dict[str, Any]


class Page(pydantic.BaseModel):
    """Which rows of a list: so many, behind a cursor that an earlier answer gave."""

    model_config = pydantic.ConfigDict(extra="forbid")

    limit: int = pydantic.Field(default=50, ge=1, le=MOST)
    cursor: str = pydantic.Field(default="", max_length=400)


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
    commit: str = pydantic.Field(default="", pattern="^[0-9a-f]{0,64}$")
    red: bool | None = None
    since: str = pydantic.Field(default="", max_length=40, description="Ended at or after this moment, ISO 8601 in UTC")
    until: str = pydantic.Field(default="", max_length=40, description="Ended before it")
    sort: Literal["-finished_at", "finished_at", "value", "-value"] = "-finished_at"
    fields: str = pydantic.Field(default="", max_length=400, description="Only these, with commas between them")


class Runs(Page):
    """Which sessions."""

    commit: str = pydantic.Field(default="", pattern="^[0-9a-f]{0,64}$")
    branch: Texts = []
    machine: Texts = []
    experiment: Texts = []
    by: Texts = []
    red: bool | None = None


def results(connection: sa.Connection, project: str, asked: Filters) -> Json:
    """A page of results."""
    wanted = _fields(asked.fields)
    name = asked.sort.removeprefix("-")
    said = sa.select(ENTRIES).where(ENTRIES.c.project == project, *_conditions(asked))
    rows, cursor = _paged(connection, said, (ENTRIES.c[name], ENTRIES.c.id), asked, falling=asked.sort[0] == "-")
    shown = [result(row) for row in rows]
    if wanted:
        shown = [{key: each[key] for key in wanted} for each in shown]
    return _list(shown, cursor)


def runs(connection: sa.Connection, project: str, asked: Runs) -> Json:
    """A page of sessions, those that began last first."""
    conditions: list[Any] = [
        SESSIONS.c[name].in_(values) for name in ("branch", "machine", "experiment") if (values := _of(asked, name))
    ]
    if asked.by:
        conditions.append(SESSIONS.c.person.in_(asked.by))
    if asked.commit:
        conditions.append(_begins(SESSIONS.c.commit, asked.commit))
    if asked.red is not None:
        conditions.append(SESSIONS.c.red > 0 if asked.red else SESSIONS.c.red == 0)
    said = sa.select(SESSIONS).where(SESSIONS.c.project == project, *conditions)
    rows, cursor = _paged(connection, said, (SESSIONS.c.started_at, SESSIONS.c.session), asked, falling=True)
    return _list([session(row) for row in rows], cursor)


def one(connection: sa.Connection, project: str, id: str) -> Any:
    """The row of a result; ApiError 404 where this project has none of that id."""
    said = sa.select(ENTRIES).where(ENTRIES.c.project == project, ENTRIES.c.id == id)
    if (row := connection.execute(said).mappings().first()) is None:
        raise ApiError(404, "not_found", f"there is no result {id[:40]!r} here", "entry")
    return row


def run(connection: sa.Connection, project: str, name: str) -> Json:
    """One session with its results; ApiError 404 where this project has none of that name."""
    theirs = sa.select(SESSIONS).where(SESSIONS.c.project == project, SESSIONS.c.session == name)
    if (row := connection.execute(theirs).mappings().first()) is None:
        raise ApiError(404, "not_found", f"there is no run {name[:60]!r} here", "session")
    said = sa.select(ENTRIES).where(ENTRIES.c.project == project, ENTRIES.c.session == name)
    newest = said.order_by(ENTRIES.c.finished_at, ENTRIES.c.id).limit(MOST)
    shown = [result(each) for each in connection.execute(newest).mappings()]
    return {**session(row), "results": shown, "results_url": f"/api/v1/results?session={name}"}


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


def session(row: Any) -> Json:
    """A session as the API gives it."""
    names = ("started_at", "finished_at", "commit", "branch", "dirty", "machine", "host", "cases", "red", "experiment")
    return {
        "object": "run",
        "id": row["session"],
        **{name: row[name] for name in names},
        "by": row["person"],
        "statuses": json.loads(row["statuses"]),
    }


# ---------------------------------------------------------------------------- conditions and pages


def _conditions(asked: Filters) -> list[Any]:
    found: list[Any] = [ENTRIES.c[name].in_(values) for name in SAME if (values := _of(asked, name))]
    if asked.by:
        found.append(ENTRIES.c.person.in_(asked.by))
    if asked.commit:
        found.append(_begins(ENTRIES.c.commit, asked.commit))
    if asked.red is not None:
        found.append(ENTRIES.c.red == asked.red)
    if asked.since:
        found.append(ENTRIES.c.finished_at >= asked.since)
    if asked.until:
        found.append(ENTRIES.c.finished_at < asked.until)
    if asked.sort.endswith("value"):
        found.append(ENTRIES.c.value < MISSING)
    return found


def _of(asked: Page, name: str) -> Texts:
    values: Texts = getattr(asked, name)
    return values


def _begins(column: Any, prefix: str) -> Any:
    """That a hash begins so, as a range, which an index answers."""
    return (column >= prefix) & (column < prefix + "g")


def _fields(given: str) -> list[str]:
    """The fields that are wanted; ApiError for one that no result has."""
    wanted = [name.strip() for name in given.split(",") if name.strip()]
    for name in wanted:
        if name not in FIELDS:
            said = f"fields has {name[:60]!r}, no field of a result: {did_you_mean(name[:60], FIELDS)}"
            raise ApiError(400, "invalid_value", said, "fields")
    return wanted


COLUMNS = (
    "id", "session", "task", "dataset", "model", "variant", "device", "precision", "preprocessing", "machine", "host",
    "commit", "branch", "dirty", "started_at", "finished_at", "status", "red", "tier", "utterances", "metric", "error",
    "private",
)  # fmt: skip
FIELDS = ("object", "case", *COLUMNS, "value", "interval", "values", "readings", "verdicts", "weights", "labels")


def _paged(
    connection: sa.Connection, said: sa.Select[Any], by: tuple[Any, Any], asked: Page, *, falling: bool
) -> tuple[list[Any], str]:
    """The rows of a page and the cursor of the next; '' behind the last."""
    first, last = by
    if asked.cursor:
        place = sa.tuple_(*(sa.literal(value) for value in _opened(asked.cursor, first)))
        here = sa.tuple_(first, last)
        said = said.where(here < place if falling else here > place)
    ordered = said.order_by(*(column.desc() if falling else column for column in by)).limit(asked.limit + 1)
    rows = list(connection.execute(ordered).mappings())
    if len(rows) <= asked.limit:
        return rows, ""
    end = rows[asked.limit - 1]
    return rows[: asked.limit], _closed([end[first.name], end[last.name]])


def _closed(place: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _opened(cursor: str, first: Any) -> tuple[Any, str]:
    """The place that a cursor stands for; ApiError for what is none, or one of another order."""
    kind = float if isinstance(first.type, sa.Float) else str
    try:
        value, id = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or not isinstance(id, str):
            raise TypeError
    except (ValueError, TypeError, RecursionError):
        said = "the cursor is none that this list gave: take `next_cursor` of an answer with the same sort"
        raise ApiError(400, "invalid_value", said, "cursor") from None
    return value, id


def _list(shown: list[Json], cursor: str) -> Json:
    return {"object": "list", "data": shown, "has_more": bool(cursor), "next_cursor": cursor or None}
