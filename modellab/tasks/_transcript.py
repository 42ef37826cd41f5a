"""A transcript as JSON: what the tasks whose models write down speech have in common.

{"text": str, "language": str, "segments": [[text, start_s, end_s], ...]}, null for an unknown time; "confidences":
[[word, probability], ...] of models that have some; "seams": [characters before a further chunk, ...].
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, SupportsFloat

from modellab.errors import described
from modellab.tasks import _breakdown, _returned
from modellab.types import Audio, Transcript

UNSPACED = ("zh", "yue", "ja", "th", "lo", "km", "my")  # languages that are written without blanks between words


class Transcriber(Protocol):
    """What an ASR model's adapter provides."""

    def transcribe(self, audio: Audio) -> Transcript: ...


def encode(output: Any) -> dict[str, Any]:
    """A Transcript as JSON types, null for an unknown time; TypeError for anything else, and for a wrong field."""
    if not isinstance(output, Transcript):
        hint = ": does transcribe() end without a return?" if output is None else ""
        raise TypeError(f"transcribe() returned {described(output)}, expected a Transcript{hint}")
    if not isinstance(output.text, str):
        raise _wrong("text", output.text, "a str")
    if not isinstance(output.language, str | None):
        raise _wrong("language", output.language, "a code such as 'de', '' where it is unknown")
    segments = [_segment(i, segment) for i, segment in enumerate(_listed("segments", output.segments))]
    sure = [_confidence(i, confidence) for i, confidence in enumerate(_listed("confidences", output.confidences))]
    told = {"text": output.text, "language": output.language or "", "segments": segments}
    return {**told, **({"confidences": sure} if sure else {})}


def heard(judge: Transcriber, speech: Audio) -> str:
    """The text that a recogniser heard; TypeError where it gave anything else than a Transcript."""
    return str(encode(judge.transcribe(speech))["text"])


def joined(parts: Sequence[tuple[float, Mapping[str, Any]]]) -> dict[str, Any]:
    """Transcripts of parts of a recording, each with where its part begins in s, as one with the recording's times.

    Blanks between them, but for languages that are written without.
    """
    language = next((output["language"] for _, output in parts if output["language"]), "")
    between = "" if language.partition("-")[0].lower() in UNSPACED else " "
    segments = [
        [words, *(None if at_s is None else at_s + start_s for at_s in times)]
        for start_s, output in parts
        for words, *times in output["segments"]
    ]
    texts = list(filter(None, (output["text"].strip() for _, output in parts)))
    confidences = [pair for _, output in parts for pair in output.get("confidences", ())]
    transcript = {"text": between.join(texts), "language": language, "segments": segments}
    return {
        **transcript,
        **({"confidences": confidences} if confidences else {}),
        **_breakdown.joined(texts, between),
    }


def remember(output: Mapping[str, Any] | None) -> str | None:
    """The text as the model gave it, before the normaliser."""
    return None if output is None else str(output["text"])


def recall(remembered: str | None) -> dict[str, Any] | None:
    """An output that scores as the remembered one."""
    return None if remembered is None else {"text": remembered, "language": "", "segments": []}


def _segment(place: int, given: Any) -> list[Any]:
    try:
        words, *times = given
        start_s, end_s = times
    except (TypeError, ValueError):
        raise _wrong(f"segments[{place}]", given, "(text, start_s, end_s)") from None
    if not isinstance(words, str):
        raise _wrong(f"segments[{place}].text", words, "a str")
    return [words, *(_time(f"segments[{place}].{name}", at) for name, at in (("start_s", start_s), ("end_s", end_s)))]


def _time(field: str, value: object) -> float | None:
    try:
        time_s = _returned.seconds(value)
    except ValueError as error:
        raise TypeError(f"transcribe() returned a Transcript whose {field} is {error}") from error
    return time_s if math.isfinite(time_s) else None


def _confidence(place: int, given: Any) -> list[Any]:
    try:
        word, probability = given
    except (TypeError, ValueError):
        raise _wrong(f"confidences[{place}]", given, "(word, probability)") from None
    if not isinstance(word, str):
        raise _wrong(f"confidences[{place}].word", word, "a str")
    if (
        _returned.is_truth(probability)
        or not isinstance(probability, SupportsFloat)
        or not 0 <= float(probability) <= 1
    ):
        raise TypeError(f"the confidence of {word!r} is {probability!r}, expected a probability from 0 to 1")
    return [word, float(probability)]


def _listed(field: str, given: Any) -> list[Any]:
    if isinstance(given, str | bytes):
        raise _wrong(field, given, "a tuple")
    try:
        return list(given)
    except TypeError:
        raise _wrong(field, given, "a tuple") from None


def _wrong(field: str, came: object, expected: str) -> TypeError:
    return TypeError(f"transcribe() returned a Transcript whose {field} is {described(came)}, expected {expected}")
