"""vad_smoke_v1: 13 clips of 8 to 25 seconds whose stretches of speech are known to the sample.

A stretch is one sentence without a pause inside; it runs from the first to the last audible sample that espeak-ng made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import numpy as np

from tools.golden import lab, prose
from tools.golden.write import Clip
from tools.speech.espeak import LEAD_S, RATE_HZ, TAIL_S, Espeak
from tools.speech.music import chords
from tools.speech.noise import Samples, add, at_level, noise, rms, silence
from tools.speech.voices import Voice

SEED = 104
GAIN = np.float32(0.1)  # on speech whose peak is 0.5
SPEAKERS = [Voice("en-us", 160), Voice("en-us+f3", 165), Voice("en-gb-x-rp+m3", 150), Voice("en+f2", 170)]
HEADER = {
    "task": "vad",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "domain": "open",
    "licence": "CC0-1.0",
    "source": lab.SOURCE.format(name="vad_smoke_v1"),
    "rate_hz": 16000,
    "limits": {"f1": 0.90, "success_rate": 1.0},
}


class Timeline:
    """Audio that grows, and where in it somebody speaks."""

    def __init__(self, espeak: Espeak, r: Random) -> None:
        self.espeak, self.r = espeak, r
        self.parts: list[Samples] = []
        self.regions: list[list[float]] = []

    def wait(self, duration_s: float) -> Timeline:
        """Add silence."""
        self.parts.append(silence(duration_s))
        return self

    def say(self, text: str, voice: Voice) -> Timeline:
        """Add a sentence and its region."""
        start_s = sum(map(len, self.parts)) / RATE_HZ
        speech = self.espeak.say(text, voice)
        self.parts.append(speech.samples * GAIN)
        self.regions.append([round(start_s + LEAD_S, 4), round(start_s + speech.duration_s - TAIL_S, 4)])
        return self

    def talk(self, n: int, pause_s: tuple[float, float], speakers: Sequence[Voice]) -> Timeline:
        """`n` sentences by the speakers in turn, each followed by a pause."""
        self.wait(self.r.uniform(0.4, 1.0))
        for i, text in enumerate(self.r.sample(prose.STOCK, n)):
            self.say(text, speakers[i % len(speakers)]).wait(self.r.uniform(*pause_s))
        return self

    def clip(self, id: str, condition: str, disturbance: Samples | None = None, snr_db: float = 0) -> Clip:
        """What was said so far; `disturbance` (at least as long) is mixed in below the level of the speech alone."""
        samples = np.concatenate(self.parts)
        if disturbance is not None:
            spoken = np.concatenate([samples[round(a * RATE_HZ) : round(b * RATE_HZ)] for a, b in self.regions])
            samples = add(samples, disturbance[: len(samples)], snr_db, speech_rms=rms(spoken))
        return Clip(id, samples, {"speech": self.regions, "condition": condition})


def clips() -> Iterator[Clip]:
    """Clean speech, then no speech at all, then speech in other sounds."""
    r, espeak = Random(SEED), Espeak()
    rng = np.random.default_rng(SEED)
    yield from _clean(espeak, r)
    yield from _without_speech(r, rng)
    yield from _disturbed(espeak, r, rng)


def _clean(espeak: Espeak, r: Random) -> Iterator[Clip]:
    yield Timeline(espeak, r).talk(5, (0.5, 2.5), SPEAKERS[:1]).clip("pauses", "clean")
    yield Timeline(espeak, r).talk(6, (0.4, 1.2), SPEAKERS).clip("dialogue", "clean")
    words = Timeline(espeak, r).wait(1.0)
    for text in ("yes", "no", "stop", "left", "right"):
        words.say(text, SPEAKERS[1]).wait(r.uniform(1.0, 2.5))
    yield words.clip("single_words", "clean")
    yield Timeline(espeak, r).wait(9.0).say(prose.STOCK[0], SPEAKERS[2]).wait(1.5).clip("late", "clean")


def _without_speech(r: Random, rng: np.random.Generator) -> Iterator[Clip]:
    def clip(id: str, samples: Samples, condition: str) -> Clip:
        return Clip(id, samples, {"speech": [], "condition": condition})

    yield clip("silence", silence(10), "silence")
    for colour, dbfs in (("pink", -65.0), ("white", -40.0), ("pink", -35.0)):
        sound = at_level(noise(colour, 10 * RATE_HZ, rng), dbfs)
        yield clip(f"{colour}_{-dbfs:.0f}db", sound, f"{colour}_noise")
    yield clip("tones", chords(r, 15) * GAIN, "tones")


def _disturbed(espeak: Espeak, r: Random, rng: np.random.Generator) -> Iterator[Clip]:
    pink = noise("pink", 40 * RATE_HZ, rng)
    for snr_db in (10, 0):
        talk = Timeline(espeak, r).talk(5, (0.6, 2.0), SPEAKERS[:2])
        yield talk.clip(f"noisy_{snr_db}db", f"noisy_{snr_db}db", pink, snr_db)
    white = Timeline(espeak, r).talk(4, (0.6, 2.0), SPEAKERS[2:])
    yield white.clip("white_10db", "noisy_10db", noise("white", 40 * RATE_HZ, rng), 10)
    music = Timeline(espeak, r).talk(4, (0.6, 2.0), SPEAKERS[2:])
    yield music.clip("tones_10db", "tones_10db", chords(r, 40), 10)
