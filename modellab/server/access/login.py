"""`/login` and `/logout`: a password for a session. Every refusal reads the same: none tells which accounts exist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import anyio.to_thread
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request, Response
from limits import RateLimitItemPerMinute
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse

from modellab.server import auth
from modellab.server.access import accounts, audit, passwords, sessions, sites, tables
from modellab.server.access.guard import Guard
from modellab.server.auth import Who, open_to_all
from modellab.server.bodies import json_object
from modellab.server.errors import ApiError
from modellab.server.pages import frame
from modellab.server.windows import Windows

TRIES = (  # that may fail in a quarter of an hour
    (RateLimitItemPerMinute(5, 15), ("account", "address")),
    (RateLimitItemPerMinute(20, 15), ("address",)),
    (RateLimitItemPerMinute(100, 15), ("account",)),
)


class Tries:
    """Which tries failed lately: for an account from an address, from an address, for an account."""

    def __init__(self) -> None:
        self.windows = Windows()
        self.pending: Counter[tuple[str, ...]] = Counter()

    @contextmanager
    def one(self, name: str, address: str) -> Iterator[None]:
        """Around a try, which counts while it is pending and if it fails; ApiError 429 where there were too many."""
        keys = [
            (limit, (*parts, *({"account": name, "address": address}[part] for part in parts)))
            for limit, parts in TRIES
        ]
        for limit, key in keys:
            if wait_s := self.windows.wait_s(limit, *key, cost=1 + self.pending[key]):
                message = f"too many tries failed: the next one in {wait_s} s"
                raise ApiError(429, "rate_limit_exceeded", message, headers={"Retry-After": str(wait_s)})
        self.pending.update(key for _, key in keys)
        try:
            yield
        except ApiError:
            for limit, key in keys:
                self.windows.hit(limit, *key)
            raise
        finally:
            self.pending -= Counter(key for _, key in keys)
        self.windows.clear(keys[0][0], *keys[0][1])


def router(guard: Guard, tries: Tries) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["access"], dependencies=[Depends(open_to_all)])

    @routes.get("/login", response_class=HTMLResponse)
    async def page(request: Request) -> Response:
        """A form for name and password."""
        return _page(request)

    @routes.post("/login", response_class=Response)
    async def login(request: Request) -> Response:
        """Begin a session: `name` and `password` as a form or as JSON; its cookie is the answer's."""
        sites.check_same(request)
        given = await _given(request)
        name, address = given["name"][:128], request.state.who.address
        try:
            with tries.one(name, address):
                row = await _checked(guard, name, given["password"])
        except ApiError as error:
            if error.status == 401:
                failed = Who("", "", frozenset(), address=address)
                await anyio.to_thread.run_sync(_note, guard, failed, "login.failed", name)
            return refused(request, error, given.get("next", ""))
        return await begun(guard, request, row, given.get("next", ""))

    @routes.post("/logout", response_class=Response)
    async def logout(request: Request) -> Response:
        """End the session of the cookie."""
        asker = auth.who(request)
        if asker.form_token:
            await auth.check_form_token(request, asker.form_token)
        if cookie := request.cookies.get(sessions.cookie_name(request), ""):
            await anyio.to_thread.run_sync(_ended, guard, asker, cookie)
        answer = RedirectResponse("/login", 303) if _wants_page(request) else JSONResponse({"signed_in": False})
        sessions.put_cookie(answer, request, "")
        return answer

    return routes


async def _checked(guard: Guard, name: str, password: str) -> dict[str, Any]:
    """The account of a name and its password; ApiError 401."""
    row = await anyio.to_thread.run_sync(_account, guard, name)
    is_right = await passwords.is_right(password, row["password"] if row else None)
    if not is_right or row is None or row["disabled_at"] is not None:
        raise ApiError(401, "wrong_password", "name or password is wrong")
    return row


async def begun(guard: Guard, request: Request, row: Mapping[str, Any], where: str) -> Response:
    """The answer that gives a browser a new session of an account; one that it had is over."""
    old = request.cookies.get(sessions.cookie_name(request), "")

    def begin() -> str:
        with guard.database.begin() as connection:
            if old:
                sessions.end(connection, old)
            audit.note(connection, Who(row["name"], "", frozenset(), address=request.state.who.address), "login")
            return sessions.begin(connection, row["id"], request.state.who.address)

    secret = await anyio.to_thread.run_sync(begin)
    guard.forget()
    wants_page = _wants_page(request) or request.method == "GET"
    answer = RedirectResponse(inside(where), 303) if wants_page else JSONResponse({"name": row["name"]})
    sessions.put_cookie(answer, request, secret)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def inside(where: str) -> str:
    r"""A place of this server to go to; the root instead of any other's.

    >>> [inside(where) for where in ("/runs?x=1", "//evil.com", "https://evil.com", "/\\evil.com", "/a\r\nb", "")]
    ['/runs?x=1', '/', '/', '/', '/', '/']
    """
    is_ours = where.startswith("/") and not where.startswith("//") and "\\" not in where and where.isprintable()
    return where if is_ours else "/"


async def _given(request: Request) -> dict[str, str]:
    """The fields of a form or of JSON."""
    if request.headers.get("content-type", "").startswith("application/json"):
        body: dict[str, Any] = json_object(await request.body())
    else:
        body = dict(await request.form())
    if not all(isinstance(body.get(name), str) for name in ("name", "password")):
        raise ApiError(400, "missing_field", "expected name and password")
    return {name: value for name, value in body.items() if isinstance(value, str)}


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def refused(request: Request, error: ApiError, where: str = "") -> Response:
    """Why somebody is not signed in: on the page for people, as it is for programs."""
    if not _wants_page(request):
        raise error
    return _page(request, error, where)


def _page(request: Request, error: ApiError | None = None, where: str = "") -> Response:
    place = inside(where or request.query_params.get("next", ""))
    has_issuer = request.state.guard.settings.oidc is not None
    message = str(error) if error else ""
    answer = frame.page(request, "login.html.j2", "Sign in", said=message, next=place, has_issuer=has_issuer)
    if error is not None:
        answer.status_code = error.status
        answer.headers.update(error.headers)
    return answer


def _account(guard: Guard, name: str) -> dict[str, Any] | None:
    with guard.database.begin() as connection:
        asked = sa.select(tables.accounts).where(tables.accounts.c.name == name.replace("\0", ""))
        row = connection.execute(asked).mappings().first()
        return dict(row) if row else None


def _note(guard: Guard, who: Who, act: str, target: str) -> None:
    with guard.database.begin() as connection:
        audit.note(connection, who, act, target if accounts.is_name(connection, target) else "")


def _ended(guard: Guard, who: Who, cookie: str) -> None:
    with guard.database.begin() as connection:
        sessions.end(connection, cookie)
        audit.note(connection, replace(who, project=""), "logout")
    guard.forget()
