"""python -m tools.performance.metrics: an hour scored by our metrics and by the reference implementations, in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

from modellab.metrics import diarization, meeting
from modellab.types import Region
from tools.performance import draws, meetings, references
from tools.performance.check import EXACT

TURNS, SPEAKERS, HOUR_S = 3000, 6, 3600.0
WORDS = 10_000
PAIRS = 3


def measure(turns: int = TURNS, pairs: int = PAIRS) -> dict[str, float]:
    """`der_speedup`: pyannote.metrics' time over ours, the median of a few pairs timed one after the other.

    Both are given their own objects; ours includes taking the collars from the scored time, as theirs does.
    """
    reference, hypothesis = draws.meeting(turns, SPEAKERS, HOUR_S)
    whole = [Region(0.0, HOUR_S)]
    metrics, core = references.pyannote()
    sides = references.annotation(reference), references.annotation(hypothesis)
    uem = core.Timeline([core.Segment(0.0, HOUR_S)])

    def ours() -> float:
        error_rate = diarization.compare(reference, hypothesis, diarization.scored(whole, reference)).der()
        return error_rate.top / error_rate.bottom

    def theirs() -> float:
        return float(metrics.DiarizationErrorRate()(*sides, uem=uem))

    if abs(ours() - theirs()) > EXACT:
        raise AssertionError(f"the two disagree: {ours()} and {theirs()}")
    return {"der_speedup": statistics.median(_seconds(theirs) / _seconds(ours, 10) for _ in range(pairs))}


def meetings_too(words: int = WORDS, pairs: int = PAIRS) -> dict[str, float]:
    """`cpwer_speedup` and `tcpwer_speedup` on so many words of four people, where MeetEval is installed."""
    from meeteval.wer.wer.cp import cp_word_error_rate
    from meeteval.wer.wer.time_constrained import tcp_word_error_rate

    session = draws.long_session(words)
    sides = meetings.segments(session.reference), meetings.segments(session.hypothesis)

    def ours(collar_s: float | None) -> int:
        return meeting.compare(session.reference, session.hypothesis, collar_s).words.errors

    def theirs(collar_s: float | None) -> int:
        if collar_s is None:
            return int(cp_word_error_rate(*sides).errors)
        return int(tcp_word_error_rate(*sides, collar=collar_s).errors)

    speedups = {}
    for name, collar_s in (("cpwer", None), ("tcpwer", session.collar_s)):
        if ours(collar_s) != theirs(collar_s):
            raise AssertionError(f"the two disagree on {name}: {ours(collar_s)} and {theirs(collar_s)}")
        timed = [(_seconds(partial(theirs, collar_s)), _seconds(partial(ours, collar_s))) for _ in range(pairs)]
        speedups[f"{name}_speedup"] = statistics.median(other / own for other, own in timed)
    return speedups


def _seconds(work: Callable[[], object], times: int = 1) -> float:
    """CPU seconds of one call, the mean of so many."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


if __name__ == "__main__":
    also = meetings_too() if find_spec("meeteval") else {}
    for name, value in {**measure(), **also}.items():
        print(f"{name} {value:.4g}")
