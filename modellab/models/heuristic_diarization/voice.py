"""How a voice sounds, as 256 numbers: Resemblyzer's speaker encoder on windows of speech.

The network is that of Wan et al. 2018, Generalized end-to-end loss for speaker verification: three LSTM layers over 40
mel bands, the last state through a linear layer and a rectifier, scaled to length 1. Its weights are those of the
package Resemblyzer 0.1.4, rounded to 8 bits per row by `tools/voice_encoder.py`; the features are those it was trained
on, which it computes with librosa: no logarithm, so the level of the speech matters and is set to `LEVEL_DBFS`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

Floats = npt.NDArray[np.float32]

RATE_HZ = 16_000
WINDOW, HOP, BANDS = 400, 160, 40  # samples, samples, mel bands
LEVEL_DBFS = -30.0
BATCH = 64


class VoiceEncoder(torch.nn.Module):  # type: ignore[misc]  # torch is Any to mypy here
    """Mel frames, shape (n, frames, 40), to vectors of length 1, shape (n, 256)."""

    def __init__(self, weights: Path) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(BANDS, 256, 3, batch_first=True)
        self.linear = torch.nn.Linear(256, 256)
        with np.load(weights) as file:
            self.load_state_dict({name: torch.from_numpy(unpacked(file, name)) for name in self.state_dict()})
        self.eval()

    def forward(self, mels: torch.Tensor) -> torch.Tensor:
        _, (hidden, _) = self.lstm(mels)
        return torch.nn.functional.normalize(torch.relu(self.linear(hidden[-1])), dim=1)


def unpacked(file: np.lib.npyio.NpzFile, name: str) -> Floats:
    """A tensor of the weights file as float32; a matrix of int8 has a scale for each row."""
    values: Floats = file[name].astype(np.float32)
    return values * file[f"{name}.scale"][:, None] if f"{name}.scale" in file else values


def embeddings(encoder: VoiceEncoder, samples: Floats, starts: npt.NDArray[np.int64], length: int) -> Floats:
    """One vector per window of `length` samples, shape (n, 256); every window is brought to the same level first."""
    frames = length // HOP
    vectors = []
    for first in range(0, len(starts), BATCH):
        windows = np.stack([samples[start : start + length] for start in starts[first : first + BATCH]])
        level = np.sqrt(np.mean(np.square(windows), axis=1, keepdims=True)) + 1e-8
        mels = mel((windows * (10 ** (LEVEL_DBFS / 20) / level)).astype(np.float32))[:, :frames]
        with torch.inference_mode():
            vectors.append(encoder(torch.from_numpy(mels)).numpy())
    return np.concatenate(vectors) if vectors else np.zeros((0, 256), np.float32)


def mel(windows: Floats) -> Floats:
    """Mel power spectra, shape (n, frames, 40), of audio, shape (n, samples): librosa's melspectrogram."""
    padded = torch.from_numpy(np.pad(windows, ((0, 0), (WINDOW // 2, WINDOW // 2))))
    spectrum = torch.stft(padded, WINDOW, HOP, window=torch.hann_window(WINDOW), center=False, return_complex=True)
    power = spectrum.abs().square().numpy()
    mels: Floats = np.einsum("bf,nft->ntb", mel_filters(), power, dtype=np.float32)
    return mels


def mel_filters() -> Floats:
    """Triangles on Slaney's mel scale with equal area, shape (40, 201), 0 to 8 kHz."""
    edges_hz = _from_mel(np.linspace(0, _to_mel(RATE_HZ / 2), BANDS + 2))
    bins_hz = np.linspace(0, RATE_HZ / 2, WINDOW // 2 + 1)
    rise = (bins_hz - edges_hz[:-2, None]) / np.diff(edges_hz)[:-1, None]
    fall = (edges_hz[2:, None] - bins_hz) / np.diff(edges_hz)[1:, None]
    filters = np.maximum(0, np.minimum(rise, fall)) * (2 / (edges_hz[2:] - edges_hz[:-2]))[:, None]
    return filters.astype(np.float32)


def _to_mel(hz: float) -> float:
    """Linear below 1 kHz (15 mel), logarithmic above: 27 steps to 6.4 times the frequency."""
    return hz * 3 / 200 if hz < 1000 else 15 + 27 * float(np.log(hz / 1000) / np.log(6.4))


def _from_mel(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(np.log(6.4) * (mels - 15) / 27))
