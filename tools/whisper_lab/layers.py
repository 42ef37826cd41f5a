"""Whisper's blocks. The parameters have the names they have in openai-whisper's checkpoints."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Multi-head attention; keys have no bias."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, source: Tensor, causal: bool = False) -> Tensor:
        """What `x` (batch, n, width) takes from `source` (batch, m, width); `causal`: from no later position."""
        query, key, value = self._split(self.query(x)), self._split(self.key(source)), self._split(self.value(source))
        return self._joined(functional.scaled_dot_product_attention(query, key, value, is_causal=causal))

    def seen(self, x: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
        """The same, not causal, with the weights (batch, heads, n, m), which the fast path does not give."""
        query, key, value = self._split(self.query(x)), self._split(self.key(source)), self._split(self.value(source))
        weights = functional.softmax(query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5, dim=-1)
        return self._joined(weights @ value), weights

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)

    def _joined(self, x: Tensor) -> Tensor:
        joined: Tensor = self.out(x.transpose(1, 2).flatten(2))
        return joined


class Block(nn.Module):
    """Self-attention, cross attention in the decoder, and two dense layers, each added to what came in."""

    def __init__(self, width: int, heads: int, cross: bool) -> None:
        super().__init__()
        self.attn, self.attn_ln = Attention(width, heads), nn.LayerNorm(width)
        if cross:
            self.cross_attn, self.cross_attn_ln = Attention(width, heads), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x: Tensor, heard: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """`heard` is the encoder's output: with it the block is a decoder's and returns its cross attention too."""
        normed = self.attn_ln(x)
        x = x + self.attn(normed, normed, causal=heard is not None)
        weights = None
        if heard is not None:
            taken, weights = self.cross_attn.seen(self.cross_attn_ln(x), heard)
            x = x + taken
        return x + self.mlp(self.mlp_ln(x)), weights


class Encoder(nn.Module):
    """Mel frames (batch, n_mels, 2 n) to (batch, n, width)."""

    positional_embedding: Tensor

    def __init__(self, n_mels: int, width: int, heads: int, layers: int, positions: Tensor) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(n_mels, width, kernel_size=3, padding=1)
        self.conv2 = nn.Conv1d(width, width, kernel_size=3, stride=2, padding=1)
        self.register_buffer("positional_embedding", positions, persistent=False)
        self.blocks = nn.ModuleList(Block(width, heads, cross=False) for _ in range(layers))
        self.ln_post = nn.LayerNorm(width)

    def forward(self, mel: Tensor) -> Tensor:
        x = functional.gelu(self.conv2(functional.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.positional_embedding[: x.shape[1]]
        for block in self.blocks:
            x, _ = block(x)
        encoded: Tensor = self.ln_post(x)
        return encoded


class Decoder(nn.Module):
    """Embedded tokens (batch, n, width) and the encoder's output to (batch, n, width)."""

    def __init__(self, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(width, heads, cross=True) for _ in range(layers))
        self.ln = nn.LayerNorm(width)

    def forward(self, x: Tensor, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Also returns the cross attention of the upper half of the layers, (batch, heads, n, frames).

        openai-whisper takes those heads for word timestamps unless told otherwise.
        """
        attention = []
        for i, block in enumerate(self.blocks):
            x, weights = block(x, heard)
            if i >= len(self.blocks) // 2:
                attention.append(weights)
        return self.ln(x), torch.cat(attention, dim=1)
