"""Speak the corpus: one file of samples and one of facts per part, the same to the byte each time.

The work is cut into pieces of fixed size, each spoken by a fresh process (see tools/speech/espeak.py), so the result
does not depend on how many of them run at once.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Mapping
from itertools import batched
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tools.speech.espeak import RATE_HZ, Espeak
from tools.whisper_lab.corpus import Spoken

PIECE = 500  # utterances


class Utterance(NamedTuple):
    """Where an utterance lies in its file, in samples, and when its words start, in seconds."""

    text: str
    voice: str
    start: int
    length: int
    word_starts_s: list[float]


class Store:
    """The utterances of one part, samples left on disk. `by_length` are their numbers, shortest first."""

    def __init__(self, folder: Path, part: str) -> None:
        facts = json.loads((folder / f"{part}.json").read_text(encoding="utf-8"))
        self.utterances = [Utterance(**fact) for fact in facts]
        self.samples = np.memmap(folder / f"{part}.i16", np.int16, "r")
        self.by_length = np.argsort([utterance.length for utterance in self.utterances], kind="stable")

    def audio(self, i: int) -> npt.NDArray[np.float32]:
        """Utterance `i` at 16 kHz, peak 0.5."""
        utterance = self.utterances[i]
        pcm = self.samples[utterance.start : utterance.start + utterance.length]
        return pcm.astype(np.float32) / np.float32(32768)


def synthesise(folder: Path, parts: Mapping[str, list[Spoken]], processes: int, piece: int = PIECE) -> None:
    """Write each part (test, train). The 24,000 training utterances of the recipe are 13.6 h and 1.6 GB."""
    folder.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    for part, utterances in parts.items():
        with context.Pool(processes, maxtasksperchild=1) as pool:
            pieces = pool.imap(_speak, batched(utterances, piece), chunksize=1)
            facts = _write(folder / f"{part}.i16", utterances, pieces)
        (folder / f"{part}.json").write_text(json.dumps([fact._asdict() for fact in facts]), encoding="utf-8")
        print(f"{part}: {len(facts)} utterances, {sum(fact.length for fact in facts) / RATE_HZ / 3600:.2f} h")


def _speak(utterances: tuple[Spoken, ...]) -> list[tuple[npt.NDArray[np.int16], list[float]]]:
    """One piece, in a process that has not spoken before: samples and word starts of each utterance."""
    espeak = Espeak()
    spoken = [espeak.say(text, voice) for text, voice in utterances]
    return [
        (np.round(speech.samples * 32767).astype(np.int16), np.round(speech.word_starts_s, 3).tolist())
        for speech in spoken
    ]


def _write(path: Path, utterances: list[Spoken], pieces: Any) -> list[Utterance]:
    facts: list[Utterance] = []
    start = 0
    with path.open("wb") as file:
        for pcm, word_starts_s in (utterance for piece in pieces for utterance in piece):
            text, voice = utterances[len(facts)]
            facts.append(Utterance(text, voice.name, start, len(pcm), word_starts_s))
            file.write(pcm.tobytes())
            start += len(pcm)
    return facts
