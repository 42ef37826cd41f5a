"""A live stream over OpenAI's realtime transcription, `wss://.../realtime?intent=transcription`, ours or anybody's.

The client ends the turn: one item for each clip, committed when its audio is at its end. Of a server that includes
`modellab.partial` words that may still change come as partials, and each delta is whole words; of another one a word is
final when the next one has begun, because a delta may be part of a word.
"""

from __future__ import annotations

import base64
import json
import math
import queue
import ssl
import threading
import time
import weakref
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from modellab.audio.incoming import Incoming
from modellab.audio.writing import pcm16
from modellab.errors import ModelError, ServerError
from modellab.models.remote import wording
from modellab.models.remote.meter import Meter
from modellab.streaming.protocol import Event, Samples
from modellab.system import escape
from modellab.system.masking import masked

PARTIAL = "modellab.partial"
DELTA = "conversation.item.input_audio_transcription.delta"
COMPLETED = "conversation.item.input_audio_transcription.completed"
FAILED = "conversation.item.input_audio_transcription.failed"
OPEN_S, CLOSE_S = 10.0, 1.0
QUOTED = 80  # characters of a message that is no event
THEIR_FAULT = ("server_error",)  # types of an error that says nothing of the model


@dataclass(frozen=True, slots=True)
class Place:
    """Where to stream to, and how."""

    url: str  # of the API, http://HOST:PORT/v1
    headers: dict[str, str]
    model: str
    language: str
    rate_hz: int  # that the server wants
    patience_s: float
    key_from: str = ""  # the variable that holds the key


class Came(NamedTuple):
    """What came, an event or what ended the connection, and when, by the monotonic clock."""

    at_s: float
    event: dict[str, Any] | ServerError


Said = tuple[Literal["partial", "final"], str]


class Words:
    """Deltas to finals and partials."""

    def __init__(self, are_whole: bool) -> None:
        self.are_whole = are_whole  # a delta is made of whole words
        self.text = ""
        self.told = 0  # characters that are final

    def delta(self, text: str) -> list[Said]:
        """What a delta makes final, and what it leaves open."""
        self.text += text
        end = len(self.text) if self.are_whole else self.text.rfind(" ") + 1
        finals = self._final(end)
        rest = self.text[self.told :].strip()
        return [*finals, ("partial", rest)] if rest else finals

    def completed(self, transcript: str) -> list[Said]:
        """The rest of an item; what was final stays so, also where the transcript has it otherwise."""
        if transcript.startswith(self.text[: self.told]):
            self.text = transcript
        finals = self._final(len(self.text))
        self.text, self.told = "", 0
        return finals

    def _final(self, end: int) -> list[Said]:
        words, self.told = self.text[self.told : max(end, self.told)].strip(), max(end, self.told)
        return [("final", words)] if words else []


