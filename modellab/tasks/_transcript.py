"""A transcript as JSON: what the tasks whose models write down speech have in common.

{"text": str, "language": str, "segments": [[text, start_s, end_s], ...]}, null for an unknown time; "confidences":
[[word, probability], ...] of models that have some; "seams": [characters before a further chunk, ...].
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from modellab.errors import described
from modellab.tasks import _breakdown
from modellab.types import Transcript

UNSPACED = ("zh", "yue", "ja", "th", "lo", "km", "my")  # languages that are written without blanks between words


def encode(output: Any) -> dict[str, Any]:
    """A Transcript as JSON types; TypeError for anything else."""
    if not isinstance(output, Transcript):
        hint = ": does transcribe() end without a return?" if output is None else ""
        raise TypeError(f"transcribe() returned {described(output)}, expected a Transcript{hint}")
    if not isinstance(output.text, str):
        raise TypeError(f"transcribe() returned a Transcript whose text is {described(output.text)}, expected a str")
    segments = [[str(words), _seconds(start_s), _seconds(end_s)] for words, start_s, end_s in output.segments]
    transcript = {"text": output.text, "language": output.language or "", "segments": segments}
    return {**transcript, **_breakdown.encoded(output.confidences)}


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


def _seconds(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
