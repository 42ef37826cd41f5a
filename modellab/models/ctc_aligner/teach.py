"""Teaches `tiny` where espeak-ng's words are, and keeps what it learnt in `taught/`: half a minute on one core.

`python -m modellab.models.taught modellab/models/ctc_aligner tiny`
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modellab.models import taught

from .make import BLANK, LETTERS, RATE_HZ, SEED, empty, processor
from .teach_speech import Lesson, lessons

HOP = 320
N_LESSONS, EPOCHS, BATCH, RATE = 240, 7, 8, 4e-3


def teach(name: str, folder: Path) -> Path:
    """Train the one checkpoint there is; returns the file of what it learnt."""
    torch.set_num_threads(1)
    model = empty()
    exact = taught.begin(model)
    with tempfile.TemporaryDirectory() as scratch:
        _train(model, processor(Path(scratch)), list(lessons(N_LESSONS, SEED)))
    return taught.write(folder, name, {"": model}, exact)


def _train(model: Any, processor: Any, spoken: Sequence[Lesson]) -> None:
    """Cross entropy of every frame; batches of like length, the rate falling along a cosine."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    rng, steps = np.random.default_rng(SEED), EPOCHS * math.ceil(len(spoken) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.1)
    model.train()
    for _ in range(EPOCHS):
        for batch in _batches(spoken, rng):
            samples = [lesson.samples for lesson in batch]
            given = processor(samples, sampling_rate=RATE_HZ, return_tensors="pt", padding=True)
            logits = model(given.input_values, attention_mask=given.attention_mask).logits
            labels = torch.stack([torch.from_numpy(_labels(lesson.words, logits.shape[1])) for lesson in batch])
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    model.eval()


def _batches(spoken: Sequence[Lesson], rng: np.random.Generator) -> Iterator[list[Lesson]]:
    order = sorted(range(len(spoken)), key=lambda i: len(spoken[i].samples) + rng.uniform(0, RATE_HZ / 2))
    cut = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    for i in rng.permutation(len(cut)):
        yield [spoken[k] for k in cut[i]]


def _labels(words: Sequence[tuple[str, float, float]], n_frames: int) -> Any:
    """The letter of each frame, shape (n_frames,); between two equal letters one frame is blank."""
    labels = np.full(n_frames, BLANK)
    for word, start_s, end_s in words:
        edges = np.round(np.linspace(start_s, end_s, len(word) + 1) * RATE_HZ / HOP).astype(int)
        for i, letter in enumerate(word.upper()):
            labels[edges[i] : edges[i + 1]] = LETTERS.index(letter)
            if i and word[i - 1] == word[i]:
                labels[edges[i]] = BLANK
    return labels
