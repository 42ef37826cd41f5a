"""AssemblyAI: upload, ask for a transcript, look until it is there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from modellab import audio as sounds
from modellab.errors import ModelError, ServerError
from modellab.models.remote import reading
from modellab.models.remote.client import Answer
from modellab.models.remote.service import Heard, Service, path, sure
from modellab.types import Audio

STATES = ("queued", "processing")


class AssemblyAI(Service):
    """Its recordings API; `poll_s` lies between two looks, and is part of the measured time."""

    OPTIONS = {"poll_s": 0.5}

    @staticmethod
    def authorised(key: str) -> Mapping[str, str]:
        """The key alone."""
        return {"authorization": key}

    def heard(self, audio: Audio, language: str) -> Heard:
        """The text of a finished transcript; times come in ms."""
        sent = {"content": sounds.wav_bytes(audio), "headers": {"content-type": "application/octet-stream"}}
        uploaded = self.client.post("/upload", **sent)
        asked = {"audio_url": path(uploaded, uploaded.mapping(), "upload_url"), "speech_models": [self.model]}
        asked |= {"language_code": language} if language else {"language_detection": True}
        answer = self.client.post("/transcript", json=asked)
        answer, value = self._finished(str(path(answer, answer.mapping(), "id")))
        rows = [{**row, **_seconds(row)} for row in value.get("words") or [] if isinstance(row, dict)]
        words = reading.stretches(rows, answer, audio.duration_s)
        language = str(value.get("language_code") or "")
        return Heard(reading.text(value.get("text"), answer), words, sure(rows, "text"), language)

    def _finished(self, id: str) -> tuple[Answer, dict[str, Any]]:
        end_s = time.monotonic() + self.client.patience_s
        while True:
            answer = self.client.ask("GET", f"/transcript/{id}")
            value = answer.json()  # its error is one of the input, and no fault of the answer
            state = path(answer, value, "status")
            if state == "completed":
                return answer, value
            if state == "error":
                raise ModelError(f"the service gives no transcript of this input: {str(value.get('error'))[:200]}")
            if state not in STATES:
                raise ServerError(answer.odd("the status queued, processing, completed or error"))
            if time.monotonic() > end_s:
                raise ServerError(f"{answer.url}: still {state} after {self.client.patience_s:g} s")
            time.sleep(float(self.options["poll_s"]))


def _seconds(row: Mapping[str, Any]) -> dict[str, float | None]:
    """Start and end, which come in ms."""
    times = ((at, row.get(at)) for at in ("start", "end"))
    return {at: ms / 1000 if isinstance(ms, int | float) else None for at, ms in times}


load = AssemblyAI
