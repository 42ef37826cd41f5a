"""ElevenLabs: speech to text (Scribe) and text to speech."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modellab import audio as sounds
from modellab.models.remote import reading
from modellab.models.remote.service import Heard, Service
from modellab.types import Audio


class ElevenLabs(Service):
    """Both APIs with one key; `voice` is the id of a voice, `rate_hz` of those that its pcm comes in."""

    OPTIONS = {"voice": "", "rate_hz": 24_000, "tag_audio_events": False}

    @staticmethod
    def authorised(key: str) -> Mapping[str, str]:
        """A header of its own."""
        return {"xi-api-key": key}

    def heard(self, audio: Audio, language: str) -> Heard:
        """The text, and what of its parts is a word: neither spaces nor sounds."""
        data = {
            "model_id": self.model,
            "timestamps_granularity": "word",
            "tag_audio_events": str(bool(self.options["tag_audio_events"])).lower(),
            **({"language_code": language} if language else {}),
        }
        file = ("audio.wav", sounds.wav_bytes(audio), "audio/wav")
        answer = self.client.post("/speech-to-text", data=data, files={"file": file})
        value = answer.mapping()
        rows = [row for row in value.get("words") or [] if isinstance(row, dict) and row.get("type", "word") == "word"]
        words = reading.stretches(rows, answer, audio.duration_s)
        return Heard(reading.text(value.get("text"), answer), words, language=str(value.get("language_code") or ""))

    def speak(self, text: str, voice: str = "") -> Iterator[Audio]:
        """The text as speech, in pieces as they come."""
        chosen = voice or str(self.options["voice"])
        if not chosen:
            raise ValueError("ElevenLabs speaks with a voice: name its id as `voice` in the row or the options")
        rate_hz = int(self.options["rate_hz"])
        asked = {"params": {"output_format": f"pcm_{rate_hz}"}, "json": {"text": text, "model_id": self.model}}
        place = f"/text-to-speech/{chosen}/stream"
        yield from reading.spoken(self.client, place, rate_hz, len(text), **asked)


load = ElevenLabs
