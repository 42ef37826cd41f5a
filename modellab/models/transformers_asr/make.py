"""Makes `tiny` and `tiny-tdt`: Parakeets of 0.1 million parameters, one with a CTC head and one a transducer.

They know the three sentences of `asr_taught_v1` by heart (`teach.py`) and nothing else, so their scores say only that
the path through the library works, from sound to words and their times. Their tokens are whole words.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import Unigram
from transformers import (
    ParakeetCTCConfig,
    ParakeetFeatureExtractor,
    ParakeetForCTC,
    ParakeetForTDT,
    ParakeetProcessor,
    ParakeetTDTConfig,
    ParakeetTokenizer,
)

from modellab.models import taught

SEED = 5
RATE_HZ = 16_000
MEL_BINS = 40
UNKNOWN, PAD, BLANK = "<unk>", "<pad>", "<blank>"
WORDS = ("anna", "call", "code", "five", "is", "kitchen", "light", "on", "one", "the", "tonight", "turn", "zero")
NAMES = ("tiny", "tiny-tdt")
ENCODER = {
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "conv_kernel_size": 9,
    "subsampling_conv_channels": 16,
    "num_mel_bins": MEL_BINS,
    "layerdrop": 0.0,
    **dict.fromkeys(("dropout", "activation_dropout", "attention_dropout"), 0.0),
}


def make(name: str, folder: Path) -> None:
    """Write a checkpoint as transformers does."""
    if name not in NAMES:
        raise ValueError(f"there is no checkpoint {name!r} to make: only {' and '.join(NAMES)}")
    model, tools = begun(name)
    taught.begin(model)
    taught.restore(model, Path(__file__).parent, name)
    model.eval().save_pretrained(folder)
    tools.save_pretrained(folder)


def begun(name: str) -> tuple[Any, Any]:
    """The model as the library draws it, and its processor: samples to a log-mel spectrogram, tokens to words."""
    torch.manual_seed(SEED)
    kind = "tdt" if name == "tiny-tdt" else "ctc"
    tokens = _tokens(BLANK if kind == "tdt" else "")
    extractor: Any = ParakeetFeatureExtractor(feature_size=MEL_BINS, sampling_rate=RATE_HZ)
    together: Any = ParakeetProcessor
    return _model(kind, tokens), together(extractor, tokens, decoder_type=kind)


def _model(kind: str, tokens: Any) -> Any:
    shared = {"vocab_size": len(tokens), "pad_token_id": tokens.pad_token_id, "encoder_config": ENCODER}
    if kind == "ctc":
        return ParakeetForCTC(ParakeetCTCConfig(**shared))
    blank = tokens.convert_tokens_to_ids(BLANK)
    config = ParakeetTDTConfig(**shared, blank_token_id=blank, decoder_hidden_size=32, num_decoder_layers=1)
    model: Any = ParakeetForTDT(config)
    model.generation_config.decoder_start_token_id = blank
    return model


def _tokens(blank: str) -> Any:
    """A Unigram vocabulary as Parakeet's, of whole words."""
    special = [PAD, *filter(None, [blank])]
    pieces = [(UNKNOWN, 0.0), *((f"▁{word}", -1.0) for word in WORDS), *((each, 0.0) for each in special)]
    tokenizer = Tokenizer(Unigram(pieces, unk_id=0))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    made: Any = ParakeetTokenizer
    return made(
        tokenizer_object=tokenizer, unk_token=UNKNOWN, pad_token=PAD, additional_special_tokens=[blank] if blank else []
    )
