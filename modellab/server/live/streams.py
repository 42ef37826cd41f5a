"""Live streams: how many there are, and what becomes of a socket: read into a bounded inbox, worked on, ended.

One task reads a socket as fast as its inbox has room; when it has none, the client's data wait in the network. Another
takes everything that has come and works on it at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from modellab.server.errors import ApiError

INBOX_S = 60.0  # of audio that waits
BURST_S, PACE = 30.0, 2.0  # a client may be so far ahead of real time, then send at most twice as fast
SEND_S = 10.0  # that a client may take to read an answer
LOOK_S = 2.0  # between two looks whether whoever opened a stream still may
LAST_S = 60.0  # that the last words may take once a limit ended a stream
GOING_AWAY, UNSUPPORTED, POLICY, INTERNAL, TRY_LATER = 1001, 1003, 1008, 1011, 1013
FULL = "the server has as many streams as it takes: try again later"


@dataclass(frozen=True, slots=True)
class End:
    """The last of an inbox: say what there is to say, then why, and close with this code."""

    code: int
    error: ApiError | None = None


class Put(NamedTuple):
    """What a message means, how much audio it holds, in s, and whether it ends what was said."""

    content: Any
    audio_s: float = 0.0
    is_end: bool = False


class Inbox:
    """What was read and not yet worked on, in order."""

    def __init__(self) -> None:
        self.held: deque[Put] = deque()
        self.held_s = 0.0
        self.changed = asyncio.Condition()
        self.is_over = asyncio.Event()  # an end is among them

    async def put(self, item: Put) -> None:
        """Wait for room, then add it."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.held_s < INBOX_S)
            self._add(item)

    async def push(self, item: Put) -> None:
        """Add it, whether there is room or not."""
        async with self.changed:
            self._add(item)

    def _add(self, item: Put) -> None:
        self.held.append(item)
        self.held_s += item.audio_s
        if item.is_end or isinstance(item.content, End):
            self.is_over.set()
        self.changed.notify_all()

    async def take(self) -> list[Any]:
        """Everything that has come; waits until there is something."""
        async with self.changed:
            await self.changed.wait_for(lambda: bool(self.held))
            taken = [item.content for item in self.held]
            self.held.clear()
            self.held_s = 0.0
            self.is_over.clear()
            self.changed.notify_all()
            return taken


@dataclass(eq=False)
class Line:
    """One socket with its limits: `idle_s` without audio, `session_s` in all. Whoever it belongs to is `owner`."""

    socket: WebSocket
    owner: str
    idle_s: float
    session_s: float
    may_stay: Callable[[], Awaitable[bool]]
    last_s: float = LAST_S
    inbox: Inbox = field(default_factory=Inbox)
    is_gone: bool = False
    reader: asyncio.Task[None] | None = None

    async def converse(
        self, parse: Callable[[Message], Iterable[Put]], work: Callable[[Line], Awaitable[None]]
    ) -> None:
        """Read and work until one of both is done; when the client goes, the work is given up."""
        self.reader = asyncio.create_task(self._read(parse))
        worker, guard = asyncio.ensure_future(work(self)), asyncio.create_task(self._watch())
        is_late = False
        try:
            async with asyncio.timeout(self.session_s + self.last_s):
                await asyncio.wait({self.reader, worker}, return_when=asyncio.FIRST_COMPLETED)
                if (
                    not worker.done() and not self.is_gone and not _has_failed(self.reader)
                ):  # a limit or the server ends it: the last words come first
                    async with asyncio.timeout(self.last_s):
                        await asyncio.wait({worker})
        except TimeoutError:
            is_late = True
        finally:
            for task in (self.reader, worker, guard):
                task.cancel()
            ended = await asyncio.gather(self.reader, worker, guard, return_exceptions=True)
        fault = next((outcome for outcome in ended if isinstance(outcome, Exception)), None)
        if fault is not None and not isinstance(fault, WebSocketDisconnect | TimeoutError):
            raise fault
        if is_late:
            await self.close(
                TRY_LATER, f"the last words were not there within {self.last_s:g} s: the models have too much to do"
            )

    async def send(self, message: dict[str, Any]) -> None:
        """Send JSON; WebSocketDisconnect where nobody takes it."""
        try:
            await asyncio.wait_for(self.socket.send_json(message), SEND_S)
        except (TimeoutError, RuntimeError) as error:  # the last: it was closed meanwhile
            self.is_gone = True
            raise WebSocketDisconnect(POLICY) from error

    async def close(self, code: int, reason: str = "") -> None:
        """Close the socket, unless it is."""
        if not self.is_gone:
            self.is_gone = True
            with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):  # the client was quicker
                await asyncio.wait_for(self.socket.close(code, reason[:100]), SEND_S)

    async def end(self, end: End) -> None:
        """Read no more, and let what has come be worked on."""
        if self.reader is not None:
            self.reader.cancel()
        await self.inbox.push(Put(end))

    async def _read(self, parse: Callable[[Message], Iterable[Put]]) -> None:
        now = asyncio.get_running_loop().time
        begun = heard = now()
        sent_s = 0.0
        while True:
            until = min(heard + self.idle_s, begun + self.session_s)
            try:
                message = await asyncio.wait_for(self.socket.receive(), max(0.0, until - now()))
            except TimeoutError:
                await self.inbox.push(Put(self._late(now() - begun)))
                return
            if message["type"] == "websocket.disconnect":
                self.is_gone = True
                return
            for item in parse(message):
                await self.inbox.put(item)
                if isinstance(item.content, End):
                    return
                heard = now() if item.audio_s else heard
                sent_s += item.audio_s
                if sent_s > BURST_S + PACE * (now() - begun):
                    await self.inbox.push(Put(End(POLICY, TOO_FAST)))
                    return

    async def _watch(self) -> None:
        """End the stream of somebody who may no longer ask."""
        while await self.may_stay():
            await asyncio.sleep(LOOK_S)
        await self.end(End(POLICY, ApiError(401, "invalid_api_key", "the token is no longer valid")))

    def _late(self, spent_s: float) -> End:
        if spent_s >= self.session_s:
            message = f"a stream may last {self.session_s:g} s: open another one"
            return End(POLICY, ApiError(400, "session_expired", message))
        return End(POLICY, ApiError(408, "no_audio", f"no audio came for {self.idle_s:g} s"))


def _has_failed(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None


TOO_FAST = ApiError(
    429, "audio_too_fast",
    f"audio came more than {BURST_S:g} s ahead and faster than {PACE:g} times real time: send it as it is spoken, or"
    " the whole file to /v1/audio/transcriptions",
)  # fmt: skip


class Streams:
    """Every live stream of the server; at most `most` at once."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.lines: set[Line] = set()
        self.opened = self.refused = 0
        self.is_ending = False

    def enter(self, line: Line) -> bool:
        """Whether there is room for it; then it holds a place until `leave`."""
        if self.is_ending or len(self.lines) >= self.most:
            self.refused += 1
            return False
        self.lines.add(line)
        self.opened += 1
        return True

    def leave(self, line: Line) -> None:
        """Its place is free."""
        self.lines.discard(line)

    async def end(self, within_s: float) -> None:
        """Take no more, and let each say its last words; what takes longer is given up when its socket closes."""
        self.is_ending = True
        for line in list(self.lines):
            await line.end(End(GOING_AWAY))
        until = asyncio.get_running_loop().time() + within_s
        while self.lines and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.02)

    def stats(self) -> dict[str, int]:
        """For `/stats`."""
        return {"live": len(self.lines), "most": self.most, "opened": self.opened, "refused": self.refused}
