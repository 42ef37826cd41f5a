"""Where somebody speaks in audio that is still coming, by its energy alone: cheap enough for every stream of a server.

Each frame of 20 ms is held against the noise floor, which falls at once to a quieter frame and rises slowly, so that
steady noise is no speech after a while. `Turns` parts a stream where nobody speaks for long enough. It takes music for
speech and misses what is no louder than the noise around it; a model for voice activity would not.

Levels are in dB below full scale (dBFS): 0 is a square wave of full amplitude, digital silence is FLOOR_DB.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from modellab.streaming.protocol import Samples

FRAME_S = 0.02
FLOOR_DB = -90.0
QUIET_DB = -60.0  # below it nobody speaks, whatever the noise
RISE_DB_PER_S = 2.0  # of the noise floor
FIRST_DB = -50.0  # of the noise floor, before anything was heard
LEAST_DB, SPAN_DB = 3.0, 12.0  # over the noise: of the threshold 0, and from there to the threshold 1
STARTS = 3  # frames of speech in a row that begin a turn


class Levels:
    """Frame by frame, whether it is louder than the noise by `3 + 12 * threshold` dB."""

    def __init__(self, rate_hz: int, threshold: float = 0.5) -> None:
        self.size = round(FRAME_S * rate_hz)
        self.margin_db = LEAST_DB + SPAN_DB * threshold
        self.noise_db = FIRST_DB
        self.rest: Samples = np.zeros(0, np.float32)  # less than a frame

    def feed(self, chunk: Samples) -> list[bool]:
        """One answer for each whole frame that has come."""
        samples = np.concatenate([self.rest, chunk])
        count = len(samples) // self.size
        self.rest = samples[count * self.size :]
        frames = samples[: count * self.size].reshape(count, self.size).astype(np.float64)
        power = np.mean(frames**2, axis=1) if count else np.zeros(0)
        return [self._is_loud(10 * math.log10(value) if value > 0 else FLOOR_DB) for value in power]

    def _is_loud(self, level_db: float) -> bool:
        level_db = max(level_db, FLOOR_DB)
        self.noise_db = min(level_db, self.noise_db + RISE_DB_PER_S * FRAME_S)
        return level_db > max(QUIET_DB, self.noise_db + self.margin_db)


class Part(NamedTuple):
    """What a stream is parted into: a turn begins, some of its audio, it ends. `at_s` is from the stream's start."""

    kind: Literal["start", "audio", "stop"]
    at_s: float
    samples: Samples


@dataclass(frozen=True, slots=True)
class TurnOptions:
    """When a turn begins and ends; lengths in s."""

    threshold: float = 0.5
    padding_s: float = 0.3  # before the first frame of speech
    silence_s: float = 0.5  # that ends a turn


NOTHING: Samples = np.zeros(0, np.float32)


class Turns:
    """Parts a stream into turns; audio between them is dropped, but for the padding before each."""

    def __init__(self, rate_hz: int, options: TurnOptions = TurnOptions()) -> None:
        self.rate_hz, self.options = rate_hz, options
        self.levels = Levels(rate_hz, options.threshold)
        self.held: Samples = NOTHING  # what was looked at while nobody spoke, as far as a turn may begin with it
        self.end = 0  # samples that were looked at
        self.is_speech = False
        self.run = 0  # frames in a row that speak against the present state

    def feed(self, chunk: Samples) -> list[Part]:
        """The parts that are certain by now; audio of less than a frame waits for the next chunk."""
        fresh = np.concatenate([self.levels.rest, np.asarray(chunk, np.float32)])
        loud = self.levels.feed(chunk)
        size = self.levels.size
        heard = np.concatenate([self.held, fresh[: len(loud) * size]])
        parts: list[Part] = []
        place, since = len(self.held), 0  # ends of the frame, and of what was handed on
        for is_loud in loud:
            place, self.end = place + size, self.end + size
            self.run = self.run + 1 if is_loud != self.is_speech else 0
            if not self.is_speech and self.run >= STARTS:
                since = max(since, place - STARTS * size - round(self.options.padding_s * self.rate_hz))
                parts.append(Part("start", (self.end - place + since) / self.rate_hz, NOTHING))
                self.is_speech, self.run = True, 0
            elif self.is_speech and self.run * FRAME_S >= self.options.silence_s - FRAME_S / 2:
                at_s = self.end / self.rate_hz
                parts += [Part("audio", at_s, heard[since:place]), Part("stop", at_s, NOTHING)]
                self.is_speech, self.run, since = False, 0, place
        if self.is_speech:
            self.held = NOTHING
            return [*parts, Part("audio", self.end / self.rate_hz, heard[since:])] if len(heard) > since else parts
        most = round(self.options.padding_s * self.rate_hz) + STARTS * size
        self.held = heard[max(since, len(heard) - most) :]
        return parts

    def cut(self) -> Samples:
        """Somebody else ends the turn: audio of it that was not handed on. The next turn begins with speech."""
        left = np.concatenate([self.held, self.levels.rest])
        self.end += len(self.levels.rest)
        self.held = self.levels.rest = NOTHING
        self.is_speech, self.run = False, 0
        return left
