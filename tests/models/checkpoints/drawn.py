"""Tiny synthesisers that draw the tokens of a codec: CSM, Dia and Bark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers as hf
from transformers.models.bark.generation_configuration_bark import BarkGenerationConfig

from tests.models.checkpoints.common import BASE, TEXT, fast

MIMI = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "intermediate_size": 32,
    "num_filters": 4,
    "codebook_size": 32,
    "codebook_dim": 8,
    "vector_quantization_hidden_dimension": 8,
    "num_quantizers": 4,
    "num_semantic_quantizers": 1,
    "upsample_groups": 32,
    "head_dim": 16,
}


def _heard(model: Any) -> None:
    """Give the codec's codebooks, which the library begins with zeros, something that sounds."""
    for name, values in model.named_buffers():
        if name.endswith(("embed", "embed_sum")):
            values.normal_()


def csm(folder: Path) -> Path:
    torch.manual_seed(0)
    tokens = fast("<|AUDIO|>", "<|audio_eos|>", "[", "]", *"0123456789")
    ids = {
        "audio_token_id": tokens.convert_tokens_to_ids("<|AUDIO|>"),
        "audio_eos_token_id": tokens.convert_tokens_to_ids("<|audio_eos|>"),
    }
    layers = {**TEXT, "num_codebooks": 4, "vocab_size": 19, "initializer_range": 1.0}
    config = hf.CsmConfig(
        **layers,
        text_vocab_size=len(tokens),
        pad_token_id=3,
        bos_token_id=1,
        codebook_pad_token_id=18,
        codebook_eos_token_id=17,
        depth_decoder_config={**layers, "backbone_hidden_size": 32, "max_position_embeddings": 5},
        codec_config={"model_type": "mimi", **MIMI},
        **ids,
    )
    model = hf.CsmForConditionalGeneration(config).eval()
    _heard(model)
    model.generation_config.max_new_tokens = 12
    model.generation_config.do_sample = model.depth_decoder.generation_config.do_sample = True
    model.save_pretrained(folder)
    hf.CsmProcessor(hf.EncodecFeatureExtractor(sampling_rate=24_000), tokens).save_pretrained(folder)
    return folder


def dia(folder: Path) -> Path:
    torch.manual_seed(0)
    layers = {**BASE, "num_key_value_heads": 2, "head_dim": 16}
    config = hf.DiaConfig(
        encoder_config=layers,
        decoder_config={
            **layers,
            "cross_num_attention_heads": 2,
            "cross_num_key_value_heads": 2,
            "cross_head_dim": 16,
            "cross_hidden_size": 32,
            "num_channels": 9,
            "vocab_size": 1028,
        },
    )
    model = hf.DiaForConditionalGeneration(config).eval()
    model.generation_config.update(do_sample=True, max_new_tokens=30, guidance_scale=3.0, top_k=45)
    model.save_pretrained(folder)
    hf.DiaTokenizer().save_pretrained(folder)
    hf.DiaFeatureExtractor(sampling_rate=44_100, hop_length=512).save_pretrained(folder)
    codec = hf.DacConfig(encoder_hidden_size=4, decoder_hidden_size=32, codebook_dim=2, hidden_size=64)
    hf.DacModel(codec).eval().save_pretrained(folder / "codec")
    return folder


def bark(folder: Path) -> Path:
    """Its vocabularies are those of the real one: the library has their numbers in its code."""
    torch.manual_seed(0)
    folder.mkdir()
    small = {"num_layers": 1, "num_heads": 2, "hidden_size": 16}
    config = hf.BarkConfig(
        semantic_config=small | {"input_vocab_size": 129_600, "output_vocab_size": 10_048},
        coarse_acoustics_config=small | {"input_vocab_size": 12_096, "output_vocab_size": 12_096},
        fine_acoustics_config=small | {"input_vocab_size": 1056, "output_vocab_size": 1056},
        codec_config={"model_type": "encodec", "num_filters": 4, "hidden_size": 16, "target_bandwidths": [6.0]},
    )
    model = hf.BarkModel(config).eval()
    _heard(model)
    model.save_pretrained(folder)
    generation: Any = BarkGenerationConfig(
        semantic_config={"max_new_tokens": 20, "do_sample": True}, coarse_acoustics_config={"do_sample": True}
    )
    (folder / "generation_config.json").write_text(json.dumps(generation.to_dict()))  # the library saves no such one
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz"]
    words += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    tokens = hf.BertTokenizer(vocab={word: i for i, word in enumerate(words)})
    preset = {
        "semantic_prompt": np.arange(30),
        "coarse_prompt": np.ones((2, 60), np.int64),
        "fine_prompt": np.ones((8, 60), np.int64),
    }
    (folder / "presets").mkdir()
    named: dict[str, Any] = {"repo_or_path": str(folder), "anna": {}}
    for key, value in preset.items():
        np.save(folder / "presets" / f"anna_{key}.npy", value)
        named["anna"][key] = f"presets/anna_{key}.npy"
    hf.BarkProcessor(tokens, named).save_pretrained(str(folder))
    return folder
