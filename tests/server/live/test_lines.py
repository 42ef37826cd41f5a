"""What becomes of the socket of a live stream whose last words never come."""

from __future__ import annotations

import asyncio
from typing import cast

from starlette.types import Message
from starlette.websockets import WebSocket

from modellab.server.live.streams import Line


class Socket:
    """A client that says nothing."""

    def __init__(self) -> None:
        self.closed: list[tuple[int, str]] = []

    async def receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def close(self, code: int, reason: str) -> None:
        self.closed.append((code, reason))


def test_last_words_that_never_come_end_with_a_goodbye() -> None:
    async def may_stay() -> bool:
        return True

    async def work(line: Line) -> None:
        await asyncio.Event().wait()

    async def talk() -> list[tuple[int, str]]:
        socket = Socket()
        line = Line(cast(WebSocket, socket), "me", 0.01, 60.0, may_stay, last_s=0.05)
        await line.converse(lambda message: (), work)
        return socket.closed

    [(code, reason)] = asyncio.run(talk())
    assert code == 1013
    assert "the last words were not there within" in reason
