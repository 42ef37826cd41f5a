"""stream_smoke_v1: ten utterances of align_smoke_v1, whose words have times, as a stream."""

from __future__ import annotations

from collections.abc import Iterator

from tools.golden import borrow
from tools.golden.write import Clip

IDS = ("04", "05", "08", "12", "14", "16", "17", "18", "22", "23")
HEADER = {
    "task": "streaming",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "domain": "lab",
    "licence": "CC0-1.0",
    "source": borrow.SOURCE.format(name="align_smoke_v1"),
    "normaliser": "modellab_en",
    "rate_hz": 16000,
    "cluster": "utterance",
    "limits": {"success_rate": 1.0, "wer": 0.15, "wer_above_batch": 0.05},
}


def clips() -> Iterator[Clip]:
    """The rows with their words as text."""
    for row in borrow.rows("align_smoke_v1", IDS):
        text = " ".join(word for word, _, _ in row["words"])
        yield borrow.clip(row, row["id"], text=text, words=row["words"], speaker=row["speaker"])
