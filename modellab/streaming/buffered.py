"""Any recogniser of whole clips as a streaming provider.

Each time `step_s` of new audio has come, the whole window is transcribed again. Words on which this and the last
hypothesis agree become final (`local_agreement.py`), the rest is a partial. When the window grows beyond `window_s` it
is cut after the last segment whose words are all final; a window of `longest_s` that has no such segment is closed,
its words final as they are (`window.py`).

The idea is that of whisper_streaming (Macháček, Dabre & Bojar 2023, "Turning Whisper into Real-Time Transcription
System"). It differs: no prompt is carried over, and words need no times, only segments do, and only to cut.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from modellab.streaming.protocol import Event, Samples
from modellab.streaming.window import Lengths, Window
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
        lengths = Lengths(self.step_s, self.window_s, self.longest_s)
        return BufferedStream(self.transcribe, Window(lengths, rate_hz))


@dataclass(slots=True)
class BufferedStream:
    """One utterance."""

    transcribe: Callable[[Audio], Transcript]
    window: Window

    def feed(self, chunk: Samples) -> list[Event]:
        """Events where `step_s` has come together, else none."""
        self.window.take(chunk)
        return self._hear() if self.window.is_due else []

    def finish(self) -> list[Event]:
        """The rest of the words, all final."""
        events = [event for event in self._hear() if event.kind == "final"] if self.window.unheard else []
        return [*events, *self.window.close()]

    def _hear(self) -> list[Event]:
        return self.window.heard(self.transcribe(self.window.audio))
