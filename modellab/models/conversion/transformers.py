"""Hugging Face transformers: a folder with config.json, the tensors and the tokenizer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from modellab.errors import WeightsError
from modellab.models.conversion.alignment_heads import told
from modellab.models.conversion.checkpoint import Whisper, decoding, gather, need
from modellab.models.conversion.openai import as_array, load, vocabulary
from modellab.models.embedded.compact import Array, Dims
from modellab.models.embedded.formats.transformers import rename
from modellab.models.embedded.vocabulary import Vocabulary, of_spelled

SAFETENSORS, TORCH = "model.safetensors", "pytorch_model.bin"
CONFIG = {
    "n_mels": "num_mel_bins",
    "n_audio_ctx": "max_source_positions",
    "n_audio_state": "d_model",
    "n_audio_head": "encoder_attention_heads",
    "n_audio_layer": "encoder_layers",
    "n_vocab": "vocab_size",
    "n_text_ctx": "max_target_positions",
    "n_text_state": "d_model",
    "n_text_head": "decoder_attention_heads",
    "n_text_layer": "decoder_layers",
}
ONLY = {"activation_function": "gelu", "scale_embedding": False}  # other engines have no choice here


def read(folder: Path) -> Whisper:
    """Raises WeightsError for another architecture, an adapter without its model, and a damaged file."""
    config = told(folder / "config.json")
    for key, expected in ONLY.items():
        if config.get(key, expected) != expected:
            raise WeightsError(f"{folder}: config.json has {key} {config[key]!r}, the other engines know {expected!r}")
    try:
        dims = Dims(**{name: int(config[key]) for name, key in CONFIG.items()})
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{folder}: config.json tells no {error}, expected the sizes of a Whisper") from None
    tensors = _tensors(folder)
    prefix = "" if "model.decoder.embed_tokens.weight" in tensors else "model."  # saved without the head
    checkpoint = gather(dims, lambda name: as_array(tensors[rename(name).removeprefix(prefix)]), folder)
    _check_head(checkpoint.tensors["decoder.token_embedding.weight"], tensors, folder)
    tokenizer = folder / "tokenizer.json"
    text = tokenizer.read_text(encoding="utf-8") if tokenizer.is_file() else ""
    names = {"suppress_tokens": "suppress_ids", "begin_suppress_tokens": "suppress_ids_begin"}
    decoded = {names.get(key, key): value for key, value in told(folder / "generation_config.json").items()}
    return Whisper(checkpoint, decoding(dims, _vocabulary(folder, text, dims.n_vocab), decoded, folder, text))


def _tensors(folder: Path) -> Mapping[str, Any]:
    """Every tensor by the library's name, from one file or several."""
    for name in (SAFETENSORS, TORCH):
        parts = told(folder / f"{name}.index.json").get("weight_map", {})
        files = sorted(set(parts.values())) if parts else [name]
        if (folder / files[0]).is_file():
            return {key: tensor for file in files for key, tensor in _file(folder / file).items()}
    if (folder / "adapter_config.json").is_file():
        raise WeightsError(f"{folder} holds an adapter (LoRA) and not its model: merge it first (merge_and_unload)")
    raise WeightsError(f"{folder} has neither {SAFETENSORS} nor {TORCH}, expected one of them")


def _file(path: Path) -> Mapping[str, Any]:
    if path.suffix != ".safetensors":
        return dict(load(path))
    need("torch", "transformers", f"reading {path.name}")
    need("safetensors", "transformers", f"reading {path.name}")
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} cannot be read: {error}") from error


def _check_head(embedding: Array, tensors: Mapping[str, Any], folder: Path) -> None:
    """The output matrix is the embedding in every other engine."""
    if "proj_out.weight" in tensors and not np.array_equal(as_array(tensors["proj_out.weight"]), embedding):
        raise WeightsError(f"{folder}: proj_out.weight is not the embedding, as it is in Whisper: no engine can tell")


def _vocabulary(folder: Path, tokenizer: str, n_vocab: int) -> Vocabulary:
    if tokenizer:
        return of_spelled(json.loads(tokenizer)["model"]["vocab"], n_vocab)
    if spelled := told(folder / "vocab.json"):
        return of_spelled(spelled, n_vocab)
    return vocabulary(n_vocab)
