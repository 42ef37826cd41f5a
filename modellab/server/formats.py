"""A transcription in the formats of OpenAI's API: json, text, srt, vtt, verbose_json, and as server-sent events."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modellab.text import subtitles
from modellab.text.subtitles import Timed

FORMATS = ("json", "text", "srt", "verbose_json", "vtt")


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What a model heard in an upload; `words` is None where nobody asked for them."""

    text: str
    segments: tuple[Timed, ...]
    duration_s: float
    language: str = ""
    task: str = "transcribe"
    words: tuple[Timed, ...] | None = None
    confidence: float | None = None  # the mean of what the model says of its words; None where it says nothing

    @property
    def sure(self) -> dict[str, float]:
        """The confidence, where there is one."""
        return {} if self.confidence is None else {"confidence": round(self.confidence, 4)}

    @property
    def usage(self) -> dict[str, Any]:
        """What is paid for, in whole seconds as OpenAI counts them."""
        return {"type": "duration", "seconds": math.ceil(self.duration_s)}


def rendered(heard: Transcribed, form: str, granularities: Sequence[str]) -> tuple[str, str]:
    """(media type, body) of a transcription."""
    if form == "text":
        return "text/plain; charset=utf-8", f"{heard.text}\n"
    if form == "srt":
        return "application/x-subrip; charset=utf-8", subtitles.srt(heard.segments, heard.text, heard.duration_s)
    if form == "vtt":
        return "text/vtt; charset=utf-8", subtitles.vtt(heard.segments, heard.text, heard.duration_s)
    if form == "verbose_json":
        return "application/json", json.dumps(_verbose(heard, granularities), ensure_ascii=False)
    short = {"text": heard.text, "usage": heard.usage, **heard.sure}
    return "application/json", json.dumps(short, ensure_ascii=False)


def events(heard: Transcribed) -> Iterator[str]:
    """The same as server-sent events: a delta for each segment, then the whole; deltas joined are the whole."""
    rest = heard.text
    for text, _, _ in heard.segments:
        words = text.strip()
        before, matched, behind = rest.partition(words)
        if words and matched:
            rest = behind
            yield _event({"type": "transcript.text.delta", "delta": before + words})
    if rest:
        yield _event({"type": "transcript.text.delta", "delta": rest})
    yield _event({"type": "transcript.text.done", "text": heard.text, "usage": heard.usage})


def _event(data: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _verbose(heard: Transcribed, granularities: Sequence[str]) -> dict[str, Any]:
    """All there is; what no engine here tells (tokens, probabilities) is null rather than a guess."""
    whole: dict[str, Any] = {
        "task": heard.task,
        "language": heard.language,
        "duration": round(heard.duration_s, 3),
        "text": heard.text,
        "usage": heard.usage,
        **heard.sure,
    }
    if heard.words is not None and "word" in granularities:
        whole["words"] = [{"word": text.strip(), "start": start, "end": end} for text, start, end in heard.words]
    if "segment" in granularities or not granularities:
        whole["segments"] = [
            {
                "id": number,
                "seek": 0,
                "start": start,
                "end": end,
                "text": text,
                "tokens": None,
                "temperature": 0.0,
                "avg_logprob": None,
                "compression_ratio": None,
                "no_speech_prob": None,
            }
            for number, (text, start, end) in enumerate(heard.segments)
        ]
    return whole
