"""What a streaming provider is: something that opens streams; a stream takes chunks and gives events.

    stream = provider.open_stream(16_000)
    events = stream.feed(chunk) ... stream.feed(chunk), then once stream.finish()

What a reader sees is all finals so far, in order, and after them the last partial.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
MOST_STREAMS = 64  # at once in one process, of a model that says nothing of it


class Event(NamedTuple):
    """A `partial` takes the place of the partial before it. A `final` is words that will never change: it is added to
    the finals before it and removes the partial. `audio_s` is up to where in the audio it speaks, NaN if unknown.
    `waited_s` is how long ago it came, for a provider that hears while nobody calls it."""

    kind: Literal["partial", "final"]
    text: str
    audio_s: float = math.nan
    waited_s: float = 0.0


class Stream(Protocol):
    """One utterance that is being spoken."""

    def feed(self, chunk: Samples) -> Sequence[Event]:
        """Take the next samples, mono float32 in [-1, 1]; what can be said now."""

    def finish(self) -> Sequence[Event]:
        """No more audio comes: the rest, as finals."""


class Provider(Protocol):
    """What opens streams: an adapter with this method, or `buffered.Buffered` around one without.

    One that works while nobody calls it, such as a server's, says so with `is_live = True`, and is heard in real time.
    One that holds few streams at once says how many with `most_streams`. A stream that is given up before its end is
    told so where it has a method `close()`.
    """

    def open_stream(self, rate_hz: int) -> Stream: ...


def most_streams(model: object) -> int:
    """How many streams of its own a model holds at once; 0 for one that has none, or whose streams another runs."""
    if not hasattr(model, "open_stream") or getattr(model, "is_live", False):
        return 0
    return int(getattr(model, "most_streams", MOST_STREAMS))
