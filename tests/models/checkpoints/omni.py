"""General models that can hear, too: beside sound they take pictures, which nobody shows them here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers as hf

from tests.models.checkpoints.chat import AUDIO, chat_template
from tests.models.checkpoints.common import BASE, TEXT, fast, maker

ENDS: dict[str, Any] = {"eos_token_id": 2, "pad_token_id": 3, "bos_token_id": 1}

GEMMA_TOKENS = {
    "image_token": "<image_soft_token>",
    "audio_token": "<audio_soft_token>",
    "video_token": "<|video|>",
    "boi_token": "<start_of_image>",
    "eoi_token": "<end_of_image>",
    "boa_token": "<start_of_audio>",
    "eoa_token": "<end_of_audio>",
}
OMNI_TOKENS = {
    "image_token": "<|IMAGE|>",
    "audio_token": "<|AUDIO|>",
    "video_token": "<|VIDEO|>",
    "vision_bos_token": "<|vision_bos|>",
    "vision_eos_token": "<|vision_eos|>",
    "audio_bos_token": "<|audio_bos|>",
    "audio_eos_token": "<|audio_eos|>",
}
OMNI = {
    "qwen2_5_omni": hf.Qwen2_5OmniForConditionalGeneration,
    "qwen2_5_omni_thinker": hf.Qwen2_5OmniThinkerForConditionalGeneration,
    "qwen3_omni_moe": hf.Qwen3OmniMoeForConditionalGeneration,
    "qwen3_omni_moe_thinker": hf.Qwen3OmniMoeThinkerForConditionalGeneration,
}


def numbers(tokens: Any, **named: str) -> dict[str, int]:
    """The numbers of some tokens, under the names that a config has for them."""
    return {name: tokens.convert_tokens_to_ids(token) for name, token in named.items()}


@maker("gemma3n")
def gemma3n(folder: Path) -> tuple[Any, Any]:
    tokens, ids, text = _gemma()
    config = hf.Gemma3nConfig(
        text_config=text | {"laurel_rank": 4, "altup_num_inputs": 2},
        audio_config={
            "vocab_size": 8,
            "vocab_offset": len(tokens) - 8,
            "hidden_size": 32,
            "conf_num_attention_heads": 2,
            "conf_num_hidden_layers": 1,
            "sscp_conv_channel_size": [8, 4],
        },
        vision_config={
            "architecture": "test_resnet",
            "hidden_size": 16,
            "vocab_size": 8,
            "vocab_offset": len(tokens) - 16,
        },
        **ids,
    )
    parts = hf.Gemma3nAudioFeatureExtractor(), hf.SiglipImageProcessor(), tokens
    processor = hf.Gemma3nProcessor(*parts, **chat_template(GEMMA_TOKENS["audio_token"]))
    return hf.Gemma3nForConditionalGeneration(config), processor


@maker("gemma4")
def gemma4(folder: Path) -> tuple[Any, Any]:
    tokens, ids, text = _gemma()
    audio = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "subsampling_conv_channels": [128, 4]}
    config = hf.Gemma4Config(text_config=text, audio_config=audio, vision_config=None, **ids)
    parts = hf.Gemma4AudioFeatureExtractor(), hf.Gemma4ImageProcessor(), tokens, hf.Gemma4VideoProcessor()
    processor = hf.Gemma4Processor(*parts, **chat_template(GEMMA_TOKENS["audio_token"]))
    return hf.Gemma4ForConditionalGeneration(config), processor


@maker("gemma4_unified")
def gemma4_unified(folder: Path) -> tuple[Any, Any]:
    tokens, ids, text = _gemma()
    config = hf.Gemma4UnifiedConfig(text_config=text, audio_config={}, vision_config=None, **ids)
    sees = hf.Gemma4UnifiedImageProcessor(), hf.Gemma4UnifiedVideoProcessor()
    parts = hf.Gemma4UnifiedAudioFeatureExtractor(), sees[0], tokens, sees[1]
    processor = hf.Gemma4UnifiedProcessor(*parts, **chat_template(GEMMA_TOKENS["audio_token"]))
    return hf.Gemma4UnifiedForConditionalGeneration(config), processor


def _gemma() -> tuple[Any, dict[str, int], dict[str, Any]]:
    """What Gemma's three have alike: tokens, the numbers of those with a meaning, and the part that writes."""
    tokens = fast(*GEMMA_TOKENS.values(), extra_special_tokens=GEMMA_TOKENS)
    ids = numbers(tokens, **{f"{key}_id": token for key, token in GEMMA_TOKENS.items()})
    text = {
        **TEXT,
        "vocab_size": len(tokens),
        "vocab_size_per_layer_input": len(tokens),
        "hidden_size_per_layer_input": 8,
        "layer_types": ["full_attention"],
        "num_kv_shared_layers": 0,
        **ENDS,
    }
    return tokens, ids, text


