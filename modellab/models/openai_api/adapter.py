"""OpenAI's audio API: transcriptions, translations and speech, of whoever serves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from modellab import audio as sounds
from modellab.errors import ServerError, did_you_mean
from modellab.models import server_names
from modellab.models.remote import reading
from modellab.models.remote.client import Answer, Client
from modellab.models.remote.patience import PATIENCE_S
from modellab.types import Audio, Segment, Setting, Transcript, Word

from . import realtime

FORMATS = ("json", "verbose_json", "text")
TIMES = "timestamp_granularities[]"
ENGLISH = ("en", "eng", "english")


@dataclass(frozen=True, slots=True)
class Options:
    """What may stand under `options` of config.yaml; `fields` are further ones of the form, as a server wants them."""

    response_format: str = "json"
    stream: bool = False
    language: str = ""  # where the row does not say it
    prompt: str = ""
    temperature: float = 0.0
    fields: Mapping[str, str] = field(default_factory=dict)
    voice: str = ""
    speed: float = 1.0
    speech_format: str = "wav"  # or pcm, which is heard while it comes
    pcm_rate_hz: int = 24_000
    realtime_rate_hz: int = 24_000  # of what a live stream sends
    patience_s: float = PATIENCE_S

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Options:
        """The options of a variant; ValueError for one that is unknown."""
        known = [option.name for option in fields(cls)]
        own = {name: value for name, value in given.items() if name != server_names.SERVER}
        if unknown := next((name for name in own if name not in known), ""):
            raise ValueError(f"openai_api has no option {unknown!r}: {did_you_mean(unknown, known)}")
        options = cls(**own)
        if options.response_format not in FORMATS:
            raise ValueError(f"response_format is {options.response_format!r}, expected one of {', '.join(FORMATS)}")
        if options.speech_format not in {"wav", "pcm", "flac", "mp3"}:
            raise ValueError(f"speech_format is {options.speech_format!r}, expected wav, pcm, flac or mp3")
        return options


class OpenaiApi:
    """One model of one server."""

    is_live = True  # `open_stream` hears while nobody calls it

    def __init__(self, setting: Setting, **more: Any) -> None:
        self.setting = setting
        self.client = Client.of(setting, **more)
        self.meter, self.facts = self.client.meter, self.client.facts
        self.model = server_names.model_name(str(setting.options["model"]))
        self.options = Options.of({name: value for name, value in setting.options.items() if name != "model"})

    def another(self, limit_s: float) -> OpenaiApi:
        """A caller of its own, on the same bill, that asks once and never again."""
        return OpenaiApi(self.setting, patience_s=limit_s, again=False, meter=self.meter)

    def transcribe(self, audio: Audio) -> Transcript:
        """Any rate; nothing at all gives an empty transcript, and asks nobody."""
        if not len(audio.samples):
            return Transcript("")
        if self.options.stream:
            return self._streamed(audio)
        answer = self._post("/audio/transcriptions", audio, self.options.response_format)
        return _transcript(answer, self.options.response_format, audio.duration_s)

    def open_stream(self, rate_hz: int) -> realtime.Stream:
        """A live stream over a WebSocket."""
        if self.facts["answers"] == "replayed":
            raise ServerError("live streams are not recorded: unset MODELLAB_CASSETTES to ask the server")
        key = self.client.http.headers.get("authorization", "")
        place = realtime.Place(
            self.client.url,
            {"authorization": key} if key else {},
            self.model,
            self.options.language,
            self.options.realtime_rate_hz,
            self.options.patience_s,
            self.client.server.key_from,
        )
        return realtime.Stream(place, rate_hz, self.meter)

    def translate(self, source: Audio | str, source_language: str, target_language: str) -> str:  # noqa: ARG002
        """Speech in any language that the model knows, in English: the API has no other target."""
        if isinstance(source, str):
            raise ValueError("OpenAI's audio API translates speech, and this is a text")
        if target_language.lower() not in ENGLISH:
            raise ValueError(f"OpenAI's audio API translates into English alone, not into {target_language!r}")
        if not len(source.samples):
            return ""
        answer = self._post("/audio/translations", source, "json", language="")
        return reading.text(answer.mapping().get("text"), answer)

    def align(self, audio: Audio, text: str) -> list[Word]:  # noqa: ARG002  (recognised, not forced)
        """The words that it hears, with the server's times; `text` is not used."""
        if not len(audio.samples):
            return []
        answer = self._post("/audio/transcriptions", audio, "verbose_json", times=["word"])
        value = answer.mapping()
        rows = reading.in_segments(value.get("segments")) if value.get("words") is None else value["words"]
        if rows is None:
            raise ServerError(answer.odd("words with times, which timestamp_granularities[]=word asks for"))
        return reading.words(reading.stretches(rows, answer, audio.duration_s, "word"))

    def speak(self, text: str, voice: str = "") -> Audio | Iterator[Audio]:
        """The text as speech; with speech_format pcm in pieces as they come."""
        form = self.options.speech_format
        asked: dict[str, Any] = {"model": self.model, "input": text, "response_format": form, **self.options.fields}
        if chosen := voice or self.options.voice:
            asked["voice"] = chosen
        if self.options.speed != 1.0:
            asked |= {"speed": self.options.speed}
        if form == "pcm":
            return reading.spoken(self.client, "/audio/speech", self.options.pcm_rate_hz, len(text), json=asked)
        answer = self.client.post("/audio/speech", json=asked)
        self.meter.billed(characters=len(text))
        return reading.sound(answer, f".{form}")

    def _streamed(self, audio: Audio) -> Transcript:
        """The text of `transcript.text.done`; of a server that sends no such event the deltas together."""
        answer = self._post("/audio/transcriptions", audio, "json", stream="true")
        deltas, done = "", None
        for event in reading.events(answer):
            kind = event.get("type", "")
            if kind == "error" or event.get("error"):
                raise ServerError(answer.odd("a transcript"))
            if kind == "transcript.text.done":
                done = reading.text(event.get("text"), answer)
            elif kind == "transcript.text.delta":
                deltas += str(event.get("delta", ""))
        if done is None and not deltas:
            raise ServerError(answer.odd("a stream of transcript.text.delta and transcript.text.done"))
        return Transcript(reading.text(deltas, answer) if done is None else done)

    def _post(self, path: str, audio: Audio, form: str, times: list[str] | None = None, **more: str) -> Answer:
        language = more.pop("language", audio.language or self.options.language)
        data: dict[str, Any] = {
            "model": self.model,
            "response_format": form,
            "temperature": f"{self.options.temperature:g}",
            **({"language": language} if language else {}),
            **({"prompt": self.options.prompt} if self.options.prompt else {}),
            **({TIMES: times} if times else {}),
            **more,
            **self.options.fields,
        }
        file = ("audio.wav", sounds.wav_bytes(audio), "audio/wav")
        answer = self.client.post(path, data=data, files={"file": file})
        self.meter.billed(audio.duration_s)
        return answer


def _transcript(answer: Answer, form: str, duration_s: float) -> Transcript:
    """What an answer says; a server that gives JSON where text was asked for is understood, too."""
    kind = answer.headers.get("content-type", "")
    if form == "text" and not kind.startswith("application/json"):
        if "html" in kind and answer.body.lstrip().startswith(b"<"):  # whisper.cpp's server says so of plain text
            raise ServerError(answer.odd("a text"))
        return Transcript(reading.text(answer.body.decode("utf-8", "replace"), answer))
    value = answer.mapping()
    text = reading.text(value.get("text"), answer)
    segments: tuple[Segment, ...] = reading.stretches(value.get("segments"), answer, duration_s)
    language = value.get("language")
    return Transcript(text, segments, language if isinstance(language, str) else "")


load = OpenaiApi
