"""Any recogniser of whole clips as a streaming provider.

Each time `step_s` of new audio has come, the whole window is transcribed again. Words on which this and the last
hypothesis agree become final (`local_agreement.py`), the rest is a partial. When the window grows beyond `window_s` it
is cut behind the last segment whose words are all final; a window of `longest_s` that has no such segment is closed,
its words final as they are.

The idea is that of whisper_streaming (Macháček, Dabre & Bojar 2023, "Turning Whisper into Real-Time Transcription
System"). It differs: no prompt is carried over, and words need no times, only segments do, and only to cut.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from modellab.streaming.local_agreement import agreed, behind
from modellab.streaming.protocol import Event, Samples
from modellab.types import Audio, Transcript


@dataclass(frozen=True, slots=True)
class Buffered:
    """A provider around `transcribe`. All lengths in s of audio."""

    transcribe: Callable[[Audio], Transcript]
    step_s: float = 0.5
    window_s: float = 15.0
    longest_s: float = 28.0  # Whisper hears 30 s at a time

    def open_stream(self, rate_hz: int) -> BufferedStream:
        """A stream with an empty window."""
        return BufferedStream(self, rate_hz)


class BufferedStream:
    """One utterance; `window` is the audio not cut off yet, `start_s` where it begins."""

    def __init__(self, provider: Buffered, rate_hz: int) -> None:
        self.provider, self.rate_hz = provider, rate_hz
        self.window: Samples = np.zeros(0, np.float32)
        self.start_s = 0.0
        self.unheard = 0  # samples since the last hypothesis
        self.final: list[str] = []  # of this window
        self.last: list[str] = []  # behind the final ones, as in the last hypothesis

    def feed(self, chunk: Samples) -> list[Event]:
        """Events where `step_s` has come together, else none."""
        self.window = np.concatenate([self.window, np.asarray(chunk, np.float32)])
        self.unheard += len(chunk)
        return self._hear() if self.unheard >= self.provider.step_s * self.rate_hz else []

    def finish(self) -> list[Event]:
        """The rest of the words, all final."""
        events = [event for event in self._hear() if event.kind == "final"] if self.unheard else []
        rest, self.final, self.last = self.last, [], []
        return [*events, Event("final", " ".join(rest), self._end_s())] if rest else events

    def _hear(self) -> list[Event]:
        self.unheard = 0
        end_s = self._end_s()
        said = self.provider.transcribe(Audio(self.window, self.rate_hz))
        words = said.text.split()
        start = behind(self.final, words)
        sure = agreed(self.last, words[start:])
        confirmed, rest = words[start : start + sure], words[start + sure :]
        events = [Event("final", " ".join(confirmed), end_s)] if confirmed else []
        if rest != self.last or confirmed:
            events.append(Event("partial", " ".join(rest), end_s))
        self.final, self.last = [*self.final, *confirmed], rest
        return events + self._cut(said, start + sure)

    def _cut(self, said: Transcript, sure: int) -> list[Event]:
        """Shorten a window that is too long. `sure` words of its transcript are final."""
        length_s = len(self.window) / self.rate_hz
        if length_s <= self.provider.window_s:
            return []
        words, place, gone = 0, 0.0, 0
        for segment in said.segments:
            words += len(segment.text.split())
            if words <= sure and math.isfinite(segment.end_s) and 0 < segment.end_s <= length_s:
                place, gone = segment.end_s, words
        if place:
            self._drop(place)
            self.final = said.text.split()[gone:sure]
            return []
        if length_s < self.provider.longest_s:
            return []
        rest, self.final, self.last = self.last, [], []
        self._drop(length_s)
        return [Event("final", " ".join(rest), self._end_s())] if rest else []

    def _drop(self, place_s: float) -> None:
        samples = round(place_s * self.rate_hz)
        self.window = self.window[samples:]
        self.start_s += samples / self.rate_hz

    def _end_s(self) -> float:
        return self.start_s + len(self.window) / self.rate_hz
