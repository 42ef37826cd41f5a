"""Makes `tiny`: a wav2vec2 of 0.1 million parameters with CTC letters, as `teach.py` taught it.

It sees each frame's letter: a word's letters share its time evenly, silence is the blank. So its words have the right
edges, its letters only roughly. It knows the words of `teach_speech.py` in a handful of synthetic voices, no more.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from transformers import (
    Wav2Vec2Config,
    Wav2Vec2CTCTokenizer,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
    Wav2Vec2Processor,
)

from modellab.models import taught

LETTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'"]  # as wav2vec2-base-960h has them
BLANK = 0
RATE_HZ = 16_000
SEED = 11


def make(name: str, folder: Path) -> None:
    """Write the one checkpoint there is as transformers does."""
    if name != "tiny":
        raise ValueError(f"there is no checkpoint {name!r} to make: only tiny")
    model = empty()
    taught.begin(model)
    taught.restore(model, Path(__file__).parent, name)
    model.eval().save_pretrained(folder)
    processor(folder).save_pretrained(folder)


def empty() -> Any:
    """The model as the library draws it."""
    torch.manual_seed(SEED)
    return Wav2Vec2ForCTC(
        Wav2Vec2Config(
            vocab_size=len(LETTERS),
            pad_token_id=BLANK,
            hidden_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=128,
            conv_dim=(16, 16, 24, 32, 48, 64, 64),
            feat_extract_norm="group",
            num_conv_pos_embeddings=16,
            num_conv_pos_embedding_groups=4,
            hidden_dropout=0.0,
            attention_dropout=0.0,
            activation_dropout=0.0,
            feat_proj_dropout=0.0,
            final_dropout=0.0,
            layerdrop=0.0,
            apply_spec_augment=False,
        )
    )


def processor(folder: Path) -> Any:
    """Samples to input values, letters to numbers; writes `vocab.json`."""
    (folder / "vocab.json").write_text(json.dumps({letter: i for i, letter in enumerate(LETTERS)}), encoding="utf-8")
    extractor = Wav2Vec2FeatureExtractor(feature_size=1, sampling_rate=RATE_HZ, return_attention_mask=True)
    return Wav2Vec2Processor(extractor, Wav2Vec2CTCTokenizer(str(folder / "vocab.json")))
