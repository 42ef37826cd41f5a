"""Whisper's multilingual vocabulary, from the 50,000 merges stored in 0.16 MB.

The merges are those of openai/whisper's multilingual.tiktoken (MIT).
"""

from __future__ import annotations

import functools
import lzma
from pathlib import Path
from typing import Any

import numpy as np

from modellab.models.embedded.vocabulary import BYTES, SIZES, Vocabulary
from modellab.models.embedded.vocabulary import LANGUAGES as LANGUAGES

MERGES = Path(__file__).parent / "whisper_lab" / "merges.u16.xz"  # all lefts, then all rights, little endian
N_VOCAB = 51_865
N_TEXT = SIZES[N_VOCAB][0]  # 256 bytes, 50,000 merges and an empty token that nothing encodes to


@functools.cache
def vocabulary() -> Vocabulary:
    """All of it; the functions below are its parts."""
    left, right = np.frombuffer(lzma.decompress(MERGES.read_bytes()), "<u2").reshape(2, -1).tolist()
    merges = tuple(zip(left, right, strict=True))
    known = [bytes([byte]) for byte in BYTES]
    for first, second in merges:
        known.append(known[first] + known[second])
    return Vocabulary((*known, b""), merges)


SPECIAL_IDS = Vocabulary((b"",) * N_TEXT, ()).special_ids


def merges() -> list[tuple[int, int]]:
    """The pairs of tokens that make token 256, 257, ..."""
    return list(vocabulary().merges)


def as_bytes() -> tuple[bytes, ...]:
    """What each text token stands for."""
    return vocabulary().text


def as_text() -> tuple[str, ...]:
    """Each text token in GPT-2's printable spelling, one letter per byte (a space is 'Ġ')."""
    return vocabulary().spelled


def encode(piece: str) -> list[int]:
    """Tokens of one word or run of symbols (what the tokenizer's splitting rule leaves whole)."""
    return vocabulary().encode(piece)


def suppressed() -> list[int]:
    """What decoding never says: speaker tags, brackets, music notes and the control tokens (openai-whisper's list)."""
    return vocabulary().suppressed()


def tokenizer_json() -> dict[str, Any]:
    """The content of a `tokenizer.json` of Hugging Face tokenizers that splits text as openai-whisper does."""
    return vocabulary().tokenizer_json()
