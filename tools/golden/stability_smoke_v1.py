"""stability_smoke_v1: three utterances of asr_smoke_v1, each heard five times."""

from __future__ import annotations

from collections.abc import Iterator

from tools.golden import borrow
from tools.golden.write import Clip

IDS = ("001", "014", "027")
HEADER = {
    "task": "stability",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "domain": "lab",
    "licence": "CC0-1.0",
    "source": borrow.SOURCE.format(name="asr_smoke_v1"),
    "rate_hz": 16000,
    "settings": {"repeats": 5},
}


def clips() -> Iterator[Clip]:
    """The rows without their words: nobody asks whether they are right."""
    return (borrow.clip(row, row["id"]) for row in borrow.rows("asr_smoke_v1", IDS))
