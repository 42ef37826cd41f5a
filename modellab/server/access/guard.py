"""Who asks: a token as bearer, a session as cookie, a short-lived ticket on a socket, or everybody on an open server.

What the database says of a token or a session is believed for `TTL_S`, so a revoked one holds no longer than that.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import anyio.to_thread
import sqlalchemy as sa
from starlette.requests import HTTPConnection

from modellab.plan.serve_settings import Serve
from modellab.server.access import accounts, roles, sessions, sites, tables, tokens
from modellab.server.access.credentials import Credential
from modellab.server.access.names import digest
from modellab.server.auth import EVERYBODY, NOBODY, Who
from modellab.server.database import Database
from modellab.server.errors import ApiError

LOG = logging.getLogger("modellab.server")
OPEN = ("/health", "/ready", "/login", "/logout", "/login/oidc", "/login/oidc/back")  # asked without a token
OPEN_BELOW = (
    "/s/",
    "/listen/",
    "/assets/",
)  # whoever has the address of a share or an invitation; what pages look like
TTL_S = 2.0
MOST_KEPT = 10_000
TICKET_S = 60.0
SUBPROTOCOL = "openai-insecure-api-key."  # how a browser's socket bears a token: it can set no header
BEARER = {"WWW-Authenticate": "Bearer"}


class Guard:
    """Finds out who asks. All of it is called in the event loop; the database is asked in a thread."""

    def __init__(self, settings: Serve, database: Database) -> None:
        self.settings, self.database = settings, database
        self._kept: dict[str, tuple[float, Credential | None]] = {}
        self._tickets: dict[str, tuple[float, Who]] = {}
        self._is_required, self._looked_at = bool(settings.tokens or settings.oidc), -TTL_S
        with database.begin() as connection:
            accounts.ensure_default(connection)

    # ------------------------------------------------------------------------ who asks

    async def who(self, connection: HTTPConnection) -> Who:
        """Who asks; ApiError 401 where nobody does whom we know, and 403 for what another site's page sends."""
        address = connection.client.host if connection.client else ""
        path = connection.scope["path"]
        is_open = path in OPEN or path.startswith(OPEN_BELOW)
        if not await self.is_required():
            sites.check_local(connection)
            return replace(EVERYBODY, address=address)
        given, cookie = bearer(connection), connection.cookies.get(sessions.cookie_name(connection), "")
        if given and not (is_open and path in OPEN[:2]):
            return replace(await self._by_token(connection, given), address=address)
        if cookie and (credential := await self._look("session", digest(cookie))):
            sites.check_same(connection)
            return replace(credential.in_project(connection.headers.get("openai-project", "")), address=address)
        if is_open:
            return replace(NOBODY, address=address)
        raise ApiError(401, "invalid_api_key", "no token came: expected Authorization: Bearer TOKEN", headers=BEARER)

    async def _by_token(self, connection: HTTPConnection, given: str) -> Who:
        asked = connection.headers.get("openai-project", "")
        if holder := self._ticket(given) if connection.scope["type"] == "websocket" else None:
            return holder
        credential = Credential.of_settings(given, self.settings.tokens)
        if credential is None and (number := tokens.given_id(given)):
            stored = await self._look("token", number)
            credential = stored if stored is not None and tokens.is_one(given, stored.digest) else None
        if credential is None:
            raise ApiError(401, "invalid_api_key", "there is no such token here", headers=BEARER)
        return credential.in_project(asked)

    async def is_required(self) -> bool:
        """Whether one has to say who one is: as soon as there was any token or account, and then for ever."""
        if not self._is_required and time.monotonic() - self._looked_at >= TTL_S:
            self._looked_at = time.monotonic()
            try:
                self._is_required = await anyio.to_thread.run_sync(self.is_anybody_known)
            except sa.exc.SQLAlchemyError as error:  # what held before goes on to hold
                LOG.warning("the server's database does not answer: %s", type(error).__name__)
        return self._is_required

    def is_anybody_known(self) -> bool:
        """Whether the database has a token or an account, revoked and disabled ones included."""
        with self.database.begin() as connection:
            return any(
                connection.execute(sa.select(table.c.id).limit(1)).first() for table in (tables.tokens, tables.accounts)
            )

    # ------------------------------------------------------------------------ whether they still may

    async def still_valid(self, who: Who) -> bool:
        """Whether somebody who was let in still may: to be asked every few seconds of whoever holds a socket open."""
        kind, _, number = who.key.partition(":")
        if kind not in ("token", "session"):
            return bool(who.key) or not await self.is_required()
        credential = await self._look(kind, number)
        return credential is not None and who.scopes <= credential.scopes.get(who.project, frozenset())

    def ticket(self, who: Who, valid_s: float = TICKET_S) -> tuple[str, float]:
        """(what opens a socket in the next minute in somebody's name, the time when it ends): for a browser's page."""
        now = time.monotonic()
        self._tickets = {key: kept for key, kept in self._tickets.items() if kept[0] > now}
        if len(self._tickets) >= MOST_KEPT:
            raise ApiError(429, "rate_limit_exceeded", "too many tickets are out", headers={"Retry-After": "60"})
        text = f"ek_{secrets.token_urlsafe(32)}"
        self._tickets[digest(text)] = (now + valid_s, who)
        return text, time.time() + valid_s

    def _ticket(self, given: str) -> Who | None:
        until, holder = self._tickets.get(digest(given), (0.0, None))
        return holder if until > time.monotonic() else None

    def act[Result](self, act: Callable[[sa.Connection], Result]) -> Result:
        """What comes of an act in one transaction; from now on it holds."""
        with self.database.begin() as connection:
            result = act(connection)
        self.forget()
        return result

    def forget(self) -> None:
        """Believe nothing any more that was looked up: something was changed here."""
        self._kept.clear()

    # ------------------------------------------------------------------------ the database

    async def _look(self, kind: str, number: str) -> Credential | None:
        key = f"{kind}:{number}"
        at, credential = self._kept.get(key, (-TTL_S, None))
        if time.monotonic() - at < TTL_S:
            return credential
        look: Callable[[str], Credential | None] = self._token if kind == "token" else self._session
        try:
            credential = await anyio.to_thread.run_sync(look, number)
        except sa.exc.SQLAlchemyError as error:
            LOG.warning("the server's database does not answer: %s", type(error).__name__)
            message = "who asks cannot be found out: the server's database does not answer"
            raise ApiError(503, "database_unavailable", message, headers={"Retry-After": "5"}) from error
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = (time.monotonic(), credential)
        return credential

    def _token(self, number: str) -> Credential | None:
        with self.database.begin() as connection:
            if (row := tokens.find(connection, number)) is None:
                return None
            may = frozenset(row["scopes"].split())
            if row["account"] is None:
                everywhere: accounts.Scopes | None = dict.fromkeys(accounts.project_names(connection), roles.ALL)
            else:
                everywhere = accounts.scopes_of(connection, row["account"])
            if everywhere is None:
                return None
            owner = accounts.name_of(connection, row["account"])
        self._note(tokens.note_use, row)
        name = f"{owner}/{row['name']}" if owner else row["name"]
        held = {place: roles.common(scopes, may) for place, scopes in everywhere.items()}
        return Credential(f"token:{number}", name, held, row["project"], digest=row["digest"])

    def _session(self, number: str) -> Credential | None:
        with self.database.begin() as connection:
            if (row := sessions.find(connection, number)) is None:
                return None
            scopes = accounts.scopes_of(connection, row["account"])
            name = accounts.name_of(connection, row["account"])
        if scopes is None:
            return None
        self._note(sessions.note_use, row)
        return Credential(f"session:{number}", name, scopes, first=row["project"] or "", form_token=row["form_token"])

    def _note(self, write: Callable[[sa.Connection, dict[str, Any]], None], row: dict[str, Any]) -> None:
        """When it was last used; nobody is kept out because that cannot be written."""
        try:
            with self.database.begin() as connection:
                write(connection, row)
        except sa.exc.SQLAlchemyError as error:
            LOG.warning("the use of a token cannot be noted: %s", type(error).__name__)


def bearer(connection: HTTPConnection) -> str:
    """The token that a request bears; of a browser's socket one among its subprotocols."""
    kind, _, given = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return given.strip() or "-"  # something came, and it is none
    if connection.scope["type"] == "websocket":
        offered = connection.headers.get("sec-websocket-protocol", "").split(",")
        named = (protocol.strip() for protocol in offered)
        return next((protocol.removeprefix(SUBPROTOCOL) for protocol in named if protocol.startswith(SUBPROTOCOL)), "")
    return ""


async def still_valid(connection: HTTPConnection) -> bool:
    """Whether whoever opened a connection still may; sockets ask every few seconds."""
    guard, who = connection.state.guard, connection.state.who
    return await guard.still_valid(who) if isinstance(guard, Guard) else False
