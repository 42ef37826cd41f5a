"""The faults: each takes clips with what the model hears in them, and gives the same with something gone wrong.

A fault at the adapter changes what the model is given, a fault of the data the file or its transcript, a fault of the
model its answer (loops, other languages) or what it can hear (noise).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from modellab.diagnosis import UtteranceContext
from modellab.diagnosis.kinds import Fault, Kind
from modellab.text import get
from modellab.types import Floats

RATE_HZ = 16_000
Hear = Callable[[Floats], tuple[str, float]]  # 16 kHz samples -> what is heard, and where its last segment ends
SENTENCES = {
    "de": [
        "bitte mach das licht in der küche an",
        "wie ist das wetter heute in der stadt",
        "ich habe das nicht gehört",
    ],
    "fr": ["il est tard et je ne suis pas prêt", "la porte de la cuisine est ouverte", "vous êtes dans le jardin"],
    "es": ["la puerta de la cocina está abierta", "no sé qué hora es en la ciudad", "pon la luz del salón por favor"],
    "it": ["la porta della cucina è aperta", "che ora è adesso nella città", "non sono sicuro che il gatto sia qui"],
    "ru": ["пожалуйста включи свет на кухне", "какая сегодня погода в городе", "я этого не слышал"],
    "zh": ["请打开厨房的灯", "今天天气怎么样", "我没有听见"],
}
MADE_UP = ["thank you for watching", "please subscribe to the channel", "subtitles by the amara community"]
ELSEWHERE = [
    "the committee approved the annual budget", "our quarterly earnings rose again", "he walked along the river bank",
    "rain is likely over the northern hills", "she sold the painting to a museum", "they met at the old harbour",
]  # fmt: skip
TENS = {name: 10 * (i + 2) for i, name in enumerate(
    ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"))}  # fmt: skip
UNITS = {name: i + 1 for i, name in enumerate(
    ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
     "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"))}  # fmt: skip


@dataclass(frozen=True)
class Clip:
    """One utterance before anything goes wrong."""

    id: str
    transcript: str
    samples: Floats  # 16 kHz
    answer: str
    end_s: float
    others: tuple[str, ...]  # what other engines hear


@dataclass
class Bench:
    """What a fault works with: the clips of its case, the model, a folder for files, and dice."""

    clips: Sequence[Clip]
    hear: Hear
    folder: Path
    dice: np.random.Generator
    normaliser: str = "whisper_en"
    with_baseline: bool = True
    hit: set[str] = field(default_factory=set)  # ids of the utterances that something was done to

    def heard(self, clip: Clip, **changes: Any) -> UtteranceContext:
        """The utterance as the suite sees it, with these changes."""
        normalise = get(self.normaliser)
        given: dict[str, Any] = {"transcript": clip.transcript, "answer": clip.answer, "end_s": clip.end_s, **changes}
        return UtteranceContext(
            id=clip.id,
            reference=normalise(given["transcript"]),
            hypothesis=normalise(given["answer"]),
            duration_s=given.pop("duration_s", len(clip.samples) / RATE_HZ),
            language="en",
            before=normalise(clip.answer) if self.with_baseline else None,
            others=tuple(map(normalise, given.pop("others", ()))),
            **given,
        )

    def some(self, share: float = 0.3) -> set[str]:
        """Some of the clips, at least two, noted as hit."""
        count = max(2, round(share * len(self.clips)))
        self.hit = {self.clips[i].id for i in self.dice.permutation(len(self.clips))[:count]}
        return self.hit

    def all(self) -> set[str]:
        self.hit = {clip.id for clip in self.clips}
        return self.hit

    def given(self, clip: Clip, samples: Floats, **changes: Any) -> UtteranceContext:
        """The model is given other sound than the file's: a fault of the adapter."""
        answer, end_s = self.hear(samples)
        return self.heard(clip, answer=answer, end_s=end_s, **changes)

    def file(self, clip: Clip, samples: Floats, rate_hz: int = RATE_HZ, **changes: Any) -> UtteranceContext:
        """The file itself holds other sound, shape (n,) or (n, channels): a fault of the data that no baseline saw."""
        import soundfile

        path = self.folder / f"{clip.id}.flac"
        soundfile.write(path, samples, rate_hz)
        mono = samples if samples.ndim == 1 else samples.mean(axis=1)
        answer, end_s = self.hear(mono if rate_hz == RATE_HZ else soxr.resample(mono, rate_hz, RATE_HZ))
        seconds = len(samples) / rate_hz
        context = self.heard(clip, answer=answer, end_s=end_s, duration_s=seconds, audio=path, **changes)
        return replace(context, before=None)


Make = Callable[[Bench], list[UtteranceContext]]


@dataclass(frozen=True)
class Injected:
    """A fault by name, and what the detective should make of the utterances that it hits."""

    name: str
    kind: Kind | None  # None: nothing is wrong, whatever is found is a false alarm
    fault: Fault | None
    make: Make


def everywhere(change: Callable[[Bench, Clip], UtteranceContext]) -> Make:
    """The fault in every utterance."""

    def make(bench: Bench) -> list[UtteranceContext]:
        bench.all()
        return [change(bench, clip) for clip in bench.clips]

    return make


def here_and_there(change: Callable[[Bench, Clip], UtteranceContext]) -> Make:
    """The fault in some utterances."""

    def make(bench: Bench) -> list[UtteranceContext]:
        chosen = bench.some()
        return [change(bench, clip) if clip.id in chosen else bench.heard(clip) for clip in bench.clips]

    return make


def resampled(rate_hz: int) -> Callable[[Bench, Clip], UtteranceContext]:
    """Sound at another rate is handed on as if it were 16 kHz."""
    return lambda bench, clip: bench.given(clip, soxr.resample(clip.samples, RATE_HZ, rate_hz))


def mislabelled(rate_hz: int) -> Callable[[Bench, Clip], UtteranceContext]:
    """The file says another rate than its sound has."""
    return lambda bench, clip: bench.file(clip, clip.samples, rate_hz)


def kept(start: float, end: float) -> Callable[[Floats], Floats]:
    """Only what lies between two fractions of the sound."""
    return lambda samples: samples[int(start * len(samples)) : int(end * len(samples))]


def without(start: float, end: float) -> Callable[[Floats], Floats]:
    """All but what lies between two fractions of the sound."""
    return lambda samples: np.concatenate([samples[: int(start * len(samples))], samples[int(end * len(samples)) :]])


def noisy(samples: Floats, snr_db: float, dice: np.random.Generator) -> Floats:
    """The sound with white noise at this ratio of powers."""
    power = float((samples**2).mean())
    return samples + dice.normal(0, np.sqrt(power / 10 ** (snr_db / 10)), len(samples))
