"""Language models that hear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import transformers as hf

from tests.models.checkpoints.common import BASE, TEXT, fast, maker

LISTED = (
    "{% for message in messages %}{{ message['role'] }}: {% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}{% if part['type'] == 'audio' %}SOUND"
    "{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %} {% endfor %}"
)
AUDIO = {"encoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 32, "d_model": 32}


def chat_template(sound: str) -> dict[str, str]:
    """A chat template in which a token stands for the sound."""
    return {"chat_template": LISTED.replace("SOUND", sound)}


@maker("qwen3_asr")
def qwen3_asr(folder: Path) -> tuple[Any, Any]:
    tokens = fast(
        "<|audio_pad|>",
        "<|audio_start|>",
        "<|audio_end|>",
        "<asr_text>",
        "<timestamp>",
        extra_special_tokens={
            "audio_token": "<|audio_pad|>",
            "audio_bos_token": "<|audio_start|>",
            "audio_eos_token": "<|audio_end|>",
        },
    )
    sound = tokens.convert_tokens_to_ids("<|audio_pad|>")
    audio = {**AUDIO, "output_dim": 32, "downsample_hidden_size": 8, "num_mel_bins": 128}
    config = hf.Qwen3ASRConfig(
        tie_word_embeddings=False,
        audio_config=audio,
        text_config={**TEXT, "vocab_size": len(tokens)},
        audio_token_id=sound,
        pad_token_id=3,
        eos_token_id=2,
        timestamp_token_id=0,
    )
    processor = hf.Qwen3ASRProcessor(
        hf.Qwen3ASRFeatureExtractor(), tokens, **chat_template("<|audio_start|><|audio_pad|><|audio_end|>")
    )
    return hf.Qwen3ASRForConditionalGeneration(config), processor


@maker("glmasr")
def glmasr(folder: Path) -> tuple[Any, Any]:
    tokens = fast("<|pad|>")
    config = hf.GlmAsrConfig(
        tie_word_embeddings=False,
        audio_config={**BASE, "hidden_size": 32},
        text_config={**TEXT, "vocab_size": len(tokens), "eos_token_id": 2, "pad_token_id": 3, "bos_token_id": 1},
        audio_token_id=tokens.convert_tokens_to_ids("<|pad|>"),
    )
    return hf.GlmAsrForConditionalGeneration(config), hf.GlmAsrProcessor(
        hf.WhisperFeatureExtractor(128), tokens, **chat_template("<|pad|>")
    )


@maker("fun_asr_nano")
def fun_asr_nano(folder: Path) -> tuple[Any, Any]:
    tokens = fast("<|object_ref_start|>")
    config = hf.FunAsrNanoConfig(
        tie_word_embeddings=False,
        audio_config={**BASE, "num_mel_bins": 80, "num_timestamp_prediction_layers": 1, "fsmn_kernel_size": 3},
        adaptor_config={**BASE, "intermediate_size": 8, "projector_hidden_size": 32},
        text_config={**TEXT, "vocab_size": len(tokens), "eos_token_id": 2, "pad_token_id": 3},
        audio_token_id=tokens.convert_tokens_to_ids("<|object_ref_start|>"),
    )
    return hf.FunAsrNanoForConditionalGeneration(config), hf.FunAsrNanoProcessor(
        hf.FunAsrNanoFeatureExtractor(), tokens, **chat_template("<|object_ref_start|>")
    )


@maker("granite_speech", "granite_speech_plus")
def granite_speech(folder: Path, name: str) -> tuple[Any, Any]:
    tokens = fast("<|audio|>")
    encoder = {
        "input_dim": 160,
        "num_layers": 1,
        "hidden_dim": 32,
        "num_heads": 2,
        "dim_head": 16,
        "output_dim": 8,
        "context_size": 20,
        "conv_kernel_size": 3,
    }
    projector = {**BASE, "encoder_hidden_size": 32, "model_type": "blip_2_qformer"}
    config = hf.CONFIG_MAPPING[name](
        encoder_config=encoder,
        projector_config=projector,
        text_config={
            **TEXT,
            "vocab_size": len(tokens),
            "model_type": "granite",
            "eos_token_id": 2,
            "pad_token_id": 3,
            "bos_token_id": 1,
        },
        audio_token_index=tokens.convert_tokens_to_ids("<|audio|>"),
        has_lora_adapter=False,
    )
    cls = {
        "granite_speech": hf.GraniteSpeechForConditionalGeneration,
        "granite_speech_plus": hf.GraniteSpeechPlusForConditionalGeneration,
    }[name]
    return cls(config), hf.GraniteSpeechProcessor(hf.GraniteSpeechFeatureExtractor(), tokens)


@maker("qwen2_audio")
def qwen2_audio(folder: Path) -> tuple[Any, Any]:
    tokens = fast("<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>")
    config = hf.Qwen2AudioConfig(
        audio_config={**AUDIO, "num_mel_bins": 128},
        text_config={**TEXT, "vocab_size": len(tokens), "eos_token_id": 2, "pad_token_id": 3},
        audio_token_index=tokens.convert_tokens_to_ids("<|AUDIO|>"),
    )
    return hf.Qwen2AudioForConditionalGeneration(config), hf.Qwen2AudioProcessor(
        hf.WhisperFeatureExtractor(128), tokens
    )


@maker("moss_transcribe_diarize")
def moss(folder: Path) -> tuple[Any, Any]:
    tokens = fast("<|audio_pad|>", "<|audio_start|>", "<|audio_end|>")
    config = hf.MossTranscribeDiarizeConfig(
        tie_word_embeddings=False,
        audio_config={**BASE, "num_mel_bins": 80},
        text_config={**TEXT, "vocab_size": len(tokens), "eos_token_id": 2, "pad_token_id": 3},
        audio_token_id=tokens.convert_tokens_to_ids("<|audio_pad|>"),
    )
    return hf.MossTranscribeDiarizeForConditionalGeneration(config), hf.MossTranscribeDiarizeProcessor(
        hf.MossTranscribeDiarizeFeatureExtractor(), tokens, **chat_template("<|audio_start|><|audio_pad|><|audio_end|>")
    )


@maker("vibevoice_asr")
def vibevoice(folder: Path) -> tuple[Any, Any]:
    tokens = fast("<|box_start|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|AUDIO_DURATION|>")
    codec = {"num_filters": 4, "depths": [1] * 7, "hidden_size": 8}
    ids = {
        f"audio{kind}_token_id": tokens.convert_tokens_to_ids(token)
        for kind, token in {"": "<|box_start|>", "_bos": "<|object_ref_start|>", "_eos": "<|object_ref_end|>"}.items()
    }
    config = hf.VibeVoiceAsrConfig(
        acoustic_tokenizer_encoder_config=codec,
        semantic_tokenizer_encoder_config=codec,
        text_config={**TEXT, "vocab_size": len(tokens), "eos_token_id": 2, "pad_token_id": 3},
        **ids,
    )
    return hf.VibeVoiceAsrForConditionalGeneration(config), hf.VibeVoiceAsrProcessor(
        hf.VibeVoiceAcousticTokenizerFeatureExtractor(),
        tokens,
        **chat_template("<|object_ref_start|><|box_start|><|object_ref_end|>"),
    )


@maker("kyutai_speech_to_text")
def kyutai(folder: Path) -> tuple[Any, Any]:
    tokens = fast()
    codec = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "intermediate_size": 32,
        "num_filters": 4,
        "codebook_size": 16,
        "codebook_dim": 8,
        "vector_quantization_hidden_dimension": 8,
        "num_quantizers": 4,
        "num_semantic_quantizers": 1,
        "upsample_groups": 32,
        "head_dim": 16,
    }
    config = hf.KyutaiSpeechToTextConfig(
        codebook_vocab_size=17,
        vocab_size=len(tokens),
        **BASE,
        num_key_value_heads=2,
        head_dim=16,
        ffn_dim=32,
        num_codebooks=4,
        audio_bos_token_id=16,
        audio_pad_token_id=len(tokens) + 4 * 17,
        pad_token_id=3,
        bos_token_id=1,
        codec_config=codec,
        sliding_window=50,
    )
    return hf.KyutaiSpeechToTextForConditionalGeneration(config), hf.KyutaiSpeechToTextProcessor(
        hf.KyutaiSpeechToTextFeatureExtractor(), tokens
    )


@maker("audioflamingo3", "musicflamingo")
def flamingo(folder: Path, name: str) -> tuple[Any, Any]:
    tokens = fast("<sound>", "<|sound_bos|>", "<|sound_eos|>")
    config = hf.CONFIG_MAPPING[name](
        audio_config={**BASE, "model_type": "audioflamingo3_encoder"},
        text_config={**TEXT, "model_type": "qwen2", "vocab_size": len(tokens), "eos_token_id": 2, "pad_token_id": 3},
        audio_token_id=tokens.convert_tokens_to_ids("<sound>"),
    )
    template = chat_template("<sound>")
    if name == "audioflamingo3":
        processor: Any = hf.AudioFlamingo3Processor(hf.WhisperFeatureExtractor(128), tokens, **template)
        return hf.AudioFlamingo3ForConditionalGeneration(config), processor
    processor = hf.MusicFlamingoProcessor(hf.WhisperFeatureExtractor(128), tokens, **template)
    return hf.MusicFlamingoForConditionalGeneration(config), processor
