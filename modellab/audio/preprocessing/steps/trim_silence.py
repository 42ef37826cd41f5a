"""Leave out the silence before the first sound and after the last one.

A frame of 20 ms is sound when it is less than `-threshold_db` below the loudest one. `margin_s` of what is quieter
stays on either side. A recording that is silent throughout stays as it is: nothing says which part of it counts.
"""

from __future__ import annotations

import numpy as np

from modellab.audio.preprocessing.levels import SILENCE_DBFS, hop, levels_dbfs
from modellab.audio.preprocessing.parameters import Parameter
from modellab.types import Audio

VERSION = 1
PARAMETERS = {
    "threshold_db": Parameter(-40.0, "what is quieter, against the loudest frame, is silence", -90, -3, "dB"),
    "margin_s": Parameter(0.1, "of the silence that stays on either side", 0, 10, "s"),
}


def cut(audio: Audio, threshold_db: float, margin_s: float) -> list[tuple[int, int]]:
    """The one part that stays, in samples; its beginning is that of a frame, so that cutting twice is cutting once."""
    levels, step = levels_dbfs(audio), hop(audio.rate_hz)
    loudest = levels.max()
    if loudest <= SILENCE_DBFS:
        return [(0, len(audio.samples))]
    sound = np.flatnonzero(levels > max(loudest + threshold_db, SILENCE_DBFS))
    margin = round(margin_s * audio.rate_hz / step)  # in frames
    first, last = max(0, int(sound[0]) - margin), int(sound[-1]) + 2 + margin  # a frame is two hops long
    return [(first * step, min(len(audio.samples), last * step))]
