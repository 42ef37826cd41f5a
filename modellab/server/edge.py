"""What every request goes through before anything of ours: its size, its pace, who asks, and one shape for errors."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from modellab.plan.serve_settings import Serve
from modellab.server.access.guard import Guard
from modellab.server.errors import ApiError

MB = 1_000_000
JSON_BYTES = MB  # of a request that is no upload
BODY_S, BODY_S_PER_MB = 60.0, 1.0  # that a whole body may take
UPLOADS = "/api/v1/uploads"  # of files that are kept
REQUEST_ID = "x-request-id"
Answered = Callable[[str, int, float], None]  # path of the route, status, seconds


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, settings: Serve, guard: Guard, answered: Answered) -> None:
        self.app, self.settings, self.guard, self.answered = app, settings, guard, answered
        self.most_bytes = round(settings.max_upload_mb * MB)
        self.most_kept_bytes = round(settings.max_blob_mb * MB)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request or a socket through with a number, an owner and a bounded body, or answer it here."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        number = secrets.token_hex(8)
        scope["state"] = {**scope.get("state", {}), "request_id": number, "timing": {}, "guard": self.guard}
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
            scope["state"]["who"] = await self.guard.who(HTTPConnection(scope))
            limit = self._limit(scope["path"], Headers(scope=scope))
            await self.app(scope, Body(receive, limit, self.settings.idle_body_s), answer)
        except ApiError as error:  # before any handler of the application
            await refusal(error, scope)(scope, receive, answer)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The same for a WebSocket: whoever may not is refused before it is one."""
        connection = HTTPConnection(scope)
        try:
            scope["state"]["who"] = await self.guard.who(connection)
        except ApiError as error:
            await WebSocket(scope, receive, send).send_denial_response(refusal(error, scope))
            return
        await self.app(scope, receive, send)

    def _limit(self, path: str, headers: Headers) -> int:
        """How many bytes the body may have; ApiError 413 where it says that it has more."""
        is_upload = headers.get("content-type", "").startswith("multipart/")
        limit = self.most_kept_bytes if path == UPLOADS else self.most_bytes if is_upload else JSON_BYTES
        stated = headers.get("content-length", "0")
        if stated.isdigit() and int(stated) > limit:
            raise too_large(limit)
        return limit


def refusal(error: ApiError, scope: Scope) -> Response:
    """An error as an answer; a person who has not signed in is sent to where one does."""
    path = scope["path"]
    if error.status == 401 and scope["type"] == "http" and scope["method"] == "GET":
        wants_page = "text/html" in Headers(scope=scope).get("accept", "")
        if wants_page and not path.startswith(("/v1/", "/api/")):
            return RedirectResponse(f"/login?next={quote(path)}", 303)
    return JSONResponse(error.body(), error.status, headers=error.headers)


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


def protocol(settings: Serve) -> type[HttpToolsProtocol]:
    """uvicorn's HTTP protocol with a limit on how long the head of a request may take, which it has not itself."""

    class Guarded(HttpToolsProtocol):
        guard: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.watch()

        def watch(self) -> None:
            self.guard = asyncio.get_running_loop().call_later(settings.head_s, self.transport.abort)

        def unwatch(self) -> None:
            if self.guard is not None:
                self.guard.cancel()
                self.guard = None

        def on_message_begin(self) -> None:
            if self.guard is None:  # a further request on this connection
                self.watch()
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self.unwatch()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self.unwatch()
            super().connection_lost(exc)

    return Guarded
