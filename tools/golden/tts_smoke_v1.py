"""tts_smoke_v1: 12 prompts of 3 to 8 words in the vocabulary of the embedded model, three with a reference.

The nine without one are sentences that the model has never met. The others are sentences
of asr_smoke_v1, whose clips are the references: a plain voice, a woman's, a man's.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tools.golden import borrow, lab
from tools.golden.write import Clip

N = 9
SEED = 107
WORDS = range(3, 9)
REFERENCES = ("025", "002", "029")  # en-us, en-us+f3, en+Michael
HEADER = {
    "task": "tts",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "domain": "lab",
    "licence": "CC0-1.0",
    "source": "written by python -m tools.golden tts_smoke_v1; references from asr_smoke_v1",
    "normaliser": "modellab_en",
    "judge": "faster_whisper:lab",
    "limits": {"wer": 0.20, "success_rate": 1.0},
}


def clips() -> Iterator[Clip]:
    """Prompts without a reference, then with one."""
    new = (text for text in lab.new_sentences(Random(SEED), 3 * N) if len(text.split()) in WORDS)
    for i, text in zip(range(1, N + 1), new, strict=False):
        yield Clip(f"{i:02}", None, {"text": text})
    for i, row in enumerate(borrow.rows("asr_smoke_v1", REFERENCES), start=N + 1):
        place = borrow.clip(row, row["id"]).row["audio"]
        yield Clip(f"{i:02}", None, {"text": row["text"], "reference_audio": place})
