"""A transcription in the formats of OpenAI's API: json, text, srt, vtt, verbose_json, and as server-sent events."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
MS_PER_H, MS_PER_MIN, MS_PER_S = 3_600_000, 60_000, 1_000
Timed = tuple[str, float | None, float | None]  # text, start_s, end_s


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
        return "application/x-subrip; charset=utf-8", "".join(_cues(heard, ",", "{number}\n"))
    if form == "vtt":
        return "text/vtt; charset=utf-8", "WEBVTT\n\n" + "".join(_cues(heard, ".", ""))
    if form == "verbose_json":
        return "application/json", json.dumps(_verbose(heard, granularities), ensure_ascii=False)
    short = {"text": heard.text, "usage": heard.usage, **heard.sure}
    return "application/json", json.dumps(short, ensure_ascii=False)


def events(heard: Transcribed) -> Iterator[str]:
    """The same as server-sent events: a delta for each segment, then the whole; deltas joined are the whole."""
    rest = heard.text
    for text, _, _ in heard.segments:
        words = text.strip()
        before, found, behind = rest.partition(words)
        if words and found:
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


def _cues(heard: Transcribed, point: str, head: str) -> Iterator[str]:
    """Subtitles; where the model gives no times, one over the whole."""
    timed = [each for each in heard.segments if each[1] is not None and each[2] is not None]
    shown = timed if len(timed) == len(heard.segments) and timed else [(heard.text, 0.0, heard.duration_s)]
    for number, (text, start_s, end_s) in enumerate(shown, start=1):
        times = f"{clock(start_s or 0.0, point)} --> {clock(end_s or 0.0, point)}"
        yield f"{head.format(number=number)}{times}\n{text.strip().replace('-->', '->')}\n\n"


def clock(seconds: float, point: str) -> str:
    """A time as subtitles have it.

    >>> clock(3661.5, ","), clock(0.9996, ".")
    ('01:01:01,500', '00:00:01.000')
    """
    whole = round(seconds * MS_PER_S)
    hours, rest = divmod(whole, MS_PER_H)
    minutes, rest = divmod(rest, MS_PER_MIN)
    full, parts = divmod(rest, MS_PER_S)
    return f"{hours:02d}:{minutes:02d}:{full:02d}{point}{parts:03d}"
