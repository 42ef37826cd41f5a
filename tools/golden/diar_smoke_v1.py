"""diar_smoke_v1: six conversations of two voices with little overlap; the model is told that there are two."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tools.golden import lab
from tools.golden.conversations import SMOKE_V1, Scene, conversation
from tools.golden.write import Clip
from tools.speech.espeak import Espeak

SEED = 131
SCENES = [Scene(2, 15.0, overlaps, told=True) for overlaps in (0.0, 0.0, 0.0, 0.15, 0.15, 0.15)]
HEADER = {
    "task": "diarization",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "domain": "open",
    "licence": "CC0-1.0",
    "source": lab.SOURCE.format(name="diar_smoke_v1"),
    "rate_hz": 16000,
    "settings": {"speaker_count": "known"},
}


def clips() -> Iterator[Clip]:
    """Each conversation of another pair of voices."""
    r, espeak = Random(SEED), Espeak()
    for i, scene in enumerate(SCENES):
        yield conversation(espeak, r, f"pair_{i + 1}", SMOKE_V1, scene)
