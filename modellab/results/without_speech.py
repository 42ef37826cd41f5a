"""How much of a word error rate comes from words in clips without speech: it is told, never mixed in silently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modellab import units
from modellab.types import Utterance
from modellab.types.utterances import counts_of

RATE = "wer"


def told(utterances: Sequence[Utterance]) -> Iterator[str]:
    """The words that the rate holds as insertions where nobody speaks, in a sentence; nothing where there are none."""
    counts = counts_of(utterances, RATE, some=True)
    if counts.shape[1:] != (2,):
        return
    silent = counts[:, 1] == 0
    words, errors, length = counts[silent, 0].sum(), counts[:, 0].sum(), counts[:, 1].sum()
    if words and length:
        spoken = units.value(float((errors - words) / length), "ratio")
        clips = units.counted(int((counts[silent, 0] > 0).sum()), "clip")
        yield (
            f"{words:.0f} of the {errors:.0f} errors in the WER are words in {clips} without speech: it is {spoken}"
            " where somebody speaks"
        )
