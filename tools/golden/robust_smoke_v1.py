"""robust_smoke_v1: four utterances of asr_smoke_v1 under nine conditions, which are made when they are heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tools.golden import borrow
from tools.golden.write import Clip

IDS = ("001", "014", "022", "027")
CONDITIONS = (
    "clean", "noise:20", "noise:10", "noise:5", "reverb:0.5", "telephone", "mp3:16", "speed:1.2", "clipping:20",
)  # fmt: skip
HEADER = {
    "task": "robustness",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "domain": "lab",
    "licence": "CC0-1.0",
    "source": borrow.SOURCE.format(name="asr_smoke_v1"),
    "normaliser": "modellab_en",
    "rate_hz": 16000,
    "cluster": "utterance",
    "settings": {"seed": 1},
}


def clips() -> Iterator[Clip]:
    """Each utterance under each condition."""
    return under(IDS, CONDITIONS)


def under(ids: Sequence[str], conditions: Sequence[str]) -> Iterator[Clip]:
    """Each of these utterances of asr_smoke_v1 under each condition."""
    for row in borrow.rows("asr_smoke_v1", ids):
        for name in conditions:
            id = f"{row['id']}-{name.replace(':', '-')}"
            yield borrow.clip(row, id, text=row["text"], condition=name, speaker=row["speaker"])
