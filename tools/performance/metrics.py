"""python -m tools.performance.metrics: the error rate of an hour of diarization, ours and pyannote.metrics' in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from modellab.metrics import diarization
from modellab.types import Region
from tools.performance import draws, references
from tools.performance.check import EXACT

TURNS, SPEAKERS, HOUR_S = 3000, 6, 3600.0
PAIRS = 3


def measure() -> dict[str, float]:
    """`der_speedup`: pyannote.metrics' time over ours, the median of three pairs timed one after the other.

    Both are given their own objects; ours includes taking the collars from the scored time, as theirs does.
    """
    reference, hypothesis = draws.meeting(TURNS, SPEAKERS, HOUR_S)
    whole = [Region(0.0, HOUR_S)]
    metrics, core = references.pyannote()
    sides = references.annotation(reference), references.annotation(hypothesis)
    uem = core.Timeline([core.Segment(0.0, HOUR_S)])

    def ours() -> float:
        found = diarization.compare(reference, hypothesis, diarization.scored(whole, reference)).der()
        return found.top / found.bottom

    def theirs() -> float:
        return float(metrics.DiarizationErrorRate()(*sides, uem=uem))

    if abs(ours() - theirs()) > EXACT:
        raise AssertionError(f"the two disagree: {ours()} and {theirs()}")
    return {"der_speedup": statistics.median(_seconds(theirs) / _seconds(ours, 10) for _ in range(PAIRS))}


def _seconds(work: Callable[[], object], times: int = 1) -> float:
    """CPU seconds of one call, the mean of so many."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name} {value:.0f}")
