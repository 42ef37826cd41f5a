"""Teaches the tiny checkpoint its lessons with the library's own loss, and keeps what it learnt in `taught/`.

`python -m modellab.models.taught modellab/models/seamlessm4t tiny`: under a minute on one core.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from modellab import audio
from modellab.models import taught

from . import make_lessons as lessons
from .make import END, PAD, begun

STEPS, ENOUGH = 400, 0.01  # at most so many steps; the mean loss at which to stop
LEARNING_RATE = 5e-3
NOISE = 0.3  # of what is added to the encoded sounds, in their own sd: elsewhere they differ by a little
IGNORED = -100


def teach(name: str, folder: Path) -> Path:
    """Fit the text encoder and decoder to all lessons; returns the file of what they learnt."""
    model, processor, exact = begun()
    _fit(model, processor, lessons.every())
    return taught.write(folder, name, {"": model}, exact)


def _fit(model: Any, processor: Any, every: Sequence[lessons.Lesson]) -> None:
    """Fit all lessons at once; ValueError where the loss stays too high.

    The speech encoder stays as it was drawn: what it makes of each sound tells the sounds apart, and is computed once.
    """
    learning = [
        parameter
        for name, parameter in model.named_parameters()
        if name.startswith(("shared", "text_encoder", "text_decoder", "lm_head"))
    ]
    optimiser = torch.optim.AdamW(learning, lr=LEARNING_RATE, weight_decay=0.0)
    heard, written = (_batch(processor, [lesson for lesson in every if lesson.heard is kind]) for kind in (True, False))
    states = _encoded(model.eval(), heard)
    worst = float("inf")
    for _ in range(STEPS):
        model.set_modality("speech")
        noisy = states + NOISE * states.std() * torch.randn_like(states)
        losses = [model(encoder_outputs=(noisy,), **heard).loss, model(**written).loss]
        torch.stack(losses).sum().backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        worst = max(float(loss.detach()) for loss in losses)
        if worst < ENOUGH:
            return
    raise ValueError(f"the lessons were not learnt in {STEPS} steps: the loss is {worst:.3f}, not {ENOUGH}")


def _encoded(model: Any, heard: dict[str, torch.Tensor]) -> torch.Tensor:
    """What the speech encoder makes of each sound alone, as in use; takes the features out of the batch."""
    rows = zip(heard.pop("input_features"), heard["attention_mask"], strict=True)
    with torch.no_grad():
        states = [
            model.speech_encoder(
                input_features=features[None, : mask.sum()], attention_mask=mask[None, : mask.sum()]
            ).last_hidden_state[0]
            for features, mask in rows
        ]
    return _padded(states, 0)


def _batch(processor: Any, every: Sequence[lessons.Lesson]) -> dict[str, torch.Tensor]:
    """Lessons of one kind as the library's training input."""
    if every[0].heard:
        sounds = [audio.read(lessons.FOLDER / f"{lesson.name}.ogg", 16_000).samples for lesson in every]
        given = processor(audio=sounds, sampling_rate=16_000, return_tensors="pt")
    else:
        rows = [
            processor(text=lesson.source, src_lang=lessons.LANGUAGES[lesson.source_language], return_tensors="pt")
            for lesson in every
        ]
        given = {key: _padded([row[key][0] for row in rows], PAD) for key in ("input_ids", "attention_mask")}
    tokenizer = processor.tokenizer
    read, labels = [], []
    for lesson in every:
        language = tokenizer.convert_tokens_to_ids(f"__{lessons.LANGUAGES[lesson.target_language]}__")
        words = tokenizer(lesson.target, add_special_tokens=False)["input_ids"]
        read.append(torch.tensor([END, language, *words]))
        labels.append(torch.tensor([IGNORED, *words, END]))  # the language is told, not guessed
    return {**given, "decoder_input_ids": _padded(read, PAD), "labels": _padded(labels, IGNORED)}


def _padded(rows: Sequence[torch.Tensor], value: int) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=value)
