"""The session of a realtime transcription: what OpenAI's `session.update` may say, checked and merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from modellab.audio.incoming import G711_HZ
from modellab.errors import did_you_mean
from modellab.server.errors import ApiError
from modellab.streaming.energy import TurnOptions

PARTIAL = "modellab.partial"  # what is included on request, and the type of its events
PCM, RATES_HZ = "audio/pcm", (24_000, 16_000, 8_000)
G711 = {"audio/pcmu": "pcmu", "audio/pcma": "pcma"}
INPUT = "session.audio.input"
MS = 1000.0
TURNS = TurnOptions()


@dataclass(frozen=True, slots=True)
class Session:
    """What is in force."""

    kind: str = PCM
    rate_hz: int = RATES_HZ[0]
    model: str = ""
    language: str = ""
    turns: TurnOptions | None = TURNS
    include: tuple[str, ...] = ()

    @property
    def form(self) -> str:
        """The format, as `audio.incoming` calls it."""
        return G711.get(self.kind, "pcm16")

    def updated(self, given: object) -> Session:
        """The same with what `session` of an update says; ApiError for what it may not."""
        fields = _mapping(given, "session", ("type", "audio", "include"))
        if fields.get("type", "transcription") != "transcription":
            raise _wrong("session.type", fields["type"], "transcription: this server holds no conversations")
        if fields.get("audio") is not None:
            around = _mapping(fields["audio"], "session.audio", ("input",))
            new = self._with_input(around["input"]) if around.get("input") is not None else self
        else:
            new = self
        return replace(new, include=_include(fields["include"])) if "include" in fields else new

    def _with_input(self, given: object) -> Session:
        known = ("format", "transcription", "turn_detection", "noise_reduction")
        fields = _mapping(given, INPUT, known)
        if fields.get("noise_reduction") is not None:
            raise _unsupported("noise_reduction", "audio is heard as it comes")
        new = self._with_format(fields["format"]) if fields.get("format") is not None else self
        if "transcription" in fields:
            new = new._with_transcription(fields["transcription"])
        return replace(new, turns=_turns(fields["turn_detection"])) if "turn_detection" in fields else new

    def _with_format(self, given: object) -> Session:
        fields = _mapping(given, f"{INPUT}.format", ("type", "rate"))
        kind = fields.get("type", PCM)
        if isinstance(kind, str) and kind in G711:
            if fields.get("rate") not in (None, G711_HZ):
                raise _wrong(f"{INPUT}.format.rate", fields["rate"], f"{G711_HZ}, which {kind} has")
            return replace(self, kind=kind, rate_hz=G711_HZ)
        if kind != PCM:
            raise _wrong(f"{INPUT}.format.type", kind, f"one of {', '.join((PCM, *G711))}")
        rate_hz = fields.get("rate") or RATES_HZ[0]
        if rate_hz not in RATES_HZ:
            raise _wrong(f"{INPUT}.format.rate", rate_hz, f"one of {', '.join(map(str, RATES_HZ))}")
        return replace(self, kind=kind, rate_hz=int(rate_hz))

    def _with_transcription(self, given: object) -> Session:
        if given is None:
            return replace(self, model="", language="")
        known = ("model", "language", "prompt", "languages", "keywords", "delay")
        fields = _mapping(given, f"{INPUT}.transcription", known)
        for name in ("prompt", "languages", "keywords", "delay"):
            if fields.get(name):
                raise _unsupported(f"transcription.{name}", "no model here takes it")
        texts = {"model": self.model, "language": self.language}
        for name in (name for name in texts if name in fields):
            value = fields[name] or ""
            if not isinstance(value, str):
                raise _wrong(f"{INPUT}.transcription.{name}", value, "a text")
            texts[name] = value
        return replace(self, model=texts["model"], language=texts["language"])

    def shown(self, number: str, expires_at: int) -> dict[str, Any]:
        """As the events `session.created` and `session.updated` show it."""
        form = {"type": self.kind, "rate": self.rate_hz} if self.kind == PCM else {"type": self.kind}
        turns = self.turns and {
            "type": "server_vad",
            "threshold": self.turns.threshold,
            "prefix_padding_ms": round(MS * self.turns.padding_s),
            "silence_duration_ms": round(MS * self.turns.silence_s),
        }
        heard = {"model": self.model, "language": self.language or None, "prompt": ""} if self.model else None
        audio_input = {"format": form, "transcription": heard, "noise_reduction": None, "turn_detection": turns}
        about = {"type": "transcription", "id": number, "object": "realtime.transcription_session"}
        return {
            **about,
            "expires_at": expires_at,
            "audio": {"input": audio_input},
            "include": list(self.include) or None,
        }


def _turns(given: object) -> TurnOptions | None:
    if given is None:
        return None
    where = f"{INPUT}.turn_detection"
    kind = given.get("type") if isinstance(given, Mapping) else given
    if kind != "server_vad":
        raise _wrong(f"{where}.type", kind, "server_vad, or null for turns that the client ends")
    lengths = {"prefix_padding_ms": (0, 5_000), "silence_duration_ms": (100, 10_000)}
    ignored = ("create_response", "interrupt_response")  # there are no responses
    fields = _mapping(given, where, ("type", "threshold", *lengths, *ignored, "idle_timeout_ms"))
    if fields.get("idle_timeout_ms") is not None:
        raise _unsupported("turn_detection.idle_timeout_ms", "there are no responses to trigger")
    threshold = _number(fields, "threshold", (0, 1), TURNS.threshold)
    padding_ms = _number(fields, "prefix_padding_ms", lengths["prefix_padding_ms"], MS * TURNS.padding_s)
    silence_ms = _number(fields, "silence_duration_ms", lengths["silence_duration_ms"], MS * TURNS.silence_s)
    return TurnOptions(threshold, padding_ms / MS, silence_ms / MS)


def _number(fields: Mapping[str, Any], name: str, bounds: tuple[float, float], default: float) -> float:
    value = fields.get(name)
    if value is None:
        return default
    least, most = bounds
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise _wrong(f"{INPUT}.turn_detection.{name}", value, f"a number from {least:g} to {most:g}")
    return float(value)


def _include(given: object) -> tuple[str, ...]:
    if given is None:
        return ()
    if not isinstance(given, Sequence) or isinstance(given, str) or not all(isinstance(name, str) for name in given):
        raise _wrong("session.include", given, "a list of texts")
    for name in given:
        if name != PARTIAL:
            raise _unsupported("include", f"{name[:60]!r} is not to be had, expected {PARTIAL}", "session")
    return tuple(given)


def _mapping(given: object, where: str, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise _wrong(where, given, "an object")
    if unknown := next((str(name) for name in given if name not in known), ""):
        message = f"{where} has no {unknown[:60]!r}: {did_you_mean(unknown[:60], known)}"
        raise ApiError(400, "unknown_parameter", message, f"{where}.{unknown[:60]}")
    return given


def _wrong(where: str, value: object, wanted: str) -> ApiError:
    return ApiError(400, "invalid_value", f"{where} is {repr(value)[:60]}, expected {wanted}", where)


def _unsupported(name: str, why: str, where: str = INPUT) -> ApiError:
    return ApiError(400, "unsupported_parameter", f"{where}.{name}: {why}", f"{where}.{name}")
