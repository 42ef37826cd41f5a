"""Utterances that go to a model several at a time (`--batch 16`): who goes with whom.

A batch is cut from the dataset, not from what a worker happens to have: the first N rows, the next N rows. So an
utterance has the same company whatever the shards, the workers or the stops in between. A shard that ends within a
batch has all of it computed, and answers its own part. A batch at which the model raises, or dies, is computed again
one utterance at a time, so that one bad recording costs the others nothing.
"""

from __future__ import annotations

from collections.abc import Iterator


def spans(start: int, stop: int, size: int, rows: int) -> Iterator[tuple[int, int]]:
    """The batches that have a part in `start` to `stop`, of so many rows in all: where each begins and ends.

    >>> list(spans(3, 8, 4, 10)), list(spans(8, 10, 4, 10))
    ([(0, 4), (4, 8)], [(8, 10)])
    """
    for low in range(start - start % size, stop, size):
        yield low, min(low + size, rows)
