"""The log of what people did to the server: who, what, to whom, from where, when. Written once, never changed.

It holds no secret: a token is there by its id, a password not at all.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import sqlalchemy as sa

from modellab.server.access import tables
from modellab.server.askers import Who

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

SHELL = "the command line"  # whoever may write the database's file may do all of it
MOST = 200  # lines at once


def note(connection: sa.Connection, who: Who, act: str, target: str = "", **about: Any) -> None:
    """Write that somebody did something, in the transaction that it is done in."""
    connection.execute(
        sa.insert(tables.audit).values(
            at=time.time(), who=who.name, project=who.project, act=act, target=target, address=who.address, about=about
        )
    )


def read(
    connection: sa.Connection, *, act: str = "", who: str = "", before: int | None = None, most: int = MOST
) -> list[dict[str, Any]]:
    """The newest lines first; `before` is the id of the last one that was seen."""
    asked = sa.select(tables.audit).order_by(tables.audit.c.id.desc()).limit(min(most, MOST))
    if act:
        asked = asked.where(tables.audit.c.act == act)
    if who:
        asked = asked.where(tables.audit.c.who == who)
    if before is not None:
        asked = asked.where(tables.audit.c.id < before)
    return [dict(row) for row in connection.execute(asked).mappings()]


async def noted(asked: HTTPConnection, act: str, target: str = "", **about: Any) -> None:
    """The same for what is done elsewhere than in the database, by whoever asked for it."""
    database, who = asked.state.guard.database, asked.state.who

    def write() -> None:
        with database.begin() as connection:
            note(connection, who, act, target, **about)

    await anyio.to_thread.run_sync(write)
