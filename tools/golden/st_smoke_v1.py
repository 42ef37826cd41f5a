"""st_smoke_v1: speech in nine languages, translated into text; the speech is that of asr_multi_v1, and some English."""

from __future__ import annotations

from collections.abc import Iterator

from tools.golden import borrow, lab
from tools.golden.asr_multi_v1 import speech
from tools.golden.seamless import VOICES, taught
from tools.golden.write import Clip
from tools.speech.espeak import Espeak

HEADER = {
    "task": "translation",
    "version": 1,
    "language": "mul",
    "tier": "smoke",
    "domain": "open",
    "licence": "CC0-1.0",
    "source": f"{borrow.SOURCE.format(name='asr_multi_v1')}; English {lab.SOURCE.format(name='st_smoke_v1')}",
    "rate_hz": 16000,
    "cluster": "utterance",
    "limits": {"success_rate": 1.0},
}


def clips() -> Iterator[Clip]:
    """Into English first, then out of it."""
    espeak = Espeak()
    for lesson in taught().spoken():
        source, target = lesson.source_language, lesson.target_language
        id = f"{lesson.name}_{target}"
        row = {"text": lesson.source, "reference": lesson.target, "source_language": source, "target_language": target}
        row["speaker"] = VOICES[source].name
        if source == "en":
            yield Clip(id, speech(espeak, source, lesson.source), row)
        else:
            (borrowed,) = borrow.rows("asr_multi_v1", [lesson.name])
            yield borrow.clip(borrowed, id, **row)
