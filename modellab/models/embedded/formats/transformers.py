"""Hugging Face transformers: model.safetensors, the configuration files and the tokenizer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from modellab.models.embedded import tokens
from modellab.models.embedded.compact import Checkpoint, Dims

RENAMED = (
    ("blocks", "layers"),
    ("mlp.0", "fc1"),
    ("mlp.2", "fc2"),
    ("mlp_ln", "final_layer_norm"),
    ("cross_attn_ln", "encoder_attn_layer_norm"),
    ("attn_ln", "self_attn_layer_norm"),
    ("cross_attn.", "encoder_attn."),
    (".attn.", ".self_attn."),
    ("attn.query", "attn.q_proj"),
    ("attn.key", "attn.k_proj"),
    ("attn.value", "attn.v_proj"),
    ("attn.out", "attn.out_proj"),
    ("encoder.ln_post", "encoder.layer_norm"),
    ("decoder.ln.", "decoder.layer_norm."),
    ("token_embedding", "embed_tokens"),
    ("positional_embedding", "embed_positions.weight"),
)
END = "<|endoftext|>"


def write(checkpoint: Checkpoint, folder: Path) -> None:
    """A folder for `from_pretrained`, float16."""
    from safetensors.numpy import save_file  # comes with transformers

    tensors = {rename(name): array for name, array in checkpoint.tensors.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    special = [name for name in tokens.SPECIAL_IDS if not name[2].isdigit()]
    files = {
        "config.json": _config(checkpoint.dims),
        "generation_config.json": generation_config(checkpoint.dims),
        "preprocessor_config.json": PREPROCESSOR,
        "tokenizer.json": tokens.tokenizer_json(),
        "tokenizer_config.json": {
            "tokenizer_class": "WhisperTokenizer",
            "processor_class": "WhisperProcessor",
            "model_max_length": 1024,
            "errors": "replace",
            "add_prefix_space": False,
            "additional_special_tokens": special,
            **dict.fromkeys(("bos_token", "eos_token", "unk_token", "pad_token"), END),
        },
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def rename(name: str) -> str:
    """openai-whisper's name of a tensor -> transformers' name.

    >>> rename("decoder.blocks.0.cross_attn_ln.weight")
    'model.decoder.layers.0.encoder_attn_layer_norm.weight'
    """
    for old, new in RENAMED:
        name = name.replace(old, new)
    return f"model.{name}"


PREPROCESSOR = {
    "feature_extractor_type": "WhisperFeatureExtractor",
    "processor_class": "WhisperProcessor",
    "feature_size": 80,
    "sampling_rate": 16_000,
    "hop_length": 160,
    "n_fft": 400,
    "chunk_length": 30,
    "padding_side": "right",
    "padding_value": 0.0,
    "return_attention_mask": False,
}


def _config(dims: Dims) -> dict[str, Any]:
    return {
        "architectures": ["WhisperForConditionalGeneration"],
        "model_type": "whisper",
        "dtype": "float16",
        "vocab_size": dims.n_vocab,
        "num_mel_bins": dims.n_mels,
        "d_model": dims.n_audio_state,
        "encoder_layers": dims.n_audio_layer,
        "encoder_attention_heads": dims.n_audio_head,
        "encoder_ffn_dim": 4 * dims.n_audio_state,
        "decoder_layers": dims.n_text_layer,
        "decoder_attention_heads": dims.n_text_head,
        "decoder_ffn_dim": 4 * dims.n_text_state,
        "max_source_positions": dims.n_audio_ctx,
        "max_target_positions": dims.n_text_ctx,
        "decoder_start_token_id": tokens.SPECIAL_IDS["<|startoftranscript|>"],
        **dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), tokens.SPECIAL_IDS[END]),
    }


def generation_config(dims: Dims) -> dict[str, Any]:
    """How to decode. Two entries differ from what openai/whisper-tiny has on the hub, because both cost words here.

    `task` is set: without it, and with no `task=` in the call, transformers leaves <|transcribe|> out of the prompt,
    which this model never saw. `begin_suppress_tokens` does not forbid <|endoftext|>: silence must give no text.
    """
    ids = tokens.SPECIAL_IDS
    return {
        "is_multilingual": True,
        "task": "transcribe",
        "return_timestamps": False,
        "max_length": dims.n_text_ctx,
        "max_initial_timestamp_index": 50,
        "decoder_start_token_id": ids["<|startoftranscript|>"],
        "no_timestamps_token_id": ids["<|notimestamps|>"],
        "prev_sot_token_id": ids["<|startofprev|>"],
        **dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), ids[END]),
        "lang_to_id": {f"<|{code}|>": ids[f"<|{code}|>"] for code in tokens.LANGUAGES},
        "task_to_id": {task: ids[f"<|{task}|>"] for task in ("transcribe", "translate")},
        "suppress_tokens": tokens.suppressed(),
        "begin_suppress_tokens": tokens.encode(" "),
        "alignment_heads": dims.alignment_heads,
    }
