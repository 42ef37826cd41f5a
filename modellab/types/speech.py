"""What a model is given and what it says: the nouns an adapter works with, all importable from `modellab.types`.

Units are in the field names: `_s` seconds, `_hz` hertz.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

# ---------------------------------------------------------------------------- in: what a model is given


@dataclass(frozen=True, slots=True)
class Audio:
    """Mono audio in memory: float32 in [-1, 1], shape (n_samples,).

    `language` is what is spoken in it, where its row says so; a model may need it, and may ignore it.
    """

    samples: npt.NDArray[np.float32]
    rate_hz: int
    language: str = ""

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate_hz


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything an adapter may know when it loads its model; built in the worker process."""

    model: str  # the folder's name, e.g. "faster_whisper"
    variant: str  # e.g. "lab", "large-v3"
    weights: Path | None  # a file or folder on this disk; None for those of a package or a server
    device: str  # "cpu", "cuda", "mps"; "server" where a server runs the model
    precision: str  # e.g. "float32", "int8"
    threads: int
    options: Mapping[str, Any] = field(default_factory=dict)  # the engine's own options, from config.yaml


# ---------------------------------------------------------------------------- out: what a model says


def inside(at_s: float, duration_s: float) -> float:
    """A time cut to [0, duration_s]; NaN stays NaN.

    >>> inside(30.0, 2.0), inside(-0.1, 2.0), inside(math.nan, 2.0)
    (2.0, 0.0, nan)
    """
    return min(max(at_s, 0.0), duration_s)  # both keep a NaN that comes first


class Segment(NamedTuple):
    """A stretch of a transcript; the times are seconds from the start of the audio, NaN where unknown."""

    text: str
    start_s: float
    end_s: float


class Confidence(NamedTuple):
    """A word of a transcript, as it stands there, and the model's own probability in [0, 1] that it is right."""

    word: str
    probability: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What an ASR model heard. `confidences` are of its words in their order; none where the model gives none."""

    text: str
    segments: tuple[Segment, ...] = ()
    language: str = ""
    confidences: tuple[Confidence, ...] = ()

    @classmethod
    def of(
        cls,
        segments: Iterable[tuple[str, float, float]],
        language: str = "",
        duration_s: float = math.inf,
        confidences: Iterable[tuple[str, float]] = (),
    ) -> Transcript:
        """Join segments (text, start_s, end_s) into one transcript.

        Segments without text are left out. Times are cut to [0, duration_s]: Whisper computes windows of 30 s, and
        libraries end the last segment where the window does. An unknown time (NaN) stays one.
        """
        parts = tuple(
            Segment(text, inside(float(start), duration_s), inside(float(end), duration_s))
            for text, start, end in segments
            if text.strip()
        )
        sure = tuple(Confidence(word.strip(), float(probability)) for word, probability in confidences)
        return cls(" ".join(part.text.strip() for part in parts), parts, language, sure)


class Region(NamedTuple):
    """A stretch of time, in seconds from the start of the audio."""

    start_s: float
    end_s: float


class Word(NamedTuple):
    """A word and where it is spoken, in seconds from the start of the audio; NaN where unknown."""

    text: str
    start_s: float
    end_s: float


class Turn(NamedTuple):
    """A stretch of time in which one person speaks; the name means nothing outside its recording."""

    start_s: float
    end_s: float
    speaker: str


class SpokenTurn(NamedTuple):
    """A stretch of time in which one person speaks, with the words; the name means nothing outside its recording."""

    start_s: float
    end_s: float
    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of a model that talks: in words, aloud, or both.

    `text` is what the model itself says it says, '' where it gives no words. Latencies are seconds from the call, NaN
    where there was none or the model cannot tell. `complete`: it stopped by itself rather than at a limit on its
    length.
    """

    text: str = ""
    audio: Audio | None = None
    first_token_s: float = math.nan
    first_audio_s: float = math.nan
    complete: bool = True
