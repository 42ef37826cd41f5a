"""CTranslate2 (faster-whisper): model.bin through CTranslate2's own WhisperSpec, and the tokenizer.

Tensors are stored as they come, whisper-lab in float16; the `compute_type` asked for at load time converts them (int8
by rows, as the converter would).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from modellab.models.embedded.compact import Array, Checkpoint
from modellab.models.embedded.formats.decoding import Decoding
from modellab.models.embedded.formats.transformers import preprocessor, tokenizer_text

Tensors = Mapping[str, Array]


def write(checkpoint: Checkpoint, folder: Path, decoding: Decoding) -> None:
    """A folder for `faster_whisper.WhisperModel`."""
    spec = _spec(checkpoint, decoding)
    spec.validate()
    spec.optimize()
    spec.save(str(folder))
    extractor = json.dumps(preprocessor(checkpoint.dims.n_mels), ensure_ascii=False)
    for name, text in {"tokenizer.json": tokenizer_text(decoding), "preprocessor_config.json": extractor}.items():
        (folder / name).write_text(text, encoding="utf-8")


def _spec(checkpoint: Checkpoint, decoding: Decoding) -> Any:
    from ctranslate2.specs.whisper_spec import WhisperSpec  # comes with faster-whisper

    dims, tensors = checkpoint.dims, checkpoint.tensors
    spec = WhisperSpec(dims.n_audio_layer, dims.n_audio_head, dims.n_text_layer, dims.n_text_head)
    for conv, name in ((spec.encoder.conv1, "encoder.conv1"), (spec.encoder.conv2, "encoder.conv2")):
        _linear(conv, tensors, name)
    spec.encoder.position_encodings.encodings = tensors["encoder.positional_embedding"]
    spec.decoder.position_encodings.encodings = tensors["decoder.positional_embedding"]
    spec.decoder.embeddings.weight = tensors["decoder.token_embedding.weight"]
    spec.decoder.projection.weight = tensors["decoder.token_embedding.weight"]
    _norm(spec.encoder.layer_norm, tensors, "encoder.ln_post")
    _norm(spec.decoder.layer_norm, tensors, "decoder.ln")
    for side in ("encoder", "decoder"):
        for i, layer in enumerate(getattr(spec, side).layer):
            _layer(layer, tensors, f"{side}.blocks.{i}")
    vocabulary, ids = decoding.vocabulary, decoding.vocabulary.special_ids
    spec.config.suppress_ids = list(decoding.suppress_ids)
    spec.config.suppress_ids_begin = list(decoding.suppress_ids_begin)
    spec.config.lang_ids = [ids[f"<|{code}|>"] for code in vocabulary.languages]
    spec.config.alignment_heads = [list(pair) for pair in decoding.alignment_heads]
    spec.register_vocabulary([*vocabulary.spelled, *ids])
    return spec


def _layer(layer: Any, tensors: Tensors, block: str) -> None:
    attention = layer.self_attention
    _fused(attention.linear[0], tensors, f"{block}.attn", "query", "key", "value")
    _linear(attention.linear[1], tensors, f"{block}.attn.out")
    _norm(attention.layer_norm, tensors, f"{block}.attn_ln")
    if f"{block}.cross_attn_ln.weight" in tensors:
        _linear(layer.attention.linear[0], tensors, f"{block}.cross_attn.query")
        _fused(layer.attention.linear[1], tensors, f"{block}.cross_attn", "key", "value")
        _linear(layer.attention.linear[2], tensors, f"{block}.cross_attn.out")
        _norm(layer.attention.layer_norm, tensors, f"{block}.cross_attn_ln")
    _linear(layer.ffn.linear_0, tensors, f"{block}.mlp.0")
    _linear(layer.ffn.linear_1, tensors, f"{block}.mlp.2")
    _norm(layer.ffn.layer_norm, tensors, f"{block}.mlp_ln")


def _linear(spec: Any, tensors: Tensors, name: str) -> None:
    spec.weight, spec.bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]


def _fused(spec: Any, tensors: Tensors, name: str, *parts: str) -> None:
    """Several projections as one matrix; Whisper's `key` has no bias, so it gets zeros."""
    weights = [tensors[f"{name}.{part}.weight"] for part in parts]
    spec.weight = np.concatenate(weights)
    spec.bias = np.concatenate(
        [
            tensors.get(f"{name}.{part}.bias", np.zeros(len(weight), weight.dtype))
            for part, weight in zip(parts, weights, strict=True)
        ]
    )


def _norm(spec: Any, tensors: Tensors, name: str) -> None:
    spec.gamma, spec.beta = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
