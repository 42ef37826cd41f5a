"""Teaches the tiny checkpoints the sentences of `asr_taught_v1` by heart, and keeps what they learnt in `taught/`.

`python -m modellab.models.taught modellab/models/transformers_asr tiny` (or `tiny-tdt`): seconds on one core.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from modellab import audio, models
from modellab.models import taught

from .make import RATE_HZ, SEED, begun

LESSONS = Path(__file__).parents[3] / "golden" / "asr_taught_v1"
STEPS, RATE = 500, 2e-3
ENOUGH = 0.05  # the mean loss at which it counts as learnt
NOISE_DB = (25.0, 50.0)  # how far below the speech white noise lies, drawn anew each time


class Lesson(NamedTuple):
    """An utterance and its words."""

    samples: Any
    text: str


def teach(name: str, folder: Path) -> Path:
    """Fit a checkpoint; returns the file of what it learnt."""
    torch.set_num_threads(1)
    model, processor = begun(name)
    exact = taught.begin(model)
    rows = models.load_yaml(LESSONS / "dataset.yaml")["cases"]
    lessons = [Lesson(audio.read(LESSONS / row["audio"], RATE_HZ).samples, row["text"]) for row in rows]
    _fit(model, processor, lessons)
    return taught.write(folder, name, {"": model}, exact)


def _fit(model: Any, processor: Any, every: Sequence[Lesson]) -> None:
    """The library's own loss, all lessons at once; ValueError where it stays too high."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=STEPS, pct_start=0.1)
    rng, losses = np.random.default_rng(SEED), [float("inf")]
    model.train()
    for _ in range(STEPS):
        loss = _loss(model, processor, every, rng)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
    model.eval()
    if (mean := float(np.mean(losses[-20:]))) > ENOUGH:
        raise ValueError(f"the lessons were not learnt in {STEPS} steps: the loss is {mean:.3f}, not {ENOUGH}")


def _loss(model: Any, processor: Any, every: Sequence[Lesson], rng: np.random.Generator) -> Any:
    noisy = [_in_noise(lesson.samples, rng) for lesson in every]
    given = processor(audio=noisy, text=[lesson.text for lesson in every], sampling_rate=RATE_HZ)
    if model.config.model_type == "parakeet_ctc":
        given.pop("decoder_input_ids")
    return model(**given).loss


def _in_noise(samples: Any, rng: np.random.Generator) -> Any:
    distance = 10 ** (-rng.uniform(*NOISE_DB) / 20) * np.sqrt(np.mean(samples**2))
    return (samples + distance * rng.standard_normal(len(samples))).astype(np.float32)
