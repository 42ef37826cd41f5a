"""Speech with known word times to teach the tiny checkpoint: espeak-ng says random words and marks each one's start."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import espeakng_loader
import numpy as np
import numpy.typing as npt

from modellab import audio
from modellab.types import Audio

RATE_HZ = 16_000
SYNCHRONOUS, CHARACTERS, UTF8 = 2, 1, 1  # of espeak-ng's speak_lib.h
RATE, PITCH, PITCH_RANGE = 1, 3, 4
LIST_TERMINATED, WORD = 0, 1
QUIET = 0.004


def _listed(line: str) -> list[str]:
    return line.split()


VOICES = _listed("en-us en-us+f3 en-us+m1 en-us+belinda en-gb-x-rp+m3 en-gb-x-rp+f2 en-gb-scotland+paul en-us-nyc+f2")
WORDS = _listed(
    "red green blue yellow orange purple pink black white brown silver gold kitchen bedroom bathroom garage office "
    "garden hallway light lamp fan heater radio television camera alarm speaker door window curtain oven gate alice "
    "peter mary john anna david music song news video today tomorrow tonight turn on off up down switch set open close "
    "lock unlock play stop pause start call send show make increase decrease the a in to for at is what please and "
    "timer volume message time weather temperature morning evening next last remind me"
)


class Lesson(NamedTuple):
    """One utterance: float32 at 16 kHz, and (word, start_s, end_s) for each word."""

    samples: npt.NDArray[np.float32]
    words: list[tuple[str, float, float]]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def lessons(n: int, seed: int) -> Iterator[Lesson]:
    """`n` utterances of 2 to 7 words between up to 0.6 s of silence; those not marked word by word are left out."""
    r, library = Random(seed), ctypes.CDLL(espeakng_loader.get_library_path())  # noqa: S311
    data = espeakng_loader.get_data_path().encode()
    rate_hz = library.espeak_Initialize(SYNCHRONOUS, 0, data, 0)
    if rate_hz <= 0:
        raise OSError(f"espeak-ng did not start (code {rate_hz})")
    library.espeak_ng_SetRandSeed(seed)
    made = 0
    while made < n:
        words = [r.choice(WORDS) for _ in range(r.randint(2, 7))]
        library.espeak_SetVoiceByName(r.choice(VOICES).encode())
        for parameter, low, high in ((RATE, 130, 195), (PITCH, 30, 70), (PITCH_RANGE, 25, 75)):
            library.espeak_SetParameter(parameter, r.randint(low, high), 0)
        pcm, starts = _spoken(library, " ".join(words))
        if len(starts) == len(words):
            made += 1
            yield _lesson(r, words, pcm, [start / rate_hz for start in starts], rate_hz)


def _spoken(library: Any, text: str) -> tuple[npt.NDArray[np.int16], list[int]]:
    """The samples, and at which of them each word starts."""
    chunks: list[npt.NDArray[np.int16]] = []
    starts: list[int] = []

    def receive(wav: Any, n_samples: int, events: Any) -> int:
        if wav and n_samples > 0:
            chunks.append(np.ctypeslib.as_array(wav, (n_samples,)).copy())
        i = 0
        while events[i].type != LIST_TERMINATED:
            if events[i].type == WORD:
                starts.append(events[i].sample)
            i += 1
        return 0

    callback = _Callback(receive)  # ctypes does not keep it alive
    library.espeak_SetSynthCallback(callback)
    library.espeak_Synth(text.encode(), len(text.encode()) + 1, 0, CHARACTERS, 0, UTF8, None, None)
    library.espeak_Synchronize()
    return np.concatenate(chunks), starts


def _lesson(r: Random, words: list[str], pcm: Any, starts_s: list[float], rate_hz: int) -> Lesson:
    """Cut to what is audible, at a random level, between two silences."""
    samples = audio.resample(Audio(pcm.astype(np.float32) / 32768, rate_hz), RATE_HZ).samples
    loud = np.flatnonzero(np.abs(samples) > QUIET)
    first, end = int(loud[0]), int(loud[-1]) + 1
    before, behind = (round(r.uniform(0.05, 0.6) * RATE_HZ) for _ in range(2))
    level = np.float32(10 ** (r.uniform(-25, -10) / 20) / np.abs(samples).max())
    whole = np.concatenate([np.zeros(before), samples[first:end] * level, np.zeros(behind)]).astype(np.float32)
    shift_s = (before - first) / RATE_HZ
    edges = [before / RATE_HZ, *(start_s + shift_s for start_s in starts_s[1:]), (before + end - first) / RATE_HZ]
    return Lesson(whole, list(zip(words, edges, edges[1:], strict=False)))
