"""The routes of live streams: who may open one, whether there is room, and which protocol it speaks."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request, WebSocket

from modellab.plan.serve_settings import Serve
from modellab.server.access.guard import TICKET_S, Guard, bearer, still_valid
from modellab.server.access.names import digest
from modellab.server.auth import Who, needs
from modellab.server.errors import ApiError
from modellab.server.fleet.fleet import Fleet
from modellab.server.live import whisperlive
from modellab.server.live.realtime import Conversation
from modellab.server.live.realtime_events import Reading
from modellab.server.live.realtime_session import Session
from modellab.server.live.streams import FULL, TRY_LATER, Line, Streams
from modellab.server.openai_api import body_of, language_for

WAITS = 2.0  # times as long as others a WhisperLive client may be silent: its own waits 15 s before it says goodbye
LEAST_S, LONGEST_S = 10, 600  # that a ticket may be good for
INFER = Depends(needs("infer"))
MINUTES = 1  # that a client is told to wait where there is no room


class Sessions:
    """The sessions that tickets open."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[float, Session]] = {}

    def keep(self, ticket: str, session: Session, until: float) -> None:
        """Remember one, until that time in s since 1970."""
        now = time.time()
        self._held = {key: kept for key, kept in self._held.items() if kept[0] > now}
        self._held[digest(ticket)] = until, session

    def find(self, ticket: str) -> Session:
        """That of a ticket; the default of none."""
        return self._held.get(digest(ticket), (0.0, Session()))[1]


def router(fleet: Fleet, settings: Serve, streams: Streams, guard: Guard, spool: Path) -> APIRouter:
    """The routes; audio lies in the folder `spool` while a model hears it."""
    routes = APIRouter()
    sessions = Sessions()
    _realtime(routes, fleet, settings, streams, sessions, spool)
    _whisper_live(routes, fleet, settings, streams, spool)
    _client_secrets(routes, fleet, guard, sessions)
    return routes


def _realtime(
    routes: APIRouter, fleet: Fleet, settings: Serve, streams: Streams, sessions: Sessions, spool: Path
) -> None:
    """OpenAI's protocol."""

    @routes.websocket("/v1/realtime")
    async def realtime(socket: WebSocket, who: Who = INFER) -> None:
        session = _asked(socket, fleet, sessions)
        line = Line(socket, who.name, settings.stream_idle_s, settings.stream_s, lambda: still_valid(socket))
        await socket.accept(_subprotocol(socket))
        if not streams.enter(line):
            refused = ApiError(429, "too_many_streams", FULL)
            await line.send({"type": "error", "event_id": "event_0", "error": refused.body()["error"]})
            await line.close(TRY_LATER, FULL)
            return

        conversation = Conversation(line, fleet, who, spool, session)
        await _within(line, streams, line.converse(Reading(fleet, session).parse, conversation.work))


def _whisper_live(routes: APIRouter, fleet: Fleet, settings: Serve, streams: Streams, spool: Path) -> None:
    """WhisperLive's protocol."""

    @routes.websocket("/v1/whisperlive")
    @routes.websocket("/")
    async def whisper_live(socket: WebSocket, who: Who = INFER) -> None:
        line = Line(socket, who.name, WAITS * settings.stream_idle_s, settings.stream_s, lambda: still_valid(socket))
        await socket.accept(_subprotocol(socket))
        if not streams.enter(line):
            await whisperlive.turn_away(line, MINUTES)
            return

        listener = whisperlive.Listener(line, fleet, who, spool)
        await _within(line, streams, line.converse(listener.parse, listener.work))


def _client_secrets(routes: APIRouter, fleet: Fleet, guard: Guard, sessions: Sessions) -> None:
    """Tickets."""

    @routes.post("/v1/realtime/client_secrets", tags=["audio"])
    async def client_secrets(request: Request, who: Who = INFER) -> dict[str, Any]:
        """A ticket that opens live streams for a minute: for a page, which must not hold a token."""
        body = await body_of(request)
        session = Session().updated(body.get("session") or {})
        if session.model:
            language_for(fleet.doing(session.model, "asr"), session.language)
        text, until = guard.ticket(who, _valid_s(body.get("expires_after")))
        sessions.keep(text, session, until)
        return {"value": text, "expires_at": int(until), "session": session.shown(f"sess_{text[-8:]}", int(until))}


async def _within(line: Line, streams: Streams, talk: Awaitable[None]) -> None:
    """Talk; afterwards the place is free, however it ended."""
    try:
        await talk
    finally:
        streams.leave(line)


def _asked(socket: WebSocket, fleet: Fleet, sessions: Sessions) -> Session:
    """The session that a connection begins with: its ticket's, else the model of its address, else the default."""
    intent, model = (socket.query_params.get(name, "") for name in ("intent", "model"))
    if intent not in ("", "transcription"):
        raise ApiError(400, "invalid_value", f"intent is {intent[:60]!r}, expected transcription", "intent")
    session = sessions.find(bearer(socket))
    if model or not session.model:
        name = fleet.doing(model, "asr").name if model else fleet.default("asr")
        return session.updated({"audio": {"input": {"transcription": {"model": name}}}}) if name else session
    return session


def _valid_s(given: object) -> int:
    if given is None:
        return round(TICKET_S)
    seconds = given.get("seconds", round(TICKET_S)) if isinstance(given, Mapping) else given
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not LEAST_S <= seconds <= LONGEST_S:
        message = f"expires_after.seconds is {str(seconds)[:40]}, expected {LEAST_S} to {LONGEST_S}"
        raise ApiError(400, "invalid_value", message, "expires_after")
    return seconds


def _subprotocol(socket: WebSocket) -> str | None:
    """The one to answer with: a browser that offers some wants one of them, and a token is none."""
    offered = [protocol for protocol in socket.scope.get("subprotocols", ()) if not protocol.startswith("openai-")]
    return offered[0] if offered else None
