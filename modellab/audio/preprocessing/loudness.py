"""Integrated loudness of mono audio after ITU-R BS.1770-4, in LUFS.

K weighting (a high shelf and a high pass, from the analogue prototype at any sample rate), mean square over blocks of
0.4 s that overlap by three quarters, an absolute gate at -70 LUFS and a relative one 10 LU below the mean of what
passes it. One channel counts once: a sine of 997 Hz at full scale is -3.01 LUFS.

Known deviations: audio shorter than one block, of which the standard says nothing, is one block. At sample rates below
3.4 kHz, whose sounds end below the shelf, only the high pass weighs.
"""

from __future__ import annotations

import math

import numpy as np

from modellab.types import Audio, Floats

BLOCK_S, OVERLAP = 0.4, 0.75
ABSOLUTE_LUFS, RELATIVE_LU = -70.0, -10.0
OFFSET = -0.691  # dB: what the K weighting adds at 997 Hz
SHELF_HZ, SHELF_DB, SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
PASS_HZ, PASS_Q = 38.13547087602444, 0.5003270373238773


def integrated_lufs(audio: Audio) -> float:
    """The loudness of a whole recording; -inf where nothing passes the absolute gate."""
    powers = _block_powers(audio)
    loud = powers[_lufs(powers) > ABSOLUTE_LUFS]
    if not len(loud):
        return -math.inf
    gated = loud[_lufs(loud) > _lufs(loud.mean(keepdims=True)) + RELATIVE_LU]
    return float(_lufs(gated.mean(keepdims=True))[0])


def k_weighting(rate_hz: int) -> Floats:
    """The two filters as second-order sections, shape (2, 6); (1, 6) where the shelf is beyond half the rate."""
    k = math.tan(math.pi * PASS_HZ / rate_hz)
    top = 1 + k / PASS_Q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / top, (1 - k / PASS_Q + k * k) / top]
    if rate_hz <= 2 * SHELF_HZ:
        return np.array([high_pass])
    k = math.tan(math.pi * SHELF_HZ / rate_hz)
    gain = 10 ** (SHELF_DB / 20)
    middle = gain**0.4996667741545416
    top = 1 + k / SHELF_Q + k * k
    rising = [
        (gain + middle * k / SHELF_Q + k * k) / top,
        2 * (k * k - gain) / top,
        (gain - middle * k / SHELF_Q + k * k) / top,
        1.0,
        2 * (k * k - 1) / top,
        (1 - k / SHELF_Q + k * k) / top,
    ]
    return np.array([rising, high_pass])


def _block_powers(audio: Audio) -> Floats:
    """The mean square of each block of the weighted samples."""
    from scipy.signal import sosfilt

    if not len(audio.samples):
        return np.zeros(0)
    weighted = sosfilt(k_weighting(audio.rate_hz), audio.samples.astype(np.float64))
    sums = np.concatenate([[0.0], np.cumsum(np.square(weighted))])
    size = min(round(BLOCK_S * audio.rate_hz), len(weighted)) or 1
    step = max(1, round(BLOCK_S * (1 - OVERLAP) * audio.rate_hz))
    starts = np.arange(0, len(weighted) - size + 1, step)
    powers: Floats = (sums[starts + size] - sums[starts]) / size
    return powers


def _lufs(powers: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        lufs: Floats = OFFSET + 10 * np.log10(np.maximum(powers, 0.0))
    return lufs
