"""Silero VAD; the weights come in its package."""

from typing import Any

import numpy as np
import numpy.typing as npt
import silero_vad
import torch

from modellab.types import Audio, Region, Setting

FRAME_S = 0.032  # what the model reads at a time: 512 samples at 16 kHz, 256 at 8 kHz
OF_STREAM = ("threshold", "min_silence_duration_ms", "speech_pad_ms")  # what a stream can know of the options


class Remembering:
    """The model, with what it said to each frame since its last reset."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.probabilities: list[torch.Tensor] = []

    def __call__(self, frame: torch.Tensor, rate_hz: int) -> torch.Tensor:
        probability: torch.Tensor = self.model(frame, rate_hz)
        self.probabilities.append(probability)
        return probability

    def reset_states(self) -> None:
        """Forget the frames."""
        self.model.reset_states()
        self.probabilities = []


class SileroVad:
    """The TorchScript model; with the option `stream` it is fed frame by frame and never looks back or ahead."""

    def __init__(self, setting: Setting) -> None:
        self.model = Remembering(silero_vad.load_silero_vad())
        torch.set_num_threads(setting.threads)  # silero_vad sets it to 1 for the whole process when imported
        self.options = dict(setting.options)
        self.stream = bool(self.options.pop("stream", False))
        self.heard: Audio | None = None

    def detect(self, audio: Audio) -> list[Region]:
        """Where there is speech in 8 or 16 kHz audio."""
        self.heard = audio
        if not len(audio.samples):
            self.model.reset_states()
            return []
        if self.stream:
            return self._streamed(audio)
        stretches = silero_vad.get_speech_timestamps(
            torch.from_numpy(audio.samples), self.model, sampling_rate=audio.rate_hz, **self.options
        )
        return [Region(part["start"] / audio.rate_hz, part["end"] / audio.rate_hz) for part in stretches]

    def probabilities(self, audio: Audio) -> tuple[npt.NDArray[np.float64], float]:
        """The chance of speech in each frame of 32 ms, shape (n_frames,), and FRAME_S; the last frame is padded."""
        if self.heard is not audio:
            self.detect(audio)
        return np.array([float(probability) for probability in self.model.probabilities]), FRAME_S

    def _streamed(self, audio: Audio) -> list[Region]:
        """The regions that a live microphone would have given; speech at the clip's end ends there."""
        known = {name: self.options[name] for name in OF_STREAM if name in self.options}
        iterator = silero_vad.VADIterator(self.model, sampling_rate=audio.rate_hz, **known)
        edges = [edge for frame in frames(audio) for edge in (iterator(frame) or {}).values()]
        if len(edges) % 2:
            edges.append(len(audio.samples))
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return [Region(start / audio.rate_hz, min(end, len(audio.samples)) / audio.rate_hz) for start, end in pairs]


def frames(audio: Audio) -> tuple[torch.Tensor, ...]:
    """The audio in frames of FRAME_S, the last one filled up with silence."""
    size = round(FRAME_S * audio.rate_hz)
    padded = np.pad(audio.samples, (0, -len(audio.samples) % size))
    cut: tuple[torch.Tensor, ...] = torch.from_numpy(padded).split(size)
    return cut


load = SileroVad
