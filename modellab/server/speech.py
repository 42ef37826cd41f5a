"""`/v1/audio/speech`: the fields of a request, and the sound as an answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse

from modellab import audio
from modellab.audio.encoding import ENCODINGS, encoded
from modellab.server.errors import ApiError

MOST_CHARACTERS = 4096  # as OpenAI has it
OWN = ("", "default", "alloy")  # the model's own voice: the name in every example of OpenAI's, too
DELTA_BYTES = 32_768


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields of a request for speech, checked."""

    model: str
    text: str
    voice: str
    form: str
    is_events: bool

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Asked:
        """ApiError for what is missing, wrong, or asks for what no model here does."""
        model, text = _string(body, "model"), _string(body, "input")
        if not model or not text.strip():
            missing = "input" if model else "model"
            raise ApiError(400, "missing_field", f"expected `{missing}` as a text", missing)
        if len(text) > MOST_CHARACTERS:
            message = f"input has {len(text):,} characters, expected at most {MOST_CHARACTERS:,}"
            raise ApiError(400, "invalid_value", message, "input")
        voice = body.get("voice", "")
        voice = str(voice.get("id", "")) if isinstance(voice, Mapping) else _string(body, "voice")
        if body.get("speed", 1) != 1:
            raise ApiError(400, "unsupported_parameter", "speed: models speak at their own, expected 1", "speed")
        if _string(body, "instructions"):
            raise ApiError(400, "unsupported_parameter", "instructions: no model here takes any", "instructions")
        form = _one_of(body, "response_format", ENCODINGS) or "mp3"
        events = _one_of(body, "stream_format", ("audio", "sse")) == "sse"
        return cls(model, text, "" if voice in OWN else voice, form, events)

    @property
    def row(self) -> dict[str, str]:
        """What the model is asked, as a row of the task."""
        return {"text": self.text, **({"voice": self.voice} if self.voice else {})}


def collected(reply: dict[str, Any]) -> dict[str, Any]:
    """A reply with its sound in it: the file is read and removed while its process is there."""
    path = Path(reply["output"]["audio"]["audio"])
    sound = audio.read(path)
    path.unlink(missing_ok=True)
    return {**reply, "sound": sound}


def answer(reply: Mapping[str, Any], asked: Asked) -> Response:
    """The sound in the format that was asked for, whole or as events."""
    kind, data = encoded(reply["sound"], asked.form)
    if asked.is_events:
        return StreamingResponse(_events(data, asked), media_type="text/event-stream")
    return Response(data, media_type=kind)


def _events(data: bytes, asked: Asked) -> Iterator[str]:
    for start in range(0, len(data), DELTA_BYTES):
        part = base64.b64encode(data[start : start + DELTA_BYTES]).decode()
        yield f"data: {json.dumps({'type': 'speech.audio.delta', 'audio': part})}\n\n"
    usage = {"input_tokens": len(asked.text), "output_tokens": 0, "total_tokens": len(asked.text)}
    yield f"data: {json.dumps({'type': 'speech.audio.done', 'usage': usage})}\n\n"


def _string(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name, "")
    if value is not None and not isinstance(value, str):
        raise ApiError(400, "invalid_value", f"{name} is a {type(value).__name__}, expected a text", name)
    return value or ""


def _one_of(body: Mapping[str, Any], name: str, known: Any) -> str:
    value = _string(body, name)
    if value and value not in known:
        raise ApiError(400, "invalid_value", f"{name} is {value[:60]!r}, expected one of {', '.join(known)}", name)
    return value
