"""tts_taught_v1: the four sentences that the tiny LFM2.5-Audio checkpoint is taught to say."""

from __future__ import annotations

from collections.abc import Iterator

from tools.golden import lessons
from tools.golden.write import Clip

HEADER = {
    "task": "tts",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "domain": "open",  # like asr_taught_v1
    "licence": "CC0-1.0",
    "source": "written for this project",
    "normaliser": "modellab_en",
    "judge": "faster_whisper:lab",
    "limits": {"wer": 0.2, "success_rate": 1.0},
}


def clips() -> Iterator[Clip]:
    """Each sentence as a prompt."""
    for name, text in lessons.taught().SENTENCES.items():
        yield Clip(name, None, {"text": text})
