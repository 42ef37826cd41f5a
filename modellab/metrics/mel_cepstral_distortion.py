"""Mel-cepstral distortion (MCD): how far speech is from a reference that says the same words, in dB of spectrum.

    MCD = (10 / ln 10) sqrt(2 sum over d = 1..13 of (c_d - c'_d)^2), averaged over the frames of a DTW path

Range [0, inf), lower is better, 0 for the same sound. Measured with espeak-ng saying one sentence of two seconds: the
same voice slower 1.1, higher 2.2; another man 2.7 to 4.2, a woman 7 to 9; the same voice with another sentence 8.5;
white noise 12.8. It says how alike two recordings are, not how good either is.

Conventions
-----------
16 kHz, silent edges cut off (`sound.health`), Hann windows of 25 ms every 10 ms, 40 triangular mel bands (HTK's scale)
up to 8 kHz. The cepstrum is the cosine transform of the logarithm of the bands' amplitude, scaled as SPTK's:
log|S| = c_0 + sum of c_d cos(...). With that scale and all coefficients the formula is exactly the rms difference of
two spectra in dB. c_0, the level, is left out, so a gain changes nothing; bands more than 60 dB below the loudest
are set to that floor. The path takes steps (1, 1), (1, 0), (0, 1) of equal weight.

Known deviation: SPTK's and WORLD's mel-cepstra come from a smoothed envelope with an all-pass warping, often 24
coefficients every 5 ms. Values of other tools, and of papers, are not comparable with these.

Source: Kubichek, "Mel-cepstral distance measure for objective speech quality assessment" (IEEE Pacific Rim 1993).
"""

from __future__ import annotations

import functools
import math

import numpy as np

from modellab.metrics import audio_health
from modellab.types import Audio, Floats

RATE_HZ = 16_000
WINDOW, HOP, FFT = 400, 160, 512  # samples
BANDS = 40
COEFFICIENTS = 13
RANGE_DB = 60.0
DB = 10 / math.log(10) * math.sqrt(2)


def distortion(reference: Audio, made: Audio) -> float | None:
    """The MCD of two sounds at 16 kHz, in dB; None where one of them is silent or shorter than a window."""
    for audio in (reference, made):
        if audio.rate_hz != RATE_HZ:
            raise ValueError(f"expected audio at {RATE_HZ} Hz, got {audio.rate_hz} Hz: resample it first")
    spoken = [trimmed(audio) for audio in (reference, made)]
    if min(map(len, spoken)) < WINDOW:
        return None
    ours, theirs = (cepstra(bands(samples)) for samples in spoken)
    total, steps = warp(ours, theirs)
    return DB * total / steps


def trimmed(audio: Audio) -> Floats:
    """The samples between the silent edges; none of a silent sound."""
    measured = audio_health.health(audio)
    first, behind = (round(measured[edge] * audio.rate_hz) for edge in ("lead_s", "tail_s"))
    samples: Floats = np.nan_to_num(np.asarray(audio.samples, dtype=float))
    return samples[first : len(samples) - behind]


def bands(samples: Floats) -> Floats:
    """Natural logarithm of the amplitude in mel bands: shape (n_samples,) -> (n_frames, BANDS)."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW + 1)[:-1], FFT)) ** 2
    amplitude = np.sqrt(power @ filters().T)
    floor = amplitude.max() * 10 ** (-RANGE_DB / 20)
    logarithm: Floats = np.log(np.maximum(amplitude, floor))
    return logarithm


def cepstra(log_bands: Floats, n: int = COEFFICIENTS) -> Floats:
    """c_1 to c_n of each frame, c_d = 2/B sum of log|S_b| cos(pi d (b + 1/2) / B): (frames, B) -> (frames, n)."""
    count = log_bands.shape[-1]
    basis = np.cos(math.pi * np.outer(np.arange(1, n + 1), np.arange(count) + 0.5) / count)
    coefficients: Floats = log_bands @ basis.T * (2 / count)
    return coefficients


@functools.cache
def filters() -> Floats:
    """Triangles of height 1 on HTK's mel scale, 2595 log10(1 + f / 700): shape (BANDS, FFT / 2 + 1)."""
    top = 2595 * math.log10(1 + RATE_HZ / 2 / 700)
    edges_hz = 700 * (10 ** (np.linspace(0, top, BANDS + 2) / 2595) - 1)
    hz = np.fft.rfftfreq(FFT, 1 / RATE_HZ)
    low, middle, high = (edges_hz[i : i + BANDS, None] for i in range(3))
    triangles: Floats = np.maximum(0, np.minimum((hz - low) / (middle - low), (high - hz) / (high - middle)))
    return triangles


def warp(ours: Floats, theirs: Floats) -> tuple[float, int]:
    """The cheapest path through two sequences of vectors, (n, k) and (m, k): its summed distance and its steps.

    Dynamic time warping over Euclidean distances from corner to corner, diagonal by diagonal, so that nothing of size
    n times m is held. Of equal paths the one with more (1, 1) steps at its end is taken.
    """
    n, m = len(ours), len(theirs)
    ends = [np.full(n + 1, np.inf) for _ in range(2)]  # sum of the best path to (i - 1, j): last diagonal, one before
    lengths = [np.zeros(n + 1, int) for _ in range(2)]
    for diagonal in range(n + m - 1):
        i = np.arange(max(0, diagonal - m + 1), min(n, diagonal + 1))
        here = np.sqrt(((ours[i] - theirs[diagonal - i]) ** 2).sum(axis=1))
        before = np.stack([ends[1][i], ends[0][i], ends[0][i + 1]])  # from (i-1, j-1), (i-1, j), (i, j-1)
        steps = np.stack([lengths[1][i], lengths[0][i], lengths[0][i + 1]])
        best = before.argmin(axis=0)[None]
        reached, walked = np.full(n + 1, np.inf), np.zeros(n + 1, int)
        came = np.take_along_axis(before, best, 0)[0] if diagonal else 0.0
        reached[i + 1] = here + came
        walked[i + 1] = np.take_along_axis(steps, best, 0)[0] + 1
        ends, lengths = [reached, ends[0]], [walked, lengths[0]]
    return float(ends[0][n]), int(lengths[0][n])
