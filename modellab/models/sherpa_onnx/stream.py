"""Audio that goes on, as sherpa-onnx's OnlineRecognizer hears it: chunk by chunk, with a state that does not grow.

What an utterance says so far is a partial. Where the recogniser finds its end (silence after words, or its length)
that is final, and the next utterance begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from modellab.streaming.protocol import Event, Samples

TAIL_S = 1.5  # of silence after the end: a network hears whole chunks alone, the longest of them of 1.12 s


class SherpaStream:
    """A stream with a state of its own."""

    def __init__(self, recogniser: Any, rate_hz: int) -> None:
        self.recogniser, self.rate_hz = recogniser, rate_hz
        self.stream = recogniser.create_stream()
        self.given_s = 0.0
        self.shown = ""

    def feed(self, chunk: Samples) -> list[Event]:
        """Finals of utterances that have ended, then what the present one says, where that is something new."""
        self._take(chunk)
        events = list(self._hear())
        text = self.recogniser.get_result(self.stream)
        if text != self.shown:
            self.shown = text
            events.append(Event("partial", text, self.given_s))
        return events

    def finish(self) -> list[Event]:
        """The rest, as a final."""
        self._end()
        events = list(self._hear())
        text = self.recogniser.get_result(self.stream)
        return [*events, Event("final", text, self.given_s)] if text else events

    def whole(self, samples: Samples) -> tuple[str, list[float]]:
        """A clip as one utterance, whatever silence is in it: its text, and when each token began, in s."""
        self._take(samples)
        self._end()
        while self.recogniser.is_ready(self.stream):
            self.recogniser.decode_stream(self.stream)
        return self.recogniser.get_result(self.stream), self.recogniser.timestamps(self.stream)

    def _take(self, samples: Samples) -> None:
        self.stream.accept_waveform(self.rate_hz, samples)
        self.given_s += len(samples) / self.rate_hz

    def _end(self) -> None:
        self.stream.accept_waveform(self.rate_hz, np.zeros(round(TAIL_S * self.rate_hz), np.float32))
        self.stream.input_finished()

    def _hear(self) -> Iterator[Event]:
        """Decode chunk by chunk, so that where an utterance ends does not depend on how the audio was cut."""
        while self.recogniser.is_ready(self.stream):
            self.recogniser.decode_stream(self.stream)
            if self.recogniser.is_endpoint(self.stream):
                text = self.recogniser.get_result(self.stream)
                self.recogniser.reset(self.stream)
                self.shown = ""
                if text:
                    yield Event("final", text, self.given_s)
