"""`/v1/realtime`: OpenAI's realtime transcription over a WebSocket.

What is sent as a delta is final: words on which two hypotheses agree, so deltas together are the transcript. Words that
may still change come as `modellab.partial`, to whoever includes it. An error is an event, and the session goes on.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modellab.server.auth import Who
from modellab.server.errors import ApiError
from modellab.server.fleet.fleet import Fleet, Served
from modellab.server.live.asking import RATE_HZ, Asking, Step
from modellab.server.live.realtime_events import BUFFER, Clear, Commit, Fault, Heard, joined
from modellab.server.live.realtime_session import PARTIAL, Session
from modellab.server.live.streams import End, Line
from modellab.server.live.utterance import Live
from modellab.server.openai_api import language_for
from modellab.streaming.energy import Turns
from modellab.streaming.protocol import Samples

LEAST_S = 0.1  # of audio that can be committed
MS = 1000.0
TRANSCRIPTION = "conversation.item.input_audio_transcription"


@dataclass(slots=True)
class Item:
    """What is said from one commit to the next."""

    number: str
    live: Live
    deltas: list[str] = field(default_factory=list)


class Conversation:
    """What is said to one client, in order."""

    def __init__(self, line: Line, fleet: Fleet, who: Who, folder: Path, session: Session) -> None:
        self.line, self.fleet, self.who, self.folder = line, fleet, who, folder
        self.session = session
        self.number = _number("sess")
        self.expires_at = int(time.time() + line.session_s)
        self.turns = Turns(RATE_HZ, session.turns) if session.turns else None
        self.item: Item | None = None
        self.previous: str | None = None

    async def work(self, line: Line) -> None:
        """Say everything that there is to say until the end; however that comes, nothing is left of the last item."""
        try:
            await self._work(line)
        finally:
            self._forget()

    async def _work(self, line: Line) -> None:
        await self.send("session.created", session=self.session.shown(self.number, self.expires_at))
        while True:
            taken = joined(await line.inbox.take())
            for place, event in enumerate(taken):
                following = taken[place + 1] if place + 1 < len(taken) else None
                if isinstance(event, End):
                    await self._end(event)
                    return
                await self._do(event, is_followed=isinstance(following, Commit | Clear | End))

    async def _do(self, event: Any, is_followed: bool) -> None:
        if isinstance(event, Heard):
            await self._hear(event.samples, is_followed)
        elif isinstance(event, Commit):
            await self._commit(event)
        elif isinstance(event, Clear):
            self._forget()
            await self.send(f"{BUFFER}.cleared")
        elif isinstance(event, Fault):
            await self._fault(event.error, event.event_id)
        elif isinstance(event, Session):
            await self._set(event)

    async def _set(self, session: Session) -> None:
        if session.turns != self.session.turns:
            left = self.turns.cut() if self.turns and self.item else None
            self.turns = Turns(RATE_HZ, session.turns) if session.turns else None
            if left is not None and self.item:
                await self._feed(left, is_followed=False)
        self.session = session
        if session.model and self.fleet.get(session.model).state == "unloaded":
            self.fleet.load(session.model)
        await self.send("session.updated", session=session.shown(self.number, self.expires_at))

    # ------------------------------------------------------------------------ audio

    async def _hear(self, samples: Samples, is_followed: bool) -> None:
        if self.turns is None:
            await self._feed(samples, is_followed)
            return
        parts = self.turns.feed(samples)
        for place, part in enumerate(parts):
            if part.kind == "start":
                self.item = self._new_item()
                about = {"audio_start_ms": round(MS * part.at_s), "item_id": self.item.number}
                await self.send(f"{BUFFER}.speech_started", **about)
            elif part.kind == "audio":
                ends = place + 1 < len(parts) or is_followed
                await self._feed(part.samples, ends)
            elif self.item is not None:
                about = {"audio_end_ms": round(MS * part.at_s), "item_id": self.item.number}
                await self.send(f"{BUFFER}.speech_stopped", **about)
                await self._finish()

    async def _feed(self, samples: Samples, is_followed: bool) -> None:
        if not len(samples):
            return
        item = self.item = self.item or self._new_item()
        try:
            async for step in item.live.feed(samples, is_followed):
                await self._tell(item, step)
        except ApiError as error:
            await self._committed(item)
            await self._failed(item, error)

    async def _commit(self, commit: Commit) -> None:
        if self.turns is not None:
            left = self.turns.cut()
            if self.item is not None:
                await self._feed(left, is_followed=True)
        if self.item is None or self.item.live.duration_s < LEAST_S:
            message = f"there is too little audio to commit: expected at least {MS * LEAST_S:g} ms"
            await self._fault(ApiError(400, f"{BUFFER}_commit_empty", message), commit.event_id)
            return
        await self._finish()

    async def _finish(self) -> None:
        """Commit the item, and say the rest of it."""
        item = self.item
        assert item is not None
        await self._committed(item)
        try:
            step = await item.live.finish()
        except ApiError as error:
            await self._failed(item, error)
            return
        self.item = None
        await self._tell(item, step)
        usage = {"type": "duration", "seconds": round(item.live.duration_s, 3)}
        about = {"item_id": item.number, "content_index": 0, "transcript": "".join(item.deltas), "usage": usage}
        await self.send(f"{TRANSCRIPTION}.completed", **about)

    async def _end(self, end: End) -> None:
        """The last words, why, and goodbye."""
        if self.turns is not None and self.item is not None:
            await self._feed(self.turns.cut(), is_followed=True)
        if self.item is not None and self.item.live.duration_s >= LEAST_S:
            await self._finish()
        if end.error is not None:
            await self._fault(end.error, None)
        await self.line.close(end.code, end.error.code if end.error else "the server ends")

    def _forget(self) -> None:
        if self.turns is not None:
            self.turns.cut()
        if self.item is not None:
            self.item.live.close()
        self.item = None

    def _new_item(self) -> Item:
        served: Served = self.fleet.doing(self.session.model, "asr")
        language = language_for(served, self.session.language)
        asking = Asking(self.fleet, served, self.who.name, self.folder, self.line.inbox.is_over, language)
        return Item(_number("item"), Live(asking))

    # ------------------------------------------------------------------------ what is sent

    async def send(self, kind: str, **more: Any) -> None:
        """One event."""
        await self.line.send({"type": kind, "event_id": _number("event"), **more})

    async def _tell(self, item: Item, step: Step) -> None:
        for text in step.finals:
            delta = f" {text}" if item.deltas else text
            item.deltas.append(delta)
            await self.send(f"{TRANSCRIPTION}.delta", item_id=item.number, content_index=0, delta=delta)
        if PARTIAL in self.session.include:
            await self.send(PARTIAL, item_id=item.number, text=step.partial, audio_end_ms=round(MS * step.end_s))

    async def _committed(self, item: Item) -> None:
        await self.send(f"{BUFFER}.committed", item_id=item.number, previous_item_id=self.previous)
        self.previous = item.number

    async def _failed(self, item: Item, error: ApiError) -> None:
        """The item is lost; what is said from now on is another one."""
        self._forget()
        body = error.body()["error"]
        await self.send(f"{TRANSCRIPTION}.failed", item_id=item.number, content_index=0, error=body)

    async def _fault(self, error: ApiError, event_id: str | None) -> None:
        await self.send("error", error={**error.body()["error"], "event_id": event_id})


def _number(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(8)}"
