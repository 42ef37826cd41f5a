"""Make every recording as loud as the others: one gain to an integrated loudness after ITU-R BS.1770.

Silence (nothing above -70 LUFS) stays as it is. Where the gain would lift the highest sample above `peak_dbfs`, it is
smaller, and the loudness stays below the target: nothing is ever clipped.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from modellab.audio.preprocessing.loudness import integrated_lufs
from modellab.audio.preprocessing.parameters import Parameter
from modellab.types import Audio

VERSION = 1
PARAMETERS = {
    "target_lufs": Parameter(-23.0, "the loudness that comes out", -60, -5, "LUFS"),
    "peak_dbfs": Parameter(-1.0, "the highest that a sample may get", -40, 0, "dBFS"),
}


def change(audio: Audio, target_lufs: float, peak_dbfs: float) -> Audio:
    """The same audio, each sample times the same number."""
    now_lufs = integrated_lufs(audio)
    highest = float(np.abs(audio.samples).max(initial=0.0))
    if math.isinf(now_lufs) or highest == 0:
        return audio
    gain = min(10 ** ((target_lufs - now_lufs) / 20), 10 ** (peak_dbfs / 20) / highest)
    return replace(audio, samples=(audio.samples * gain).astype(np.float32))
