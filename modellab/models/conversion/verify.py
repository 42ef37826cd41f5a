"""Whether two checkpoints are the same model: both in their engines, on one clip, each in a process of its own.

The clip is filled up with silence to Whisper's window of 30 s, because the engines fill up otherwise each in its way
(openai-whisper and faster-whisper the spectrogram, transformers and whisper.cpp the audio) and then hear other words.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from modellab import audio, models
from modellab.errors import WeightsError
from modellab.metrics.edit_distance import align
from modellab.models import FOLDER
from modellab.models.conversion.probe import ENGINES, RATE_HZ
from modellab.models.conversion.recognise import recognise
from modellab.models.embedded.compact import Array
from modellab.system import extras, leftovers

CLIP = Path(__file__).with_name("clip.flac")  # spoken by espeak-ng: three sentences of golden/asr_smoke_v1
WINDOW = 30 * RATE_HZ
# of the largest value; two engines with the same float32 weights differ by 5e-5 of it, whisper.cpp's float16 by 3e-2
TOLERANCE, TOLERANCE_F16 = 1e-3, 0.1
FORBIDDEN = -1e30  # CTranslate2 puts less than that where a token may not come next
MOST_WRONG = 0.1  # of the words: a near tie may fall either way
TIMEOUT_S = 1800.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The largest difference in one quantity, and the largest value of it."""

    what: str
    difference: float
    largest: float
    tolerance: float  # of `largest`

    @property
    def same(self) -> bool:
        return self.difference <= self.tolerance * self.largest  # False for a NaN

    def __str__(self) -> str:
        return f"{self.what} by at most {self.difference:.2g} (values up to {self.largest:.3g})"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two checkpoints on one clip."""

    engines: str
    numbers: tuple[Comparison, ...]
    texts: tuple[str, str]


def verify(ours: Path, theirs: Path, clip: Path = CLIP) -> str:
    """One line that says how alike two checkpoints are; WeightsError where they are not the same model.

    Where an engine is not installed nothing is compared, and the line says so.
    """
    for fmt, _ in map(recognise, (ours, theirs)):
        config = models.config(FOLDER / ENGINES[fmt])
        if lacking := [package for package in config.packages if models.find_package(package) is None]:
            mend = extras.install(config.install)
            return f"not compared: {ENGINES[fmt]} needs {' and '.join(lacking)}: {mend}"
    compared = compare(ours, theirs, clip)
    if wrong := " and ".join(str(number) for number in compared.numbers if not number.same):
        raise WeightsError(f"{compared.engines} do not compute the same on {clip.name}, they differ in {wrong}")
    words = same_words(*compared.texts, compared.engines, clip.name)
    numbers = " and ".join(map(str, compared.numbers)) or "what they do not tell"
    return f"{compared.engines} agree on {clip.name} but for {numbers}; {words}"


def compare(ours: Path, theirs: Path, clip: Path = CLIP) -> Compared:
    """Load both in their engines, which have to be installed, and put the numbers side by side."""
    every = [recognise(path) for path in (ours, theirs)]
    with leftovers.folder("convert") as folder:
        sound = folder / "clip.npy"
        np.save(sound, window(audio.read(clip, RATE_HZ).samples))
        first, second = (_probe(*checkpoint, sound, folder / f"{i}.npz") for i, checkpoint in enumerate(every))
    tolerance = TOLERANCE_F16 if "ggml" in {fmt for fmt, _ in every} else TOLERANCE
    numbers = tuple(_compare(first, second, tolerance))
    return Compared(" and ".join(ENGINES[fmt] for fmt, _ in every), numbers, (str(first["text"]), str(second["text"])))


def window(samples: Array) -> Array:
    """30 s of audio: cut, or filled up with silence."""
    return np.pad(samples[:WINDOW], (0, WINDOW - len(samples[:WINDOW]))).astype(np.float32)


def same_words(ours: str, theirs: str, engines: str, clip: str) -> str:
    """How many words two transcripts share; WeightsError for too few."""
    first, second = (" ".join(_words(text)) for text in (ours, theirs))
    count = align(first, second).words
    whole = max(len(first.split()), len(second.split()))
    if count.errors > MOST_WRONG * whole:
        raise WeightsError(f"{engines} do not say the same of {clip}: {ours.strip()!r} and {theirs.strip()!r}")
    return f"{whole - count.errors} of {whole} words are the same"


def _words(text: str) -> Iterator[str]:
    for word in text.lower().split():
        if letters := "".join(letter for letter in word if letter.isalnum()):
            yield letters


def _compare(first: dict[str, Array], second: dict[str, Array], tolerance: float) -> Iterator[Comparison]:
    for key, what in (("encoder", "the encoder's output"), ("logits", "the first logits")):
        if key in first and key in second:
            a, b = first[key].astype(np.float64), second[key].astype(np.float64)
            if a.shape != b.shape:
                raise WeightsError(f"{what} has the shapes {a.shape} and {b.shape}: these are two models")
            if key == "logits":  # what all of them share changes no probability
                known = (a > FORBIDDEN) & (b > FORBIDDEN)
                a, b = a[known] - a[known].mean(), b[known] - b[known].mean()
            yield Comparison(what, float(np.abs(a - b).max()), float(np.abs(a).max()), tolerance)


def _probe(fmt: str, path: Path, clip: Path, out: Path) -> dict[str, Array]:
    command = [sys.executable, "-m", "modellab.models.conversion.probe", fmt, str(path), str(clip), str(out)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise WeightsError(f"{ENGINES[fmt]} did not transcribe {clip.name} within {TIMEOUT_S:g} s") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise WeightsError(f"{ENGINES[fmt]} does not run {path}: {last}")
    with np.load(out) as file:
        return {name: file[name] for name in file.files}
