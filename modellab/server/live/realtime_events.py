"""Events of a realtime client, from messages to what they mean: audio decoded, sessions checked, faults named."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from starlette.types import Message

from modellab.audio.incoming import Incoming
from modellab.server.errors import ApiError
from modellab.server.fleet.fleet import Fleet
from modellab.server.live.asking import RATE_HZ
from modellab.server.live.realtime_session import Session
from modellab.server.live.streams import POLICY, End, Put
from modellab.server.openai_api import language_for
from modellab.streaming.protocol import Samples

MOST_ERRORS = 100  # of one session: then it is closed
BUFFER = "input_audio_buffer"


class Heard(NamedTuple):
    """Audio, decoded."""

    samples: Samples


class Commit(NamedTuple):
    """The client ends an item."""

    event_id: str | None


class Clear(NamedTuple):
    """What was not committed is to be forgotten."""


class Fault(NamedTuple):
    """What is wrong with an event of the client's."""

    error: ApiError
    event_id: str | None


class Reading:
    """Messages of a client to what they mean; the session that they have set."""

    def __init__(self, fleet: Fleet, session: Session) -> None:
        self.fleet, self.session = fleet, session
        self.decoder = Incoming(session.form, session.rate_hz, RATE_HZ)
        self.errors = 0

    def parse(self, message: Message) -> Iterator[Put]:
        """What a message means; what it should not say is a Fault."""
        event_id = None
        try:
            event = _event(message)
            event_id = given if isinstance(given := event.get("event_id"), str) else None
            yield from self._meaning(event, event_id)
        except ApiError as error:
            self.errors += 1
            yield Put(Fault(error, event_id))
            if self.errors >= MOST_ERRORS:
                yield Put(
                    End(POLICY, ApiError(400, "too_many_errors", f"{MOST_ERRORS} events could not be understood"))
                )

    def _meaning(self, event: Mapping[str, Any], event_id: str | None) -> Iterator[Put]:
        kind = event.get("type")
        if kind == f"{BUFFER}.append":
            yield self._audio(event)
        elif kind == f"{BUFFER}.commit":
            yield Put(Heard(self.decoder.flush()))
            yield Put(Commit(event_id), is_end=True)
        elif kind == f"{BUFFER}.clear":
            self.decoder.flush()
            yield Put(Clear(), is_end=True)
        elif kind == "session.update":
            yield from self._update(event.get("session"))
        else:
            known = f"session.update, {BUFFER}.append, .commit and .clear"
            raise ApiError(400, "unknown_event", f"there is no event {str(kind)[:60]!r} here, expected {known}", "type")

    def _audio(self, event: Mapping[str, Any]) -> Put:
        if not self.session.model:
            message = "no model was chosen: set session.audio.input.transcription.model with session.update"
            raise ApiError(400, "missing_field", message, "session.audio.input.transcription.model")
        text = event.get("audio")
        try:
            data = base64.b64decode(text if isinstance(text, str) else b"?", validate=True)
        except (binascii.Error, ValueError):
            raise ApiError(400, "invalid_audio", "expected `audio` as base64", "audio") from None
        samples = self.decoder.feed(data)
        return Put(Heard(samples), len(samples) / RATE_HZ)

    def _update(self, given: object) -> Iterator[Put]:
        new = self.session.updated(given)
        if new.model:
            language_for(self.fleet.doing(new.model, "asr"), new.language)
        if (new.form, new.rate_hz) != (self.session.form, self.session.rate_hz):
            yield Put(Heard(self.decoder.flush()))
            self.decoder = Incoming(new.form, new.rate_hz, RATE_HZ)
        self.session = new
        yield Put(new)


def _event(message: Message) -> Mapping[str, Any]:
    text = message.get("text")
    if text is None:
        size = len(message.get("bytes") or b"")
        problem = f"a binary message of {size} bytes came: expected JSON as text, audio in it as base64"
        raise ApiError(400, "invalid_event", problem)
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        raise ApiError(400, "invalid_json", f"{text[:40]!r} is no JSON: expected an event") from None
    if not isinstance(event, dict):
        raise ApiError(400, "invalid_event", f"{text[:40]!r} is no event: expected an object with `type`")
    return event


def joined(taken: list[Any]) -> list[Any]:
    """The same with neighbouring audio in one piece."""
    pieces: list[Any] = []
    for event in taken:
        if isinstance(event, Heard) and pieces and isinstance(pieces[-1], list):
            pieces[-1].append(event.samples)
        else:
            pieces.append([event.samples] if isinstance(event, Heard) else event)
    return [Heard(np.concatenate(piece)) if isinstance(piece, list) else piece for piece in pieces]
