"""Take away what lies below a frequency: hum, rumble, a constant offset.

A Butterworth filter, run forwards and backwards (scipy's `sosfiltfilt`): nothing is shifted in time, and the slope is
that of twice the order, with -6 dB at `cutoff_hz`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from modellab.audio.preprocessing.parameters import Parameter
from modellab.errors import AudioError
from modellab.types import Audio

VERSION = 1
PARAMETERS = {
    "cutoff_hz": Parameter(80.0, "what lies below goes", 1, 20_000, "Hz"),
    "order": Parameter(4, "order of the filter, which runs twice", 1, 10),
}


def change(audio: Audio, cutoff_hz: float, order: int) -> Audio:
    """The filtered audio, as long as before; AudioError where the frequency is not below half the sample rate."""
    from scipy.signal import butter, sosfiltfilt

    if cutoff_hz >= audio.rate_hz / 2:
        top = f"{audio.rate_hz / 2:g} Hz, half the sample rate of this audio"
        raise AudioError(f"highpass(cutoff_hz={cutoff_hz:g}): expected a frequency below {top}")
    sections = butter(order, cutoff_hz, "highpass", fs=audio.rate_hz, output="sos")
    usual = 3 * (2 * len(sections) + 1)  # samples that scipy continues the sound by at either end
    filtered = sosfiltfilt(sections, audio.samples.astype(np.float64), padlen=min(usual, len(audio.samples) - 1))
    return replace(audio, samples=filtered.astype(np.float32))
