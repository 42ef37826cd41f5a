"""What every request goes through before anything of ours: its size, its pace, who asks, and one shape for errors."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from modellab.plan.serve_settings import Serve
from modellab.server.access.guard import Guard
from modellab.server.auth import SAFE, Who
from modellab.server.errors import ApiError
from modellab.server.pages import refused
from modellab.server.rates import Rates

MB = 1_000_000
JSON_BYTES = MB  # of a request that is no upload
BODY_S, BODY_S_PER_MB = 60.0, 1.0  # that a whole body may take
UPLOADS = "/api/v1/uploads"  # of files that are kept
JOBS = "/api/v1/jobs"  # of files that may be larger, since nobody waits for what comes of them
REQUEST_ID = "x-request-id"
Answered = Callable[[str, int, float], None]  # path of the route, status, seconds


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(
        self, app: ASGIApp, settings: Serve, guard: Guard, answered: Answered, ending: threading.Event
    ) -> None:
        self.app, self.settings, self.guard, self.answered = app, settings, guard, answered
        self.rates = Rates(settings)
        self.ending = ending  # set when the server is told to end: who is told news for ever is let go
        self.most_bytes = round(settings.max_upload_mb * MB)
        self.most_kept_bytes = round(settings.max_blob_mb * MB)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request or a socket through with a number, an owner and a bounded body, or answer it here."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        number = secrets.token_hex(8)
        about = {"request_id": number, "timing": {}, "guard": self.guard, "rates": self.rates}
        scope["state"] = {**scope.get("state", {}), **about}
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._request(scope, receive, send, number)

    async def _request(self, scope: Scope, receive: Receive, send: Send, number: str) -> None:
        begun = time.perf_counter()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                out[REQUEST_ID] = number
                spent = {**scope["state"]["timing"], "total": time.perf_counter() - begun}
                out["server-timing"] = ", ".join(f"{name};dur={1000 * value:.1f}" for name, value in spent.items())
                out["x-content-type-options"] = "nosniff"
                path = getattr(scope.get("route"), "path", "(none)")
                self.answered(path, message["status"], time.perf_counter() - begun)
            await send(message)

        try:
            who = scope["state"]["who"] = await self._who(scope)
            limit = self._limit(scope["path"], Headers(scope=scope))
            with self.rates.request(who, scope["method"]):
                await self.app(scope, Body(receive, limit, self.settings.idle_body_s), answer)
            if scope["method"] not in SAFE:
                self.rates.took(time.perf_counter() - begun)
        except ApiError as error:  # before any handler of the application
            await refused.answer(error, HTTPConnection(scope))(scope, receive, answer)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The same for a WebSocket: whoever may not is refused before it is one."""
        with ExitStack() as held:
            try:
                who = scope["state"]["who"] = await self._who(scope)
                held.enter_context(self.rates.socket(who))
            except ApiError as error:
                socket = WebSocket(scope, receive, send)
                await socket.send_denial_response(refused.answer(error, socket))
                return
            await self.app(scope, receive, send)

    async def _who(self, scope: Scope) -> Who:
        """Who asks; whoever guesses tokens is soon told to wait."""
        connection = HTTPConnection(scope)
        try:
            return await self.guard.who(connection)
        except ApiError as error:
            if error.status == 401 and connection.client is not None:
                self.rates.refused(connection.client.host)
            raise

    def _limit(self, path: str, headers: Headers) -> int:
        """How many bytes the body may have; ApiError 413 where it says that it has more."""
        is_upload = headers.get("content-type", "").startswith("multipart/")
        most = self.most_kept_bytes if path in (UPLOADS, JOBS) else self.most_bytes
        limit = most if is_upload or path == UPLOADS else JSON_BYTES
        stated = headers.get("content-length", "0")
        if stated.isdigit() and int(stated) > limit:
            raise too_large(limit)
        return limit


class Body:
    """Receives a body: not more than `limit` bytes, not slower than a byte in `idle_s` and a minute and 1 s per MB."""

    def __init__(self, receive: Receive, limit: int, idle_s: float) -> None:
        self.receive, self.limit, self.idle_s = receive, limit, idle_s
        self.got = 0
        self.is_whole = False
        self.begun = time.monotonic()

    async def __call__(self) -> Message:
        """The next part; ApiError 413 or 408."""
        if self.is_whole:  # what comes now is that the client has gone
            return await self.receive()
        try:
            message = await asyncio.wait_for(self.receive(), self.idle_s)
        except TimeoutError:
            raise ApiError(408, "body_too_slow", f"no byte of the body came for {self.idle_s:g} s") from None
        if message["type"] == "http.request":
            self.got += len(message.get("body", b""))
            self.is_whole = not message.get("more_body", False)
            if self.got > self.limit:
                raise too_large(self.limit)
            if time.monotonic() - self.begun > BODY_S + BODY_S_PER_MB * self.got / MB:
                raise ApiError(408, "body_too_slow", "the body took too long to come")
        return message


def too_large(limit: int) -> ApiError:
    """More than a body may have."""
    return ApiError(413, "file_too_large", f"a request may have {limit / MB:g} MB, this one has more", "file")
