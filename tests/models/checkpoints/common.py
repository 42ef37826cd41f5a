"""Tiny checkpoints of transformers' recognisers, each from the library's own classes: random weights, real files.

This is what they share; the makers are in the files beside it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import Unigram, WordLevel

LETTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'"]
BASE = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
CONV = {"conv_dim": (32,) * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
MEL = {**BASE, "subsampling_conv_channels": 8, "num_mel_bins": 80, "conv_kernel_size": 3}
TEXT = {**BASE, "num_key_value_heads": 1, "head_dim": 16, "max_position_embeddings": 4096}
MAKERS: dict[str, Callable[[Path], tuple[Any, Any]]] = {}


def write(model_type: str, folder: Path) -> Path:
    """The checkpoint of a type in a folder, the same each time."""
    torch.manual_seed(1)
    model, processor = MAKERS[model_type](folder)
    model.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def maker(*names: str) -> Callable[[Callable[..., tuple[Any, Any]]], Any]:
    """Makes the types of these names."""

    def keep(make: Callable[..., tuple[Any, Any]]) -> Any:
        for name in names:
            MAKERS[name] = functools.partial(make, name=name) if len(names) > 1 else make
        return make

    return keep


def fast(*special: str, cls: Any = hf.PreTrainedTokenizerFast, **more: Any) -> Any:
    """A tokenizer of letters with some special tokens."""
    vocabulary = dict.fromkeys(["<unk>", "<s>", "</s>", "<pad>", *special, *"abcdefghijklmnopqrstuvwxyz'.,?", "▁"])
    pieces = Tokenizer(WordLevel({token: i for i, token in enumerate(vocabulary)}, unk_token="<unk>"))
    pieces.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Metaspace(), pre_tokenizers.Split("", "isolated")])
    pieces.decoder = decoders.Metaspace()
    named = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    return cls(tokenizer_object=pieces, **named, additional_special_tokens=list(special), **more)


def unigram(*special: str, cls: Any, **more: Any) -> Any:
    """A Unigram tokenizer, as Parakeet's and Moonshine's relatives have."""
    pieces = Tokenizer(
        Unigram(
            [
                ("<unk>", 0.0),
                ("<pad>", 0.0),
                *((each, 0.0) for each in special),
                *((piece, -1.0) for piece in ["▁", *"abcdefghijklmnopqrstuvwxyz"]),
            ],
            unk_id=0,
        )
    )
    pieces.pre_tokenizer, pieces.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    return cls(
        tokenizer_object=pieces, unk_token="<unk>", pad_token="<pad>", additional_special_tokens=list(special), **more
    )
