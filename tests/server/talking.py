"""A client of live streams that says exactly what a test wants, over a plain WebSocket."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from modellab import audio
from modellab.audio.writing import pcm16
from modellab.types import Audio
from tests.server.conftest import Server

MODEL, FAKE = "faster_whisper:lab", "fake:one"
CLIPS = Path(__file__).parents[2] / "golden" / "align_smoke_v1" / "audio"
WAIT_S = 60
COMPLETED = "conversation.item.input_audio_transcription.completed"
DELTA = "conversation.item.input_audio_transcription.delta"
FAILED = "conversation.item.input_audio_transcription.failed"


def pcm(name: str, rate_hz: int = 16_000) -> bytes:
    """A clip of the golden data as 16-bit PCM."""
    return pcm16(audio.read(CLIPS / f"{name}.flac", rate_hz).samples).tobytes()


def tone(duration_s: float, rate_hz: int = 16_000) -> bytes:
    """A tone as 16-bit PCM; the fake model says how many tenths of a second it hears."""
    samples = 0.1 * np.sin(np.arange(round(rate_hz * duration_s)) / 10)
    return pcm16(Audio(samples.astype(np.float32), rate_hz).samples).tobytes()


class Talk:
    """One WebSocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def send(self, data: str | bytes) -> None:
        """Send, though the server may refuse it while it is on its way: what it says of that is heard next."""
        with suppress(ConnectionClosed):
            self.socket.send(data)

    def say(self, kind: str, **more: Any) -> None:
        self.send(json.dumps({"type": kind, **more}))

    def append(self, data: bytes) -> None:
        self.say("input_audio_buffer.append", audio=base64.b64encode(data).decode())

    def update(self, model: str = FAKE, rate_hz: int = 16_000, include: tuple[str, ...] = (), **more: Any) -> None:
        """A session of 16-bit PCM whose turns the client ends, unless told otherwise."""
        form = {"type": "audio/pcm", "rate": rate_hz}
        heard = {"format": form, "transcription": {"model": model}, "turn_detection": None, **more}
        session = {"type": "transcription", "audio": {"input": heard}, "include": list(include)}
        self.say("session.update", session=session)

    def hear(self, kind: str = "") -> dict[str, Any]:
        """The next event, or the next of a kind."""
        while True:
            event = dict(json.loads(self.socket.recv(timeout=WAIT_S)))
            if kind in ("", event.get("type")):
                return event

    def until(self, kind: str) -> list[dict[str, Any]]:
        """All events up to the next of a kind."""
        events = [self.hear()]
        while events[-1]["type"] != kind:
            events.append(self.hear())
        return events

    def rest(self) -> tuple[list[dict[str, Any]], int, str]:
        """Every event until the server closes, its code and its reason."""
        events: list[dict[str, Any]] = []
        with pytest.raises(ConnectionClosed) as closed:
            events.extend(iter(self.hear, None))
        goodbye = closed.value.rcvd
        assert goodbye is not None, "the connection was lost"
        return events, goodbye.code, goodbye.reason


@contextmanager
def talking(server: Server, path: str = "/v1/realtime?intent=transcription", **options: Any) -> Iterator[Talk]:
    """An open stream."""
    address = server.address.replace("http", "ws", 1) + path
    with connect(address, max_size=None, compression=None, open_timeout=WAIT_S, **options) as socket:
        yield Talk(socket)


def streams(server: Server) -> dict[str, int]:
    """How many streams the server has."""
    return dict(server.get("/stats")[1]["streams"])


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until it holds; `what` is said where it does not."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)
