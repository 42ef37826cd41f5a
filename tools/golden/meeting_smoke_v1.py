"""meeting_smoke_v1: eight short meetings of two to four voices that say what the embedded model can write down."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from random import Random
from typing import Any

from tools.golden import lab
from tools.golden.conversations import Scene, Talk
from tools.golden.write import Clip
from tools.speech.espeak import Espeak

SEED = 151
VOICES = [  # the embedded model was trained on each of them
    "en-us",
    "en-us+f3",
    "en-us+belinda",
    "en-gb-x-rp+m3",
    "en+Michael",
    "en-us-nyc+f2",
    "en-gb-scotland+paul",
    "en-029+Andy",
]
SPOKEN_S = 13.0
PEOPLE = ((2, 0.0), (2, 0.0), (3, 0.0), (3, 0.5), (4, 0.0), (2, 0.5), (3, 0.0), (2, 0.0))  # how many, overlaps
SENTENCES = 20  # for each meeting, more than it needs
HEADER = {
    "task": "meeting",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "domain": "lab",
    "licence": "CC0-1.0",
    "source": lab.SOURCE.format(name="meeting_smoke_v1"),
    "normaliser": "modellab_en",
    "rate_hz": 16000,
    "settings": {"collar_s": 5.0},
    "limits": {"cpwer": 0.25, "success_rate": 1.0},
}


def clips() -> Iterator[Clip]:
    """Each meeting of other voices, on sentences that the embedded model has never met."""
    r, espeak = Random(SEED), Espeak()
    sentences = lab.new_sentences(r, SENTENCES * len(PEOPLE))
    for i, (people, overlaps) in enumerate(PEOPLE):
        scene = Scene(people, SPOKEN_S, overlaps)
        talk = Talk(espeak, r, r.sample(VOICES, scene.n_voices))
        talk.talk(scene.duration_s, scene.overlaps, sentences[i * SENTENCES : (i + 1) * SENTENCES])
        made = talk.clip(f"meeting_{i + 1}", scene)
        timed: Iterator[list[Any]] = ([*turn, text] for turn, text in zip(talk.turns, talk.texts, strict=True))
        utterances = sorted(timed)
        at_once = any(later[0] < before[1] for before, later in pairwise(utterances))
        yield Clip(made.id, made.samples, {"utterances": utterances, "condition": "overlaps" if at_once else "in_turn"})
