"""Recordings of one's own through one model: what it hears, how much of it is wrong, how fast, how much memory.

Nothing is judged and nothing is kept: that is what a dataset and `modellab run` are for. Words are compared as a run
compares them, after the normaliser of the language.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from modellab import audio
from modellab.datasets.importers.own_recordings import Recording
from modellab.errors import sentence
from modellab.metrics.edit_distance import Step
from modellab.plan.matrix import ModelInstance
from modellab.runner.evaluate import Loaded
from modellab.runner.transcribe import listening
from modellab.tasks import asr
from modellab.types import Ratio

NORMALISER = "auto"


@dataclass(frozen=True, slots=True)
class Heard:
    """What a model made of one recording. Without a reference there are no steps and `wer` is NaN."""

    recording: Recording
    text: str = ""
    language: str = ""
    duration_s: float = math.nan
    wall_s: float = math.nan
    error: str = ""
    steps: tuple[Step, ...] = ()
    wrong: Ratio | None = None  # word errors over words of the reference

    @property
    def wer(self) -> float:
        """Word errors per word of the reference; NaN without one. Lower is better."""
        return math.nan if self.wrong is None else self.wrong.top / self.wrong.bottom if self.wrong.bottom else math.nan


@dataclass(slots=True)
class Tried:
    """One model over all recordings. Rates are pooled: all errors over all words, all seconds over all audio."""

    model: str
    setting: str  # device-precision
    load_s: float = math.nan
    peak_bytes: float = math.nan
    heard: list[Heard] = field(default_factory=list)

    @property
    def wrong(self) -> Ratio:
        """Word errors over words, of the recordings with a reference."""
        errors = [hypothesis.wrong for hypothesis in self.heard if hypothesis.wrong is not None]
        return Ratio(sum(ratio.top for ratio in errors), sum(ratio.bottom for ratio in errors))

    @property
    def wer(self) -> float:
        """The word error rate of all references together; NaN without any."""
        return self.wrong.top / self.wrong.bottom if self.wrong.bottom else math.nan

    @property
    def rtf(self) -> float:
        """Seconds of computing per second of audio; the first call is not warmed up."""
        done = [hypothesis for hypothesis in self.heard if not hypothesis.error]
        audio_s = sum(hypothesis.duration_s for hypothesis in done)
        return sum(hypothesis.wall_s for hypothesis in done) / audio_s if audio_s else math.nan

    @property
    def failed(self) -> int:
        """How many recordings it could not hear."""
        return sum(bool(hypothesis.error) for hypothesis in self.heard)


# name, length in s, seconds heard so far (NaN: nobody knows) -> around the hearing
Watched = Callable[[str, float, Callable[[], float]], AbstractContextManager[None]]


def unwatched(name: str, duration_s: float, so_far_s: Callable[[], float]) -> AbstractContextManager[None]:  # noqa: ARG001
    """Nobody waits for it."""
    return nullcontext()


def hear(
    instance: ModelInstance,
    recordings: Sequence[Recording],
    threads: int,
    language: str,
    tried: Tried,
    watched: Watched = unwatched,
) -> Iterator[Heard]:
    """Each recording as the model heard it, one at a time; `tried` gathers them with load time and memory.

    While one is heard the caller is inside of `watched`, which may show how far the model is.
    WorkerError where the model cannot be loaded; a recording that it cannot hear is one with an `error`.
    """
    with listening(instance, threads) as listener:
        tried.load_s = float(listener.get().facts["load_s"])
        for recording in recordings:
            try:
                duration_s = audio.info(recording.audio).duration_s
                with watched(recording.name, duration_s, listener.so_far_s):
                    heard = listener.hear(partial(_one, recording=recording, duration_s=duration_s, language=language))
                meters = listener.get().ask("finish", {"device": instance.key.device})
                tried.peak_bytes = float(meters.get("peak_rss_bytes", math.nan))
            except Exception as error:  # noqa: BLE001 - one recording ends here: whatever was raised is told, the next is heard
                heard = Heard(recording, error=sentence(error))
            tried.heard.append(heard)
            yield heard


def _one(ready: Loaded, recording: Recording, duration_s: float, language: str) -> Heard:
    spoken = language or recording.language
    row = {"id": recording.name, "audio": str(recording.audio), "duration_s": duration_s}
    reply = ready.ask("utterance", {"row": {**row, **({"language": spoken} if spoken else {})}}, duration_s)
    output = reply["output"]
    steps, wrong = compared(recording, output, spoken or output["language"], duration_s)
    return Heard(recording, output["text"], output["language"], duration_s, reply["wall_s"], "", steps, wrong)


def compared(
    recording: Recording, output: Mapping[str, Any], language: str, duration_s: float
) -> tuple[tuple[Step, ...], Ratio | None]:
    """The transcript word by word against the recording's text, and its word errors; nothing where it has no text."""
    if not recording.text:
        return (), None
    row = {"id": recording.name, "audio": recording.audio, "duration_s": duration_s, "text": recording.text}
    alignment = asr.read({**row, "language": language}, {"normaliser": NORMALISER}).held(output).alignment
    return tuple(alignment.steps), alignment.wer()
