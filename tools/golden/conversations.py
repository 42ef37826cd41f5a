"""Conversations of synthesised voices in which it is known to the sample who speaks when, alone or at the same time.

A turn is one sentence without a pause inside; it runs from the first to the last audible sample that espeak-ng made.
The voices of the sets below are different ones, so that what was tuned on one says something about another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from tools.golden import prose
from tools.golden.write import Clip
from tools.speech.espeak import LEAD_S, RATE_HZ, TAIL_S, Espeak
from tools.speech.noise import Samples, add, noise, rms
from tools.speech.voices import Voice


def _names(line: str) -> list[str]:
    return line.split()


SMOKE_V1 = _names("en-us+m1 en-gb-x-rp+f2 en-us-nyc+Andy en-us+belinda en-gb-scotland+m5 en+f5")
SMOKE_V2 = _names(
    "en-us+m3 en-gb-scotland+f1 en+Michael en-us+f3 en-gb-x-rp+m7 en-029+Annie en-us-nyc+john en-us+linda "
    "en-gb-x-gbcwmd+m2 en+Alicia"
)
DEVELOPMENT = _names(
    "en-us+m4 en-gb-x-rp+Andrea en-us+adam en-gb-scotland+f4 en-us-nyc+m6 en+Gene en-us+steph2 en-029+boris "
    "en-gb-x-gbclan+Lee en-us+anika en+paul en-gb-x-rp+aunty en-us+quincy en-us+rob en-gb-scotland+max en+steph"
)
LEVEL_DB = (-14.0, -8.0)  # of a speaker whose peak is 0.5
PAUSE_S = (0.25, 0.9)
AGAIN = 0.3  # of turns for which the voice before may be drawn again
OVERLAP_S = (0.4, 1.2)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a conversation is made of: how many people, for how long, how often one falls into another's word."""

    n_voices: int
    duration_s: float
    overlaps: float = 0.0  # fraction of turns that begin before the one before has ended
    snr_db: float | None = None  # of pink noise; None: none
    told: bool = False  # whether a model is told how many there are


class Talk:
    """Audio that grows, and who speaks where in it."""

    def __init__(self, espeak: Espeak, r: Random, names: Sequence[str]) -> None:
        self.espeak, self.r = espeak, r
        self.voices = [Voice(name, r.randint(150, 185), r.randint(35, 65), r.randint(40, 70)) for name in names]
        self.gains = [np.float32(10 ** (r.uniform(*LEVEL_DB) / 20)) for _ in names]
        self.samples: Samples = np.zeros(0, np.float32)
        self.turns: list[list[float | str]] = []
        self.texts: list[str] = []  # the words of each turn
        self.free_s = [0.0] * len(names)  # when each voice has said its last word

    def say(self, who: int, text: str, start_s: float) -> float:
        """Add a sentence of a voice; the time when it ends, in s."""
        speech = self.espeak.say(text, self.voices[who])
        start = round(start_s * RATE_HZ)
        end = start + len(speech.samples)
        self.samples = np.pad(self.samples, (0, max(0, end - len(self.samples))))
        self.samples[start:end] += speech.samples * self.gains[who]
        edges = round(start / RATE_HZ + LEAD_S, 4), round(end / RATE_HZ - TAIL_S, 4)
        self.turns.append([*edges, f"voice{who + 1}"])
        self.texts.append(text)
        self.free_s[who] = end / RATE_HZ
        return self.free_s[who]

    def talk(self, duration_s: float, overlaps: float, texts: Sequence[str] = ()) -> Talk:
        """Sentences until the time is over; everybody speaks in the first round, then who speaks is drawn."""
        texts = texts or self.r.sample(prose.STOCK, len(prose.STOCK))
        end_s, last = self.r.uniform(0.3, 0.8), -1
        order = self.r.sample(range(len(self.voices)), len(self.voices))
        while end_s < duration_s - 2.5 or order:
            again = self.r.random() < AGAIN
            others = [who for who in range(len(self.voices)) if who != last or again] or [0]
            who = order.pop() if order else self.r.choice(others)
            early = who != last and self.turns and self.r.random() < overlaps
            start_s = end_s - self.r.uniform(*OVERLAP_S) if early else end_s + self.r.uniform(*PAUSE_S)
            start_s = max(start_s, self.free_s[who] + 0.1, 0.0)
            end_s, last = max(end_s, self.say(who, texts[len(self.turns) % len(texts)], start_s)), who
        return self

    def clip(self, id: str, scene: Scene) -> Clip:
        """What was said, with half a second of quiet behind it."""
        samples = np.pad(self.samples, (0, RATE_HZ // 2))
        if scene.snr_db is not None:
            pink = noise("pink", len(samples), np.random.default_rng(self.r.randrange(2**32)))
            samples = add(samples, pink, scene.snr_db, speech_rms=rms(self.samples))
        row = {
            "turns": sorted(self.turns, key=lambda turn: turn[0]),
            **({"num_speakers": len(self.voices)} if scene.told else {}),
            "condition": "clean" if scene.snr_db is None else f"noisy_{scene.snr_db:.0f}db",
        }
        return Clip(id, samples, row)


def conversation(espeak: Espeak, r: Random, id: str, voices: Sequence[str], scene: Scene) -> Clip:
    """One conversation of voices that are drawn from `voices`."""
    names = r.sample(voices, scene.n_voices)
    return Talk(espeak, r, names).talk(scene.duration_s, scene.overlaps).clip(id, scene)
