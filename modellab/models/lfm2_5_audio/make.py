"""Makes the tiny checkpoint: the library's own classes, small, with what `teach.py` taught them.

It knows nothing but its lessons (`make_lessons.py`), so its error rates say only that the code path works from audio
to audio.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from liquid_audio import LFM2AudioModel
from liquid_audio.model.conformer.encoder import ConformerEncoderConfig
from liquid_audio.model.lfm2_audio import DepthformerConfig, LFM2AudioConfig
from safetensors.torch import save_file
from transformers import Lfm2Config

from modellab import models
from modellab.models import taught

from . import make_lessons as lessons
from . import make_tokenizer, make_voice

HERE = Path(__file__).parent
MODEL, VOICE = "model.", "voice."  # before the names of their tensors
SEED = 5
CONFIG: dict[str, Any] = {
    "architectures": ["Lfm2AudioForConditionalGeneration"],
    "codebooks": make_voice.CODEBOOKS,
    "tie_audio_embeddings": False,
    "semantic_codebook_factor": 10,
    "codebook_weight": "log",
    "interleaved_n_text": 6,
    "interleaved_n_audio": 12,
    "preprocessor": {
        "sample_rate": 16000,
        "normalize": "per_feature",
        "window_size": 0.025,
        "window_stride": 0.01,
        "window": "hann",
        "features": 128,
        "n_fft": 512,
        "log": True,
        "frame_splicing": 1,
        "dither": 1e-5,
        "pad_to": 0,
        "pad_value": 0.0,
    },
    "encoder": {
        "feat_in": 128,
        "feat_out": -1,
        "n_layers": 1,
        "d_model": 32,
        "subsampling": "dw_striding",
        "subsampling_factor": 8,
        "subsampling_conv_channels": 16,
        "causal_downsampling": False,
        "reduction": None,
        "reduction_position": None,
        "reduction_factor": 1,
        "ff_expansion_factor": 2,
        "self_attention_model": "rel_pos",
        "n_heads": 2,
        "att_context_size": [-1, -1],
        "xscaling": False,
        "untie_biases": True,
        "pos_emb_max_len": 5000,
        "conv_kernel_size": 9,
        "conv_norm_type": "batch_norm",
        "conv_context_size": None,
        "dropout": 0.0,
        "dropout_pre_encoder": 0.0,
        "dropout_emb": 0.0,
        "dropout_att": 0.0,
    },
    "lfm": {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 4096,
        "layer_types": ["conv", "full_attention"],
        "block_auto_adjust_ff_dim": False,
    },
    "depthformer": {"layers": 1, "dim": 64, "tie": True},
}


def make(name: str, folder: Path) -> None:
    """Write checkpoint `tiny`: model, tokenizer and detokenizer."""
    if name != "tiny":
        raise ValueError(f"there is no recipe for {name!r}, only for 'tiny'")
    model, voice, _ = begun(folder)
    taught.restore(model, HERE, name, MODEL)
    taught.restore(voice, HERE, name, VOICE)
    save(model, folder)
    make_voice.save(voice, folder / "audio_detokenizer")


def begun(folder: Path) -> tuple[LFM2AudioModel, Any, dict[str, torch.Tensor]]:
    """Model and detokenizer before anything was taught, and a copy of their exact weights by name.

    Writes the tokenizer and `config.json` into the folder.
    """
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    n_tokens = make_tokenizer.write(folder, _texts(models.config(HERE).options))
    config = {**CONFIG, "lfm": {**CONFIG["lfm"], "vocab_size": n_tokens}}
    (folder / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    parts = {
        "lfm": Lfm2Config(**config["lfm"]),
        "encoder": ConformerEncoderConfig(**config["encoder"]),
        "depthformer": DepthformerConfig(**config["depthformer"]),
    }
    model, voice = LFM2AudioModel(LFM2AudioConfig(**{**config, **parts})).eval(), make_voice.empty()
    exact = taught.begin(model, MODEL) | taught.begin(voice, VOICE)
    return model, voice, exact


def _texts(options: Mapping[str, Any]) -> list[str]:
    """Everything that is written in a lesson."""
    asked = [exchange.asked.text for talk in lessons.dialogues() for exchange in talk]
    systems = [mode["system"] for mode in options.values()]
    return [*lessons.SENTENCES.values(), *asked, *systems, *(f"{role}\n" for role in ("system", "user", "assistant"))]


def save(model: LFM2AudioModel, folder: Path) -> None:
    """The weights, each once: two names of one tensor cannot both be stored."""
    once: dict[int, str] = {}
    for name, weight in model.state_dict().items():
        once.setdefault(weight.data_ptr() if weight.numel() else -len(once), name)
    weights = {name: model.state_dict()[name].contiguous().clone() for name in once.values()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
