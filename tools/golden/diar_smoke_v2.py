"""diar_smoke_v2: eight conversations of two to four voices with overlaps, half of them noisy; nobody tells how many."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tools.golden import lab
from tools.golden.conversations import SMOKE_V2, Scene, conversation
from tools.golden.write import Clip
from tools.speech.espeak import Espeak

SEED = 132
SCENES = [Scene(n, 20.0, 0.25, snr_db) for n, snr_db in zip((2, 2, 3, 3, 3, 4, 4, 2), (None, 30.0) * 4, strict=True)]
HEADER = {
    "task": "diarization",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "domain": "open",
    "licence": "CC0-1.0",
    "source": lab.SOURCE.format(name="diar_smoke_v2"),
    "rate_hz": 16000,
    "settings": {"speaker_count": "unknown"},
}


def clips() -> Iterator[Clip]:
    """Each conversation of other voices."""
    r, espeak = Random(SEED), Espeak()
    for i, scene in enumerate(SCENES):
        yield conversation(espeak, r, f"talk_{i + 1}", SMOKE_V2, scene)
