"""asr_lab_v1: 400 sentences in 20 voices, 8 of them kept from the embedded model's training; a quarter is noisy.

Enough utterances for a confidence interval that says something; every speaker has the same number of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tools.golden import lab
from tools.golden.write import Clip
from tools.speech import voices
from tools.speech.espeak import Espeak

SEED = 102
N_SEEN_SPEAKERS = 12
SNRS_DB = [None] * 15 + [20] * 3 + [15] * 2  # one utterance each per speaker
HEADER = {
    "task": "asr",
    "version": 1,
    "language": "en",
    "tier": "full",
    "domain": "lab",
    "licence": "CC0-1.0",
    "source": lab.SOURCE.format(name="asr_lab_v1"),
    "normaliser": "modellab_en",
    "rate_hz": 16000,
    "limits": {"wer": 0.10, "success_rate": 1.0},
}


def clips() -> Iterator[Clip]:
    """Speakers in turn; who speaks in which accent is drawn, not chosen."""
    r, espeak = Random(SEED), Espeak()
    accents = sorted(set(voices.ACCENTS))
    variants = r.sample(sorted(set(voices.SEEN)), N_SEEN_SPEAKERS) + voices.HELD_OUT
    names = [r.choice(accents) + (f"+{variant}" if variant else "") for variant in variants]
    speakers = [lab.speaker(r, name) for name in names]
    texts = lab.new_sentences(r, len(speakers) * len(SNRS_DB))
    for i, text in enumerate(texts):
        turn, k = divmod(i, len(speakers))
        seen = variants[k] not in voices.HELD_OUT
        yield lab.clip(espeak, r, f"{i + 1:03}", text, speakers[k], SNRS_DB[turn], seen)
