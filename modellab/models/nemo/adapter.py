"""NVIDIA NeMo: any recogniser that restores from a .nemo file, and Sortformer, which tells speakers apart."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nemo.core import ModelPT
from nemo.utils import logging as nemo_logging

from modellab.errors import WeightsError
from modellab.types import Audio, Setting, Transcript, Turn

from .turns import turns

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
SHORTEST_S = 0.1  # less is filled up with silence: the encoder halves its frames three times


class Nemo:
    """One .nemo file, which names its own class; the options are those of the class's `transcribe` or `diarize`."""

    def __init__(self, setting: Setting) -> None:
        if setting.precision not in DTYPES:
            raise ValueError(f"precision {setting.precision!r} is none of this adapter's: {', '.join(DTYPES)}")
        nemo_logging.set_verbosity(logging.ERROR)
        torch.set_num_threads(setting.threads)
        restored: Any = ModelPT.restore_from(str(_file(setting.weights)), map_location=setting.device)
        self.model = restored.to(DTYPES[setting.precision]).eval()
        self.options = dict(setting.options)

    def transcribe(self, audio: Audio) -> Transcript:
        """16 kHz audio; with the option `timestamps` its segments have times."""
        if not len(audio.samples):
            return Transcript("")
        hypothesis = self.model.transcribe([_filled(audio)], batch_size=1, verbose=False, **self.options)[0]
        if isinstance(hypothesis, str):
            return Transcript(hypothesis)
        segments = (getattr(hypothesis, "timestamp", None) or {}) if self.options.get("timestamps") else {}
        timed = [
            (segment["segment"], float(segment["start"]), float(segment["end"]))
            for segment in segments.get("segment", ())
        ]
        return Transcript.of(timed, duration_s=audio.duration_s) if timed else Transcript(str(hypothesis.text))

    def diarize(self, audio: Audio, num_speakers: int | None) -> list[Turn]:  # noqa: ARG002  (it takes none)
        """The turns, overlapping ones too; Sortformer knows four speakers at most and is told no number."""
        if not len(audio.samples):
            return []
        given = {"sample_rate": audio.rate_hz, "batch_size": 1, "verbose": False}
        return turns(self.model.diarize([_filled(audio)], **given, **self.options)[0], audio.duration_s)


def _filled(audio: Audio) -> Any:
    """The samples, with silence after them where they are fewer than SHORTEST_S."""
    return np.pad(audio.samples, (0, max(0, round(SHORTEST_S * audio.rate_hz) - len(audio.samples))))


def _file(weights: Path | None) -> Path:
    """The one .nemo of the weights."""
    files = [] if weights is None else sorted(weights.glob("*.nemo")) if weights.is_dir() else [weights]
    if len(files) != 1:
        raise WeightsError(f"{weights} has {len(files)} .nemo files, expected one: is it a NeMo checkpoint?")
    return files[0]


load = Nemo
