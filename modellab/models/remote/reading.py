"""What is read from answers, whatever a server puts into them: texts, times, sounds. What is none is a ServerError."""

from __future__ import annotations

import itertools
import json
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modellab import audio
from modellab.errors import AudioError, ServerError
from modellab.models.remote.client import Answer, Client
from modellab.types import Audio, Segment, Word
from modellab.types.speech import inside

FULL_SCALE = np.float32(32768)


def text(value: Any, answer: Answer, key: str = "text") -> str:
    """A text that an answer has to have; '' is one. Half characters, which no file can hold, are replaced."""
    if not isinstance(value, str):
        raise ServerError(answer.odd(f"a text under {key!r}"))
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()


def time_s(value: Any, duration_s: float) -> float:
    """A time in s, cut to the sound; NaN for what is none.

    >>> time_s(1.5, 2.0), time_s("1.5", 2.0), time_s(None, 2.0), time_s(30, 2.0)
    (1.5, 1.5, nan, 2.0)
    """
    try:
        at_s = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return inside(at_s, duration_s) if math.isfinite(at_s) else math.nan


def stretches(rows: Any, answer: Answer, duration_s: float, key: str = "text") -> tuple[Segment, ...]:
    """Segments or words: mappings with a text under `key`, a start and an end in s; those without text are left out."""
    if rows is None:
        return ()
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ServerError(answer.odd("a list of segments or words"))
    segments = (
        Segment(text(row.get(key), answer, key), *(time_s(row.get(at), duration_s) for at in ("start", "end")))
        for row in rows
    )
    return tuple(segment for segment in segments if segment.text)


def in_segments(segments: Any) -> list[dict[str, Any]] | None:
    """Rows for `stretches` of the words that whisper.cpp's server has in its segments, as tokens; None where none are.

    A token without a blank before it goes on with the word.
    """
    rows: list[dict[str, Any]] = []
    lists = [segment.get("words") for segment in segments or () if isinstance(segment, dict)]
    for row in itertools.chain.from_iterable(filter(None, lists)):
        token = str(row.get("word", ""))
        if rows and not token.startswith(" "):
            rows[-1] |= {"word": rows[-1]["word"] + token, "end": row.get("end")}
        else:
            rows.append({**row, "word": token})
    return rows or None


def words(segments: Sequence[Segment]) -> list[Word]:
    """The same as words."""
    return [Word(segment.text, segment.start_s, segment.end_s) for segment in segments]


def events(answer: Answer) -> Iterator[Mapping[str, Any]]:
    """The JSON objects of server-sent events, up to `[DONE]`."""
    body = answer.body.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    for block in body.split("\n\n"):
        lines = [line[5:].removeprefix(" ") for line in block.split("\n") if line.startswith("data:")]
        data = "\n".join(lines)
        if not data or data == "[DONE]":
            continue
        try:
            value = json.loads(data)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise ServerError(answer.odd("events in JSON"))
        yield value


def sound(answer: Answer, suffix: str = ".wav") -> Audio:
    """An answer that is a file of audio; ServerError for one that is none."""
    with tempfile.TemporaryDirectory(prefix="modellab-answer-") as folder:
        path = Path(folder) / f"answer{suffix}"
        path.write_bytes(answer.body)
        try:
            return audio.read(path)
        except AudioError as error:
            why = str(error).replace(str(path), "it")
            raise ServerError(f"{answer.odd('audio')}: {why}") from error


def pcm_pieces(chunks: Iterator[bytes], rate_hz: int) -> Iterator[Audio]:
    """16-bit little-endian samples as they come; a sample that is cut by the network is put together again."""
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        whole = len(data) - len(data) % 2
        rest = data[whole:]
        if whole:
            samples = np.frombuffer(data[:whole], dtype="<i2").astype(np.float32) / FULL_SCALE
            yield Audio(samples, rate_hz)


def spoken(client: Client, path: str, rate_hz: int, characters: int, **content: Any) -> Iterator[Audio]:
    """Speech in pcm, in pieces as they come; what is charged for are the characters."""
    with client.opened("POST", path, **content) as (response, deadline_s):
        if response.headers.get("content-type", "").startswith(("text/", "application/json")):
            body = b"".join(client.chunks(response, deadline_s))
            raise ServerError(Answer(response.url, response.headers, body).odd("audio"))
        client.meter.answered(response.elapsed_s, response.headers)
        client.meter.billed(characters=characters)
        yield from pcm_pieces(client.chunks(response, deadline_s), rate_hz)
