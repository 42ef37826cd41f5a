"""espeak-ng as a library: text in, 16 kHz speech and the start time of every word out.

The library and its voices come in the wheel `espeakng-loader`; no system package is needed. espeak-ng keeps
one state per process, and part of it is not reset between calls: a sentence spoken second differs by a few
samples from the same sentence spoken first. So speech is reproducible as a sequence: start a fresh process and
say the same things in the same order.
"""

from __future__ import annotations

import ctypes
import functools
import shutil
import tempfile
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.speech.voices import Voice

RATE_HZ = 16_000
SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS of speak_lib.h
RATE, VOLUME, PITCH, PITCH_RANGE = 1, 2, 3, 4  # espeak_PARAMETER
CHARACTERS, UTF8 = 1, 1  # POS_CHARACTER, espeakCHARS_UTF8
LIST_TERMINATED, WORD = 0, 1  # espeak_EVENT_TYPE
QUIET = 0.004  # full scale 1.0: what counts as silence when the edges are trimmed (-48 dBFS)
LEAD_S, TAIL_S = 0.01, 0.02  # what is kept before the first and behind the last sound
PEAK = 0.5
SEED = 1  # of the breath in some voices; espeak-ng would take the time of day


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class Speech:
    """Speech cut to its first and last sound, peak 0.5, float32 at 16 kHz.

    `word_starts_s` has one entry per blank-separated word of the text. Where espeak reported none (it speaks
    some pairs as one), the entry is interpolated and the speech is not `exact`.
    """

    samples: npt.NDArray[np.float32]
    word_starts_s: npt.NDArray[np.float32]
    exact: bool = True

    @property
    def duration_s(self) -> float:
        return len(self.samples) / RATE_HZ


class Espeak:
    """The process's one espeak-ng; `Espeak()` again returns to the same state, it does not reset it."""

    def __init__(self) -> None:
        self._library, self._rate_hz = _start()
        self._chunks: list[npt.NDArray[np.int16]] = []
        self._words: dict[int, float] = {}  # position in the text -> start in seconds
        self._callback = _Callback(self._receive)  # ctypes does not keep it alive
        self._library.espeak_SetSynthCallback(self._callback)

    @property
    def version(self) -> str:
        """For example "1.52.0"."""
        self._library.espeak_Info.restype = ctypes.c_char_p
        info: bytes = self._library.espeak_Info(None)
        return info.decode().split()[0]

    def say(self, text: str, voice: Voice) -> Speech:
        """Speak `text`. Raises ValueError for a voice espeak-ng does not know and for a text without sound."""
        self._chunks, self._words = [], {}
        self._choose(voice)
        spoken = text.encode()
        self._library.espeak_Synth(spoken, len(spoken) + 1, 0, CHARACTERS, 0, UTF8, None, None)
        self._library.espeak_Synchronize()
        if not self._chunks:
            raise ValueError(f"espeak-ng made no sound for {text!r}")
        samples = _resample(np.concatenate(self._chunks), self._rate_hz)
        first, last = _audible(samples)
        starts_s = self._starts_s(text) - first / RATE_HZ
        loud = samples[first:last] * (PEAK / max(1e-3, float(np.abs(samples).max())))
        exact = len(self._words) == len(text.split(" "))
        return Speech(loud.astype(np.float32), np.clip(starts_s, 0, None).astype(np.float32), exact)

    def _choose(self, voice: Voice) -> None:
        if self._library.espeak_SetVoiceByName(voice.name.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice.name!r}")
        values = {RATE: voice.rate_wpm, VOLUME: 100, PITCH: voice.pitch, PITCH_RANGE: voice.pitch_range}
        for parameter, value in values.items():
            self._library.espeak_SetParameter(parameter, value, 0)

    def _receive(self, wav: Any, n_samples: int, events: Any) -> int:
        """Called by espeak-ng with a piece of audio and the events in it; 0 means go on."""
        if wav and n_samples > 0:
            self._chunks.append(np.ctypeslib.as_array(wav, (n_samples,)).copy())
        i = 0
        while events[i].type != LIST_TERMINATED:
            if events[i].type == WORD:
                self._words[events[i].text_position - 1] = events[i].sample / self._rate_hz
            i += 1
        return 0

    def _starts_s(self, text: str) -> npt.NDArray[np.float64]:
        starts, position = [], 0
        for word in text.split(" "):
            starts.append(self._words.get(position, np.nan))
            position += len(word) + 1
        marked_s = np.array(starts)
        known = np.flatnonzero(~np.isnan(marked_s))
        if not len(known):
            return np.zeros(len(marked_s))
        starts_s: npt.NDArray[np.float64] = np.interp(np.arange(len(marked_s)), known, marked_s[known])
        return starts_s


@functools.cache
def _start() -> tuple[ctypes.CDLL, int]:
    """Load and initialise the library, once per process: (library, its sample rate in hertz).

    It is a copy of its own: whoever else in the process has the library ends it for all who hold the same file.
    """
    import espeakng_loader

    with tempfile.TemporaryDirectory() as folder:
        library = ctypes.CDLL(shutil.copy(espeakng_loader.get_library_path(), folder))
    library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    rate_hz = library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate_hz <= 0:
        raise OSError(f"espeak-ng did not start (code {rate_hz}); are its data at {espeakng_loader.get_data_path()}?")
    library.espeak_ng_SetRandSeed(SEED)
    return library, rate_hz


def _resample(samples: npt.NDArray[np.int16], rate_hz: int) -> npt.NDArray[np.float32]:
    import soxr

    resampled: npt.NDArray[np.float32] = soxr.resample(samples.astype(np.float32) / 32768, rate_hz, RATE_HZ)
    return resampled


def _audible(samples: npt.NDArray[np.float32]) -> tuple[int, int]:
    """First sample and end of the audible stretch, with `LEAD_S` before and `TAIL_S` behind it."""
    loud = np.flatnonzero(np.abs(samples) > QUIET)
    if not len(loud):
        raise ValueError("espeak-ng spoke only silence")
    lead, tail = round(LEAD_S * RATE_HZ), round(TAIL_S * RATE_HZ)
    return max(0, int(loud[0]) - lead), min(len(samples), int(loud[-1]) + tail)
