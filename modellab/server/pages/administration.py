"""`/admin`: for admins: models and queues, tokens, people and projects, what was done."""

from __future__ import annotations

import math
import time
from typing import Annotated, Any
from urllib.parse import urlencode

import psutil
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request, Response

from modellab.server.access import accounts, audit, roles, tables, tokens
from modellab.server.access.guard import Guard
from modellab.server.auth import SCOPES, Who, needs
from modellab.server.facts import Measured
from modellab.server.fleet.fleet import Fleet
from modellab.server.jobs.tables import ENDED, JOB, QUEUED
from modellab.server.pages import frame
from modellab.server.storage.api import iso

Admin = Annotated[Who, Depends(needs("admin"))]
Name = Annotated[str, Query(max_length=255)]
PLACES = (("Models and queue", "/admin"), ("Tokens", "/admin/tokens"), ("People and projects", "/admin/people"),
          ("Audit", "/admin/audit"))  # fmt: skip
LINES = 50
ANY = "any: each request names one"  # of a token that no project binds
MIB = 2**20


def router(guard: Guard, fleet: Fleet, measured: Measured) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    _models(routes, guard, fleet, measured)
    _people(routes, guard)
    _audit(routes, guard)
    return routes


def _models(routes: APIRouter, guard: Guard, fleet: Fleet, measured: Measured) -> None:
    @routes.get("/admin")
    def models(request: Request, who: Admin) -> Response:
        """Models that anybody has asked for, what waits, and what all of it takes."""
        rows = [_model(name, about) for name, about in fleet.stats().items()]
        with guard.database.begin() as connection:
            jobs = _jobs(connection)
        total = sum(row["resident_bytes"] for row in rows)
        server = {
            "up": _span(time.time() - measured.begun), "this process": _size(psutil.Process().memory_info().rss),
            "models": _size(total), "of at most": _size(most * MIB) if (most := fleet.settings.memory_mb) else "",
            "live streams": f"{measured.streams.stats()['live']}",
        }  # fmt: skip
        return _page(
            request, who, "admin_models.html.j2", "Administration", models=rows, jobs=jobs, server=server,
            others=sorted(served.name for served in fleet if "@" not in served.name),
        )  # fmt: skip


def _model(name: str, about: dict[str, Any]) -> dict[str, Any]:
    states = about["replicas"]
    return {
        **about, "name": name, "size": _size(about["resident_bytes"]),
        "mean": f"{about['mean_call_s']:.2f} s" if about["calls"] else "",
        "processes": ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states)),
        "is_loaded": bool(about["resident_bytes"]),
    }  # fmt: skip


def _jobs(connection: sa.Connection) -> list[dict[str, Any]]:
    """What is waiting or at work, by project, owner and kind; the longest wait first."""
    its = JOB.c
    waiting = sa.func.sum(sa.case((its.state == QUEUED, 1), else_=0))
    asked = (
        sa.select(its.project, its.owner, its.kind, waiting.label("queued"), sa.func.count().label("open"),
                  sa.func.min(its.created).label("since"))
        .where(its.state.not_in(ENDED)).group_by(its.project, its.owner, its.kind).order_by(sa.func.min(its.created))
    )  # fmt: skip
    rows = connection.execute(asked.limit(LINES)).mappings()
    return [{**row, "running": row["open"] - row["queued"], "since": iso(row["since"])} for row in rows]


def _people(routes: APIRouter, guard: Guard) -> None:
    @routes.get("/admin/tokens")
    def tokens_page(request: Request, who: Admin) -> Response:
        """Tokens; to make one, which is shown once, and to revoke one."""
        with guard.database.begin() as connection:
            rows = [_token(row) for row in tokens.every(connection)]
            projects = accounts.project_names(connection)
            people = [row["name"] for row in accounts.every(connection) if row["disabled_at"] is None]
        return _page(
            request, who, "admin_tokens.html.j2", "Tokens", tokens=rows, scopes=SCOPES, first=("infer", "read"),
            projects=projects, people=people, any=ANY, fixed=sorted(guard.settings.tokens),
        )  # fmt: skip

    @routes.get("/admin/people")
    def people_page(request: Request, who: Admin) -> Response:
        """Accounts with their roles, and projects."""
        with guard.database.begin() as connection:
            rows = [{**row, "created": iso(row["created_at"])} for row in accounts.every(connection)]
            projects = [{**row, "created": iso(row["created_at"])} for row in accounts.every_project(connection)]
        return _page(
            request, who, "admin_people.html.j2", "People and projects", people=rows, projects=projects,
            roles=roles.MEMBERS, scopes_of={name: " ".join(sorted(roles.ROLES[name])) for name in roles.MEMBERS},
        )  # fmt: skip


def _token(row: dict[str, Any]) -> dict[str, Any]:
    times = {name: iso(row[f"{name}_at"]) if row[f"{name}_at"] else "" for name in ("created", "expires", "used")}
    is_over = row["expires_at"] is not None and row["expires_at"] <= time.time()
    return {**row, **times, "state": "revoked" if row["revoked_at"] else "expired" if is_over else "holds"}


def _audit(routes: APIRouter, guard: Guard) -> None:
    @routes.get("/admin/audit")
    def audit_page(
        request: Request, who: Admin, act: Name = "", by: Name = "",
        before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    ) -> Response:  # fmt: skip
        """What people did, the newest first."""
        with guard.database.begin() as connection:
            notes = audit.read(connection, act=act, who=by, before=before, most=LINES + 1)
            acts = connection.execute(sa.select(tables.audit.c.act).distinct().limit(100)).scalars().all()
        lines = [{**line, "at": iso(line["at"]), "more": _more(line["about"])} for line in notes[:LINES]]
        kept = {name: value for name, value in (("act", act), ("by", by)) if value}
        older = f"/admin/audit?{urlencode({**kept, 'before': lines[-1]['id']})}" if len(notes) > LINES else ""
        newest = f"/admin/audit?{urlencode(kept)}" if before else ""
        return _page(
            request, who, "admin_audit.html.j2", "Audit", lines=lines, act=act, by=by, acts=sorted(acts), older=older,
            newest=newest,
        )  # fmt: skip


def _more(about: dict[str, Any]) -> str:
    shown = {name: value for name, value in about.items() if value not in (None, "", False, [])}
    return ", ".join(f"{name} {_text(value)}" for name, value in shown.items())


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else "yes" if value is True else str(value)


def _page(request: Request, who: Who, template: str, title: str, **context: Any) -> Response:
    """A page of the administration, with the way to the others; `is_open`: nobody has to say who they are."""
    return frame.page(request, template, title, places=PLACES, is_open=not who.key, **context)


def _size(count_bytes: float) -> str:
    """Bytes as people say them.

    >>> _size(0), _size(5 * 2**20), _size(3 * 2**30)
    ('0 MiB', '5 MiB', '3.0 GiB')
    """
    return f"{count_bytes / 2**30:.1f} GiB" if count_bytes >= 2**30 else f"{math.ceil(count_bytes / MIB)} MiB"


def _span(seconds: float) -> str:
    """A time as people say it.

    >>> _span(59), _span(61), _span(3 * 3600 + 60), _span(50 * 3600)
    ('59 s', '1 min', '3 h 1 min', '2 d 2 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(int(seconds) // 60, 60)
    if not hours:
        return f"{minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min"
