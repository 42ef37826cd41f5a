"""vad_smoke_v2: sounds that are not speech but move as speech does, and speech whose edges are hard to find.

Regions are those of vad_smoke_v1: from the first to the last audible sample of a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np

from tools.golden import lab, prose
from tools.golden.vad_smoke_v1 import GAIN, SPEAKERS, Timeline
from tools.golden.write import Clip
from tools.speech.espeak import RATE_HZ, Espeak
from tools.speech.noise import Samples, at_level, noise

SEED = 204
SOUND_S = 5.0
DBFS = -30.0
DIGITS_HZ = [(697, 1209), (770, 1336), (852, 1477), (941, 1336)]  # of a telephone's keys
HEADER = {
    "task": "vad",
    "version": 2,
    "language": "en",
    "tier": "smoke",
    "domain": "open",
    "licence": "CC0-1.0",
    "source": lab.SOURCE.format(name="vad_smoke_v2"),
    "rate_hz": 16000,
    "limits": {"f1": 0.90, "hallucination_rate": 0.05, "success_rate": 1.0},
}


def clips() -> Iterator[Clip]:
    """Sounds without speech, then speech."""
    r, espeak = Random(SEED), Espeak()
    rng = np.random.default_rng(SEED)
    for name, sound in _sounds(rng).items():
        yield Clip(name, at_level(sound, DBFS), {"speech": [], "condition": name})
    yield from _speech(espeak, r, rng)


def _sounds(rng: np.random.Generator) -> dict[str, Samples]:
    """What people hear as anything but speech: steady, swept, in syllables' rhythm, in bursts."""
    time_s = np.arange(round(SOUND_S * RATE_HZ)) / RATE_HZ
    hum = sum(np.sin(2 * np.pi * 50 * k * time_s) / k for k in range(1, 12))
    siren = np.sin(2 * np.pi * np.cumsum(800 + 400 * np.sin(2 * np.pi * 0.5 * time_s)) / RATE_HZ)
    keys = [DIGITS_HZ[int(at)] for at in time_s // 0.25 % len(DIGITS_HZ)]
    dialling = sum(np.sin(2 * np.pi * np.array([key[k] for key in keys]) * time_s) for k in (0, 1))
    pauses = time_s % 0.25 < 0.15
    syllables = noise("pink", len(time_s), rng) * (1 + np.sin(2 * np.pi * 4 * time_s))
    strikes = rng.choice(len(time_s), 30, replace=False)
    clicks = np.zeros(len(time_s))
    clicks[strikes] = rng.uniform(0.3, 1.0, len(strikes))
    ringing = np.exp(-np.arange(400) / 60) * noise("white", 400, rng)
    typing = np.convolve(clicks, ringing)[: len(time_s)] + 1e-3 * noise("pink", len(time_s), rng)
    breath = noise("pink", len(time_s), rng) * np.clip(np.sin(2 * np.pi * 0.3 * time_s), 0, 1) ** 2
    made = {"hum": hum, "siren": siren, "dialling": dialling * pauses, "typing": typing}
    return {k: np.asarray(v, np.float32) for k, v in {**made, "syllables": syllables, "breath": breath}.items()}


def _speech(espeak: Espeak, r: Random, rng: np.random.Generator) -> Iterator[Clip]:
    edges = Timeline(espeak, r).say(prose.STOCK[1], SPEAKERS[0]).wait(1.5).say(prose.STOCK[2], SPEAKERS[1])
    yield edges.clip("to_the_edges", "clean")
    yield Timeline(espeak, r).talk(4, (0.3, 0.5), SPEAKERS[:2]).clip("short_pauses", "clean")
    words = Timeline(espeak, r).wait(0.6)
    for text in ("go", "off", "seven", "up"):
        words.say(text, SPEAKERS[3]).wait(r.uniform(0.6, 1.2))
    yield words.clip("short_words", "clean")
    hiss = at_level(noise("pink", 20 * RATE_HZ, rng), -62.0)
    quiet = Timeline(espeak, r).talk(3, (0.8, 1.5), SPEAKERS[2:])
    whole = quiet.clip("quiet", "quiet")
    assert whole.samples is not None
    soft = (whole.samples * np.float32(0.02 / GAIN) + hiss[: len(whole.samples)]).astype(np.float32)
    yield Clip("quiet", soft, whole.row)
    street = Timeline(espeak, r).talk(3, (0.8, 1.5), SPEAKERS)
    yield street.clip("brown_5db", "noisy_5db", noise("brown", 20 * RATE_HZ, rng), 5)
