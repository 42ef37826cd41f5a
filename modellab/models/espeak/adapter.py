"""espeak-ng as a library; it and its voices come in the wheel `espeakng-loader`."""

from __future__ import annotations

import _ctypes
import ctypes
import difflib
import itertools
import os
import shutil
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import espeakng_loader
import numpy as np

from modellab.audio.saved import SCRATCH
from modellab.errors import did_you_mean
from modellab.types import Audio, Setting

SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS of speak_lib.h
RATE, PITCH, PITCH_RANGE = 1, 3, 4  # espeak_PARAMETER
CHARACTERS, UTF8 = 1, 1  # POS_CHARACTER, espeakCHARS_UTF8
SEED = 1  # of the breath in some voices; espeak-ng would take the time of day
FULL_SCALE = np.float32(32768)
ONE_AT_A_TIME = threading.Lock()  # espeak-ng keeps one state for all threads

Piece = Audio | Exception | None  # None: that was all
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True, slots=True)
class Manner:
    """How to speak: words per minute, and espeak-ng's 0 to 100 for pitch and its range."""

    voice: str
    rate_wpm: int
    pitch: int
    pitch_range: int


class Espeak:
    """Speaks in pieces of 60 ms, as they are made."""

    def __init__(self, setting: Setting) -> None:
        known = [field.name for field in fields(Manner)]
        if unknown := next((name for name in setting.options if name not in known), ""):
            raise ValueError(f"espeak has no option {unknown!r}: {did_you_mean(unknown, known)}")
        self.manner = Manner(**setting.options)
        self.library = self._copied(Path(espeakng_loader.get_library_path()))
        with ONE_AT_A_TIME:
            library, _ = _start(self.library)
            try:
                _choose(library, self.manner)
            finally:
                _stop(library)

    def _copied(self, library: Path) -> str:
        """A copy of the library's file for this object alone: one that others hold, too, would not be unloaded.

        On Linux it is in no folder, since from one of temporary files nothing may be run in many a container.
        """
        if sys.platform == "linux":
            number = os.memfd_create("modellab-espeak")
            weakref.finalize(self, os.close, number)
            with os.fdopen(number, "wb", closefd=False) as copy:
                copy.write(library.read_bytes())
            return f"/proc/self/fd/{number}"
        folder = tempfile.mkdtemp(prefix="modellab-espeak-", dir=os.environ.get(SCRATCH))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return shutil.copy(library, folder)

    def speak(self, text: str, voice: str = "") -> Iterator[Audio]:
        """The text as speech, 22.05 kHz. ValueError for a text without sound and for an unknown voice."""
        manner = replace(self.manner, voice=voice or self.manner.voice)
        pieces: SimpleQueue[Piece] = SimpleQueue()
        # espeak-ng calls back and returns when all is said; a thread lets the first piece out before the last is made
        threading.Thread(target=_speak, args=(self.library, text, manner, pieces), daemon=True).start()
        while (piece := pieces.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece


def _speak(path: str, text: str, manner: Manner, pieces: SimpleQueue[Piece]) -> None:
    try:
        with ONE_AT_A_TIME:
            _synthesise(path, text, manner, pieces)
    except Exception as error:  # noqa: BLE001  (goes to the thread that asked, whatever it is)
        pieces.put(error)
    pieces.put(None)


def _synthesise(path: str, text: str, manner: Manner, pieces: SimpleQueue[Piece]) -> None:
    """Speak with a library loaded anew, which is the only way that the same text sounds the same twice."""
    library, rate_hz = _start(path)
    audible = False

    def receive(wav: Any, n_samples: int, _events: Any) -> int:
        nonlocal audible
        if wav and n_samples > 0:
            samples = np.ctypeslib.as_array(wav, (n_samples,)) / FULL_SCALE
            audible = audible or bool(samples.any())
            pieces.put(Audio(samples.astype(np.float32), rate_hz))
        return 0  # go on

    callback = _Callback(receive)  # ctypes does not keep it alive
    try:
        library.espeak_SetSynthCallback(callback)
        _choose(library, manner)
        spoken = text.encode()
        library.espeak_Synth(spoken, len(spoken) + 1, 0, CHARACTERS, 0, UTF8, None, None)
        library.espeak_Synchronize()
    finally:
        _stop(library)
    if not audible:
        raise ValueError(f"espeak-ng made no sound for {text[:60]!r}: are there words in it?")


def _start(path: str) -> tuple[ctypes.CDLL, int]:
    """Load and initialise the library, 0.6 ms: (library, its sample rate in hertz)."""
    library = ctypes.CDLL(path)
    library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    data = espeakng_loader.get_data_path()
    rate_hz = library.espeak_Initialize(SYNCHRONOUS, 0, data.encode(), 0)
    if rate_hz <= 0:
        raise OSError(f"espeak-ng did not start (code {rate_hz}); are its data at {data}?")
    library.espeak_ng_SetRandSeed(SEED)
    return library, rate_hz


def _stop(library: ctypes.CDLL) -> None:
    """End and unload it: part of its state is in static variables that nothing else resets."""
    library.espeak_Terminate()
    if sys.platform == "win32":
        _ctypes.FreeLibrary(library._handle)
    else:
        _ctypes.dlclose(library._handle)


def _choose(library: ctypes.CDLL, manner: Manner) -> None:
    variant = manner.voice.partition("+")[2]
    there = sorted(path.name for path in (Path(espeakng_loader.get_data_path()) / "voices" / "!v").iterdir())
    if variant and variant not in there:  # espeak-ng would silently take the plain voice
        raise ValueError(f"espeak-ng has no variant {variant!r} of a voice: {did_you_mean(variant, there)}")
    if library.espeak_SetVoiceByName(manner.voice.encode()) != 0:
        close = " or ".join(difflib.get_close_matches(manner.voice, _voices(library)))
        hint = f"did you mean {close}?" if close else "it names them as en-us, de, fr, each with +f3, +m2, ..."
        raise ValueError(f"espeak-ng has no voice {manner.voice!r}: {hint}")
    for parameter, value in ((RATE, manner.rate_wpm), (PITCH, manner.pitch), (PITCH_RANGE, manner.pitch_range)):
        library.espeak_SetParameter(parameter, value, 0)


class _Voice(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("name", "languages", "identifier")]  # and more that is not read


def _voices(library: ctypes.CDLL) -> list[str]:
    """The voices that espeak-ng has, such as en-us and de; each takes a variant after a +."""
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    listed = library.espeak_ListVoices(None)
    there = itertools.takewhile(bool, listed)  # up to a null pointer
    return [voice.contents.identifier.decode().rpartition("/")[2].lower() for voice in there]  # gmw/en-US


load = Espeak
