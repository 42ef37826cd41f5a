"""CTC and transducers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers as hf

from tests.models.checkpoints.common import BASE, CONV, LETTERS, MEL, maker, unigram


def letters(folder: Path) -> Any:
    (folder / "vocab.json").write_text(json.dumps({letter: i for i, letter in enumerate(LETTERS)}))
    return hf.Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))


@maker(
    "wav2vec2", "hubert", "wavlm", "unispeech", "unispeech-sat", "wav2vec2-conformer", "data2vec-audio", "sew", "sew-d"
)
def waves(folder: Path, name: str) -> tuple[Any, Any]:
    config = hf.CONFIG_MAPPING[name]
    more: dict[str, Any] = {**BASE, **CONV, "vocab_size": len(LETTERS), "pad_token_id": 0}
    if name.startswith("sew"):
        more = {key: value for key, value in more.items() if key != "conv_dim"} | {"squeeze_factor": 2}
    if name == "unispeech":
        more["num_ctc_classes"] = len(LETTERS)
    if name == "data2vec-audio":
        more["conv_pos_kernel_size"] = 3
    if name == "wav2vec2-conformer":
        more["conv_depthwise_kernel_size"] = 3
    model = hf.AutoModelForCTC.from_config(config(**more))
    extractor = hf.Wav2Vec2FeatureExtractor(return_attention_mask=name in {"wav2vec2-conformer", "data2vec-audio"})
    return model, hf.Wav2Vec2Processor(extractor, letters(folder))


@maker("wav2vec2-bert")
def wav2vec2_bert(folder: Path) -> tuple[Any, Any]:
    model = hf.Wav2Vec2BertForCTC(
        hf.Wav2Vec2BertConfig(
            **BASE,
            vocab_size=len(LETTERS),
            pad_token_id=0,
            feature_projection_input_dim=160,
            conv_depthwise_kernel_size=3,
        )
    )
    return model, hf.Wav2Vec2BertProcessor(hf.SeamlessM4TFeatureExtractor(), letters(folder))


@maker("parakeet_ctc")
def parakeet_ctc(folder: Path) -> tuple[Any, Any]:
    tokens = unigram(cls=hf.ParakeetTokenizer)
    model = hf.ParakeetForCTC(
        hf.ParakeetCTCConfig(vocab_size=len(tokens), pad_token_id=tokens.pad_token_id, encoder_config=MEL)
    )
    return model, hf.ParakeetProcessor(hf.ParakeetFeatureExtractor(), tokens, decoder_type="ctc")


@maker("lasr_ctc")
def lasr_ctc(folder: Path) -> tuple[Any, Any]:
    tokens = unigram(cls=hf.LasrTokenizer)
    encoder = {**BASE, "num_mel_bins": 128, "conv_kernel_size": 4, "subsampling_conv_channels": 8}
    model = hf.LasrForCTC(
        hf.LasrCTCConfig(vocab_size=len(tokens), pad_token_id=tokens.pad_token_id, encoder_config=encoder)
    )
    return model, hf.LasrProcessor(hf.LasrFeatureExtractor(), tokens)


@maker("granite_speech5_ctc")
def granite_speech5_ctc(folder: Path) -> tuple[Any, Any]:
    tokens = unigram(cls=hf.ParakeetTokenizer)
    encoder = {
        **BASE,
        "num_mel_bins": 80,
        "conv_kernel_size": 3,
        "context_size": 20,
        "vocab_size": len(tokens),
        "head_dim": 16,
    }
    model = hf.GraniteSpeech5ForCTC(
        hf.GraniteSpeech5CTCConfig(vocab_size=len(tokens), pad_token_id=tokens.pad_token_id, encoder_config=encoder)
    )
    return model, hf.GraniteSpeech5Processor(hf.GraniteSpeech5FeatureExtractor(), tokens)


@maker("parakeet_tdt", "parakeet_rnnt", "nemotron_asr_streaming", "nemotron3_5_asr")
def transducers(folder: Path, name: str) -> tuple[Any, Any]:
    tokens = unigram("<blank>", cls=hf.ParakeetTokenizer)
    blank = tokens.convert_tokens_to_ids("<blank>")
    more: dict[str, Any] = {
        "pad_token_id": tokens.pad_token_id,
        "blank_token_id": blank,
        "decoder_hidden_size": 32,
        "num_decoder_layers": 1,
        "encoder_config": MEL,
        "vocab_size": len(tokens),
        "max_symbols_per_step": 3,
    }
    if name == "nemotron3_5_asr":
        more |= {"num_prompts": 4, "prompt_intermediate_size": 16, "default_prompt_id": 1}
    config = hf.CONFIG_MAPPING[name](**more)
    loader = hf.AutoModelForTDT if name == "parakeet_tdt" else hf.AutoModelForRNNT
    model = loader.from_config(config)
    model.generation_config.decoder_start_token_id = blank
    with torch.no_grad():
        model.joint.head.weight *= 20  # so that frames differ, and some are silent
    if name.startswith("parakeet"):
        return model, hf.ParakeetProcessor(hf.ParakeetFeatureExtractor(), tokens, decoder_type=name.partition("_")[2])
    extractor = hf.NemotronAsrStreamingFeatureExtractor()
    if name == "nemotron_asr_streaming":
        return model, hf.NemotronAsrStreamingProcessor(extractor, tokens)
    return model, hf.Nemotron3_5AsrProcessor(extractor, tokens, prompt_dictionary={"en": 0, "auto": 1}, num_prompts=4)
