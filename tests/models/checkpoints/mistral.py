"""Voxtral's two types, whose requests the package mistral-common writes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import transformers as hf

from tests.models.checkpoints.common import BASE, TEXT, maker

N_SPECIAL, N_BYTES = 40, 256
AUDIO_TOKEN = 24  # the number that Voxtral's processor takes for granted
SOUND = {
    "sampling_rate": 16_000,
    "frame_rate": 12.5,
    "audio_encoding_config": {"num_mel_bins": 128, "hop_length": 160, "window_size": 400},
}
STREAMED = {
    "transcription_format": "streaming",
    "transcription_delay_ms": 480.0,
    "streaming_look_ahead_ms": 2.5,
    "streaming_look_back_ms": 52.5,
    "streaming_n_left_pad_tokens": 32,
}


@maker("voxtral", "voxtral_realtime")
def voxtral(folder: Path, name: str) -> tuple[Any, Any]:
    is_streaming = name == "voxtral_realtime"
    path = folder / "tekken.json"
    path.write_text(json.dumps(_tekken(SOUND | (STREAMED if is_streaming else {"chunk_length_s": 30.0}))))
    tokens = hf.MistralCommonBackend(tokenizer_path=str(path))
    text = {**TEXT, "vocab_size": N_SPECIAL + N_BYTES, "eos_token_id": 2, "pad_token_id": 11, "bos_token_id": 1}
    hearing = {**BASE, "num_mel_bins": 128}
    if is_streaming:
        config = hf.VoxtralRealtimeConfig(audio_config=hearing | {"head_dim": 16}, text_config=text)
        extractor = hf.VoxtralRealtimeFeatureExtractor()
        return hf.VoxtralRealtimeForConditionalGeneration(config), hf.VoxtralRealtimeProcessor(extractor, tokens)
    hearing["intermediate_size"] = 4 * BASE["hidden_size"]  # four frames go together
    config = hf.VoxtralConfig(audio_config=hearing, text_config=text, audio_token_id=AUDIO_TOKEN)
    extractor = hf.WhisperFeatureExtractor(128)
    return hf.VoxtralForConditionalGeneration(config), hf.VoxtralProcessor(extractor, tokens)


def _tekken(sound: dict[str, Any]) -> dict[str, Any]:
    """A vocabulary of single bytes, with the special tokens that the package asks for."""
    from mistral_common.tokens.tokenizers.base import SpecialTokens

    named = [str(each.value) for each in SpecialTokens]
    at = named.index("[AUDIO]")
    names = [*named[:at], *(f"<SPECIAL_{i}>" for i in range(at, AUDIO_TOKEN)), *named[at:]]
    names += [f"<SPECIAL_{i}>" for i in range(len(names), N_SPECIAL)]
    return {
        "config": {
            "pattern": r"\p{L}+|\s+|[^\s\p{L}]+",
            "num_vocab_tokens": N_BYTES,
            "default_vocab_size": N_SPECIAL + N_BYTES,
            "default_num_special_tokens": N_SPECIAL,
            "version": "v13",
        },
        "vocab": [
            {"rank": i, "token_bytes": base64.b64encode(bytes([i])).decode(), "token_str": chr(i)}
            for i in range(N_BYTES)
        ],
        "special_tokens": [{"rank": i, "token_str": each, "is_control": True} for i, each in enumerate(names)],
        "audio": sound,
    }
