"""asr_taught_v1: the three sentences that the tiny LFM2.5-Audio checkpoint is taught to write down.

Its domain is `open` although whisper-lab knows every word: the other lab models have better data to be tested with.
"""

from __future__ import annotations

from collections.abc import Iterator

from tools.golden import lessons
from tools.golden.write import Clip

HEADER = {
    "task": "asr",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "domain": "open",
    "licence": "CC0-1.0",
    "source": lessons.SOURCE,
    "normaliser": "modellab_en",
    "rate_hz": 16000,
    "cluster": "utterance",  # one synthesised voice: nothing is concluded about others
    "limits": {"wer": 0.10, "success_rate": 1.0},
}


def clips() -> Iterator[Clip]:
    """Each sentence in the user's voice."""
    taught = lessons.taught()
    for name in taught.HEARD:
        row = {"text": taught.SENTENCES[name], "speaker": lessons.USER.name, "condition": "clean"}
        yield Clip(name, lessons.sound(f"heard_{name}"), row)
