"""tts_lab_v1: 60 prompts in the vocabulary of the embedded model, 20 of them with a reference, six with estimates.

What tts_smoke_v1 is, with enough prompts for a confidence interval; the estimates take seconds each.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tools.golden import borrow, lab
from tools.golden.write import Clip

N = 40
SEED = 108
REFERENCES = tuple(f"{number:03}" for number in range(1, 40, 2))  # every other one of asr_smoke_v1: four voices
ESTIMATED = 6
HEADER = {
    "task": "tts",
    "version": 1,
    "language": "en",
    "tier": "full",
    "domain": "lab",
    "licence": "CC0-1.0",
    "source": "written by python -m tools.golden tts_lab_v1; references from asr_smoke_v1",
    "normaliser": "modellab_en",
    "judge": "faster_whisper:lab",
    "limits": {"wer": 0.20, "success_rate": 1.0},
}


def clips() -> Iterator[Clip]:
    """Prompts without a reference, then with one."""
    for i, text in enumerate(lab.new_sentences(Random(SEED), N), start=1):
        yield Clip(f"{i:02}", None, {"text": text})
    for i, row in enumerate(borrow.rows("asr_smoke_v1", REFERENCES)):
        place = borrow.clip(row, row["id"]).row["audio"]
        asked = {"estimates": ["mos", "speaker"]} if i < ESTIMATED else {}
        yield Clip(f"{N + 1 + i:02}", None, {"text": row["text"], "reference_audio": place, **asked})
