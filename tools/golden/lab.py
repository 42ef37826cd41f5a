"""Clips in the language of the embedded model, on sentences it has never met."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from random import Random

import numpy as np

from tools.golden.write import Clip
from tools.speech.espeak import RATE_HZ, Espeak
from tools.speech.noise import add, noise
from tools.speech.voices import Voice
from tools.whisper_lab import corpus, grammar

SOURCE = "synthesised with espeak-ng (wheel espeakng-loader) by python -m tools.golden {name}"
LEVEL_DB = (-25.0, -11.0)  # gain on speech whose peak is 0.5; quiet speech also makes small files
TRIES = 2000  # of one kind of sentence before it counts as used up
ANY_VOICE = ["en-us", "en-us+f2", "en+m1", "en-gb-x-rp+f3", "en-us-nyc+m2", "en-gb-scotland"]
EDGE_S = (0.1, 0.3)  # silence before and behind the speech


def new_sentences(r: Random, n: int) -> list[str]:
    """`n` different sentences that the embedded model has never met, all kinds in turn, shuffled.

    Kinds with few sentences (`call alice today`: 54, and as many again with please in front and behind) are nearly
    used up by the training set, so theirs mostly say please, and a kind that is used up drops out.
    """
    known = set(corpus.banned_texts())
    kinds = deque(range(len(grammar.TEMPLATES)))
    sentences: list[str] = []
    while len(sentences) < n:
        text = next((text for text in _tries(r, kinds[0]) if text not in known), None)
        if text is None:
            kinds.popleft()
            continue
        kinds.rotate(-1)
        known.add(text)
        sentences.append(text)
    r.shuffle(sentences)
    return sentences


def _tries(r: Random, kind: int) -> Iterator[str]:
    return (grammar.sentence(r, template=kind) for _ in range(TRIES))


def speaker(r: Random, name: str) -> Voice:
    """A speaker with a manner of their own: rate, pitch and range within what the training set has."""
    return Voice(name, rate_wpm=r.randint(135, 190), pitch=r.randint(30, 70), pitch_range=r.randint(25, 75))


def clip(espeak: Espeak, r: Random, id: str, text: str, voice: Voice, snr_db: int | None, seen: bool) -> Clip:
    """One utterance between 0.1 and 0.3 s of silence, with pink noise at `snr_db` unless that is None."""
    speech = espeak.say(text, voice).samples * np.float32(10 ** (r.uniform(*LEVEL_DB) / 20))
    before, behind = (np.zeros(round(r.uniform(*EDGE_S) * RATE_HZ), np.float32) for _ in range(2))
    samples = np.concatenate([before, speech, behind])
    if snr_db is not None:
        samples = add(samples, noise("pink", len(samples), np.random.default_rng(r.randrange(2**32))), snr_db)
    row = {
        "text": text,
        "speaker": voice.name,
        "voice": "seen" if seen else "unseen",
        "condition": "clean" if snr_db is None else f"noisy_{snr_db}db",
    }
    return Clip(id, samples, row)
