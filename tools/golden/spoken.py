"""Passages of open vocabulary: three hundred sentences, and the conditions that they are heard under."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from modellab.audio import conditions
from modellab.types import Audio
from tools.golden.write import Clip
from tools.speech.espeak import RATE_HZ

TEXTS = Path(__file__).with_name("sentences.txt")
KINDS = ("names", "numbers", "questions", "technical", "everyday")
# every second passage is clean; the others are heard as people's recordings are
CONDITIONS = ("clean", "noise:10", "clean", "reverb:0.5", "clean", "telephone", "clean", "mp3:16")
PAUSE_S = 0.35
EDGE_S = 0.2
HEADER = {
    "task": "asr",
    "version": 1,
    "language": "en",
    "tier": "real",
    "licence": "CC0-1.0",
    "normaliser": "whisper_en",
    "rate_hz": RATE_HZ,
    "cluster": "utterance",
    "made": "make real",
}

Samples = npt.NDArray[np.float32]


class Passage(NamedTuple):
    """Five sentences about one thing; `kind` is what makes them hard."""

    id: str
    kind: str
    sentences: tuple[str, ...]


def passages() -> list[Passage]:
    """Every passage, the kinds in turn, so that each part of the list has all of them."""
    by_kind: dict[str, list[Passage]] = {kind: [] for kind in KINDS}
    for line in TEXTS.read_text(encoding="utf-8").splitlines():
        kind, colon, text = line.partition(": ")
        if colon and not line.startswith("#"):
            held = by_kind[kind]
            held.append(Passage(f"{kind}_{len(held) + 1:02}", kind, tuple(re.split(r"(?<=[.?!]) ", text))))
    return [passage for together in zip(*by_kind.values(), strict=True) for passage in together]


def clips(
    chosen: Sequence[Passage], say: Callable[[int, str], Samples], speaker: Callable[[int], str]
) -> Iterator[Clip]:
    """A clip of each passage, under the conditions in turn; `say` speaks a sentence of the passage with that number."""
    pause, edge = (np.zeros(round(length_s * RATE_HZ), np.float32) for length_s in (PAUSE_S, EDGE_S))
    for i, passage in enumerate(chosen):
        spoken = [part for sentence in passage.sentences for part in (say(i, sentence), pause)]
        condition = conditions.parse(CONDITIONS[i % len(CONDITIONS)])
        heard = conditions.change(Audio(np.concatenate([edge, *spoken[:-1], edge]), RATE_HZ), condition, seed=i)
        row = {
            "text": " ".join(passage.sentences),
            "speaker": speaker(i),
            "condition": str(condition),
            "group": {"kind": passage.kind},
        }
        yield Clip(passage.id, heard.samples, row)