class Stream:
    """One clip on a connection of its own. ServerError where nobody can be asked, ModelError where the model raises."""

    def __init__(self, place: Place, rate_hz: int, meter: Meter) -> None:
        self.place, self.meter = place, meter
        self.sent_s = 0.0
        self.shown = masked(f"{place.url}/realtime")
        self.resampled = Incoming("float32", rate_hz, place.rate_hz)
        self.came: queue.Queue[Came] = queue.Queue()
        self.undo = ExitStack()
        self.close = weakref.finalize(self, self.undo.close)
        self.socket = self._connected()
        threading.Thread(target=_read, args=(self.socket, self.shown, self.came), daemon=True).start()
        self.words = Words(self._set_up())

    def feed(self, chunk: Samples) -> list[Event]:
        """Send audio; what has come by now."""
        self._append(self.resampled.feed(np.asarray(chunk, "<f4").tobytes()))
        return self._events(self._waiting())

    def finish(self) -> list[Event]:
        """Commit, and wait for the rest."""
        self._append(self.resampled.flush())
        self._say("input_audio_buffer.commit")
        until = time.monotonic() + self.place.patience_s
        came = [self._next(until)]
        while not isinstance(came[-1].event, Exception) and _kind(came[-1]) not in (COMPLETED, FAILED, "error"):
            came.append(self._next(until))
        self.close()
        self.meter.billed(self.sent_s)
        return self._events(came)

    def _connected(self) -> Any:
        from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI
        from websockets.sync.client import connect

        url = f"{self.place.url.replace('http', 'ws', 1)}/realtime?intent=transcription"
        try:
            opened = connect(
                url, additional_headers=self.place.headers, open_timeout=OPEN_S, close_timeout=CLOSE_S, max_size=2**24
            )
        except InvalidStatus as error:
            raise self._refused(error.response.status_code, bytes(error.response.body or b"")) from error
        except ssl.SSLError as error:
            raise ServerError(wording.tls(self.shown, error)) from error
        except InvalidHandshake as error:
            spoke = f"{self.shown} does not speak WebSocket ({wording.kind(error)})"
            raise ServerError(f"{spoke}: is that the address of the API?") from error
        except (InvalidURI, OSError) as error:
            fault = wording.kind(error)
            raise ServerError(f"{self.shown} cannot be reached ({fault}): does a server run there?") from error
        return self.undo.enter_context(opened)

    def _refused(self, status: int, body: bytes) -> ServerError:
        text = wording.server_message(body)
        answered = f"{self.shown} answered {status}{f' ({text})' if text else ''}"
        right = f"is the key in the variable {self.place.key_from} the right one"
        if status == 401:
            return ServerError(f"{answered}: {right}?")
        if status == 403:  # which many servers say of a path that they do not know
            return ServerError(f"{answered}, where a live stream was expected: does the server have them, and {right}?")
        if status in {429, 503}:
            return ServerError(f"{answered}: it has no room for one more stream")
        return ServerError(f"{answered}, where a live stream was expected: does the server have them?")

    def _set_up(self) -> bool:
        """Choose model and format; whether the server tells partial words, and deltas of whole words with them."""
        until = time.monotonic() + self.place.patience_s
        heard = {
            "format": {"type": "audio/pcm", "rate": self.place.rate_hz},
            "transcription": {"model": self.place.model, "language": self.place.language or None},
            "turn_detection": None,
        }
        for include in ([PARTIAL], []):
            session = {"type": "transcription", "audio": {"input": heard}, **({"include": include} if include else {})}
            self._say("session.update", session=session)
            while _kind(came := self._next(until)) not in {"session.updated", "error"}:
                if isinstance(came.event, ServerError):
                    raise came.event
            if _kind(came) == "session.updated":
                agreed = _mapping(came.event, "session").get("include")
                return isinstance(agreed, list) and PARTIAL in agreed
        raise ServerError(f"{self.shown} takes no such session: {_fault(came.event)}")

    def _append(self, samples: Samples) -> None:
        if len(samples):
            self.sent_s += len(samples) / self.place.rate_hz
            self._say("input_audio_buffer.append", audio=base64.b64encode(pcm16(samples).tobytes()).decode())

    def _say(self, kind: str, **more: Any) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            self.socket.send(json.dumps({"type": kind, **more}))
        except (ConnectionClosed, OSError) as error:
            self._events(self._waiting())  # what the server said of it counts more
            raise _lost(self.shown, error) from error

    def _waiting(self) -> list[Came]:
        events = []
        while not self.came.empty():
            events.append(self.came.get())
        return events

    def _next(self, until: float) -> Came:
        try:
            return self.came.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            message = f"{self.shown} did not end its transcript within {self.place.patience_s:g} s"
            raise ServerError(message) from None

    def _events(self, came: list[Came]) -> list[Event]:
        """What came in the suite's words, each with how long ago that was."""
        timed = [(at_s, *part) for at_s, event in came for part in self._read(event)]
        now_s = time.monotonic()
        return [Event(kind, text, audio_s, now_s - at_s) for at_s, kind, text, audio_s in timed]

    def _read(self, event: dict[str, Any] | ServerError) -> list[tuple[Literal["partial", "final"], str, float]]:
        if isinstance(event, ServerError):
            raise event
        kind = event.get("type")
        if kind in {"error", FAILED}:
            is_theirs = kind == "error" or _mapping(event, "error").get("type") in THEIR_FAULT
            raise (ServerError if is_theirs else ModelError)(f"{self.shown}: {_fault(event)}")
        if kind == DELTA:
            return [(*part, math.nan) for part in self.words.delta(self._given(event, "delta"))]
        if kind == COMPLETED:
            return [(*part, math.nan) for part in self.words.completed(self._given(event, "transcript"))]
        if kind != PARTIAL:
            return []
        end_ms = event.get("audio_end_ms")
        return [("partial", self._given(event, "text"), end_ms / 1000 if isinstance(end_ms, int | float) else math.nan)]

    def _given(self, event: dict[str, Any], name: str) -> str:
        if isinstance(text := event.get(name), str):
            return text
        raise ServerError(f"{self.shown} gave {event['type']} with {name} {text!r:.80}, expected a text")


def _read(socket: Any, shown: str, came: queue.Queue[Came]) -> None:
    """Note every event and when it came, until the connection ends or something comes that is none."""
    from websockets.exceptions import ConnectionClosed

    try:
        while True:
            message = socket.recv()
            came.put(Came(time.monotonic(), _event(message, shown)))
    except (ConnectionClosed, OSError) as error:
        came.put(Came(time.monotonic(), _lost(shown, error)))


def _event(message: str | bytes, shown: str) -> dict[str, Any] | ServerError:
    try:
        event = json.loads(message)
    except ValueError:
        event = None
    if isinstance(event, dict) and isinstance(event.get("type"), str):
        return event
    text = message if isinstance(message, str) else message.decode("utf-8", "replace")
    return ServerError(f"{shown} said {escape.visible(text)[:QUOTED]!r}, expected an event of the realtime API")


def _kind(came: Came) -> str:
    return "" if isinstance(came.event, ServerError) else str(came.event["type"])


def _lost(shown: str, error: Exception) -> ServerError:
    return ServerError(f"{shown} broke off in the middle of a stream ({wording.kind(error)})")


def _mapping(event: Any, name: str) -> dict[str, Any]:
    inner = event.get(name)
    return inner if isinstance(inner, dict) else {}


def _fault(event: Any) -> str:
    """What an event says that went wrong, on one line."""
    return wording.server_message(json.dumps(event).encode())
