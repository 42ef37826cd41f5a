"""Encoder-decoders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import transformers as hf

from tests.models.checkpoints.common import BASE, CONV, MEL, fast, maker


@maker("whisper")
def whisper(folder: Path) -> tuple[Any, Any]:
    from modellab.models import embedded

    place = embedded.weights("transformers")
    return hf.WhisperForConditionalGeneration.from_pretrained(place), hf.WhisperProcessor.from_pretrained(place)


@maker("moonshine")
def moonshine(folder: Path) -> tuple[Any, Any]:
    tokens = fast()
    halves = {
        f"{half}_{key}": value
        for half in ("encoder", "decoder")
        for key, value in {"num_hidden_layers": 1, "num_attention_heads": 2}.items()
    }
    model = hf.MoonshineForConditionalGeneration(
        hf.MoonshineConfig(
            tie_word_embeddings=False, vocab_size=len(tokens), hidden_size=32, intermediate_size=32, **halves
        )
    )
    return model, hf.Wav2Vec2Processor(
        hf.Wav2Vec2FeatureExtractor(return_attention_mask=True, do_normalize=False), tokens
    )


@maker("moonshine_streaming")
def moonshine_streaming(folder: Path) -> tuple[Any, Any]:
    tokens = fast()
    encoder = {**BASE, "num_key_value_heads": 2, "sliding_windows": [[16, 4]]}
    config = hf.MoonshineStreamingConfig(
        encoder_config=encoder,
        vocab_size=len(tokens),
        **BASE,
        num_key_value_heads=2,
        pad_token_id=3,
        decoder_start_token_id=1,
    )
    extractor = hf.Wav2Vec2FeatureExtractor(return_attention_mask=True, do_normalize=False)
    return hf.MoonshineStreamingForConditionalGeneration(config), hf.MoonshineStreamingProcessor(extractor, tokens)


@maker("speech_to_text")
def speech_to_text(folder: Path) -> tuple[Any, Any]:
    tokens = fast()
    halves = {
        f"{half}_{key}": value
        for half in ("encoder", "decoder")
        for key, value in {"layers": 1, "attention_heads": 2, "ffn_dim": 32}.items()
    }
    config = hf.Speech2TextConfig(
        vocab_size=len(tokens),
        d_model=32,
        conv_channels=16,
        pad_token_id=3,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=2,
        **halves,
    )
    return hf.Speech2TextForConditionalGeneration(config), hf.Speech2TextProcessor(
        hf.Speech2TextFeatureExtractor(), tokens
    )


@maker("speecht5")
def speecht5(folder: Path) -> tuple[Any, Any]:
    tokens = fast()
    halves = {
        f"{half}_{key}": value
        for half in ("encoder", "decoder")
        for key, value in {"layers": 1, "attention_heads": 2, "ffn_dim": 32}.items()
    }
    config = hf.SpeechT5Config(
        vocab_size=len(tokens),
        hidden_size=32,
        pad_token_id=3,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=2,
        **CONV,
        **halves,
    )
    return hf.SpeechT5ForSpeechToText(config), hf.SpeechT5Processor(hf.SpeechT5FeatureExtractor(), tokens)


ASR_PROMPT = [
    "▁",
    "<|startofcontext|>",
    "<|startoftranscript|>",
    "<|emo:undefined|>",
    "<|en|>",
    "<|pnc|>",
    "<|noitn|>",
    "<|notimestamp|>",
    "<|nodiarize|>",
]


@maker("canary")
def canary(folder: Path) -> tuple[Any, Any]:
    tokens = fast(*ASR_PROMPT[1:])
    decoder = {
        **BASE,
        "vocab_size": len(tokens),
        "head_dim": 16,
        "num_key_value_heads": 2,
        "pad_token_id": 3,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    config = hf.CanaryConfig(
        tie_word_embeddings=False,
        encoder_config={**MEL, "num_mel_bins": 128},
        decoder_config=decoder,
        vocab_size=len(tokens),
        pad_token_id=3,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
    )
    template = (
        "{% for message in messages %}<|startofcontext|><|startoftranscript|>{% for part in message['content'] %}"
        "{% if part['type'] == 'text' %}<|{{ part['source_language'] }}|>{% endif %}{% endfor %}<|pnc|>{% endfor %}"
    )
    return hf.CanaryForConditionalGeneration(config), hf.CanaryProcessor(
        hf.ParakeetFeatureExtractor(feature_size=128), tokens, chat_template=template
    )


@maker("cohere_asr")
def cohere_asr(folder: Path) -> tuple[Any, Any]:
    tokens = fast(*ASR_PROMPT[1:])
    config = hf.CohereAsrConfig(
        encoder_config={**MEL, "num_mel_bins": 128},
        **BASE,
        vocab_size=len(tokens),
        head_dim=16,
        pad_token_id=3,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
    )
    return hf.CohereAsrForConditionalGeneration(config), hf.CohereAsrProcessor(hf.CohereAsrFeatureExtractor(), tokens)


@maker("seamless_m4t_v2")
def seamless_m4t_v2(folder: Path) -> tuple[Any, Any]:
    from modellab import models
    from modellab.models import weights

    place = weights.locate(weights.Source(("made:tiny",), None, models.FOLDER / "seamlessm4t"))
    return hf.SeamlessM4Tv2ForSpeechToText.from_pretrained(place), hf.AutoProcessor.from_pretrained(place)


@maker("seamless_m4t")
def seamless_m4t(folder: Path) -> tuple[Any, Any]:
    from modellab import models
    from modellab.models import weights

    second = weights.locate(weights.Source(("made:tiny",), None, models.FOLDER / "seamlessm4t"))
    told = hf.AutoConfig.from_pretrained(second).to_dict()
    generation = hf.GenerationConfig.from_pretrained(second)
    known = hf.SeamlessM4TConfig().to_dict().keys() - {"model_type", "architectures", "transformers_version"}
    config = hf.SeamlessM4TConfig(**{name: told[name] for name in known & told.keys()})
    model = hf.SeamlessM4TForSpeechToText(config)
    model.generation_config = generation
    return model, hf.AutoProcessor.from_pretrained(second)


@maker("speech-encoder-decoder")
def speech_encoder_decoder(folder: Path) -> tuple[Any, Any]:
    tokens = fast()
    encoder = hf.Wav2Vec2Config(**BASE, **CONV, add_adapter=False)
    decoder = hf.BartConfig(
        vocab_size=len(tokens),
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        pad_token_id=3,
        bos_token_id=1,
        eos_token_id=2,
        init_std=1.0,  # livelier, else it has nothing to say
        is_decoder=True,
        add_cross_attention=True,
    )
    config = hf.SpeechEncoderDecoderConfig.from_encoder_decoder_configs(
        encoder, decoder, pad_token_id=3, decoder_start_token_id=1, eos_token_id=2
    )
    return hf.SpeechEncoderDecoderModel(config=config), hf.Wav2Vec2Processor(
        hf.Wav2Vec2FeatureExtractor(return_attention_mask=True), tokens
    )
