"""Make `tiny`: a VITS of the library's own class with weights by chance, its tokens letters, as MMS-TTS has them."""

from __future__ import annotations

import json
import string
from pathlib import Path

import torch
from transformers import VitsConfig, VitsModel, VitsTokenizer

SEED = 0
LETTERS = ("_", " ", "'", "-", *string.ascii_lowercase)
SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "ffn_dim": 16,
    "flow_size": 16,
    "spectrogram_bins": 9,
    "duration_predictor_filter_channels": 16,
    "duration_predictor_num_flows": 2,
    "depth_separable_num_layers": 1,
    "prior_encoder_num_flows": 2,
    "prior_encoder_num_wavenet_layers": 1,
    "posterior_encoder_num_wavenet_layers": 1,
    "upsample_initial_channel": 32,
    "upsample_rates": [8, 8],
    "upsample_kernel_sizes": [16, 16],
    "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1]],
}
SLOWLY = 0.3  # of the rate that weights by chance would speak at


def make(name: str, folder: Path) -> None:
    """Write the checkpoint as transformers does; `name` tells nothing more."""
    del name
    torch.manual_seed(SEED)
    (folder / "vocab.json").write_text(json.dumps({each: i for i, each in enumerate(LETTERS)}), encoding="utf-8")
    tokenizer = VitsTokenizer(str(folder / "vocab.json"), pad_token=LETTERS[0], phonemize=False)
    config = VitsConfig(vocab_size=len(LETTERS), sampling_rate=16_000, speaking_rate=SLOWLY, **SMALL)
    VitsModel(config).eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
