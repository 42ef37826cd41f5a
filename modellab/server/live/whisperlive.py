"""WhisperLive's protocol: a hello as JSON, float32 audio at 16 kHz, and segments that come again until complete.

    client: {"uid", "model", "language", "task", "use_vad", "send_last_n_segments", ...}, then audio, then END_OF_AUDIO
    server: {"uid", "message": "SERVER_READY"}, {"uid", "segments": [...]}, {"uid", "message": "DISCONNECT"}
            {"uid", "status": "WAIT" | "ERROR" | "WARNING", "message"}

A segment is complete when somebody pauses, when it is long, or when no audio comes for two seconds; it never changes
then. Its times are seconds from the first sample, as text.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from starlette.types import Message

from modellab.audio.incoming import Incoming
from modellab.errors import AudioError
from modellab.server.auth import Who
from modellab.server.errors import ApiError
from modellab.server.fleet.fleet import Fleet, Served
from modellab.server.live.asking import RATE_HZ, Asking, Step
from modellab.server.live.streams import POLICY, TRY_LATER, UNSUPPORTED, End, Line, Put
from modellab.server.live.utterance import Live
from modellab.server.openai_api import language_for
from modellab.streaming.energy import TurnOptions, Turns
from modellab.streaming.protocol import Samples

BACKEND = "faster_whisper"  # the client keeps its transcript only of this one
END_OF_AUDIO = "END_OF_AUDIO"
DONE = 1000
HELLO_S = 5.0  # that a client which is turned away may take to say who it is
PAUSE = TurnOptions(silence_s=0.8)
FLUSH_S = 2.0  # without audio, after which what was said is complete
LONG_S = 10.0  # of a segment that is complete although nobody pauses
SHOWN, MOST_SHOWN = 10, 100  # segments that are sent again
UNHEARD = (
    "initial_prompt", "hotwords", "enable_translation", "enable_diarization", "word_timestamps", "vad_parameters",
)  # fmt: skip


class Hello(NamedTuple):
    """What a client wants."""

    uid: str
    served: Served
    language: str
    use_vad: bool
    shown: int
    ignored: tuple[str, ...]


class Warned(NamedTuple):
    """Something that came and means nothing."""

    text: str


@dataclass(slots=True)
class Segments:
    """What was said so far: complete segments, and the one that still grows. Times in s."""

    complete: list[dict[str, Any]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)  # final ones of the segment that grows
    partial: str = ""
    start_s: float = 0.0
    end_s: float = 0.0

    def begin(self, at_s: float) -> None:
        """Nobody spoke up to here."""
        if not self.words:
            self.start_s = max(at_s, self.end_s)

    def take(self, step: Step, offset_s: float, is_over: bool) -> None:
        """What a stream that began at `offset_s` says; `is_over`: it says no more."""
        self.words += step.finals
        self.partial = "" if is_over else step.partial
        self.end_s = max(self.start_s, offset_s + step.end_s)
        if self.words and (is_over or self.end_s - self.start_s >= LONG_S):
            self.complete.append(self._segment(" ".join(self.words), is_complete=True))
            self.words, self.start_s = [], self.end_s

    def shown(self, most: int) -> list[dict[str, Any]]:
        """The last ones, with the one that grows."""
        text = " ".join([*self.words, self.partial]).strip()
        growing = [self._segment(text, is_complete=False)] if text else []
        return [*self.complete, *growing][-most:]

    def _segment(self, text: str, is_complete: bool) -> dict[str, Any]:
        return {"start": f"{self.start_s:.3f}", "end": f"{self.end_s:.3f}", "text": text, "completed": is_complete}


class Listener:
    """One client."""

    def __init__(self, line: Line, fleet: Fleet, who: Who, folder: Path) -> None:
        self.line, self.fleet, self.who, self.folder = line, fleet, who, folder
        self.decoder = Incoming("float32", RATE_HZ, RATE_HZ)
        self.uid = ""
        self.is_ready = False
        self.hello: Hello | None = None
        self.turns: Turns | None = None
        self.live: Live | None = None
        self.offset_s = 0.0  # where the present stream begins
        self.heard_s = 0.0
        self.segments = Segments()
        self.sent: list[dict[str, Any]] = []

    # ------------------------------------------------------------------------ what comes

    def parse(self, message: Message) -> Iterator[Put]:
        """What a message means."""
        text, data = message.get("text"), message.get("bytes") or b""
        try:
            if not self.is_ready:
                hello = self._hello(text if text is not None else data.decode("utf-8", "replace"))
                self.is_ready = True
                yield Put(hello)
            elif END_OF_AUDIO in (text, data.decode("latin-1") if len(data) == len(END_OF_AUDIO) else ""):
                yield Put(End(DONE))
            elif text is not None:
                yield Put(Warned(f"{text[:40]!r} came: expected float32 audio as bytes, or {END_OF_AUDIO}"))
            else:
                samples = self.decoder.feed(data)
                yield Put(samples, len(samples) / RATE_HZ)
        except ApiError as error:
            yield Put(End(POLICY, error))
        except AudioError as error:
            yield Put(End(UNSUPPORTED, ApiError(400, "invalid_audio", str(error))))

    def _hello(self, text: str) -> Hello:
        hello = options(text)
        self.uid = hello["uid"]
        if hello.get("task") not in (None, "transcribe"):
            raise ApiError(400, "unsupported_task", f"task is {str(hello['task'])[:40]!r}, expected transcribe")
        model, language = hello.get("model") or self.fleet.default("asr"), hello.get("language") or ""
        if not isinstance(model, str) or not isinstance(language, str) or not model:
            raise ApiError(400, "invalid_value", "expected `model`, one of /v1/models, and `language` as texts")
        served = self.fleet.doing(model, "asr")
        shown = hello.get("send_last_n_segments")
        shown = min(max(shown, 1), MOST_SHOWN) if isinstance(shown, int) and not isinstance(shown, bool) else SHOWN
        ignored = tuple(name for name in UNHEARD if hello.get(name))
        use_vad = hello.get("use_vad") is not False
        return Hello(self.uid, served, language_for(served, language), use_vad, shown, ignored)

    # ------------------------------------------------------------------------ what is said

    async def work(self, line: Line) -> None:
        """Say everything that there is to say until the end; however that comes, nothing is left of the last words."""
        try:
            await self._work(line)
        finally:
            self._forget()

    async def _work(self, line: Line) -> None:
        while True:
            try:
                taken = await asyncio.wait_for(line.inbox.take(), FLUSH_S if self.live else None)
            except TimeoutError:
                await self._finish()
                continue
            pieces = list(_joined(taken))
            for place, piece in enumerate(pieces):
                if isinstance(piece, End):
                    await self._end(piece)
                    return
                if isinstance(piece, Hello):
                    await self._greet(piece)
                elif isinstance(piece, Warned):
                    await self._status("WARNING", piece.text)
                elif not await self._hear(piece, any(isinstance(later, End) for later in pieces[place + 1 :])):
                    return

    async def _greet(self, hello: Hello) -> None:
        self.hello = hello
        self.turns = Turns(RATE_HZ, PAUSE) if hello.use_vad else None
        if hello.served.state == "unloaded":
            self.fleet.load(hello.served.name)
        await self.line.send({"uid": self.uid, "message": "SERVER_READY", "backend": BACKEND})
        if hello.ignored:
            await self._status("WARNING", f"no model here takes {', '.join(hello.ignored)}")

    async def _hear(self, samples: Samples, is_followed: bool) -> bool:
        """Whether it went well; where the model cannot be asked the client is told, and the socket closed."""
        try:
            if self.turns is None:
                await self._feed(samples, is_followed)
                return True
            parts = self.turns.feed(samples)
            for place, part in enumerate(parts):
                if part.kind == "start":
                    self._open(part.at_s)
                elif part.kind == "audio":
                    await self._feed(part.samples, place + 1 < len(parts) or is_followed)
                else:
                    await self._finish()
        except ApiError as error:
            self._forget()
            await self._end(End(POLICY, error))
            return False
        finally:
            self.heard_s += len(samples) / RATE_HZ
        return True

    def _open(self, at_s: float) -> Live:
        assert self.hello is not None
        over = self.line.inbox.is_over
        asking = Asking(self.fleet, self.hello.served, self.who.name, self.folder, over, self.hello.language)
        self.live, self.offset_s = Live(asking), at_s
        self.segments.begin(at_s)
        return self.live

    async def _feed(self, samples: Samples, is_followed: bool) -> None:
        if len(samples):
            live = self.live or self._open(self.heard_s)
            async for step in live.feed(samples, is_followed):
                await self._tell(step, is_over=False)

    async def _finish(self) -> None:
        live, self.live = self.live, None
        if live is None:
            return
        with closing(live):
            if self.turns is not None and len(left := self.turns.cut()):
                async for step in live.feed(left, is_followed=True):
                    await self._tell(step, is_over=False)
            await self._tell(await live.finish(), is_over=True)

    def _forget(self) -> None:
        live, self.live = self.live, None
        if live is not None:
            live.close()

    async def _end(self, end: End) -> None:
        try:
            await self._finish()
        except ApiError as error:
            end = End(POLICY, error) if end.error is None else end
        if end.error is not None:
            await self._status("ERROR", end.error.message)
        await self.line.send({"uid": self.uid, "message": "DISCONNECT"})
        await self.line.close(end.code, end.error.code if end.error else "")

    async def _tell(self, step: Step, is_over: bool) -> None:
        assert self.hello is not None
        self.segments.take(step, self.offset_s, is_over)
        shown = self.segments.shown(self.hello.shown)
        if shown and shown != self.sent:
            self.sent = shown
            await self.line.send({"uid": self.uid, "segments": shown})

    async def _status(self, status: str, message: object) -> None:
        await self.line.send({"uid": self.uid, "status": status, "message": message})


def options(text: str) -> Mapping[str, Any]:
    """What a hello says; ApiError for what is none."""
    try:
        hello = json.loads(text)
    except (ValueError, RecursionError):
        hello = None
    if not isinstance(hello, dict) or not isinstance(hello.get("uid"), str):
        raise ApiError(400, "invalid_event", f'{text[:40]!r} came: expected a hello, {{"uid": ..., "model": ...}}')
    return hello


async def turn_away(line: Line, minutes: int) -> None:
    """Tell a client that there is no room, under the name that it has."""
    uid = ""
    try:
        message = await asyncio.wait_for(line.socket.receive(), HELLO_S)
        uid = options(message.get("text") or "")["uid"]
    except (TimeoutError, ApiError):
        pass
    await line.send({"uid": uid, "status": "WAIT", "message": minutes})
    await line.close(TRY_LATER, "no room")


def _joined(taken: list[Any]) -> Iterator[Any]:
    """The same with neighbouring audio in one piece."""
    pieces: list[Samples] = []
    for piece in taken:
        if isinstance(piece, np.ndarray):
            pieces.append(piece)
            continue
        if pieces:
            yield np.concatenate(pieces)
            pieces = []
        yield piece
    if pieces:
        yield np.concatenate(pieces)
