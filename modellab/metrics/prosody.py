"""Pitch and duration of speech: how high, how lively, how much of it is voiced, and how far from a recording.

Conventions
-----------
Pitch is the fundamental frequency F0 by pYIN (Mauch & Dixon, "pYIN: A Fundamental Frequency Estimator Using
Probabilistic Threshold Distributions", ICASSP 2014, as librosa has it) from LOWEST_HZ to HIGHEST_HZ on audio at 16 kHz,
one frame each 16 ms; whispered and creaky speech has none. Its mean is over the logarithm, so it is a musical middle;
its spread is the standard deviation in semitones: a monotone voice has 0 to 1, lively reading 2 to 4. Distances from a
recording of the same words are in semitones between the means, and the difference in length between first and last
sound out of the recording's.

Nothing here is better or worse by itself: a value that moved is what to listen to. It costs about as long as the audio
lasts, so it is for rows that ask.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping

import numpy as np

from modellab.metrics import speech_quality
from modellab.types import Audio, Ratio

LOWEST_HZ, HIGHEST_HZ = 60.0, 500.0
FRAME, HOP = 1024, 256  # samples at 16 kHz
FEWEST = 3  # voiced frames


def pitch(audio: Audio) -> dict[str, float] | None:
    """pitch_hz, pitch_sd_semitones and voiced (fraction of frames); None without librosa, or without voiced speech."""
    if speech_quality.missing("librosa") or len(audio.samples) < FRAME:
        return None
    speech_quality.check(audio)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of librosa, about its own imports
        import librosa

        pitch_hz, voiced, _ = librosa.pyin(
            audio.samples, fmin=LOWEST_HZ, fmax=HIGHEST_HZ, sr=audio.rate_hz, frame_length=FRAME, hop_length=HOP
        )
    if voiced.sum() < FEWEST:
        return None
    semitones = 12 * np.log2(pitch_hz[voiced])
    return {
        "pitch_hz": float(2 ** (semitones.mean() / 12)),
        "pitch_sd_semitones": float(semitones.std()),
        "voiced": float(voiced.mean()),
    }


def compared(ours: Audio, theirs: Audio | None = None) -> dict[str, float]:
    """What `pitch` gives, and pitch_distance_semitones from another voice; what cannot be told is left out."""
    own, other = pitch(ours), pitch(theirs) if theirs is not None else None
    if not own:
        return {}
    return {**own, **({"pitch_distance_semitones": pitch_distance(own, other)} if other else {})}


def pitch_distance(ours: Mapping[str, float], theirs: Mapping[str, float]) -> float:
    """Semitones between two mean pitches; an octave is 12.

    >>> pitch_distance({"pitch_hz": 220.0}, {"pitch_hz": 110.0})
    12.0
    """
    return abs(12 * math.log2(ours["pitch_hz"] / theirs["pitch_hz"]))


def duration_error(ours_s: float, theirs_s: float) -> Ratio:
    """Difference in length out of the recording's, in [0, inf), lower is better; pooled it is seconds out of seconds.

    >>> duration_error(2.5, 2.0)
    Ratio(top=0.5, bottom=2.0)
    """
    return Ratio(abs(ours_s - theirs_s), theirs_s) if theirs_s else Ratio(0.0, 0.0)
