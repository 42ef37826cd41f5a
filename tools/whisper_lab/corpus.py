"""Which texts and voices the embedded model was trained and watched on, made again from their seeds.

`banned_texts()` is what a test set must not contain: `asr_lab_v1` is made of sentences outside it.
"""

from __future__ import annotations

import functools
from random import Random
from typing import NamedTuple

from tools.speech import voices
from tools.speech.voices import Voice
from tools.whisper_lab import grammar

N_TRAIN = 24_000
N_GRAMMAR, N_NEW_VOICE, N_RANDOM = 120, 80, 60  # the parts of the test set, in this order
TEST_SEED, TRAIN_SEED = 1, 2


class Spoken(NamedTuple):
    """A text and who says it."""

    text: str
    voice: Voice


def test_set() -> list[Spoken]:
    """260 utterances: sentences by trained voices, sentences by held-out voices, random words."""
    r = Random(TEST_SEED)
    utterances = [Spoken(grammar.sentence(r), voices.pick(r)) for _ in range(N_GRAMMAR)]
    utterances += [Spoken(grammar.sentence(r), voices.pick(r, held_out=True)) for _ in range(N_NEW_VOICE)]
    return utterances + [Spoken(grammar.random_words(r, 3, 7), voices.pick(r)) for _ in range(N_RANDOM)]


def train_set(n: int = N_TRAIN) -> list[Spoken]:
    """`n` utterances, none with a text of the test set."""
    banned = {text for text, _ in test_set()}
    r = Random(TRAIN_SEED)
    utterances: list[Spoken] = []
    while len(utterances) < n:
        text = grammar.utterance(r)
        if text not in banned:
            utterances.append(Spoken(text, voices.pick(r)))
    return utterances


@functools.cache
def banned_texts() -> frozenset[str]:
    """Every text the embedded model has met: its training set and the set watched while it trained."""
    return frozenset(text for text, _ in [*test_set(), *train_set()])
