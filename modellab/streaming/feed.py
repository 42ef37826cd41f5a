"""Feeds a clip to a stream, chunk by chunk, and notes when each event came."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

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
    said = [checked(event) for event in events]
    at_s = clock.now()
    return (Noted(event, at_s - event.waited_s, fed_s) for event in said)


def checked(event: object) -> Event:
    """The same; TypeError for what a stream may not give."""
    if isinstance(event, Event) and event.kind in {"partial", "final"} and isinstance(event.text, str):
        return event
    raise TypeError(f"a stream gave {repr(event)[:80]}, expected Event('partial' or 'final', text, audio_s)")
