"""Lower a steady noise: a Wiener gain for each frequency and moment, never below `-reduction_db`.

The noise of each frequency is estimated from its quietest moments: the 10th percentile of its power over the whole
recording, times 9.5, which of steady noise is its mean (power over time is exponentially distributed). So what is there
all the time goes, and a recording without a pause at some frequency loses some speech there. Twice that estimate is
taken off, since its power varies so much from moment to moment. Short-time Fourier transform of 32 ms (Hann), a quarter
from one to the next; the gain is averaged over three neighbours in time and frequency, against the chirping that single
values leave. Nothing is drawn at random.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from modellab.audio.preprocessing.parameters import Parameter
from modellab.types import Audio

VERSION = 1
PARAMETERS = {"reduction_db": Parameter(12.0, "by how much noise is lowered, at most", 0, 60, "dB")}
WINDOW_S, OVERLAP = 0.032, 4
PERCENTILE = 10.0
TAKEN_OFF = 2.0  # times the estimate
MEAN_OVER_PERCENTILE = -1 / np.log(1 - PERCENTILE / 100)  # of an exponential distribution: 9.5


def change(audio: Audio, reduction_db: float) -> Audio:
    """The same sound with less noise, as long as before."""
    from scipy.ndimage import uniform_filter
    from scipy.signal import ShortTimeFFT
    from scipy.signal.windows import hann

    size = max(OVERLAP, round(WINDOW_S * audio.rate_hz / OVERLAP) * OVERLAP)
    transform = ShortTimeFFT(hann(size, sym=False), size // OVERLAP, audio.rate_hz)
    count = len(audio.samples)
    padded = np.pad(audio.samples.astype(np.float64), (0, max(0, size - count)))
    spectrum = transform.stft(padded)
    power = np.square(np.abs(spectrum))
    inside = power[:, 1:-1] if power.shape[1] > 4 else power  # the outermost moments are half beyond the recording
    noise = np.percentile(inside, PERCENTILE, axis=1, keepdims=True) * MEAN_OVER_PERCENTILE
    heard = np.maximum(power - TAKEN_OFF * noise, 0.0) / np.maximum(power, np.finfo(float).tiny)
    gain = np.maximum(heard, 10 ** (-reduction_db / 20))
    made = transform.istft(spectrum * uniform_filter(gain, size=3, mode="nearest"), k1=len(padded))
    return replace(audio, samples=np.real(made)[:count].astype(np.float32))
