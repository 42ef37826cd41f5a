"""The stored form of whisper-lab and its expansion to a full set of Whisper tensors, in numpy alone.

`whisper_lab/weights.npz` holds float16 arrays. Most have the name of their tensor in openai-whisper's checkpoints
and are used as they are; the rest stand for tensors that are regular enough to be made again:

| stored | shape | makes |
|---|---|---|
| `embedding.ids`, `embedding.rows` | (n,), (n, d) | the rows of the token embedding that training used |
| `embedding.unused` | (d,) | every other row: in training they shared this one vector |
| `embedding.timestamps` | (d, d) | the rows of <|0.00|> ... <|30.00|> = sinusoids(1501, d) @ this |
| `decoder.position_scale` | () | decoder.positional_embedding = sinusoids(448, d) * this |
| `heads` | () | the number of attention heads (encoder and decoder) |

The encoder's positions are sinusoids(1500, d) and not stored. Sums are made in float64 and rounded once, to
float16, so that every engine gets the same numbers on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab.models.embedded import tokens

Array = npt.NDArray[Any]
WEIGHTS = Path(__file__).parent / "whisper_lab" / "weights.npz"
N_MELS, N_AUDIO_CTX, N_TEXT_CTX = 80, 1500, 448
COMPACT = {"embedding.ids", "embedding.rows", "embedding.unused", "embedding.timestamps"}
COMPACT |= {"decoder.position_scale", "heads"}


@dataclass(frozen=True, slots=True)
class Dims:
    """The sizes of a Whisper, with the names and in the order of openai-whisper's ModelDimensions."""

    n_mels: int
    n_audio_ctx: int
    n_audio_state: int
    n_audio_head: int
    n_audio_layer: int
    n_vocab: int
    n_text_ctx: int
    n_text_state: int
    n_text_head: int
    n_text_layer: int

    @property
    def alignment_heads(self) -> list[list[int]]:
        """(layer, head) pairs whose cross attention follows time: the upper half of the decoder, as in training."""
        return [
            [layer, head]
            for layer in range(self.n_text_layer // 2, self.n_text_layer)
            for head in range(self.n_text_head)
        ]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A whole Whisper: float16 tensors by openai-whisper's names."""

    dims: Dims
    tensors: Mapping[str, Array]


def expand(path: Path = WEIGHTS) -> Checkpoint:
    """Read the stored arrays and make every tensor of the model from them."""
    with np.load(path) as file:
        stored = {name: file[name] for name in file.files}
    width = stored["embedding.unused"].shape[0]
    tensors = {
        "encoder.positional_embedding": sinusoids(N_AUDIO_CTX, width),
        "decoder.positional_embedding": sinusoids(N_TEXT_CTX, width) * np.float64(stored["decoder.position_scale"]),
        "decoder.token_embedding.weight": _embedding(stored),
    }
    tensors |= {name: array for name, array in stored.items() if name not in COMPACT}
    heads = int(stored["heads"])
    dims = Dims(
        n_mels=N_MELS,
        n_audio_ctx=N_AUDIO_CTX,
        n_audio_state=width,
        n_audio_head=heads,
        n_audio_layer=_layers(tensors, "encoder"),
        n_vocab=tokens.N_VOCAB,
        n_text_ctx=N_TEXT_CTX,
        n_text_state=width,
        n_text_head=heads,
        n_text_layer=_layers(tensors, "decoder"),
    )
    return Checkpoint(dims, {name: np.ascontiguousarray(array, np.float16) for name, array in tensors.items()})


def sinusoids(length: int, channels: int) -> npt.NDArray[np.float64]:
    """Whisper's position table, shape (length, channels): sines beside cosines, time scales 1 to 10,000."""
    scales = np.exp(-np.log(10_000) / (channels // 2 - 1) * np.arange(channels // 2))
    angles = np.arange(length)[:, None] * scales
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def _embedding(stored: Mapping[str, Array]) -> Array:
    width = stored["embedding.unused"].shape[0]
    table = np.tile(stored["embedding.unused"].astype(np.float64), (tokens.N_VOCAB, 1))
    first = tokens.SPECIAL_IDS["<|0.00|>"]
    table[first:] = sinusoids(tokens.N_VOCAB - first, width) @ stored["embedding.timestamps"].astype(np.float64)
    table[stored["embedding.ids"]] = stored["embedding.rows"]
    return table


def _layers(names: Mapping[str, Array], side: str) -> int:
    return len({name.split(".")[2] for name in names if name.startswith(f"{side}.blocks.")})
