"""`/api/v1/me`: who asks, and what they may change of their own: project, password, sessions."""

from __future__ import annotations

from typing import Annotated, Any

import anyio.to_thread
import pydantic
import sqlalchemy as sa
from fastapi import APIRouter

from modellab.schema import Strict
from modellab.server.access import accounts, passwords, sessions
from modellab.server.access.guard import Guard
from modellab.server.access.login import Tries
from modellab.server.auth import Signed, Who
from modellab.server.errors import ApiError

Text = Annotated[str, pydantic.Field(max_length=passwords.LONGEST)]


class Chosen(Strict):
    """The project that the pages of a session show."""

    project: Text


class NewPassword(Strict):
    """The password that an account has, and the one that it is to have."""

    present: Text
    password: Text


class Me(pydantic.BaseModel):
    """Who asks; `csrf` is what the writes of a session's pages have to bear."""

    name: str
    project: str
    scopes: list[str]
    csrf: str | None = None


class Shown(pydantic.BaseModel):
    """The project that is shown from now on."""

    name: str
    project: str


class Ended(pydantic.BaseModel):
    """How many other sessions have ended."""

    name: str
    sessions_ended: int


def router(guard: Guard, tries: Tries) -> APIRouter:
    """The routes; `tries` are those of passwords, wherever they are made."""
    routes = APIRouter(prefix="/api/v1/me", tags=["access"])

    @routes.get("", response_model_exclude_none=True)
    def me(who: Signed) -> Me:
        """Who asks, in which project, with which scopes."""
        return Me(name=who.name, project=who.project, scopes=sorted(who.scopes), csrf=who.form_token or None)

    @routes.put("/project")
    def choose(who: Signed, body: Chosen) -> Shown:
        """Show another project to this session."""
        number = _session(who, "send OpenAI-Project instead")

        def chosen(opened: sa.Connection) -> Shown:
            account = sessions.account_of(opened, number)
            if body.project not in (accounts.scopes_of(opened, account) or {}):
                raise ApiError(404, "not_found", f"there is no project {body.project[:80]!r}", "project")
            sessions.choose(opened, number, body.project)
            return Shown(name=who.name, project=body.project)

        return guard.act(chosen)

    _password(routes, guard, tries)
    return routes


def _password(routes: APIRouter, guard: Guard, tries: Tries) -> None:
    """The routes of a password and of the sessions that it opened."""

    @routes.put("/password")
    async def change(who: Signed, body: NewPassword) -> Ended:
        """Change one's own password; every other session of the account ends."""
        number = _session(who, "sign in to change a password")
        row = await anyio.to_thread.run_sync(_row, guard, number)
        if row["password"] is None:
            message = f"{who.name} signs in elsewhere and has no password here"
            raise ApiError(400, "no_password", message)
        with tries.one(who.name, who.address):
            if not await passwords.is_right(body.present, row["password"]):
                raise ApiError(403, "wrong_password", "the present password is wrong", "present")
        kept = await anyio.to_thread.run_sync(passwords.kept, body.password)

        def changed(opened: sa.Connection) -> Ended:
            ended = accounts.set_own_password(opened, who, row["id"], kept, number)
            return Ended(name=who.name, sessions_ended=ended)

        return await anyio.to_thread.run_sync(guard.act, changed)

    @routes.delete("/sessions")
    def end(who: Signed) -> Ended:
        """Sign out everywhere but here."""
        number = _session(who, "a token has no sessions")

        def ended(opened: sa.Connection) -> Ended:
            count = accounts.end_other_sessions(opened, who, sessions.account_of(opened, number), number)
            return Ended(name=who.name, sessions_ended=count)

        return guard.act(ended)


def _session(who: Who, instead: str) -> str:
    """The session of somebody who has signed in; ApiError 400 for whoever has not."""
    kind, _, number = who.key.partition(":")
    if kind != "session":
        raise ApiError(400, "no_session", f"only somebody who has signed in may do this: {instead}")
    return number


def _row(guard: Guard, number: str) -> dict[str, Any]:
    """The account of a session; ApiError 401 where it has just ended."""
    with guard.database.begin() as connection:
        name = accounts.name_of(connection, sessions.account_of(connection, number))
        if not name:
            raise ApiError(401, "session_ended", "this session has ended: sign in again")
        return accounts.named(connection, name)
