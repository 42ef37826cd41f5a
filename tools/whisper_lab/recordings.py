"""Training audio: utterances joined to a recording with pauses, levels and noise, and its log-mel spectrogram."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from random import Random

import numpy as np
import torch

from modellab.models.embedded.mel import filter_bank
from tools.speech.espeak import RATE_HZ
from tools.speech.noise import Samples, noise, rms, silence
from tools.whisper_lab.synthesis import Store

HOP = 160  # samples per mel frame
NOISE_S = 120  # length of each noise that clips are cut from


@dataclass(frozen=True, slots=True)
class Stretch:
    """One utterance within a recording; all times in seconds from the recording's start."""

    start_s: float
    end_s: float
    words: list[str]
    word_starts_s: list[float]

    @property
    def word_spans_s(self) -> list[tuple[str, float, float]]:
        """(word, start, end), a word ending where the next one starts."""
        ends_s = [*self.word_starts_s[1:], self.end_s]
        return list(zip(self.words, self.word_starts_s, ends_s, strict=True))


@dataclass(frozen=True, slots=True)
class Recording:
    """Audio in [-1, 1] and what is said in it. `cut_s`: where an utterance starts that the window's end cuts off."""

    samples: Samples
    stretches: list[Stretch]
    cut_s: float | None = None


def compose(r: Random, store: Store, ids: list[int], window_s: float | None, wide: bool) -> Recording:
    """The utterances `ids` one after the other. `wide` allows long silence at both ends."""
    parts = [silence(r.choice([0.0, r.uniform(0, 0.15), r.uniform(0, 0.8 if wide else 0.25)]))]
    stretches: list[Stretch] = []
    cut_s = None
    for k, i in enumerate(ids):
        speech, utterance = store.audio(i), store.utterances[i]
        start_s = sum(map(len, parts)) / RATE_HZ
        end_s = start_s + len(speech) / RATE_HZ
        quieter_db = r.uniform(-12, 0) if k else 0.0
        if window_s is not None and end_s > window_s:
            if start_s < window_s - 0.3:
                cut_s = start_s
                parts.append(speech)
            break
        starts_s = [start_s + word_s for word_s in utterance.word_starts_s]
        stretches.append(Stretch(start_s, end_s, utterance.text.split(), starts_s))
        last = [0.0, r.uniform(0, 0.25), r.uniform(0, 1.5 if wide else 0.25)]
        pause_s = r.uniform(0.3, 1.2) if k < len(ids) - 1 else r.choice(last)
        parts += [speech * np.float32(10 ** (quieter_db / 20)), silence(pause_s)]
    samples = np.concatenate(parts)
    if window_s is not None:
        samples = samples[: int(window_s * RATE_HZ)]
    return Recording(_disturbed(r, samples), stretches, cut_s)


def without_speech(r: Random, longest_s: float) -> Recording:
    """Silence, or noise between -80 and -20 dBFS."""
    samples = silence(r.uniform(0.5, longest_s))
    if r.random() < 0.8:
        samples = samples + _some_noise(r, len(samples)) * np.float32(10 ** r.uniform(-4, -1))
    return Recording(np.clip(samples, -1, 1), [])


def _disturbed(r: Random, samples: Samples) -> Samples:
    """In half of the cases noise 8 to 40 dB below; a gain between -25 and +4 dB always."""
    if r.random() < 0.5:
        level = max(1e-3, rms(samples)) * 10 ** (-r.uniform(8, 40) / 20)
        samples = samples + _some_noise(r, len(samples)) * np.float32(level)
    loud: Samples = np.clip(samples * np.float32(10 ** (r.uniform(-25, 4) / 20)), -1, 1)
    return loud


def _some_noise(r: Random, n_samples: int) -> Samples:
    source = r.choice(_noises())
    start = r.randrange(len(source) - n_samples)
    return source[start : start + n_samples]


@functools.cache
def _noises() -> list[Samples]:
    rng = np.random.default_rng(0)
    return [noise(colour, NOISE_S * RATE_HZ, rng) for colour in ("white", "pink", "brown")]


@functools.cache
def _filters() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(filter_bank()), torch.hann_window(400)


def log_mel(samples: torch.Tensor) -> torch.Tensor:
    """Whisper's input: (batch, samples) -> (batch, 80, samples / 160), about -1 to 1.5."""
    bank, window = _filters()
    power = torch.stft(samples, 400, HOP, window=window, return_complex=True)[..., :-1].abs() ** 2
    level = torch.clamp(bank @ power, min=1e-10).log10()
    level = torch.maximum(level, level.amax((1, 2), keepdim=True) - 8.0)
    return (level + 4.0) / 4.0
