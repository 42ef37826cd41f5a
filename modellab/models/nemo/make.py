"""Make tiny checkpoints of NeMo's own classes, with weights by chance: they run as the real ones do, on nonsense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from nemo.collections.asr import models
from omegaconf import OmegaConf

LETTERS = [" ", *"abcdefghijklmnopqrstuvwxyz'"]
WIDTH, DIARIZER_WIDTH, SEED = 32, 16, 0
MODULES = "nemo.collections.asr.modules"
PREPROCESSOR = {
    "_target_": f"{MODULES}.AudioToMelSpectrogramPreprocessor",
    "sample_rate": 16_000, "normalize": "per_feature", "window_size": 0.025, "window_stride": 0.01, "window": "hann",
    "features": 80, "n_fft": 512, "frame_splicing": 1, "dither": 0.0, "pad_to": 0,
}  # fmt: skip
ENCODER = {
    "_target_": f"{MODULES}.ConformerEncoder",
    "feat_in": 80, "feat_out": -1, "n_layers": 1, "d_model": WIDTH, "n_heads": 2, "conv_kernel_size": 9,
    "subsampling": "dw_striding", "subsampling_factor": 8, "subsampling_conv_channels": 16, "ff_expansion_factor": 2,
    "self_attention_model": "rel_pos", "dropout": 0.0, "dropout_emb": 0.0, "dropout_att": 0.0,
    "dropout_pre_encoder": 0.0,
}  # fmt: skip
RECOGNISER = {
    "sample_rate": 16_000, "labels": LETTERS, "preprocessor": PREPROCESSOR, "encoder": ENCODER,
    "decoder": {
        "_target_": f"{MODULES}.ConvASRDecoder",
        "feat_in": WIDTH, "num_classes": len(LETTERS), "vocabulary": LETTERS,
    },
    "optim": {"name": "adamw", "lr": 1e-3},
}  # fmt: skip
DIARIZER = {
    "sample_rate": 16_000, "max_num_of_spks": 4, "session_len_sec": 90, "streaming_mode": False, "spec_augment": None,
    "preprocessor": PREPROCESSOR, "encoder": ENCODER,
    "model_defaults": {"fc_d_model": WIDTH, "tf_d_model": DIARIZER_WIDTH},
    "sortformer_modules": {
        "_target_": f"{MODULES}.sortformer_modules.SortformerModules",
        "num_spks": 4, "dropout_rate": 0.0, "fc_d_model": WIDTH, "tf_d_model": DIARIZER_WIDTH,
    },
    "transformer_encoder": {
        "_target_": f"{MODULES}.transformer.transformer_encoders.TransformerEncoder",
        "num_layers": 1, "hidden_size": DIARIZER_WIDTH, "inner_size": 32, "num_attention_heads": 2,
        "attn_score_dropout": 0.0, "attn_layer_dropout": 0.0, "ffn_dropout": 0.0, "hidden_act": "relu",
        "pre_ln": False, "pre_ln_final_layer_norm": True,
    },
    "loss": {"_target_": "nemo.collections.asr.losses.bce_loss.BCELoss", "weight": None, "reduction": "mean"},
    "pil_weight": 0.5, "ats_weight": 0.5, "optim": {"name": "adamw", "lr": 1e-3},
}  # fmt: skip


def make(name: str, folder: Path) -> None:
    """Write NAME.nemo: a recogniser, or with `diarizer` in its name one that tells speakers apart."""
    torch.manual_seed(SEED)
    of_speakers = "diarizer" in name
    kind = models.SortformerEncLabelModel if of_speakers else models.EncDecCTCModel
    model: Any = kind(cfg=OmegaConf.create(DIARIZER if of_speakers else RECOGNISER))
    model.eval().save_to(str(folder / f"{name}.nemo"))
