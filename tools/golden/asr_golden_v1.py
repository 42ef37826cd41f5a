"""asr_golden_v1: three long recordings for real checkpoints: technical prose, figures, and speech in babble."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import numpy as np

from tools.golden import lab, prose
from tools.golden.write import Clip
from tools.speech.espeak import RATE_HZ, Espeak
from tools.speech.noise import Samples, add, rms, silence
from tools.speech.voices import Voice

SEED = 103
GAIN = np.float32(0.15)  # on speech whose peak is 0.5
SNR_DB = 10
N_BABBLE = 6
HEADER = {
    "task": "asr",
    "version": 1,
    "language": "en",
    "tier": "full",
    "domain": "open",
    "licence": "CC0-1.0",
    "source": lab.SOURCE.format(name="asr_golden_v1"),
    "normaliser": "modellab_en",
    "rate_hz": 16000,
    "limits": {"success_rate": 1.0},
}


def clips() -> Iterator[Clip]:
    """Each recording by another speaker."""
    r, espeak = Random(SEED), Espeak()
    reader, clerk, guide = (
        Voice("en-us", 165, 45, 55),
        Voice("en-gb-x-rp+f2", 150, 50, 60),
        Voice("en-us+m3", 150, 45, 60),
    )
    prose_speech, _ = read_aloud(espeak, r, prose.LANGUAGE_MODELS, reader)
    yield _clip("language_models", prose_speech, prose.LANGUAGE_MODELS, reader, "clean")
    figures, _ = read_aloud(espeak, r, prose.NUMBERS_SPOKEN, clerk)
    yield _clip("numbers", figures, prose.NUMBERS, clerk, "clean")
    speech, level = read_aloud(espeak, r, prose.NOISY, guide)
    noisy = add(speech, babble(espeak, r, len(speech)), SNR_DB, speech_rms=level)
    yield _clip("noisy_speech", noisy, prose.NOISY, guide, f"babble_{SNR_DB}db")


def read_aloud(espeak: Espeak, r: Random, sentences: Sequence[str], voice: Voice) -> tuple[Samples, float]:
    """The sentences with 0.35 to 0.7 s between them, and the RMS of the speech without those pauses."""
    spoken = [espeak.say(sentence, voice).samples * GAIN for sentence in sentences]
    pauses = [silence(r.uniform(0.35, 0.7)) for _ in range(len(spoken) + 1)]
    parts = [pauses[0], *(part for pair in zip(spoken, pauses[1:], strict=True) for part in pair)]
    return np.concatenate(parts), rms(np.concatenate(spoken))


def babble(espeak: Espeak, r: Random, n_samples: int) -> Samples:
    """Six people talking at once, each saying the stock sentences in an order of their own."""
    total = np.zeros(n_samples, np.float32)
    for _ in range(N_BABBLE):
        voice = lab.speaker(r, r.choice(lab.ANY_VOICE))
        talk: list[Samples] = []
        while sum(map(len, talk)) < n_samples + RATE_HZ:
            talk.append(espeak.say(r.choice(prose.STOCK), voice).samples)
        start = r.randrange(RATE_HZ)
        total += np.concatenate(talk)[start : start + n_samples]
    return total


def _clip(id: str, samples: Samples, sentences: Sequence[str], voice: Voice, condition: str) -> Clip:
    return Clip(id, samples, {"text": " ".join(sentences), "speaker": voice.name, "condition": condition})
