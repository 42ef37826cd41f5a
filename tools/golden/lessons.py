"""python -m tools.golden.lessons: speak the lessons of the tiny LFM2.5-Audio checkpoint into its model folder.

The golden datasets that it is tested with are made of the same files, so this comes before them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from modellab import audio, models
from modellab.models import adapter_code
from modellab.types import Audio
from tools.speech.espeak import RATE_HZ, Espeak
from tools.speech.noise import Samples
from tools.speech.voices import Voice

MODEL, USER = Voice("en-us", 175, 45, 50), Voice("en-us+f3", 165, 55, 55)
GAIN = {MODEL: np.float32(0.4), USER: np.float32(0.25)}  # on speech whose peak is 0.5
EDGE_S = 0.1  # silence before and behind the speech
SOURCE = "synthesised with espeak-ng (wheel espeakng-loader) by python -m tools.golden.lessons"
FOLDER = models.FOLDER / "lfm2_5_audio"


def taught() -> Any:
    """The module that says what is taught; it lies in the model's folder, which is no package."""
    return adapter_code.load(FOLDER, "make_lessons")


def sound(name: str) -> Samples:
    """The samples of one lesson, 16 kHz mono."""
    return audio.read(FOLDER / "lessons" / f"{name}.flac", RATE_HZ).samples


def sounds() -> Iterator[tuple[str, str, Voice]]:
    """(file name, what is said, who says it), in the order in which espeak-ng is to say it."""
    lessons = taught()
    for name, text in lessons.SENTENCES.items():
        yield name, text, MODEL
    for name in lessons.HEARD:
        yield f"heard_{name}", lessons.SENTENCES[name], USER
    for name in lessons.HEARD:
        yield f"repeat_{name}", lessons.REPEAT.format(lessons.SENTENCES[name]), USER


def main() -> None:
    """Speak them all, in a process that has not spoken before (see tools/speech/espeak.py)."""
    espeak, edge = Espeak(), np.zeros(round(EDGE_S * RATE_HZ), np.float32)
    (FOLDER / "lessons").mkdir(exist_ok=True)
    for name, text, voice in sounds():
        samples = np.concatenate([edge, espeak.say(text, voice).samples * GAIN[voice], edge])
        audio.write(FOLDER / "lessons" / f"{name}.flac", Audio(samples.astype(np.float32), RATE_HZ))


if __name__ == "__main__":
    main()
