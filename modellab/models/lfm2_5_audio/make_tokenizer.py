"""A small byte-level BPE tokenizer with the checkpoint's special tokens at the numbers that the library counts on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL = {  # liquid_audio's generator compares with 7, 128 and 130; the rest is that of the published tokenizer
    0: "<|pad|>",
    1: "<|startoftext|>",
    2: "<|endoftext|>",
    6: "<|im_start|>",
    7: "<|im_end|>",
    128: "<|audio_start|>",
    130: "<|text_end|>",
}
MERGED = 200  # tokens of more than one byte, at most


def write(folder: Path, texts: Iterable[str]) -> int:
    """Learn the merges from texts, write the tokenizer's two files, and return the size of its vocabulary."""
    bytes_, merges = _learnt(texts)
    pieces = iter([*bytes_, *(left + right for left, right in merges)])
    vocabulary = dict(_numbered(pieces, max(SPECIAL)))
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIAL.values()])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=SPECIAL[1], eos_token=SPECIAL[7], pad_token=SPECIAL[0]
    ).save_pretrained(folder)
    return len(vocabulary)


def _learnt(texts: Iterable[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """The 256 signs of a byte, and the pairs that are merged, in order."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=len(alphabet) + MERGED, initial_alphabet=alphabet, min_frequency=1, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return alphabet, [(left, right) for left, right in merges]


def _numbered(pieces: Iterator[str], last: int) -> Iterator[tuple[str, int]]:
    """Each piece with its number: the special tokens where they must be, the pieces in the gaps and behind."""
    number = 0
    for piece in pieces:
        while number in SPECIAL:
            yield SPECIAL[number], number
            number += 1
        yield piece, number
        number += 1
    assert number > last, "there are more bytes than numbers below the last special token"
