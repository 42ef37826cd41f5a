"""concurrency_v1: one utterance of asr_smoke_v1, asked for by 1, 2, 4 and 8 at once."""

from __future__ import annotations

from collections.abc import Iterator

from tools.golden import borrow
from tools.golden.write import Clip

STREAMS = (1, 2, 4, 8)
HEADER = {
    "task": "concurrency",
    "version": 1,
    "language": "en",
    "tier": "full",
    "domain": "lab",
    "licence": "CC0-1.0",
    "source": borrow.SOURCE.format(name="asr_smoke_v1"),
    "rate_hz": 16000,
    "normaliser": "whisper_en",
}


def clips() -> Iterator[Clip]:
    """A row for each level."""
    (row,) = borrow.rows("asr_smoke_v1", ("014",))
    return (borrow.clip(row, f"streams-{streams:03}", text=row["text"], streams=streams) for streams in STREAMS)