@maker("qwen2_5_omni", "qwen2_5_omni_thinker", "qwen3_omni_moe", "qwen3_omni_moe_thinker")
def qwen_omni(folder: Path, name: str) -> tuple[Any, Any]:
    tokens = fast(*OMNI_TOKENS.values(), extra_special_tokens=OMNI_TOKENS)
    ids = numbers(tokens, **{f"{key}_id": OMNI_TOKENS[key] for key in ("image_token", "audio_token", "video_token")})
    starts = numbers(
        tokens, audio_start_token_id="<|audio_bos|>", vision_start_token_id="<|vision_bos|>", user_token_id="a"
    )
    is_new = name.startswith("qwen3")
    text = {
        **TEXT,
        "vocab_size": len(tokens),
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 2, 2]},
        **ENDS,
    }
    sight: dict[str, Any] = {"depth": 1, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2}
    sight["out_hidden_size"] = 32
    audio = {**AUDIO, "output_dim": 32}
    if is_new:
        text |= {"moe_intermediate_size": 16, "num_experts": 2, "num_experts_per_tok": 1}
        sight |= {"num_position_embeddings": 16, "deepstack_visual_indexes": [0]}
        audio |= {"downsample_hidden_size": 8}
    thinker = {
        "text_config": text,
        "vision_config": sight,
        "audio_config": audio,
        **ids,
        **starts,
    }
    parts = hf.Qwen2VLImageProcessor(), hf.Qwen2VLVideoProcessor(), hf.WhisperFeatureExtractor(128), tokens
    processor = hf.Qwen3OmniMoeProcessor if is_new else hf.Qwen2_5OmniProcessor
    made = processor(*parts, **chat_template("<|audio_bos|><|AUDIO|><|audio_eos|>"))
    if name.endswith("thinker"):
        return OMNI[name](hf.CONFIG_MAPPING[name](**thinker)), made
    torch.save({}, folder / "spk_dict.pt")  # of Qwen2.5's voices, which nobody asks it for
    return OMNI[name](hf.CONFIG_MAPPING[name](thinker_config=thinker, enable_audio_output=False)), made


@maker("phi4_multimodal")
def phi4(folder: Path) -> tuple[Any, Any]:
    special = {"image_token": "<|endoftext10|>", "audio_token": "<|endoftext11|>"}
    tokens = fast(*special.values(), extra_special_tokens=special)
    ids = numbers(tokens, **{f"{key}_id": token for key, token in special.items()})
    config = hf.Phi4MultimodalConfig(
        **{**TEXT, "num_key_value_heads": 2},
        vocab_size=len(tokens),
        audio_config={
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_blocks": 2,
            "num_attention_heads": 2,
            "ext_pw_out_channel": 32,
            "depthwise_separable_out_channel": 32,
            "nemo_conv_channels": 8,
            "audio_token_id": ids["audio_token_id"],
        },
        vision_config={
            **BASE,
            "num_hidden_layers": 2,
            "image_size": 28,
            "crop_size": 28,
            "image_token_id": ids["image_token_id"],
        },
        **ENDS,
    )
    processor = hf.Phi4MultimodalProcessor(
        hf.Phi4MultimodalImageProcessor(), hf.Phi4MultimodalFeatureExtractor(), tokens
    )
    return hf.Phi4MultimodalForCausalLM(config), processor
