"""More general models that can hear, too: Nemotron's two, Inkling, Muse Spark and dots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import transformers as hf

from tests.models.checkpoints.chat import chat_template
from tests.models.checkpoints.common import BASE, MEL, TEXT, fast, maker
from tests.models.checkpoints.omni import ENDS, numbers

NEMOTRON_H = {
    "model_type": "nemotron_h",
    **TEXT,
    "hybrid_override_pattern": "M*E",
    "mamba_num_heads": 4,
    "mamba_head_dim": 16,
    "n_groups": 1,
    "ssm_state_size": 16,
    "moe_intermediate_size": 16,
    "moe_shared_expert_intermediate_size": 16,
    "n_routed_experts": 2,
    "num_experts_per_tok": 1,
    **ENDS,
}


@maker("nemo_speechlm")
def nemotron_transcribe(folder: Path) -> tuple[Any, Any]:
    tokens = fast("<|audio|>")
    layers = {**BASE, "num_mel_bins": 128}
    config = hf.Nemotron3_5TranscribeConfig(
        audio_config={
            "asr_config": layers,
            "diarization_config": {
                "model_type": "nemotron3_diarization",
                "audio_config": layers,
                "head_config": {"hidden_size": 16, "audio_hidden_size": 32},
            },
        },
        text_config=NEMOTRON_H | {"vocab_size": len(tokens)},
        word_timestamp_config={**BASE, "vocab_size": 9, "blank_token_id": 8},
        audio_token_id=tokens.convert_tokens_to_ids("<|audio|>"),
    )
    processor = hf.Nemotron3_5TranscribeProcessor(
        hf.NemotronAsrStreamingFeatureExtractor(feature_size=128), tokens, fast(), **chat_template("<|audio|>")
    )
    return hf.Nemotron3_5TranscribeForConditionalGeneration(config), processor


@maker("inkling_mm_model")
def inkling(folder: Path) -> tuple[Any, Any]:
    special = {
        "image_token": "<|unused_200054|>",
        "audio_token": "<|unused_200053|>",
        "image_bos_token": "<|content_image|>",
        "audio_bos_token": "<|content_audio_input|>",
    }
    tokens = fast(*special.values(), extra_special_tokens=special)
    config = hf.InklingConfig(
        text_config={
            **TEXT,
            "vocab_size": len(tokens),
            "swa_num_attention_heads": 2,
            "swa_num_key_value_heads": 1,
            "swa_head_dim": 16,
            "d_rel": 4,
            "rel_extent": 64,
            "moe_intermediate_size": 16,
            "n_routed_experts": 2,
            "num_experts_per_tok": 1,
            "n_shared_experts": 1,
            **ENDS,
        },
        audio_config={"mel_vocab_size": 16},
        vision_config={"patch_size": 4, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2},
        **numbers(tokens, **{f"{key}_id": token for key, token in special.items()}),
    )
    processor = hf.InklingProcessor(
        hf.InklingFeatureExtractor(), hf.InklingImageProcessor(), tokens, **chat_template(special["audio_token"])
    )
    return hf.InklingForConditionalGeneration(config), processor


@maker("muse_spark")
def muse_spark(folder: Path) -> tuple[Any, Any]:
    special = {
        "image_token": "<|patch|>",
        "image_start_token": "<|image_start|>",
        "image_end_token": "<|image_end|>",
        "video_token": "<|video|>",
        "video_sep_token": "<|vid_frame_separator|>",
        "video_start_token": "<|vid_start|>",
        "video_end_token": "<|vid_end|>",
        "audio_token": "<|audio|>",
        "audio_start_token": "<|soft_audio_start|>",
        "audio_end_token": "<|soft_audio_end|>",
    }
    tokens = fast(*special.values(), extra_special_tokens=special)
    config = hf.MuseSparkConfig(
        text_config={
            **TEXT,
            "vocab_size": len(tokens),
            "moe_intermediate_size": 16,
            "moe_hidden_size": 16,
            "num_local_experts": 2,
            "num_experts_per_tok": 1,
            **ENDS,
        },
        vision_config={**BASE, "max_position_embeddings": 16, "pos_emb_height": 4, "pos_emb_width": 4},
        audio_config={"hidden_sizes": [8, 8, 8, 8], "depths": [1, 1, 1, 1], "out_hidden_size": 32},
        out_hidden_size=32,
        projector_hidden_size=32,
        **numbers(tokens, **{f"{key}_id": special[key] for key in ("image_token", "audio_token", "video_token")}),
    )
    processor = hf.MuseSparkProcessor(
        hf.MuseGlimmerImageProcessor(),
        hf.MuseGlimmerVideoProcessor(),
        tokens,
        hf.MuseSparkFeatureExtractor(),
        **chat_template(special["audio_token"]),
    )
    return hf.MuseSparkForConditionalGeneration(config), processor


@maker("nemotron_h_omni")
def nemotron_omni(folder: Path) -> tuple[Any, Any]:
    special = {
        "image_token": "<image>",
        "video_token": "<video>",
        "audio_token": "<so_embedding>",
        "audio_start_token": "<so_start>",
        "audio_end_token": "<so_end>",
        "image_start_token": "<img>",
        "image_end_token": "</img>",
    }
    tokens = fast(*special.values(), extra_special_tokens=special)
    config = hf.NemotronH_Omni_Reasoning_V3_Config(
        text_config=NEMOTRON_H | {"vocab_size": len(tokens)},
        vision_config={
            **BASE,
            "model_type": "radio",
            "video_temporal_patch_size": 2,
        },
        audio_config={**MEL, "num_mel_bins": 128, "projection_hidden_size": 32, "projection_bias": False},
        projector_hidden_size=32,
        vision_hidden_size=32,
        **numbers(tokens, **{f"{key}_id": special[key] for key in ("image_token", "audio_token", "video_token")}),
    )
    processor = hf.NemotronH_Omni_Reasoning_V3Processor(
        hf.NemotronH_Omni_Reasoning_V3ImageProcessor(),
        hf.NemotronH_Omni_Reasoning_V3VideoProcessor(),
        tokens,
        hf.ParakeetFeatureExtractor(feature_size=128),
        **chat_template(special["audio_token"]),
    )
    return hf.NemotronH_Omni_Reasoning_V3(config), processor


@maker("dots3_note")
def dots(folder: Path) -> tuple[Any, Any]:
    tokens = fast("<|imgpad|>", "<|video_pad|>", "<|audio_comp_pad|>")
    small = {
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "q_lora_rank": 8,
        "kv_lora_rank": 8,
        "head_dim": 16,
        "qk_nope_head_dim": 8,
        "qk_rope_head_dim": 8,
        "v_head_dim": 8,
    }
    config = hf.Dots3NoteConfig(
        text_config={
            **TEXT,
            **small,
            **{f"swa_{key}": value for key, value in small.items()},
            "vocab_size": len(tokens),
            "moe_intermediate_size": 16,
            "moe_shared_expert_intermediate_size": 16,
            "n_routed_experts": 2,
            "num_experts_per_tok": 1,
            "index_topk": 8,
            "index_head_dim": 16,
            "index_n_heads": 2,
            **ENDS,
        },
        audio_config={**BASE, "downsample_hidden_size": 8, "adapter_input_size": 32, "adapter_out_dim": 32},
        vision_config={**BASE, "mlp_layer_types": ["dense"], "adapter_in_dim": 32, "adapter_out_dim": 32},
        **numbers(
            tokens, image_token_id="<|imgpad|>", video_token_id="<|video_pad|>", audio_token_id="<|audio_comp_pad|>"
        ),
    )
    processor = hf.Dots3NoteProcessor(
        hf.Qwen2VLImageProcessor(),
        tokens,
        hf.Qwen2VLVideoProcessor(),
        hf.Dots3NoteFeatureExtractor(),
        **chat_template("<|audio_comp_pad|>"),
    )
    return hf.Dots3NoteForConditionalGeneration(config), processor
