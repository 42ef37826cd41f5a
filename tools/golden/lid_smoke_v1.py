"""lid_smoke_v1: 24 sentences in 8 languages, three each, by three speakers of espeak-ng."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np

from tools.golden import lab
from tools.golden.write import Clip
from tools.speech.espeak import Espeak
from tools.speech.noise import silence

SEED = 106
SPEAKERS = ["", "+f2", "+m3"]
SENTENCES = {  # written for this project; the same three things are said in each language
    "en": (
        "Good morning, how are you today?",
        "My brother lives near the old bridge.",
        "The train to the city leaves at nine.",
    ),
    "de": (
        "Guten Morgen, wie geht es dir heute?",
        "Mein Bruder wohnt nahe der alten Brücke.",
        "Der Zug in die Stadt fährt um neun Uhr.",
    ),
    "fr": (
        "Bonjour, comment allez-vous aujourd'hui ?",
        "Mon frère habite près du vieux pont.",
        "Le train pour la ville part à neuf heures.",
    ),
    "es": (
        "Buenos días, ¿cómo estás hoy?",
        "Mi hermano vive cerca del puente viejo.",
        "El tren a la ciudad sale a las nueve.",
    ),
    "it": (
        "Buongiorno, come stai oggi?",
        "Mio fratello abita vicino al vecchio ponte.",
        "Il treno per la città parte alle nove.",
    ),
    "pl": (
        "Dzień dobry, jak się dzisiaj masz?",
        "Mój brat mieszka niedaleko starego mostu.",
        "Pociąg do miasta odjeżdża o dziewiątej.",
    ),
    "ru": (
        "Доброе утро, как у тебя дела сегодня?",
        "Мой брат живёт возле старого моста.",
        "Поезд в город уходит в девять часов.",
    ),
    "tr": (
        "Günaydın, bugün nasılsın?",
        "Kardeşim eski köprünün yanında oturuyor.",
        "Şehre giden tren saat dokuzda kalkıyor.",
    ),
}
HEADER = {
    "task": "lid",
    "version": 1,
    "language": "mul",
    "tier": "smoke",
    "domain": "open",
    "licence": "CC0-1.0",
    "source": lab.SOURCE.format(name="lid_smoke_v1"),
    "rate_hz": 16000,
    "cluster": "utterance",
    "limits": {"success_rate": 1.0},
}


def clips() -> Iterator[Clip]:
    """Language by language, each sentence by another speaker."""
    r, espeak = Random(SEED), Espeak()
    for language, sentences in SENTENCES.items():
        for i, (text, variant) in enumerate(zip(sentences, SPEAKERS, strict=True), start=1):
            voice = lab.speaker(r, language + variant)
            speech = espeak.say(text, voice).samples * np.float32(10 ** (r.uniform(*lab.LEVEL_DB) / 20))
            samples = np.concatenate([silence(0.2), speech, silence(0.3)])
            yield Clip(f"{language}{i}", samples, {"spoken": language, "speaker": voice.name})
