"""Endless training batches, made on the fly in a process beside the training one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from tools.speech.espeak import RATE_HZ
from tools.whisper_lab import vocabulary as v
from tools.whisper_lab.labels import Label, label
from tools.whisper_lab.phases import Phase, Window
from tools.whisper_lab.recordings import HOP, Recording, compose, log_mel, without_speech
from tools.whisper_lab.synthesis import Store

FRAME = 2 * HOP  # samples per encoder frame (20 ms)
FRAMES_PER_S = RATE_HZ / FRAME
SPEECHLESS_SHARE = 0.03
WIDE_SHARE = 0.12  # of the batches without a window have long leads and tails and several utterances


class Batch(NamedTuple):
    """Tensors of one step. `targets` is -100 where nothing is learned; `guides` rows are (item, position, from, to)."""

    mel: Tensor  # (batch, 80, mel frames)
    tokens: Tensor  # (batch, n)
    targets: Tensor  # (batch, n)
    words: Tensor  # (batch, encoder frames): the word being spoken, 0 for silence
    guides: Tensor  # (guides, 4)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the recordings of one batch have in common."""

    size: int
    window_s: float | None
    most: int  # utterances in one recording
    several: float  # fraction of recordings with more than one utterance
    wide: bool


class Batches(IterableDataset[Batch]):
    """`n` batches of a phase for one rank."""

    def __init__(self, folder: Path, phase: Phase, seed: int, rank: int, n: int) -> None:
        self.folder, self.phase, self.seed, self.n = folder, phase, 1000 * seed + rank, n

    def __iter__(self) -> Iterator[Batch]:
        torch.set_num_threads(1)
        r, store = Random(self.seed), Store(self.folder, "train")
        for step in range(self.n):
            yield _batch(r, store, _shape(r, self.phase), 0.4 if step < self.phase.n_shortest else 1.0)


def _shape(r: Random, phase: Phase) -> _Shape:
    if phase.windows:
        window: Window = r.choices(phase.windows, [window.share for window in phase.windows])[0]
        size = max(1, round(window.batch_factor * phase.batch_size))
        return _Shape(size, window.length_s, window.most, phase.several, wide=True)
    if r.random() < WIDE_SHARE:
        return _Shape(max(1, phase.batch_size // 2), None, most=2, several=0.6, wide=True)
    return _Shape(phase.batch_size, None, most=2, several=0.0, wide=False)


def _batch(r: Random, store: Store, shape: _Shape, shortest: float) -> Batch:
    """Utterances of about the same length, out of the `shortest` share of all; in windows any length."""
    n = max(1, int(len(store.by_length) * shortest))
    at = r.randrange(max(1, n - 4 * shape.size))
    pool = range(n) if shape.window_s else range(at, min(n, at + 4 * shape.size))
    recordings = [_recording(r, store, shape, pool) for _ in range(shape.size)]
    labels = [_label(r, recording, shape) for recording in recordings]
    mel = _mel(r, recordings, shape)
    return Batch(mel, *_tokens(labels), _words(recordings, mel.shape[2] // 2), _guides(labels, mel.shape[2] // 2))


def _recording(r: Random, store: Store, shape: _Shape, pool: range) -> Recording:
    if r.random() < SPEECHLESS_SHARE:
        return without_speech(r, shape.window_s or (3.0 if shape.wide else 1.5))
    n = r.randint(2, shape.most) if r.random() < shape.several else 1
    ids = [int(store.by_length[r.choice(pool)]) for _ in range(n)]
    return compose(r, store, ids, shape.window_s, shape.wide)


def _label(r: Random, recording: Recording, shape: _Shape) -> Label:
    """A cut-off utterance can only be told with timestamps; else they are there in half of the cases."""
    return label(r, recording, r.random() < 0.5 or recording.cut_s is not None, long_prompt=shape.window_s is not None)


def _mel(r: Random, recordings: list[Recording], shape: _Shape) -> Tensor:
    """The spectrograms, padded to one length as the engines pad, some with a band blanked (SpecAugment).

    openai-whisper's `transcribe` and faster-whisper pad the spectrogram with zeros; transformers and whisper.cpp
    pad the audio, which gives the spectrogram's floor. Half of the recordings get either.
    """
    longest = max(len(recording.samples) for recording in recordings)
    length = int(shape.window_s * RATE_HZ) if shape.window_s else longest + _extra(r, shape)
    samples = torch.zeros(len(recordings), math.ceil(length / FRAME) * FRAME)
    for row, recording in zip(samples, recordings, strict=True):
        row[: len(recording.samples)] = torch.from_numpy(recording.samples)
    mel = log_mel(samples)
    for row, recording in zip(mel, recordings, strict=True):
        if r.random() < 0.5:
            row[:, len(recording.samples) // HOP + r.randint(0, 1) :] = 0.0
        if r.random() < 0.5:
            band = r.randrange(70)
            row[band : band + r.randint(1, 8)] = row.mean()
    return mel


def _extra(r: Random, shape: _Shape) -> int:
    return int(r.uniform(0, 2.5) * RATE_HZ) if shape.wide else 0


def _tokens(labels: list[Label]) -> tuple[Tensor, Tensor]:
    """Input tokens and targets: the next token, or <|nospeech|> right after the start where nobody speaks."""
    n = max(len(utterance_label.tokens) for utterance_label in labels)
    tokens = torch.full((len(labels), n), v.END)
    targets = torch.full((len(labels), n), -100)
    for i, utterance_label in enumerate(labels):
        end = len(utterance_label.tokens)
        tokens[i, :end] = torch.tensor(utterance_label.tokens)
        targets[i, utterance_label.first : end - 1] = tokens[i, utterance_label.first + 1 : end]
        if utterance_label.speechless:
            targets[i, utterance_label.first] = v.NO_SPEECH
    return tokens, targets


def _words(recordings: list[Recording], n_frames: int) -> Tensor:
    words = torch.zeros(len(recordings), n_frames, dtype=torch.long)
    for row, recording in zip(words, recordings, strict=True):
        for stretch in recording.stretches:
            for word, start_s, end_s in stretch.word_spans_s:
                start = int(start_s * FRAMES_PER_S)
                row[start : max(start + 1, int(end_s * FRAMES_PER_S))] = v.WORD_LABEL[word]
    return words


def _guides(labels: list[Label], n_frames: int) -> Tensor:
    rows = []
    for i, utterance_label in enumerate(labels):
        for position, start_s, end_s in utterance_label.guides:
            start = max(0, int(start_s * FRAMES_PER_S))
            end = min(n_frames, math.ceil(end_s * FRAMES_PER_S))
            if end > start:
                rows.append((i, position, start, end))
    return torch.tensor(rows, dtype=torch.long).reshape(-1, 4)
