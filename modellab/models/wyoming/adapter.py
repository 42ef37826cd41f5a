"""Recognition and speech of a Wyoming server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from modellab.errors import ServerError, did_you_mean
from modellab.models.remote.meter import Meter
from modellab.models.remote.patience import PATIENCE_S, Passing, tried
from modellab.models.server_names import SERVER, model_name
from modellab.models.servers import Server
from modellab.types import Audio, Setting, Transcript

from .protocol import Connection, Event, connected

CHUNK_S = 0.1
DEFAULT = "default"  # the server's own model or voice
OPTIONS = (SERVER, "model", "language", "patience_s")
FULL_SCALE = {1: 2**7, 2: 2**15, 4: 2**31}  # of samples by their width in bytes


class Wyoming:
    """One server; each call has a connection of its own."""

    def __init__(self, setting: Setting, meter: Meter | None = None, limit_s: float = 0.0) -> None:
        self.setting, self.again = setting, not limit_s
        if unknown := next((name for name in setting.options if name not in OPTIONS), ""):
            raise ValueError(f"wyoming has no option {unknown!r}: {did_you_mean(unknown, OPTIONS)}")
        server = Server.model_validate(setting.options[SERVER])
        self.url = server.address()
        name = model_name(str(setting.options["model"]))
        self.name = "" if name == DEFAULT else name
        self.language = str(setting.options.get("language", ""))
        self.patience_s = limit_s or float(setting.options.get("patience_s", PATIENCE_S))
        self.meter = meter or Meter(server.price)
        self.facts = {"server": server.url or f"${server.url_from}", "answers": "of a server"}

    def another(self, limit_s: float) -> Wyoming:
        """A caller of its own, on the same bill, that asks once and never again."""
        return Wyoming(self.setting, self.meter, limit_s)

    def _tried[T](self, attempt: Callable[[float], T]) -> tuple[T, float]:
        return tried(attempt, self.meter, self.patience_s, again=self.again)

    def transcribe(self, audio: Audio) -> Transcript:
        """16-bit samples at the audio's own rate, in chunks; nothing at all asks nobody."""
        if not len(audio.samples):
            return Transcript("")
        event, begun_s = self._tried(lambda deadline_s: self._heard(audio, deadline_s))
        self.meter.answered(time.monotonic() - begun_s, {})
        self.meter.billed(audio.duration_s)
        text = event.data.get("text")
        if not isinstance(text, str):
            raise ServerError(f"{self.url} sent a transcript without a text")
        return Transcript(text.strip(), language=str(event.data.get("language") or ""))

    def _heard(self, audio: Audio, deadline_s: float) -> Event:
        named = {"name": self.name, "language": audio.language or self.language}
        form = {"rate": audio.rate_hz, "width": 2, "channels": 1}
        pcm = np.clip(np.rint(audio.samples * 2.0**15), -(2**15), 2**15 - 1).astype("<i2").tobytes()
        step = 2 * int(audio.rate_hz * CHUNK_S)
        with connected(self.url, deadline_s) as connection:
            connection.send("transcribe", {key: value for key, value in named.items() if value})
            connection.send("audio-start", form)
            for start in range(0, len(pcm), step):
                connection.send("audio-chunk", form, pcm[start : start + step])
            connection.send("audio-stop", {})
            for event in connection.events():
                if event.type == "transcript":
                    return event
        raise ServerError(f"{self.url} closed the connection without a transcript")

    def speak(self, text: str, voice: str = "") -> Iterator[Audio]:
        """The text as speech, in pieces as they come."""
        asked: dict[str, Any] = {"text": text}
        if chosen := voice or self.name:
            asked["voice"] = {"name": chosen}

        def begin(deadline_s: float) -> tuple[Iterator[Audio], list[Audio]]:
            pieces = self._pieces(asked, deadline_s)
            return pieces, [piece for piece in (next(pieces, None),) if piece is not None]

        (pieces, first), begun_s = self._tried(begin)
        if not first:
            raise ServerError(f"{self.url} sent no sound for {text[:60]!r}")
        self.meter.answered(time.monotonic() - begun_s, {})
        self.meter.billed(characters=len(text))
        try:
            yield from first
            yield from pieces
        except Passing as fault:
            raise ServerError(f"{fault}, in the middle of its answer") from fault

    def _pieces(self, asked: Mapping[str, Any], deadline_s: float) -> Iterator[Audio]:
        with connected(self.url, deadline_s) as connection:
            connection.send("synthesize", asked)
            yield from _sound(connection)


def _sound(connection: Connection) -> Iterator[Audio]:
    for event in connection.events():
        if event.type == "audio-stop":
            return
        if event.type == "audio-chunk":
            yield _samples(connection.url, event)
    raise ServerError(f"{connection.url} closed the connection before the sound was at its end")


def _samples(url: str, event: Event) -> Audio:
    rate_hz, width, channels = (int(event.data.get(key) or 0) for key in ("rate", "width", "channels"))
    if rate_hz <= 0 or width not in FULL_SCALE or channels not in {1, 2} or len(event.payload) % (width * channels):
        raise ServerError(f"{url} sent sound of {rate_hz} Hz, {width} bytes and {channels} channels, which is none")
    samples = np.frombuffer(event.payload, dtype=f"<i{width}").astype(np.float32) * np.float32(1 / FULL_SCALE[width])
    return Audio(samples.reshape(-1, channels).mean(axis=1, dtype=np.float32), rate_hz)


load = Wyoming
