"""Utterances that go to a model several at a time (`--batch 16`): which ones go together.

A model computes a batch as long as its longest utterance, so a batch has utterances of like length: the longest of a
window of rows, the next longest, and so on. Windows are cut from the dataset, not from what a worker happens to have,
so an utterance has the same company whatever the shards, the workers or the stops in between. A shard that ends within
a window has all batches computed that it has a part in, and answers its own part. A batch at which the model raises, or
dies, is computed again one utterance at a time, so that one bad recording costs the others nothing. Where none of them
is bad alone, the batch itself failed, and each of its utterances with it.
"""

from __future__ import annotations

from collections.abc import Sequence

MOST = 8  # batches in a window: lengths of speech differ by a quarter within a batch then, in place of twice
WINDOWS = 20  # at least, where there are rows for so many: no shard ends within one


def window(size: int, rows: int) -> int:
    """The rows of a window, of a dataset of so many.

    >>> window(8, 40), window(8, 800), window(8, 100_000)
    (8, 40, 64)
    """
    return size * max(1, min(MOST, rows // (size * WINDOWS)))


def of_window(low: int, own: range, size: int, lengths_s: Sequence[float]) -> list[list[int]]:
    """The batches of a window that have a part in `own`: the places of each, the longest first.

    `lengths_s` are those of the window's rows, the first of which is at the place `low`.

    >>> of_window(4, range(5, 6), 2, [1, 2, 3, 3])
    [[5, 4]]
    """
    places = sorted(range(low, low + len(lengths_s)), key=lambda place: (-lengths_s[place - low], place))
    every = (places[i : i + size] for i in range(0, len(places), size))
    return [batch for batch in every if any(place in own for place in batch)]
