"""Who asks, and what a route needs of them. `access/guard.py` finds out who it is, before any route is asked."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from fastapi import Depends, FastAPI
from fastapi.openapi.models import HTTPBearer
from fastapi.routing import iter_route_contexts
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection, Request

from modellab.server.askers import EVERYBODY, NOBODY, PROJECT, SAFE, SCOPES, SIGNED, Who
from modellab.server.errors import ApiError

__all__ = [
    "EVERYBODY",
    "NOBODY",
    "PROJECT",
    "SAFE",
    "SCOPES",
    "SIGNED",
    "Needs",
    "Open",
    "Signed",
    "Who",
    "check_declared",
    "check_form_token",
    "declared",
    "needs",
    "open_to_all",
    "who",
]

FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
FORM_TOKEN, FORM_FIELD = "x-csrf-token", "csrf"  # where a page's writes carry it


def who(connection: HTTPConnection) -> Who:
    """Who asks, as the edge found it."""
    asker = connection.state.who
    assert isinstance(asker, Who)
    return asker


class Needs(SecurityBase):
    """A dependency of a route: who asks, or ApiError 403 where they may not. SIGNED: whoever is known may."""

    scheme_name = "bearer"
    model = HTTPBearer(description="A token of this server, as `Authorization: Bearer mlab_...`")

    def __init__(self, scope: str) -> None:
        self.scope = scope

    async def __call__(self, connection: HTTPConnection) -> Who:
        """Who asks; a write of a page has to bear the token of its session, too."""
        asker = who(connection)
        if self.scope != SIGNED and not asker.may(self.scope):
            has = ", ".join(sorted(asker.scopes)) or "nothing"
            raise ApiError(403, "insufficient_scope", f"this needs {self.scope}; {_named(asker)} may {has}")
        if asker.form_token and isinstance(connection, Request) and connection.method not in SAFE:
            await check_form_token(connection, asker.form_token)
        return asker


class Open:
    """A dependency of a route that anybody may ask, also without a token: its path has to stand in `guard.OPEN`."""

    scope: ClassVar[str] = ""

    async def __call__(self, connection: HTTPConnection) -> Who:
        return who(connection)


def needs(scope: str) -> Needs:
    """What a route has to declare, with `Depends`: the scope that it needs of whoever asks."""
    assert scope in SCOPES, scope
    return Needs(scope)


open_to_all = Open()
Signed = Annotated[Who, Depends(Needs(SIGNED))]


async def check_form_token(request: Request, known: str) -> None:
    """ApiError where a write that a browser's cookie speaks for does not bear its session's token."""
    given = request.headers.get(FORM_TOKEN, "")
    if not given and request.headers.get("content-type", "").partition(";")[0].strip().lower() in FORMS:
        given = str((await request.form()).get(FORM_FIELD, ""))
    if not hmac.compare_digest(given.encode(), known.encode()):
        message = f"this page is older than its session: load it again (expected {FORM_TOKEN} or a field {FORM_FIELD})"
        raise ApiError(403, "wrong_form_token", message)


def declared(app: FastAPI) -> Iterator[tuple[str, str, str | None]]:
    """(methods, path, scope) of every route; '' for one that is open to all, None for one that says nothing."""
    for context in iter_route_contexts(app.routes):
        route: Any = context.original_route
        dependant = getattr(context, "dependant", None) or getattr(route, "dependant", None)
        if dependant is None:  # the document of the routes itself: the edge asks for a token
            continue
        scopes = [dependency.call.scope for dependency in _all(dependant) if isinstance(dependency.call, Needs | Open)]
        methods = " ".join(sorted(getattr(route, "methods", None) or ["WEBSOCKET"]))
        yield methods, str(getattr(context, "path", route.path)), scopes[0] if scopes else None


def check_declared(app: FastAPI) -> None:
    """RuntimeError for a route that does not say who may ask it: a server with one does not start."""
    silent = [f"{methods} {path}" for methods, path, scope in declared(app) if scope is None]
    if silent:
        raise RuntimeError(f"these routes do not say who may ask them (Depends(needs(SCOPE))): {', '.join(silent)}")


def _all(dependant: Any) -> Iterator[Any]:
    for dependency in dependant.dependencies:
        yield dependency
        yield from _all(dependency)


def _named(asker: Who) -> str:
    return asker.name or "who asks"
