"""Makes `tiny`: a wav2vec2 of 0.1 million parameters with CTC letters, taught where espeak-ng's words are.

It sees each frame's letter: a word's letters share its time evenly, silence is the blank. So its words have the right
edges, its letters only roughly. It knows the words of `make_speech.py` in a handful of synthetic voices, no more.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    Wav2Vec2Config,
    Wav2Vec2CTCTokenizer,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
    Wav2Vec2Processor,
)

from .make_speech import RATE_HZ, Lesson, lessons

LETTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'"]  # as wav2vec2-base-960h has them
BLANK = 0
HOP = 320
N_LESSONS, EPOCHS, BATCH, RATE = 240, 7, 8, 4e-3
SEED = 11


def make(name: str, folder: Path) -> None:
    """Train the one checkpoint there is and save it as transformers does."""
    if name != "tiny":
        raise ValueError(f"there is no checkpoint {name!r} to make: only tiny")
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    processor, model = _processor(folder), Wav2Vec2ForCTC(_config())
    _train(model, processor, list(lessons(N_LESSONS, SEED)))
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def _config() -> Any:
    return Wav2Vec2Config(
        vocab_size=len(LETTERS),
        pad_token_id=BLANK,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=128,
        conv_dim=(16, 16, 24, 32, 48, 64, 64),
        feat_extract_norm="group",
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        hidden_dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        feat_proj_dropout=0.0,
        final_dropout=0.0,
        layerdrop=0.0,
        apply_spec_augment=False,
    )


def _processor(folder: Path) -> Any:
    (folder / "vocab.json").write_text(json.dumps({letter: i for i, letter in enumerate(LETTERS)}), encoding="utf-8")
    extractor = Wav2Vec2FeatureExtractor(feature_size=1, sampling_rate=RATE_HZ, return_attention_mask=True)
    return Wav2Vec2Processor(extractor, Wav2Vec2CTCTokenizer(str(folder / "vocab.json")))


def _train(model: Any, processor: Any, taught: Sequence[Lesson]) -> None:
    """Cross entropy of every frame; batches of like length, the rate falling along a cosine."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    rng, steps = np.random.default_rng(SEED), EPOCHS * math.ceil(len(taught) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.1)
    model.train()
    for _ in range(EPOCHS):
        for batch in _batches(taught, rng):
            samples = [each.samples for each in batch]
            given = processor(samples, sampling_rate=RATE_HZ, return_tensors="pt", padding=True)
            logits = model(given.input_values, attention_mask=given.attention_mask).logits
            labels = torch.stack([torch.from_numpy(_labels(each.words, logits.shape[1])) for each in batch])
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    model.eval()


def _batches(taught: Sequence[Lesson], rng: np.random.Generator) -> Iterator[list[Lesson]]:
    order = sorted(range(len(taught)), key=lambda i: len(taught[i].samples) + rng.uniform(0, RATE_HZ / 2))
    cut = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    for i in rng.permutation(len(cut)):
        yield [taught[k] for k in cut[i]]


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
