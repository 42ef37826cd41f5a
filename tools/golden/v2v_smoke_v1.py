"""v2v_smoke_v1: someone asks aloud to have a sentence repeated; the answer is the sentence, aloud.

The sentences are in the vocabulary of the embedded model, which is the judge.
"""

from __future__ import annotations

from collections.abc import Iterator

from tools.golden import lessons
from tools.golden.write import Clip

HEADER = {
    "task": "v2v",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "domain": "lab",
    "licence": "CC0-1.0",
    "source": lessons.SOURCE,
    "normaliser": "whisper_en",
    "rate_hz": 16000,
    "judge": "faster_whisper:lab",
    "cluster": "utterance",  # one synthesised voice: nothing is concluded about others
    "limits": {"wer": 0.2, "success_rate": 1.0},
}


def clips() -> Iterator[Clip]:
    """Each sentence in the user's voice."""
    taught = lessons.taught()
    for name in taught.HEARD:
        words = taught.SENTENCES[name]
        row = {"reference": words, "text": taught.REPEAT.format(words), "speaker": lessons.USER.name}
        yield Clip(name, lessons.sound(f"repeat_{name}"), row)
