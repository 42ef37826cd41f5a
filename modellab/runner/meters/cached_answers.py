"""Whether a model answers from a cache: an RTF has to come from computing.

The warm-up call is on the first utterance, so its timed call is the same call again. Where that one took next to no
time beside the others, a few others are called again as well, and the fraction of their first time tells. Where nothing
is suspicious nothing is called: it costs an honest model nothing.

Not seen: a cache that outlives the process, in which every call finds its answer. Seen as well: an engine that
compiles anew for the length of each clip; its times are not those of its calls either.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from modellab.types import Utterance
from modellab.types.utterances import AUDIO, RAISED, WALL, clocks

READING = "repeat_share"  # median fraction of the first call's wall time that the same call takes again
SUSPECT = 0.2  # of what the others take
LEAST_S = 0.001  # what takes less is no work to save
TRIES = 3  # calls made again


def suspicious(done: Sequence[Utterance]) -> bool:
    """Whether the first utterance, called before, took far less than the others, its length allowed for."""
    table = clocks(done)
    others = table[1:][table[1:, RAISED] == 0]
    if len(others) < TRIES or (first := table[0])[RAISED]:
        return False
    usual_s, audio_s = (statistics.median(others[:, column].tolist()) for column in (WALL, AUDIO))
    shorter = min(1.0, first[AUDIO] / audio_s) if audio_s else 1.0  # a model that reads text is given no audio
    return bool(usual_s >= LEAST_S and first[WALL] < SUSPECT * shorter * usual_s)


def readings(done: Sequence[Utterance], wall_s: Callable[[int], float]) -> dict[str, float]:
    """READING, if the pass is suspicious; `wall_s` calls the model again on the utterance of that place."""
    if not suspicious(done):
        return {}
    table = clocks(done)
    places = sorted((i for i in range(1, len(done)) if not table[i, RAISED]), key=lambda i: float(table[i, WALL]))
    start = (len(places) - TRIES) // 2  # the middle ones: neither a hiccup nor a clip of silence
    return {READING: statistics.median(wall_s(i) / float(table[i, WALL]) for i in places[start : start + TRIES])}
