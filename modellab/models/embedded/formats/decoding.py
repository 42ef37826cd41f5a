"""What a checkpoint's files say besides its tensors: the vocabulary, and how an engine is to decode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modellab.models.embedded.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Decoding:
    """`tokenizer_json` is the text of that file where the checkpoint came with one; '' to write it anew."""

    vocabulary: Vocabulary
    alignment_heads: Sequence[Sequence[int]]  # (layer, head) whose cross attention follows the audio
    suppress_ids: Sequence[int]  # never said
    suppress_ids_begin: Sequence[int]  # never said at the beginning of a window
    tokenizer_json: str = ""
