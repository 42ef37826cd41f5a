"""Hugging Face transformers: model.safetensors, the configuration files and the tokenizer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modellab.models.embedded.compact import Checkpoint, Dims
from modellab.models.embedded.formats.decoding import Decoding
from modellab.models.embedded.vocabulary import END

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


def write(checkpoint: Checkpoint, folder: Path, decoding: Decoding) -> None:
    """A folder for `from_pretrained`, its tensors as they are."""
    from safetensors.numpy import save_file  # comes with transformers

    tensors = {rename(name): array for name, array in checkpoint.tensors.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    ids = decoding.vocabulary.special_ids
    dtype = str(next(iter(tensors.values())).dtype)
    files = {
        "config.json": _config(checkpoint.dims, ids) | {"dtype": dtype},
        "generation_config.json": generation_config(checkpoint.dims, decoding),
        "preprocessor_config.json": preprocessor(checkpoint.dims.n_mels),
        "tokenizer_config.json": {
            "tokenizer_class": "WhisperTokenizer",
            "processor_class": "WhisperProcessor",
            "model_max_length": 1024,
            "errors": "replace",
            "add_prefix_space": False,
            "additional_special_tokens": [name for name in ids if not name[2].isdigit()],
            **dict.fromkeys(("bos_token", "eos_token", "unk_token", "pad_token"), END),
        },
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    (folder / "tokenizer.json").write_text(tokenizer_text(decoding), encoding="utf-8")


def tokenizer_text(decoding: Decoding) -> str:
    """The text of tokenizer.json: the checkpoint's own, or one that splits text as openai-whisper does."""
    return decoding.tokenizer_json or json.dumps(decoding.vocabulary.tokenizer_json(), ensure_ascii=False)


def rename(name: str) -> str:
    """openai-whisper's name of a tensor -> transformers' name.

    >>> rename("decoder.blocks.0.cross_attn_ln.weight")
    'model.decoder.layers.0.encoder_attn_layer_norm.weight'
    """
    for old, new in RENAMED:
        name = name.replace(old, new)
    return f"model.{name}"


def preprocessor(n_mels: int) -> dict[str, Any]:
    """The content of preprocessor_config.json: how audio becomes a mel spectrogram."""
    return {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "processor_class": "WhisperProcessor",
        "feature_size": n_mels,
        "sampling_rate": 16_000,
        "hop_length": 160,
        "n_fft": 400,
        "chunk_length": 30,
        "padding_side": "right",
        "padding_value": 0.0,
        "return_attention_mask": False,
    }


def _config(dims: Dims, ids: Mapping[str, int]) -> dict[str, Any]:
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
        "decoder_start_token_id": ids["<|startoftranscript|>"],
        **dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), ids[END]),
    }


def generation_config(dims: Dims, decoding: Decoding) -> dict[str, Any]:
    """How to decode. An English-only checkpoint has no languages and no tasks: the library refuses both there.

    `task` is set: without it, and with no `task=` in the call, transformers leaves <|transcribe|> out of the prompt,
    which whisper-lab never saw.
    """
    ids, languages = decoding.vocabulary.special_ids, decoding.vocabulary.languages
    multilingual = decoding.vocabulary.is_multilingual
    several = {
        "lang_to_id": {f"<|{code}|>": ids[f"<|{code}|>"] for code in languages},
        "task_to_id": {task: ids[f"<|{task}|>"] for task in ("transcribe", "translate")},
    }
    return {
        "is_multilingual": multilingual,
        **({"task": "transcribe"} if multilingual else {}),
        "return_timestamps": False,
        "max_length": dims.n_text_ctx,
        "max_initial_timestamp_index": 50,
        "decoder_start_token_id": ids["<|startoftranscript|>"],
        "no_timestamps_token_id": ids["<|notimestamps|>"],
        "prev_sot_token_id": ids["<|startofprev|>"],
        **dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), ids[END]),
        **(several if multilingual else {}),
        "suppress_tokens": list(decoding.suppress_ids),
        "begin_suppress_tokens": list(decoding.suppress_ids_begin),
        "alignment_heads": [list(pair) for pair in decoding.alignment_heads],
    }
