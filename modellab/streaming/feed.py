"""Feeds a clip to a stream, chunk by chunk, and notes when each event came."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, SupportsFloat

from modellab.errors import described
from modellab.streaming.clock import Clock
from modellab.streaming.protocol import Event, Provider
from modellab.types import Audio


class Noted(NamedTuple):
    """An event, when it came (`at_s`, by the clock) and how much audio had been handed over (`fed_s`), in s."""

    event: Event
    at_s: float
    fed_s: float


def listen(provider: Provider, audio: Audio, new_clock: Callable[[], Clock], chunk_s: float) -> list[Noted]:
    """Everything a provider says to one clip. What comes out of `finish` has `fed_s` at infinity.

    The clock begins when the stream is open: nobody speaks before.
    """
    stream = provider.open_stream(audio.rate_hz)
    clock = new_clock()
    size = max(1, round(chunk_s * audio.rate_hz))
    noted: list[Noted] = []
    for start in range(0, len(audio.samples), size):
        chunk = audio.samples[start : start + size]
        fed_s = (start + len(chunk)) / audio.rate_hz
        clock.arrive(fed_s)
        noted += _noted(stream.feed(chunk), clock, fed_s)
    return [*noted, *_noted(stream.finish(), clock, float("inf"))]


def _noted(events: Iterable[Event], clock: Clock, fed_s: float) -> Iterator[Noted]:
    checked_events = [checked(event) for event in events]
    at_s = clock.now()
    return (Noted(event, at_s - event.waited_s, fed_s) for event in checked_events)


def checked(event: object) -> Event:
    """The same; TypeError for what a stream may not give."""
    if not isinstance(event, Event) or event.kind not in {"partial", "final"} or not isinstance(event.text, str):
        raise TypeError(f"a stream gave {repr(event)[:80]}, expected Event('partial' or 'final', text, audio_s)")
    for name in ("audio_s", "waited_s"):
        value = getattr(event, name)
        if isinstance(value, bool) or not isinstance(value, SupportsFloat):
            raise TypeError(f"a stream gave an Event whose {name} is {described(value)}, expected seconds")
    if not 0 <= event.waited_s < math.inf:
        raise TypeError(f"a stream gave an Event whose waited_s is {event.waited_s}, expected seconds from 0 up")
    return event
