"""chat_smoke_v1: three dialogues of two turns; one begins aloud, one asks the same twice.

What is to be answered is in the vocabulary of the embedded model, which is the judge of spoken answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tools.golden import lessons
from tools.golden.write import Clip
from tools.speech.espeak import RATE_HZ

HEADER = {
    "task": "chat",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "domain": "lab",
    "licence": "CC0-1.0",
    "source": f"written for this project; recordings {lessons.SOURCE}",
    "normaliser": "whisper_en",
    "rate_hz": 16000,
    "judge": "faster_whisper:lab",
    "settings": {"modality": ["text", "audio"]},
    "limits": {"met_rate": 0.8, "spoken_wer": 0.2, "success_rate": 1.0},
}
EXPECTED: Mapping[str, Any] = {
    "light": {"keywords": ["kitchen", "light"], "regex": r"\b(turn|switch)\b.* on\b"},
    "call": {"keywords": ["call", "anna", "tonight"]},
    "code": {"regex": r"\b(five one zero|5[ -]?1[ -]?0)\b"},
    "sum": {"keywords": ["green"], "regex": r"\b(four|4)\b"},
}


def clips() -> Iterator[Clip]:
    """Each dialogue; recordings are those of v2v_smoke_v1."""
    for name, talk in lessons.taught().TALKS.items():
        script = [{**_asked_turn(exchange.asked), "expect": EXPECTED[exchange.answer]} for exchange in talk]
        yield Clip(name, None, {"script": script})


def _asked_turn(asked: Any) -> dict[str, Any]:
    if not asked.sound:
        return {"text": asked.text}
    duration_s = len(lessons.sound(asked.sound)) / RATE_HZ
    name = asked.sound.removeprefix("repeat_")
    return {"audio": f"../v2v_smoke_v1/audio/{name}.flac", "duration_s": round(duration_s, 4)}
