"""asr_smoke_v1: 40 clean sentences in voices the embedded model was trained on. Seconds to run; says "it works"."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tools.golden import lab
from tools.golden.write import Clip
from tools.speech.espeak import Espeak

N = 40
SEED = 101
SPEAKERS = [
    "en-us",
    "en-us+f3",
    "en-us+belinda",
    "en-gb-x-rp+m3",
    "en+Michael",
    "en-us-nyc+f2",
    "en-gb-scotland+paul",
    "en-029+Andy",
]
HEADER = {
    "task": "asr",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "domain": "lab",
    "licence": "CC0-1.0",
    "source": lab.SOURCE.format(name="asr_smoke_v1"),
    "normaliser": "modellab_en",
    "rate_hz": 16000,
    "cluster": "utterance",  # the same eight synthesised voices in every run: nothing is concluded about others
    "limits": {"wer": 0.10, "success_rate": 1.0},
}


def clips() -> Iterator[Clip]:
    """Five sentences from each speaker, speakers in turn."""
    r, espeak = Random(SEED), Espeak()
    voices = [lab.speaker(r, name) for name in SPEAKERS]
    for i, text in enumerate(lab.new_sentences(r, N)):
        yield lab.clip(espeak, r, f"{i + 1:03}", text, voices[i % len(voices)], snr_db=None, seen=True)
