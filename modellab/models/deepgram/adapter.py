"""Deepgram: POST /listen with the sound as it is, and the options in the query."""

from __future__ import annotations

from collections.abc import Mapping

from modellab import audio as sounds
from modellab.models.remote import reading
from modellab.models.remote.service import Heard, Service, path, sure
from modellab.types import Audio


class Deepgram(Service):
    """Its recordings API."""

    OPTIONS = {"smart_format": True, "punctuate": True}

    @staticmethod
    def authorised(key: str) -> Mapping[str, str]:
        """A scheme of its own."""
        return {"authorization": f"Token {key}"}

    def heard(self, audio: Audio, language: str) -> Heard:
        """The first alternative of the only channel; words as they are written in the text."""
        flags = {name: str(bool(self.options[name])).lower() for name in self.OPTIONS}
        params = {"model": self.model, **flags, **({"language": language} if language else {})}
        sent = {"content": sounds.wav_bytes(audio), "headers": {"content-type": "audio/wav"}}
        answer = self.client.post("/listen", params=params, **sent)
        best = path(answer, answer.mapping(), "results", "channels", 0, "alternatives", 0)
        rows = [{**row, "text": row.get("punctuated_word") or row.get("word")} for row in best.get("words") or []]
        words = reading.stretches(rows, answer, audio.duration_s)
        return Heard(reading.text(best.get("transcript"), answer, "transcript"), words, sure(rows, "text"), language)


load = Deepgram
