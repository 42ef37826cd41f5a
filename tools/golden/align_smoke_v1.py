"""align_smoke_v1: 24 sentences whose word times are known to the millisecond, as espeak-ng marks them while it speaks.

A word lasts from its own mark to the next one's: in a sentence without a pause there is nothing between words. The
first starts with the first audible sample, the last ends with the last one. espeak-ng speaks some pairs as one word
("on the", "in the") and marks only the first; sentences with such a pair are left out. So are numbers, which real
checkpoints write in figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from random import Random

import numpy as np

from tools.golden import lab
from tools.golden.write import Clip
from tools.speech.espeak import LEAD_S, RATE_HZ, TAIL_S, Espeak, Speech
from tools.whisper_lab import grammar

N = 24
SEED = 105
SPEAKERS = ["en-us", "en-us+f3", "en-us+belinda", "en-gb-x-rp+m3", "en-us-nyc+f2", "en-gb-scotland+paul"]
NUMBERS = {*grammar.DIGITS, *grammar.TEENS, *grammar.TENS, "hundred"}
HEADER = {
    "task": "alignment",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "domain": "lab",
    "licence": "CC0-1.0",
    "source": lab.SOURCE.format(name="align_smoke_v1"),
    "normaliser": "basic",
    "rate_hz": 16000,
    "cluster": "utterance",  # the same few synthesised voices in every run: nothing is concluded about others
    "limits": {"success_rate": 1.0, "within_200ms": 0.7},
}


def clips() -> Iterator[Clip]:
    """Speakers in turn; a sentence whose marks are not one to a word is skipped."""
    r, espeak = Random(SEED), Espeak()
    voices = [lab.speaker(r, name) for name in SPEAKERS]
    texts = (text for text in lab.new_sentences(r, 20 * N) if not NUMBERS.intersection(text.split()))
    count = 0
    while count < N:
        text, voice = next(texts), voices[count % len(voices)]
        speech = espeak.say(text, voice)
        if speech.exact:
            count += 1
            yield _clip(r, f"{count:02}", text, voice.name, speech)


def _clip(r: Random, id: str, text: str, speaker: str, speech: Speech) -> Clip:
    """The sentence between 0.1 and 0.6 s of silence, and where its words are."""
    before_s, behind_s = (round(r.uniform(0.1, 0.6), 3) for _ in range(2))
    before, behind = (np.zeros(round(length_s * RATE_HZ), np.float32) for length_s in (before_s, behind_s))
    gain = np.float32(10 ** (r.uniform(*lab.LEVEL_DB) / 20))
    edges = [LEAD_S, *map(float, speech.word_starts_s[1:]), speech.duration_s - TAIL_S]
    times = [(round(before_s + start, 3), round(before_s + end, 3)) for start, end in pairwise(edges)]
    words = [[word, *span] for word, span in zip(text.split(), times, strict=True)]
    return Clip(id, np.concatenate([before, speech.samples * gain, behind]), {"words": words, "speaker": speaker})
