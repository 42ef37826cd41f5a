"""`/login/oidc`: people sign in where they do for everything else (OpenID Connect, code flow with PKCE)."""

from __future__ import annotations

from typing import Any

import anyio.to_thread
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import RedirectResponse

from modellab.server.access import accounts, audit, login, names, sessions, tables
from modellab.server.access.guard import Guard
from modellab.server.access.issuer import WAITS_S, Issuer, Person
from modellab.server.auth import Who, open_to_all
from modellab.server.errors import ApiError

BACK = "/login/oidc/back"
COOKIE = "modellab_oidc"


def router(guard: Guard, issuer: Issuer) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["access"], dependencies=[Depends(open_to_all)])

    @routes.get("/login/oidc", response_class=Response)
    async def there(request: Request, next: str = "") -> Response:
        """Send somebody to the issuer."""
        try:
            return await _sent(issuer, request, login.inside(next))
        except ApiError as error:
            return login.refused(request, error)

    @routes.get(BACK, response_class=Response)
    async def back(request: Request, state: str = "", code: str = "", error: str = "", iss: str = "") -> Response:
        """Somebody comes back from there."""
        try:
            pending = issuer.back(state, request.cookies.get(COOKIE, ""))
            if error or not code or iss not in ("", issuer.settings.issuer):
                raise ApiError(401, "not_signed_in", "the issuer says that you have not signed in")
            async with issuer.client(_back(request)) as client:
                token = await issuer.token(client, code, pending.verifier)
                person = issuer.person(await issuer.claims(client, token, pending.nonce))
            row = await anyio.to_thread.run_sync(_account, guard, issuer, person, request.state.who.address)
        except ApiError as refused:
            await anyio.to_thread.run_sync(_note, guard, issuer, request.state.who.address, refused.code)
            return login.refused(request, refused)
        answer = await login.begun(guard, request, row, pending.where)
        answer.delete_cookie(COOKIE, path="/login/oidc")
        return answer

    return routes


async def _sent(issuer: Issuer, request: Request, where: str) -> Response:
    state, pending = issuer.begin(where)
    async with issuer.client(_back(request)) as client:
        about, _ = await issuer.facts(client)
        address, _ = client.create_authorization_url(
            about["authorization_endpoint"], state=state, code_verifier=pending.verifier, nonce=pending.nonce
        )
    answer = RedirectResponse(address, 303, {"Cache-Control": "no-store"})
    answer.set_cookie(
        COOKIE, pending.browser, WAITS_S, path="/login/oidc", httponly=True, samesite="lax",
        secure=sessions.is_secure(request),
    )  # fmt: skip
    return answer


def _account(guard: Guard, issuer: Issuer, person: Person, client: str) -> dict[str, Any]:
    """The account of somebody whom the issuer knows, with their role of now; a new one the first time."""
    settings, its = issuer.settings, tables.accounts.c
    known = sa.select(tables.accounts).where(its.issuer == settings.issuer, its.subject == person.subject)
    with guard.database.begin() as connection:
        row = connection.execute(known).mappings().first()
        is_new = row is None
        if row is None:
            name = names.checked(person.name)
            who = Who(name, settings.project, frozenset(), address=client)
            accounts.new(connection, who, name, issuer=settings.issuer, subject=person.subject)
            audit.note(connection, who, "account.came", name, issuer=settings.issuer)
            row = connection.execute(known).mappings().one()
        if row["disabled_at"] is not None:
            raise ApiError(403, "not_allowed", "this account is disabled")
        held = accounts.roles_of(connection, row["id"]).get(settings.project)
        if held != person.role and (is_new or person.is_role_told):
            who = Who(row["name"], settings.project, frozenset(), address=client)
            accounts.set_role(connection, who, row["name"], settings.project, person.role)
        return dict(row)


def _note(guard: Guard, issuer: Issuer, client: str, code: str) -> None:
    """Somebody was refused; by what name is not believed."""
    with guard.database.begin() as connection:
        failed = Who("", "", frozenset(), address=client)
        audit.note(connection, failed, "login.failed", issuer=issuer.settings.issuer, code=code)


def _back(request: Request) -> str:
    """Where the issuer sends people back to: it lets only what was registered there."""
    return f"{str(request.base_url).rstrip('/')}{BACK}"
