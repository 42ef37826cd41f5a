"""Who speaks when, without a hub: Silero finds the speech, windows of it get a speaker embedding, these are clustered.

One speaker at a time: where two speak at once, the louder is found and the other missed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import silero_vad
import torch

from modellab.types import Audio, Setting, Turn

from .cluster import grouped
from .voice import RATE_HZ, VoiceEncoder, embeddings

VAD = ("threshold", "min_speech_duration_ms", "min_silence_duration_ms", "speech_pad_ms")
FRAME_S = 0.05  # the grid on which one turn becomes another inside a stretch of speech
Region = tuple[int, int]  # samples


class HeuristicDiarization:
    """Silero VAD, Resemblyzer's speaker encoder, agglomerative clustering."""

    def __init__(self, setting: Setting) -> None:
        assert setting.weights is not None
        self.vad = silero_vad.load_silero_vad()
        torch.set_num_threads(setting.threads)  # silero_vad sets it to 1 for the whole process when imported
        self.encoder = VoiceEncoder(setting.weights)
        options: dict[str, Any] = dict(setting.options)
        self.vad_options = {key: options.pop(key) for key in VAD}
        self.window = round(options.pop("window_s") * RATE_HZ)
        self.hop_s: float = options.pop("hop_s")
        self.max_windows: int = options.pop("max_windows")
        self.cluster_options = options

    def diarize(self, audio: Audio, num_speakers: int | None) -> list[Turn]:
        """The turns in 16 kHz audio; as many speakers as told, as far as there is speech enough to tell them apart."""
        regions = self._speech(audio.samples)
        if not regions:
            return []
        samples = np.pad(audio.samples, (0, max(0, self.window - len(audio.samples))))
        starts = self._windows(regions, len(samples))
        voices = embeddings(self.encoder, samples, starts, self.window)
        labels = grouped(voices, num_speakers, **self.cluster_options)
        return _turns(regions, starts + self.window // 2, labels)

    def _speech(self, samples: npt.NDArray[np.float32]) -> list[Region]:
        """Where there is speech, in samples."""
        if not len(samples):
            return []
        stretches = silero_vad.get_speech_timestamps(
            torch.from_numpy(samples), self.vad, sampling_rate=RATE_HZ, **self.vad_options
        )
        return [(int(part["start"]), int(part["end"])) for part in stretches]

    def _windows(self, regions: list[Region], n_samples: int) -> npt.NDArray[np.int64]:
        """Where the windows start: evenly over each region, one around the middle of a region shorter than a window."""
        spoken_s = sum(end - start for start, end in regions) / RATE_HZ
        hop = max(self.hop_s, spoken_s / self.max_windows) * RATE_HZ
        starts: list[float] = []
        for start, end in regions:
            spare = end - start - self.window
            n = int(np.ceil(spare / hop)) + 1 if spare > 0 else 1
            starts += list(np.linspace(start, start + spare, n)) if n > 1 else [start + spare / 2]
        return np.clip(np.array(starts).astype(np.int64), 0, n_samples - self.window)


def _turns(regions: list[Region], middles: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> list[Turn]:
    """Each frame of speech goes to the speaker of the nearest window; frames of one speaker in a row are a turn."""
    frame = round(FRAME_S * RATE_HZ)
    turns: list[Turn] = []
    for start, end in regions:
        edges = np.arange(start, end, frame)
        inside = np.flatnonzero((middles >= start) & (middles < end))
        near = inside if len(inside) else np.arange(len(middles))
        who = labels[near[np.abs(middles[near] - (edges + frame // 2)[:, None]).argmin(axis=1)]]
        firsts = [0, *(np.flatnonzero(np.diff(who)) + 1)]
        lasts = [*edges[firsts[1:]], end]
        turns += [
            Turn(int(edges[first]) / RATE_HZ, int(last) / RATE_HZ, f"speaker{who[first]}")
            for first, last in zip(firsts, lasts, strict=True)
        ]
    return turns


load = HeuristicDiarization
