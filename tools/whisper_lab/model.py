"""The tiny Whisper as it is trained: Whisper's blocks, with an embedding that is small in storage.

Width 64, 2 heads of 32, 2 encoder and 3 decoder layers, full contexts (1500 frames of 20 ms, 448 tokens). Whisper's
embedding would be 3.3 million numbers; here it is made from the 171 rows in use, one vector for all the others, and
sinusoids times a learned matrix for the timestamps. Decoder positions are sinusoids times a learned scale.

The head `words` (which word is spoken in each frame) only helps training and is thrown away.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from modellab.models.embedded.compact import N_AUDIO_CTX, N_MELS, N_TEXT_CTX, sinusoids
from tools.whisper_lab import vocabulary as v
from tools.whisper_lab.layers import Decoder, Encoder

WIDTH, HEADS = 64, 2
STORED = {  # parameter -> its name in the stored form, see modellab/models/embedded/compact.py
    "rows": "embedding.rows",
    "unused": "embedding.unused",
    "timestamps": "embedding.timestamps",
    "position_scale": "decoder.position_scale",
}


class LabWhisper(nn.Module):
    """`encode` mel spectrograms, `decode` compact token numbers (see vocabulary.py)."""

    bias: Tensor  # to add to the logits in training: log(N_UNUSED) for the shared vector
    times: Tensor
    positions: Tensor

    def __init__(self, decoder_layers: int = 3, encoder_layers: int = 2) -> None:
        super().__init__()
        self.encoder = Encoder(N_MELS, WIDTH, HEADS, encoder_layers, _table(N_AUDIO_CTX))
        self.decoder = Decoder(WIDTH, HEADS, decoder_layers)
        self.rows = nn.Parameter(torch.randn(v.N_USED, WIDTH) * WIDTH**-0.5)
        self.unused = nn.Parameter(torch.zeros(WIDTH))
        self.timestamps = nn.Parameter(torch.randn(WIDTH, WIDTH) / WIDTH)
        self.position_scale = nn.Parameter(torch.tensor(0.1))
        self.words = nn.Linear(WIDTH, len(v.WORD_LABEL) + 1)
        bias = torch.zeros(v.UNUSED + 1)
        bias[v.UNUSED] = math.log(v.N_UNUSED)
        for name, value in {"bias": bias, "times": _table(v.N_TIMESTAMPS), "positions": _table(N_TEXT_CTX)}.items():
            self.register_buffer(name, value, persistent=False)

    def embedding(self) -> Tensor:
        """Rows in use, timestamps, and the one for everything else: shape (UNUSED + 1, WIDTH)."""
        return torch.cat([self.rows, self.times @ self.timestamps, self.unused[None]])

    def encode(self, mel: Tensor) -> Tensor:
        """(batch, 80, frames) -> (batch, frames / 2, WIDTH); any length up to 30 s."""
        encoded: Tensor = self.encoder(mel)
        return encoded

    def decode(self, tokens: Tensor, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (batch, n, UNUSED + 1), without `bias`, and the attention (see `Decoder`)."""
        embedding = self.embedding()
        x = embedding[tokens] + self.position_scale * self.positions[: tokens.shape[1]]
        decoded, attention = self.decoder(x, encoded)
        return decoded @ embedding.T, attention


def _table(length: int) -> Tensor:
    return torch.from_numpy(sinusoids(length, WIDTH)).float()


# ---------------------------------------------------------------------------- on disk


def save(model: LabWhisper, path: Path) -> None:
    """A checkpoint to train on from: float32, with the helping head."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), path)


def compact(model: LabWhisper, path: Path) -> None:
    """The stored form (0.66 MB): float16, without what `modellab.models.embedded.compact` makes again."""
    state = {name: value for name, value in model.state_dict().items() if not name.startswith("words.")}
    arrays: dict[str, Any] = {"embedding.ids": np.array(v.USED_IDS, np.uint16), "heads": np.uint8(HEADS)}
    arrays |= {STORED.get(name, name): value.numpy().astype(np.float16) for name, value in state.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)


def load(path: Path, decoder_layers: int | None = None) -> LabWhisper:
    """A model from a checkpoint (.pt) or the stored form (.npz, where the helping head starts anew).

    With `decoder_layers=3`, a decoder of two layers gets a new one between them that at first changes nothing.
    """
    state = _stored(path) if path.suffix == ".npz" else torch.load(path, map_location="cpu", weights_only=True)
    n_layers = len({name.split(".")[2] for name in state if name.startswith("decoder.blocks.")})
    model = LabWhisper(decoder_layers or n_layers)
    fresh = model.state_dict()
    if len(model.decoder.blocks) == 3 and n_layers == 2:
        state = _grown(state, fresh)
    for name in fresh.keys() - state.keys():
        if not name.startswith("words."):
            raise ValueError(
                f"{path} has no {name}: expected a checkpoint of this model with {n_layers} decoder layers"
            )
        state[name] = fresh[name]
    model.load_state_dict(state)
    return model


def _stored(path: Path) -> dict[str, Tensor]:
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    if arrays.pop("embedding.ids").tolist() != v.USED_IDS:
        raise ValueError(f"{path} was trained on another vocabulary than grammar.py's")
    arrays.pop("heads")
    name_of = {stored: name for name, stored in STORED.items()}
    return {name_of.get(name, name): torch.from_numpy(value.astype(np.float32)) for name, value in arrays.items()}


def _grown(state: dict[str, Tensor], fresh: dict[str, Tensor]) -> dict[str, Tensor]:
    """Layer 1 becomes layer 2; the new layer 1 adds zero, since its output projections are zero."""
    grown = {name.replace("decoder.blocks.1.", "decoder.blocks.2."): value for name, value in state.items()}
    for name, value in fresh.items():
        if name.startswith("decoder.blocks.1."):
            grown[name] = torch.zeros_like(value) if ".out." in name or ".mlp.2." in name else value
    return grown
