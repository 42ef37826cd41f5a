"""Makes the tiny checkpoint: the library's own classes, small, with what `teach.py` taught them.

It knows nothing but its lessons (`make_lessons.py`), so its scores say only that the code path works, from speech or
text to text. What it says aloud is noise: text-to-unit model and vocoder are as they were drawn.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import (
    GenerationConfig,
    SeamlessM4TFeatureExtractor,
    SeamlessM4TProcessor,
    SeamlessM4TTokenizer,
    SeamlessM4Tv2Config,
    SeamlessM4Tv2Model,
)

from modellab.models import taught

from . import make_lessons as lessons

SEED = 7
PAD, UNKNOWN, BEGIN, END = range(4)
WIDTH, LAYERS, HEADS = 64, 1, 4
UNITS = 64  # of the speech that is not taught
SPECIAL = ("<pad>", "<unk>", "<s>", "</s>")


def make(name: str, folder: Path) -> None:
    """Write checkpoint `tiny`: model, generation settings, tokeniser and feature extractor."""
    if name != "tiny":
        raise ValueError(f"there is no recipe for {name!r}, only for 'tiny'")
    model, processor, _ = begun()
    taught.restore(model, Path(__file__).parent, name)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def begun() -> tuple[Any, Any, dict[str, torch.Tensor]]:
    """The model before anything was taught, its processor, and a copy of its exact weights by name."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    vocabulary = Vocabulary()
    model = SeamlessM4Tv2Model(_config(len(vocabulary.tokens)))
    model.generation_config = _generation(vocabulary)
    return model, _processor(vocabulary), taught.begin(model)


class Vocabulary:
    """A token for each character of the lessons, for each beginning of a word, and for each language.

    Byte-pair merges add one character after the other to the beginning of a word, so each word that was taught is one
    token. Chinese and Japanese sentences, which have no words, stay characters.
    """

    def __init__(self) -> None:
        sentences = [text for texts in lessons.SENTENCES.values() for text in texts]
        words = sorted({f"▁{word}" for text in sentences if " " in text for word in text.split()})
        starts = dict.fromkeys(word[:end] for word in words for end in range(1, len(word) + 1))
        self.merges = [(start[:-1], start[-1]) for start in starts if len(start) > 1]
        characters = dict.fromkeys(sorted({*"".join(sentences)} - {" "}))
        languages = [f"__{code}__" for code in lessons.LANGUAGES.values()]
        tokens = dict.fromkeys([*SPECIAL, "▁", *characters, *starts, *languages])
        self.tokens = {token: number for number, token in enumerate(tokens)}

    def language(self, code: str) -> int:
        """The token of a language."""
        return self.tokens[f"__{code}__"]


def _processor(vocabulary: Vocabulary) -> Any:
    codes = list(lessons.LANGUAGES.values())
    tokenizer: Any = SeamlessM4TTokenizer(
        vocab=dict(vocabulary.tokens),
        merges=vocabulary.merges,
        src_lang=codes[0],
        tgt_lang=codes[1],
        additional_special_tokens=[f"__{code}__" for code in codes],
    )
    extractor: Any = SeamlessM4TFeatureExtractor(feature_size=80, num_mel_bins=80, sampling_rate=16000, stride=2)
    together: Any = SeamlessM4TProcessor
    return together(extractor, tokenizer)


def _config(n_tokens: int) -> SeamlessM4Tv2Config:
    return SeamlessM4Tv2Config(
        vocab_size=n_tokens,
        char_vocab_size=n_tokens,
        t2u_vocab_size=UNITS,
        hidden_size=WIDTH,
        max_position_embeddings=512,
        max_new_tokens=64,
        encoder_layers=LAYERS,
        encoder_ffn_dim=2 * WIDTH,
        encoder_attention_heads=HEADS,
        decoder_layers=LAYERS,
        decoder_ffn_dim=2 * WIDTH,
        decoder_attention_heads=HEADS,
        speech_encoder_layers=1,
        speech_encoder_attention_heads=HEADS,
        speech_encoder_intermediate_size=2 * WIDTH,
        feature_projection_input_dim=160,
        conv_depthwise_kernel_size=9,
        t2u_encoder_layers=1,
        t2u_encoder_ffn_dim=WIDTH,
        t2u_encoder_attention_heads=HEADS,
        t2u_decoder_layers=1,
        t2u_decoder_ffn_dim=WIDTH,
        t2u_decoder_attention_heads=HEADS,
        t2u_max_position_embeddings=1024,
        t2u_variance_predictor_embed_dim=WIDTH,
        t2u_variance_predictor_hidden_dim=16,
        unit_hifi_gan_vocab_size=UNITS,
        vocoder_offset=0,  # what was never taught to avoid control symbols may say them
        unit_embed_dim=16,
        lang_embed_dim=8,
        spkr_embed_dim=8,
        upsample_initial_channel=32,
        vocoder_num_langs=len(lessons.LANGUAGES),
        vocoder_num_spkrs=2,
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        speech_encoder_dropout=0.0,
        adaptor_dropout=0.0,
        speech_encoder_layerdrop=0.0,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        pad_token_id=PAD,
        bos_token_id=BEGIN,
        eos_token_id=END,
        decoder_start_token_id=END,
    )


def _generation(vocabulary: Vocabulary) -> Any:
    """Which token stands for which language in each part of the model, and how units are spelt."""
    codes = list(lessons.LANGUAGES.values())
    config: Any = GenerationConfig(
        max_new_tokens=64, pad_token_id=PAD, bos_token_id=BEGIN, eos_token_id=END, decoder_start_token_id=END
    )
    config.text_decoder_lang_to_code_id = {code: vocabulary.language(code) for code in codes}
    config.t2u_lang_code_to_id = {code: UNITS - len(codes) + i for i, code in enumerate(codes)}
    config.vocoder_lang_code_to_id = {code: i for i, code in enumerate(codes)}
    config.id_to_text = {str(number): token for token, number in vocabulary.tokens.items()}
    config.char_to_id = dict(vocabulary.tokens)
    return config
