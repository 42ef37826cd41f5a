"""Silero VAD; the weights come in its package."""

import silero_vad
import torch

from modellab.types import Audio, Region, Setting


class SileroVad:
    """The TorchScript model, which reads windows of 32 ms."""

    def __init__(self, setting: Setting) -> None:
        self.model = silero_vad.load_silero_vad()
        torch.set_num_threads(setting.threads)  # silero_vad sets it to 1 for the whole process when imported
        self.options = dict(setting.options)

    def detect(self, audio: Audio) -> list[Region]:
        """Where there is speech in 8 or 16 kHz audio."""
        if not len(audio.samples):
            return []
        found = silero_vad.get_speech_timestamps(
            torch.from_numpy(audio.samples), self.model, sampling_rate=audio.rate_hz, **self.options
        )
        return [Region(part["start"] / audio.rate_hz, part["end"] / audio.rate_hz) for part in found]


load = SileroVad
