"""How a voice sounds, as 192 numbers: CAM++.

Wang et al. 2023, CAM++: a fast and efficient network for speaker verification using context-aware masking.
A small 2-d residual network over 80 mel bands, then densely connected 1-d convolutions whose output is weighted by the
mean of a second and of everything, then mean and deviation over time. The names are those of 3D-Speaker's checkpoints,
the sizes those of the weights. Compared with 3D-Speaker's code: see README.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torchaudio.compliance import kaldi

from modellab.errors import WeightsError

Floats = npt.NDArray[np.float32]
Weights = Mapping[str, torch.Tensor]

RATE_HZ = 16_000
BANDS = 80
HOP, WINDOW = 160, 400  # samples
CONTEXT = 100  # frames whose mean is context
DILATIONS = (1, 2, 2)  # of the dense blocks


class Voice:
    """The network, with the weights of a checkpoint."""

    def __init__(self, weights: Weights) -> None:
        if "xvector.dense.linear.weight" not in weights:
            raise WeightsError("the embedding has no xvector.dense.linear.weight: is it a checkpoint of CAM++?")
        self.weights = weights

    def __call__(self, features: torch.Tensor) -> Floats:
        """A vector of length 1 for the voice in mel frames, shape (frames, 80)."""
        with torch.inference_mode():
            x = (features - features.mean(dim=0)).T[None]
            x = self._dense_blocks(self._head(x))
            x = torch.cat([x.mean(dim=-1), x.std(dim=-1)], dim=-1)[..., None]
            x = self._norm(
                F.conv1d(x, self.weights["xvector.dense.linear.weight"]), "xvector.dense.nonlinear.batchnorm"
            )
            vector: Floats = F.normalize(x[0, :, 0], dim=0).numpy()
        return vector

    def _head(self, x: torch.Tensor) -> torch.Tensor:
        """Mel bands, shape (1, 80, frames), to channels times bands, shape (1, channels, frames)."""
        w = self.weights
        x = self._norm(F.conv2d(x[:, None], w["head.conv1.weight"], padding=1), "head.bn1").relu()
        for layer in ("head.layer1", "head.layer2"):
            x = self._residual(self._residual(x, f"{layer}.0", 2), f"{layer}.1", 1)
        x = self._norm(F.conv2d(x, w["head.conv2.weight"], stride=(2, 1), padding=1), "head.bn2").relu()
        return x.flatten(1, 2)

    def _residual(self, x: torch.Tensor, at: str, stride: int) -> torch.Tensor:
        w = self.weights
        y = self._norm(F.conv2d(x, w[f"{at}.conv1.weight"], stride=(stride, 1), padding=1), f"{at}.bn1").relu()
        y = self._norm(F.conv2d(y, w[f"{at}.conv2.weight"], padding=1), f"{at}.bn2")
        if f"{at}.shortcut.0.weight" in w:
            x = self._norm(F.conv2d(x, w[f"{at}.shortcut.0.weight"], stride=(stride, 1)), f"{at}.shortcut.1")
        return (x + y).relu()

    def _dense_blocks(self, x: torch.Tensor) -> torch.Tensor:
        w = self.weights
        x = F.conv1d(x, w["xvector.tdnn.linear.weight"], stride=2, padding=2)
        x = self._norm(x, "xvector.tdnn.nonlinear.batchnorm").relu()
        for block, dilation in enumerate(DILATIONS, 1):
            for layer in count(1):
                at = f"xvector.block{block}.tdnnd{layer}"
                if f"{at}.linear1.weight" not in w:
                    break
                x = torch.cat([x, self._context_masked(x, at, dilation)], dim=1)
            at = f"xvector.transit{block}"
            x = F.conv1d(self._norm(x, f"{at}.nonlinear.batchnorm").relu(), w[f"{at}.linear.weight"])
        return self._norm(x, "xvector.out_nonlinear.batchnorm").relu()

    def _context_masked(self, x: torch.Tensor, at: str, dilation: int) -> torch.Tensor:
        """What a layer adds: a convolution, weighted by the mean of all frames and of the hundred around."""
        w = self.weights
        x = F.conv1d(self._norm(x, f"{at}.nonlinear1.batchnorm").relu(), w[f"{at}.linear1.weight"])
        x, at = self._norm(x, f"{at}.nonlinear2.batchnorm").relu(), f"{at}.cam_layer"
        near = F.avg_pool1d(x, CONTEXT, CONTEXT, ceil_mode=True).repeat_interleave(CONTEXT, dim=-1)[..., : x.shape[-1]]
        context = x.mean(dim=-1, keepdim=True) + near
        context = F.conv1d(context, w[f"{at}.linear1.weight"], w[f"{at}.linear1.bias"]).relu()
        mask = F.conv1d(context, w[f"{at}.linear2.weight"], w[f"{at}.linear2.bias"]).sigmoid()
        return F.conv1d(x, w[f"{at}.linear_local.weight"], padding=dilation, dilation=dilation) * mask

    def _norm(self, x: torch.Tensor, at: str) -> torch.Tensor:
        """Batch normalisation as learnt; the last one has no scale of its own."""
        w = self.weights
        return F.batch_norm(
            x, w[f"{at}.running_mean"], w[f"{at}.running_var"], w.get(f"{at}.weight"), w.get(f"{at}.bias")
        )


def mel(samples: Floats) -> torch.Tensor:
    """Logarithms of 80 mel bands as Kaldi computes them, shape (frames, 80); frame i begins at sample 160 i."""
    bands: torch.Tensor = kaldi.fbank(
        torch.from_numpy(samples)[None], num_mel_bins=BANDS, sample_frequency=RATE_HZ, dither=0.0
    )
    return bands
