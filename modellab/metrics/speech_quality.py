"""What a trained model or a heavy library says of made speech: loudness, opinion score, likeness of two voices.

Each function imports its library on the first call and returns None where it is not installed:

| function     | library      | install |
|--------------|--------------|---------|
| `loudness`   | pyloudnorm   | `pip install 'modellab[speech-quality]'` |
| `opinion`    | speechmos    | the same |
| `similarity` | resemblyzer  | `pip install --no-deps resemblyzer webrtcvad-wheels`, and torch and librosa |
| `naturalness`| distillmos   | `pip install --no-deps distillmos xls-r-sqa`, and torch and torchaudio |

The weights of all of them come in their packages: nothing is fetched. resemblyzer states a dependency that only a
compiler installs, which its twin `webrtcvad-wheels` replaces: no extra can say so. They cost seconds of import and
hundreds of MB, so tasks call them in the judge's process, never in the model's.
"""

from __future__ import annotations

import contextlib
import functools
import io
import math
import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np

from modellab.system import extras, installer
from modellab.types import Audio

RATE_HZ = 16_000  # what opinion and similarity hear
BLOCK_S = 0.4  # of BS.1770; nothing shorter has a loudness
SHORTEST_S = 0.5  # a voice needs some speech
ENOUGH = {  # what brings each, for a person who misses it
    **dict.fromkeys(extras.EXTRAS["speech-quality"].packages, extras.install("speech-quality")),
    "librosa": extras.install("speech-quality"),
    "resemblyzer": installer.command("--no-deps", "resemblyzer", "webrtcvad-wheels"),
    "distillmos": installer.command("--no-deps", "distillmos", "xls-r-sqa"),
}


def missing(library: str) -> str:
    """What installs a library that is not there; '' if it is."""
    return "" if find_spec(library) else ENOUGH[library]


def loudness(audio: Audio) -> float | None:
    """Integrated loudness by ITU-R BS.1770-4, in LUFS; None where it is silent or shorter than a block of 0.4 s.

    Broadcast aims at -23 (EBU R 128), phones and streaming at -16 to -14.
    """
    if missing("pyloudnorm") or audio.duration_s < BLOCK_S:
        return None
    import pyloudnorm

    lufs = float(pyloudnorm.Meter(audio.rate_hz).integrated_loudness(audio.samples.astype(float)))
    return lufs if math.isfinite(lufs) else None


def opinion(audio: Audio) -> dict[str, float] | None:
    """DNSMOS P.835 of 16 kHz audio, each from 1 (bad) to 5 (excellent): mos (overall), mos_signal, mos_background.

    Short audio is repeated until it fills the model's 9 s. It was trained on noisy speech of people in calls, not on
    synthesis: a robot without noise is rated well. Source: Reddy et al., "DNSMOS P.835" (ICASSP 2022).
    """
    check(audio)
    if missing("speechmos") or not len(audio.samples):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of librosa, about its own imports
        from speechmos import dnsmos

        scores = dnsmos.run(np.clip(audio.samples, -1.0, 1.0), audio.rate_hz)
    names = {"mos": "ovrl_mos", "mos_signal": "sig_mos", "mos_background": "bak_mos"}
    return {ours: float(scores[theirs]) for ours, theirs in names.items()}


def naturalness(audio: Audio) -> float | None:
    """What listeners would say of 16 kHz speech, from 1 (bad) to 5 (excellent), as Distill-MOS estimates it.

    An estimate of the class of UTMOS, whose own weights no package carries. It is distilled from XLS-R and learnt from
    ratings of calls, codecs and synthesis, most of it English: use it to see a change of one model, not to rank two.
    Source: Stahl & Gamper, "Distillation and Pruning for Scalable Self-Supervised Representation-Based Speech Quality
    Assessment" (ICASSP 2025).
    """
    check(audio)
    if missing("distillmos") or not len(audio.samples):
        return None
    import torch

    with torch.inference_mode():
        return float(_distilled()(torch.from_numpy(audio.samples)[None])[0])


@functools.cache
def _distilled() -> Any:
    with contextlib.redirect_stdout(io.StringIO()):  # it says where its weights are
        import distillmos

        return distillmos.ConvTransformerSQAModel().eval()


def similarity(ours: Audio, theirs: Audio) -> float | None:
    """The cosine of two voices' embeddings, in [0, 1], higher is more alike; None for under half a second of speech.

    Resemblyzer's GE2E encoder (Wan et al. 2018) at 16 kHz, which shortens pauses itself. Measured with four voices of
    espeak-ng and two sentences: the same voice 0.75 to 0.84, another one 0.51 to 0.75.
    """
    for audio in (ours, theirs):
        check(audio)
    if missing("resemblyzer"):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it uses names that scipy and setuptools are about to drop
        encoder, preprocess = _encoder()
        speech = [preprocess(audio.samples, RATE_HZ) for audio in (ours, theirs)]
        if min(map(len, speech)) < SHORTEST_S * RATE_HZ:
            return None
        one, other = (encoder.embed_utterance(samples) for samples in speech)
    return float(one @ other)  # of length 1 each


@functools.cache
def _encoder() -> tuple[Any, Any]:
    from resemblyzer import VoiceEncoder, preprocess_wav

    return VoiceEncoder("cpu", verbose=False), preprocess_wav


def check(audio: Audio) -> None:
    """ValueError for audio at another rate than these models hear."""
    if audio.rate_hz != RATE_HZ:
        raise ValueError(f"expected audio at {RATE_HZ} Hz, got {audio.rate_hz} Hz: resample it first")
