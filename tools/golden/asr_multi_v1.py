"""asr_multi_v1: three sentences in each of eight languages and six scripts, for models that know several languages."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tools.golden import lab
from tools.golden.seamless import SPOKEN, VOICES, taught
from tools.golden.write import Clip
from tools.speech.espeak import RATE_HZ, Espeak
from tools.speech.noise import Samples

EDGE_S = 0.1  # silence before and behind the speech
GAIN = np.float32(0.3)  # on speech whose peak is 0.5
HEADER = {
    "task": "asr",
    "version": 1,
    "language": "mul",
    "tier": "smoke",
    "domain": "open",
    "licence": "CC0-1.0",
    "source": lab.SOURCE.format(name="asr_multi_v1"),
    "normaliser": "auto",
    "rate_hz": 16000,
    "cluster": "utterance",  # one synthesised voice for each language: nothing is concluded about others
    "limits": {"words_per_s": 12.0, "success_rate": 1.0},  # characters in Chinese and Japanese
}


def clips() -> Iterator[Clip]:
    """Languages in turn, all sentences of one together."""
    espeak = Espeak()
    for lesson in taught().transcripts():
        language, text = lesson.source_language, lesson.source
        row = {"text": text, "language": language, "speaker": VOICES[language].name, "condition": "clean"}
        yield Clip(lesson.name, speech(espeak, language, text), row)


def speech(espeak: Espeak, language: str, text: str) -> Samples:
    """A sentence between two silences; Japanese from its reading, as espeak-ng does not read Han characters as such."""
    edge = np.zeros(round(EDGE_S * RATE_HZ), np.float32)
    spoken = espeak.say(SPOKEN.get(text, text), VOICES[language]).samples * GAIN
    return np.concatenate([edge, spoken, edge])
