"""What every request goes through before anything of ours: its size, its pace, who asks, and one shape for errors."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from modellab.plan.serve_settings import Serve
from modellab.server import auth
from modellab.server.errors import ApiError

MB = 1_000_000
JSON_BYTES = MB  # of a request that is no upload
BODY_S, BODY_S_PER_MB = 60.0, 1.0  # that a whole body may take
OPEN = ("/health", "/ready")  # asked by machines that have no token
UPLOADS = "/api/v1/uploads"  # of files that are kept
REQUEST_ID = "x-request-id"
Answered = Callable[[str, int, float], None]  # path of the route, status, seconds


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, settings: Serve, answered: Answered) -> None:
        self.app, self.settings, self.answered = app, settings, answered
        self.most_bytes = round(settings.max_upload_mb * MB)
        self.most_kept_bytes = round(settings.max_blob_mb * MB)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through with a number, an owner and a bounded body, or answer it here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        number = secrets.token_hex(8)
        scope["state"] = {**scope.get("state", {}), "request_id": number, "timing": {}}
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
            scope["state"]["who"] = self._who(scope["path"], headers)
            limit = self._limit(scope["path"], headers)
            await self.app(scope, Body(receive, limit, self.settings.idle_body_s), answer)
        except ApiError as error:  # before any handler of the application
            await _send_error(error, answer)

    def _who(self, path: str, headers: Headers) -> auth.Who:
        """Who asks; everybody where no token is asked for."""
        if not self.settings.tokens or path in OPEN:
            return auth.EVERYBODY
        return auth.of_token(headers.get("authorization", "").removeprefix("Bearer ").strip(), self.settings.tokens)

    def _limit(self, path: str, headers: Headers) -> int:
        """How many bytes the body may have; ApiError 413 where it says that it has more."""
        is_upload = headers.get("content-type", "").startswith("multipart/")
        limit = self.most_kept_bytes if path == UPLOADS else self.most_bytes if is_upload else JSON_BYTES
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


async def _send_error(error: ApiError, send: Send) -> None:
    from starlette.responses import JSONResponse

    response = JSONResponse(error.body(), error.status, headers=error.headers)

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    await response({"type": "http", "method": "GET", "headers": []}, nothing, send)


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
