"""Runs: those that the ledger has, from the index, and those in progress, from their first moment.

A run stands where it began. The ledger counts that from its first result on, so that a run without one moves up when
one comes: a cursor remembers those that stood below it, and none is missed or given twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from modellab.server.errors import ApiError
from modellab.server.results.query import MOST, Page, Prefix, Texts, begins, closed, listed, opened, result, values_of
from modellab.server.results.tables import ENTRIES, SESSIONS

TEXTS = ("started_at", "finished_at", "commit", "branch", "machine", "host", "experiment")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Live:
    """A run in progress. `planned` is how many cases it is about to run; None where it has not said yet."""

    session: str
    started_at: str  # ISO 8601, in UTC
    planned: int | None = None
    by: str = ""
    host: str = ""
    experiment: str = ""


class Runs(Page):
    """Which sessions."""

    state: Literal["running", "ended"] | None = None
    commit: Prefix = ""
    branch: Texts = []
    machine: Texts = []
    experiment: Texts = []
    by: Texts = []
    red: bool | None = None


def runs(connection: sa.Connection, project: str, asked: Runs, live: Iterable[Live] = ()) -> Json:
    """A page of sessions, those that began last first."""
    going = {running.session: running for running in live}
    place, below = _place(asked.cursor)
    own = SESSIONS.c.project == project
    statement = sa.select(SESSIONS).where(own, *_conditions(asked, list(going)))
    key = sa.tuple_(SESSIONS.c.started_at, SESSIONS.c.session)
    if place:
        statement = statement.where((key < sa.tuple_(*map(sa.literal, place))) | SESSIONS.c.session.in_(below))
    statement = statement.order_by(SESSIONS.c.started_at.desc(), SESSIONS.c.session.desc()).limit(asked.limit + 1)
    rows = [session(row, going.get(row["session"])) for row in connection.execute(statement).mappings()]
    known = set(connection.execute(sa.select(SESSIONS.c.session).where(own, SESSIONS.c.session.in_(going))).scalars())
    new = [begun(running) for running in going.values() if running.session not in known and _fits(running, asked)]
    new = [row for row in new if not place or _key(row) < place]
    rows += new
    rows.sort(key=_key, reverse=True)
    shown = rows[: asked.limit]
    if len(rows) <= asked.limit:
        return listed(shown, "")
    waiting = {*below, *(row["id"] for row in new)} - {row["id"] for row in shown}
    end = min(_key(shown[-1]), place or _key(shown[-1]))
    return listed(shown, closed([*end, *sorted(waiting)]))


def of_experiment(connection: sa.Connection, project: str, experiment: str) -> Json:
    """The newest sessions that were run for an experiment; `count` is how many there are of them."""
    statement = sa.select(sa.func.count()).where(SESSIONS.c.project == project, SESSIONS.c.experiment == experiment)
    page = runs(connection, project, Runs(experiment=[experiment]))
    return {**page, "count": connection.execute(statement).scalar_one()}


def run(connection: sa.Connection, project: str, name: str, live: Iterable[Live] = ()) -> Json:
    """One session with its results; ApiError 404 where this project has none of that name."""
    goes_on = next((running for running in live if running.session == name), None)
    about = {"results": [], "results_url": f"/api/v1/results?session={name}"}
    theirs = sa.select(SESSIONS).where(SESSIONS.c.project == project, SESSIONS.c.session == name)
    if (row := connection.execute(theirs).mappings().first()) is None:
        if goes_on is not None:
            return {**begun(goes_on), **about}
        raise ApiError(404, "not_found", f"there is no run {name[:60]!r} here", "session")
    statement = sa.select(ENTRIES).where(ENTRIES.c.project == project, ENTRIES.c.session == name)
    newest = statement.order_by(ENTRIES.c.finished_at, ENTRIES.c.id).limit(MOST)
    shown = [result(entry) for entry in connection.execute(newest).mappings()]
    return {**session(row, goes_on), **about, "results": shown}


def session(row: Any, live: Live | None = None) -> Json:
    """A session of the ledger as the API gives it."""
    return {
        "object": "run",
        "id": row["session"],
        "state": "running" if live else "ended",
        **{name: row[name] for name in TEXTS},
        **{name: row[name] for name in ("dirty", "cases", "red")},
        "planned": live.planned if live else None,
        "by": row["person"],
        "statuses": json.loads(row["statuses"]),
    }


def begun(live: Live) -> Json:
    """The same of one without a result yet: what only a result tells is empty."""
    row = {name: getattr(live, name, "") for name in TEXTS}
    return session({**row, "session": live.session, "dirty": False, "cases": 0, "red": 0, "person": live.by,
                    "statuses": "{}"}, live)  # fmt: skip


def _key(row: Json) -> tuple[str, str]:
    return row["started_at"], row["id"]


def _place(cursor: str) -> tuple[tuple[str, str] | None, list[str]]:
    """The place that a cursor stands for, and the runs that went on without a result below it."""
    if not cursor:
        return None, []
    started_at, id, below = opened(cursor, SESSIONS.c.started_at)
    return (started_at, id), below


def _conditions(asked: Runs, going: Sequence[str]) -> list[Any]:
    names = ("branch", "machine", "experiment")
    conditions: list[Any] = [SESSIONS.c[name].in_(values) for name in names if (values := values_of(asked, name))]
    if asked.by:
        conditions.append(SESSIONS.c.person.in_(asked.by))
    if asked.commit:
        conditions.append(begins(SESSIONS.c.commit, asked.commit))
    if asked.red is not None:
        conditions.append(SESSIONS.c.red > 0 if asked.red else SESSIONS.c.red == 0)
    if asked.state:
        is_one = SESSIONS.c.session.in_(going)
        conditions.append(is_one if asked.state == "running" else sa.not_(is_one))
    return conditions


def _fits(live: Live, asked: Runs) -> bool:
    """Whether a run without a result is asked for: one of a commit, branch or machine is not, it has said none."""
    own = {"by": live.by, "experiment": live.experiment}
    is_other = any(getattr(asked, name) and own[name] not in getattr(asked, name) for name in own)
    unknown = asked.commit or asked.branch or asked.machine or asked.red or asked.state == "ended"
    return not (is_other or unknown)
