"""Who has signed in to the pages: a row for each, found by the SHA-256 of what the browser's cookie holds."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from modellab.server.access import sites, tables
from modellab.server.access.names import digest

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection
    from starlette.responses import Response

COOKIE = "modellab_session"
LASTS_S = 12 * 3600.0
IDLE_S = 2 * 3600.0
USED_EVERY_S = 60.0
AHEAD_S = 300.0  # that clocks are set right by, now and then


def is_secure(connection: HTTPConnection) -> bool:
    """Whether a cookie must go over TLS alone: everywhere but on this machine."""
    return connection.url.scheme in ("https", "wss") or not sites.is_local(connection.headers.get("host", ""))


def cookie_name(connection: HTTPConnection) -> str:
    """With the prefix by which a browser takes it from this very host and over TLS alone."""
    return f"__Host-{COOKIE}" if is_secure(connection) else COOKIE


def begin(connection: sa.Connection, account: str, address: str) -> str:
    """A new session, and what its cookie holds; those that are over are removed."""
    now = time.time()
    its = tables.sessions.c
    connection.execute(
        sa.delete(tables.sessions).where((its.created_at < now - LASTS_S) | (its.used_at < now - IDLE_S))
    )
    secret = secrets.token_urlsafe(32)
    connection.execute(
        sa.insert(tables.sessions).values(
            id=digest(secret), account=account, form_token=secrets.token_urlsafe(24), created_at=now, used_at=now,
            address=address,
        )
    )  # fmt: skip
    return secret


def find(connection: sa.Connection, number: str) -> dict[str, Any] | None:
    """The row of a session that is not over."""
    now = time.time()
    row = connection.execute(sa.select(tables.sessions).where(tables.sessions.c.id == number)).mappings().first()
    if row is None or now - row["created_at"] > LASTS_S or now - row["used_at"] > IDLE_S:
        return None
    if row["created_at"] - now > AHEAD_S:  # begun in the future: the clock was set back, and it would never end
        return None
    return dict(row)


def account_of(connection: sa.Connection, number: str) -> str:
    """Whose session it is; '' for one that has just ended."""
    its = tables.sessions.c
    return connection.execute(sa.select(its.account).where(its.id == number)).scalar() or ""


def choose(connection: sa.Connection, number: str, project: str) -> None:
    """Show a project from now on."""
    connection.execute(sa.update(tables.sessions).where(tables.sessions.c.id == number).values(project=project))


def note_use(connection: sa.Connection, row: dict[str, Any]) -> None:
    """Write that a session is in use, at most once in a minute."""
    now = time.time()
    if abs(now - row["used_at"]) >= USED_EVERY_S:
        connection.execute(sa.update(tables.sessions).where(tables.sessions.c.id == row["id"]).values(used_at=now))


def end(connection: sa.Connection, secret: str) -> None:
    """Let the session of a cookie be over."""
    connection.execute(sa.delete(tables.sessions).where(tables.sessions.c.id == digest(secret)))


def end_others(connection: sa.Connection, account: str, kept: str = "") -> int:
    """Let every session of an account be over but the one with this id; how many there were."""
    theirs = (tables.sessions.c.account == account) & (tables.sessions.c.id != kept)
    return connection.execute(sa.delete(tables.sessions).where(theirs)).rowcount


def count(connection: sa.Connection, account: str) -> int:
    """How many sessions of an account are not over."""
    now, its = time.time(), tables.sessions.c
    is_on = (its.account == account) & (its.created_at >= now - LASTS_S) & (its.used_at >= now - IDLE_S)
    return int(connection.execute(sa.select(sa.func.count()).select_from(tables.sessions).where(is_on)).scalar_one())


def put_cookie(response: Response, connection: HTTPConnection, secret: str) -> None:
    """Give the browser its session; an empty one takes it away."""
    response.set_cookie(
        cookie_name(connection), secret, max_age=int(LASTS_S) if secret else 0,
        path="/", httponly=True, secure=is_secure(connection), samesite="lax",
    )  # fmt: skip
