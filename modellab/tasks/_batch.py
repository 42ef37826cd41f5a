"""Several recordings in one call of a recogniser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modellab.types import Audio, Transcript


def run_batch(model: Any, every: Sequence[Audio]) -> list[Transcript]:
    """The transcript of each. TypeError for a model that takes one at a time, ValueError for another number of them."""
    several = getattr(model, "transcribe_batch", None)
    if not callable(several):
        raise TypeError("its adapter has no transcribe_batch: it takes one recording at a time")
    transcripts = list(several(every))
    if len(transcripts) != len(every):
        raise ValueError(f"transcribe_batch() returned {len(transcripts)} transcripts of {len(every)} recordings")
    return transcripts
