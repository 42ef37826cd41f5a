"""The growing window that a recogniser of whole clips hears again and again, and what has become final of it.

`take` audio; where it `is_due`, let the recogniser hear `audio` and tell the window what it said: `heard` gives the
events. Whoever calls the recogniser may wait for it in its own way: `buffered.py` does at once, a server does not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from modellab.streaming.local_agreement import agreed, behind
from modellab.streaming.protocol import Event, Samples
from modellab.types import Audio, Transcript


@dataclass(frozen=True, slots=True)
class Lengths:
    """All in s of audio: between two hypotheses, from where on a window is cut, and where it is closed."""

    step_s: float = 0.5
    window_s: float = 15.0
    longest_s: float = 28.0  # Whisper hears 30 s at a time


class Window:
    """One utterance; `samples` is the audio not cut off yet, `start_s` where it begins."""

    def __init__(self, lengths: Lengths, rate_hz: int) -> None:
        self.lengths, self.rate_hz = lengths, rate_hz
        self.samples: Samples = np.zeros(0, np.float32)
        self.start_s = 0.0
        self.unheard = 0  # samples since the last hypothesis
        self.final: list[str] = []  # of this window
        self.last: list[str] = []  # after the final ones, as in the last hypothesis

    @property
    def audio(self) -> Audio:
        """What the recogniser is to hear."""
        return Audio(self.samples, self.rate_hz)

    @property
    def is_due(self) -> bool:
        """Whether `step_s` has come since the last hypothesis."""
        return self.unheard >= self.lengths.step_s * self.rate_hz

    @property
    def duration_s(self) -> float:
        """How long it is, in s."""
        return len(self.samples) / self.rate_hz

    @property
    def end_s(self) -> float:
        """Up to where audio has come, in s from the beginning of the stream."""
        return self.start_s + self.duration_s

    def take(self, chunk: Samples) -> None:
        """The next samples, mono float32 in [-1, 1]."""
        self.samples = np.concatenate([self.samples, np.asarray(chunk, np.float32)])
        self.unheard += len(chunk)

    def heard(self, hypothesis: Transcript) -> list[Event]:
        """What follows from a hypothesis over the whole window: words become final, the rest is a partial."""
        self.unheard = 0
        end_s = self.end_s
        words = hypothesis.text.split()
        start = behind(self.final, words)
        sure = agreed(self.last, words[start:])
        confirmed, rest = words[start : start + sure], words[start + sure :]
        events = [Event("final", " ".join(confirmed), end_s)] if confirmed else []
        if rest != self.last or confirmed:
            events.append(Event("partial", " ".join(rest), end_s))
        self.final, self.last = [*self.final, *confirmed], rest
        return events + self._cut(hypothesis, start + sure)

    def close(self) -> list[Event]:
        """No more audio comes: what the last hypothesis said after the final words is final."""
        rest, self.final, self.last = self.last, [], []
        return [Event("final", " ".join(rest), self.end_s)] if rest else []

    def forget(self, keep_s: float) -> None:
        """Drop all but the last `keep_s`, in which nobody has spoken; every word before is final."""
        self.unheard, self.final = 0, []
        self._drop(max(0.0, self.duration_s - keep_s))

    def _cut(self, hypothesis: Transcript, sure: int) -> list[Event]:
        """Shorten a window that is too long. `sure` words of its transcript are final."""
        length_s = self.duration_s
        if length_s <= self.lengths.window_s:
            return []
        words, place, gone = 0, 0.0, 0
        for segment in hypothesis.segments:
            words += len(segment.text.split())
            if words <= sure and math.isfinite(segment.end_s) and 0 < segment.end_s <= length_s:
                place, gone = segment.end_s, words
        if place:
            self._drop(place)
            self.final = hypothesis.text.split()[gone:sure]
            return []
        if length_s < self.lengths.longest_s:
            return []
        rest, self.final, self.last = self.last, [], []
        self._drop(length_s)
        return [Event("final", " ".join(rest), self.end_s)] if rest else []

    def _drop(self, place_s: float) -> None:
        samples = round(place_s * self.rate_hz)
        self.samples = self.samples[samples:]
        self.start_s += samples / self.rate_hz
