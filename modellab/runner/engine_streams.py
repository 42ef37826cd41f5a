"""Streams that a model holds itself, in its process: opened, fed, finished, each under a name that its parent gives.

    open   {"stream", "rate_hz"} -> {}
    feed   {"stream", "audio"}   -> {"events": [[kind, text, audio_s or null], ...]}
    finish {"stream"}            -> {"events"}, and the stream is over
    drop   {"stream"}            -> {}, whether there is such a stream or not

`audio` is mono float32, little-endian, as base64. A stream that raised is over: nobody knows what it holds.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from modellab.streaming.feed import checked
from modellab.streaming.protocol import Samples, Stream, most_streams


class Streams:
    """The open streams of one model."""

    def __init__(self, model: Any) -> None:
        self.model, self.most = model, most_streams(model)
        self.opened: dict[str, Stream] = {}

    def open(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """A new stream; RuntimeError where the model holds as many as it can, or none at all."""
        if not self.most:
            raise RuntimeError("its adapter has no open_stream of its own")
        if len(self.opened) >= self.most:
            raise RuntimeError(f"the model holds at most {self.most} streams at once")
        self.opened[order["stream"]] = self.model.open_stream(int(order["rate_hz"]))
        return {}

    def feed(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """What a stream says to the next samples."""
        with self._held(order) as stream:
            return _said(stream.feed(from_text(order["audio"])))

    def finish(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """The rest of what a stream says."""
        with self._held(order) as stream:
            events = _said(stream.finish())
        self.opened.pop(order["stream"])
        return events

    def drop(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Nobody listens any more."""
        stream = self.opened.pop(order["stream"], None)
        if callable(close := getattr(stream, "close", None)):
            close()
        return {}

    @contextmanager
    def _held(self, order: Mapping[str, Any]) -> Iterator[Stream]:
        """A stream, which is over where anything is raised; RuntimeError where it is over already."""
        stream = self.opened.get(order["stream"])
        if stream is None:
            raise RuntimeError("there is no such stream in this process: it is over, or the process is another one")
        try:
            yield stream
        except BaseException:
            self.drop(order)
            raise


def as_text(chunk: Samples) -> str:
    """Samples as they are sent."""
    return base64.b64encode(np.asarray(chunk, "<f4").tobytes()).decode("ascii")


def from_text(text: str) -> Samples:
    """What `as_text` was given."""
    return np.frombuffer(base64.b64decode(text), "<f4").astype(np.float32)


def _said(events: Iterable[object]) -> dict[str, Any]:
    told = [checked(event) for event in events]
    return {
        "events": [
            [change.kind, change.text, change.audio_s if math.isfinite(change.audio_s) else None] for change in told
        ]
    }
