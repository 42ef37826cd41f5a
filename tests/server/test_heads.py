"""Heads that are too large, in whatever pieces they are read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from modellab.plan.serve_settings import Serve
from modellab.server.connections import HEAD_BYTES, REST_BYTES, Connections, Guarded

SMALL = b"GET /small HTTP/1.1\r\nHost: here\r\n\r\n"
CHUNKS = b"POST /small HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a\r\n"


class Transport:
    """A connection of which nothing comes but what the test gives."""

    def __init__(self) -> None:
        self.written, self.is_closed = b"", False

    def write(self, data: bytes) -> None:
        self.written += data

    def abort(self) -> None:
        self.close()

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name in ("peername", "sockname") else default

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class Line(Guarded):
    """A connection whose heads have all the time."""

    counted = Connections(Serve())
    head_s = 600.0


def head(size: int, *, path: bytes = b"/big", more: bytes = b"") -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\nHost: here\r\n" + more + b"X-A: " + b"a" * size + b"\r\n\r\n"


def answered(*reads: bytes) -> tuple[bytes, list[str]]:
    """What is written, and the paths that the application was asked for."""
    asked: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"well"})

    async def talk() -> bytes:
        config = uvicorn.Config(app, log_config=None, ws="none")
        config.load()
        line, transport = Line(config, ServerState(), {}), Transport()
        line.connection_made(transport)
        for read in reads:
            line.data_received(read)
            while line.tasks:
                await asyncio.gather(*line.tasks)
                await asyncio.sleep(0)
        line.connection_lost(None)
        return transport.written

    return asyncio.run(talk()), asked


@pytest.mark.parametrize(
    "reads",
    [
        (head(HEAD_BYTES),),
        (head(HEAD_BYTES)[:40_000], head(HEAD_BYTES)[40_000:]),
        (b"GET /" + b"a" * HEAD_BYTES + b" HTTP/1.1\r\nHost: here\r\n\r\n",),
        (head(10, more=b"X-B: b\r\n" * 20_000),),
        (head(HEAD_BYTES, more=UPGRADE),),
        (head(HEAD_BYTES).replace(b"GET", b"POST").replace(b"X-A", b"Content-Length: 3\r\nX-A") + b"abc",),
    ],
    ids=["one field", "two reads", "an address", "many fields", "a WebSocket", "with a body"],
)
def test_a_large_head_is_refused_and_nobody_is_asked(reads: tuple[bytes, ...]) -> None:
    written, asked = answered(*reads)
    assert written.startswith(b"HTTP/1.1 431 ")
    assert written.count(b"HTTP/1.1") == 1
    assert b"head_too_large" in written
    assert asked == []


@pytest.mark.parametrize("reads", [(SMALL, head(HEAD_BYTES)), (SMALL + head(HEAD_BYTES),)], ids=["later", "at once"])
def test_a_large_head_behind_a_small_one_is_refused(reads: tuple[bytes, ...]) -> None:
    written, asked = answered(*reads)
    assert b"HTTP/1.1 431 " in written
    assert "/big" not in asked


def test_large_trailers_are_refused() -> None:
    written, _ = answered(CHUNKS + b"X-A: " + b"a" * HEAD_BYTES + b"\r\n\r\n")
    assert b"HTTP/1.1 431 " in written


def test_what_fits_is_answered_however_often() -> None:
    fits = head(HEAD_BYTES // 2)
    written, asked = answered(fits, fits, fits + SMALL, CHUNKS + b"\r\n")
    assert written.count(b"HTTP/1.1 200 ") == 5
    assert asked == ["/big", "/big", "/big", "/small", "/small"]


@pytest.mark.parametrize(("parts", "is_cut"), [(3, False), (REST_BYTES >> 20, True)], ids=["a rest", "no end"])
def test_a_body_that_does_not_end_behind_its_answer_is_cut(parts: int, is_cut: bool) -> None:
    """The application of this test answers unread, as ours refuses."""
    begin, _, _ = CHUNKS.partition(b"3\r\n")
    part = b"100000\r\n" + b"a" * 2**20 + b"\r\n"
    end = [b"0\r\n\r\n" + SMALL]
    written, asked = answered(begin, *[part] * (parts + 1), *end)
    assert written.count(b"HTTP/1.1 200 ") == (1 if is_cut else 2), "the answer itself is written in any case"
    assert len(asked) == (1 if is_cut else 2)
