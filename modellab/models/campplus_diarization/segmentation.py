"""Who of at most three people speaks in ten seconds of audio, frame by frame: pyannote's segmentation 3.0 (PyanNet).

Plaquet and Bredin 2023, Powerset multi-class cross entropy loss for neural speaker diarization: SincNet over the
samples, bidirectional LSTMs, two linear layers, seven classes: nobody, one of three people, two of them. The sizes are
those of the weights. Compared with pyannote.audio 4.0.7: see README.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name

from modellab.errors import WeightsError

Weights = Mapping[str, torch.Tensor]
Samples = npt.NDArray[np.float32]

RATE_HZ = 16_000
STRIDE = 10  # samples, of the first layer
STEP = 270  # samples from one frame to the next
FIRST = 495  # the sample in the middle of the first frame
MIN_HZ = 50.0  # the lowest edge of a filter, and its narrowest band
BATCH = 8
SPEAKERS, AT_ONCE = 3, 2


class Segmentation:
    """The network, with the weights of a checkpoint."""

    def __init__(self, weights: Weights) -> None:
        try:
            self.weights = weights
            self.filters = _filters(weights)
            self.lstm = _lstm(weights)
            self.classes = _classes()
            n_classes = len(weights["classifier.bias"])
        except KeyError as error:
            raise WeightsError(f"the segmentation has no {error}: is it a checkpoint of pyannote's PyanNet?") from error
        if n_classes != len(self.classes):
            raise WeightsError(f"the segmentation has {n_classes} classes, expected the {len(self.classes)} of 3.0")

    def __call__(self, chunks: Samples) -> npt.NDArray[np.bool_]:
        """Whether each of three people speaks: shape (n, frames, 3) for chunks of shape (n, samples)."""
        with torch.inference_mode():
            frames = [
                self.classes[self._scores(torch.from_numpy(chunks[first : first + BATCH])).argmax(dim=-1)]
                for first in range(0, len(chunks), BATCH)
            ]
        spoken: npt.NDArray[np.bool_] = torch.cat(frames).numpy()
        return spoken

    def _scores(self, chunks: torch.Tensor) -> torch.Tensor:
        """A score of each of the seven classes, shape (n, frames, 7)."""
        w, x = self.weights, chunks[:, None]
        x = F.instance_norm(x, weight=w["sincnet.wav_norm1d.weight"], bias=w["sincnet.wav_norm1d.bias"])
        x = F.conv1d(x, self.filters, stride=STRIDE).abs()
        for layer in range(3):
            if layer:
                x = F.conv1d(x, w[f"sincnet.conv1d.{layer}.weight"], w[f"sincnet.conv1d.{layer}.bias"])
            norm = f"sincnet.norm1d.{layer}"
            x = F.instance_norm(F.max_pool1d(x, 3), weight=w[f"{norm}.weight"], bias=w[f"{norm}.bias"])
            x = F.leaky_relu(x)
        x, _ = self.lstm(x.transpose(1, 2))
        for layer in range(2):
            x = F.leaky_relu(F.linear(x, w[f"linear.{layer}.weight"], w[f"linear.{layer}.bias"]))
        return F.linear(x, w["classifier.weight"], w["classifier.bias"])


def _classes() -> torch.Tensor:
    """Which people each class means, shape (7, 3): nobody, each alone, each pair."""
    groups = [group for size in range(AT_ONCE + 1) for group in combinations(range(SPEAKERS), size)]
    return torch.tensor([[speaker in group for speaker in range(SPEAKERS)] for group in groups])


def _lstm(weights: Weights) -> torch.nn.LSTM:
    """The recurrent layers, as many and as wide as there are weights for."""
    own = {name.removeprefix("lstm."): value for name, value in weights.items() if name.startswith("lstm.")}
    width, hidden = own["weight_ih_l0"].shape[1], own["weight_hh_l0"].shape[1]
    layers = sum(name.startswith("bias_ih") and not name.endswith("reverse") for name in own)
    lstm = torch.nn.LSTM(width, hidden, layers, batch_first=True, bidirectional=True)
    lstm.load_state_dict(own)
    return lstm.eval()


def _filters(weights: Weights) -> torch.Tensor:
    """Band passes, shape (2 * n, 1, 251): differences of sinc functions under a window, even ones, then odd ones."""
    place = "sincnet.conv1d.0.filterbank"
    low_hz = MIN_HZ + weights[f"{place}.low_hz_"].abs()
    high_hz = (low_hz + MIN_HZ + weights[f"{place}.band_hz_"].abs()).clamp(MIN_HZ, RATE_HZ / 2)
    times, window = weights[f"{place}.n_"], weights[f"{place}.window_"]
    band_hz = high_hz - low_hz
    low, high = low_hz @ times, high_hz @ times
    even = (high.sin() - low.sin()) / (times / 2) * window
    odd = (low.cos() - high.cos()) / (times / 2) * window
    both = torch.cat(
        [
            torch.cat([even, 2 * band_hz, even.flip(1)], dim=1),
            torch.cat([odd, torch.zeros_like(band_hz), -odd.flip(1)], dim=1),
        ]
    )
    return (both / (2 * torch.cat([band_hz, band_hz])))[:, None]
