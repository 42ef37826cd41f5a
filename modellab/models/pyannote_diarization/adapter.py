"""pyannote.audio's speaker diarization pipelines, from a folder on this disk.

Telemetry is off and the hub is out of reach before anything of pyannote is imported: what is missing is an error here,
and not half a minute of retries in the library.
"""

from __future__ import annotations

import os

os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
os.environ["HF_HUB_OFFLINE"] = "1"

import tempfile
import warnings
from pathlib import Path
from typing import Any

import huggingface_hub
import torch

from modellab.types import Audio, Setting, Turn

from .folder import config

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message=r"(?s).*torchcodec")  # decodes files; here audio comes in memory
    from pyannote.audio import Pipeline
    from pyannote.audio.core.task import Problem, Resolution, Specifications

huggingface_hub.constants.HF_HUB_OFFLINE = True  # where the weights were located, the library is imported already

KNOWN = [
    Problem,
    Resolution,
    Specifications,
    torch.torch_version.TorchVersion,
]  # all that a checkpoint may hold but tensors


class PyannoteDiarization:
    """A pipeline in the form of community-1 or 3.1."""

    def __init__(self, setting: Setting) -> None:
        assert setting.weights is not None
        torch.set_num_threads(setting.threads)
        options: dict[str, Any] = dict(setting.options)
        self.exclusive: bool = options.pop("exclusive")
        with tempfile.TemporaryDirectory() as scratch, torch.serialization.safe_globals(KNOWN):
            self.pipeline = Pipeline.from_pretrained(config(setting.weights, options.pop("parts"), Path(scratch)))
        self.pipeline.to(torch.device(setting.device))

    def diarize(self, audio: Audio, num_speakers: int | None) -> list[Turn]:
        """The turns, overlapping ones too unless `exclusive`; 16 kHz audio, which never touches a decoder."""
        if not len(audio.samples):
            return []
        given = {"waveform": torch.from_numpy(audio.samples)[None], "sample_rate": audio.rate_hz, "uri": "recording"}
        output = self.pipeline(given, num_speakers=num_speakers)
        spoken = output.exclusive_speaker_diarization if self.exclusive else output.speaker_diarization
        turns = (
            Turn(max(0.0, part.start), min(audio.duration_s, part.end), str(name))
            for part, _, name in spoken.itertracks(yield_label=True)
        )
        return sorted(turn for turn in turns if turn.end_s > turn.start_s)


load = PyannoteDiarization
