"""When audio arrives and when an answer is there: by the real clock, or by one that only computing moves."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

Seconds = Callable[[], float]


class Clock(Protocol):
    """Seconds since the first sample was spoken."""

    def arrive(self, audio_s: float) -> None:
        """Wait until so much audio has been spoken."""

    def now(self) -> float:
        """The time since the first sample, in s."""


class VirtualClock:
    """Faster than real time: waiting costs nothing, computing takes as long as it takes.

    A chunk is worked on when it has arrived and all before it are done: max(arrival, end of the work before) + its own
    work. So latency is that of a live stream on this machine, while a clip takes only its computing time.
    """

    def __init__(self, seconds: Seconds = time.perf_counter) -> None:
        self.seconds = seconds
        self.time_s = 0.0
        self.since_s = seconds()

    def arrive(self, audio_s: float) -> None:
        """The chunk that ends at `audio_s` is handed over, now or as soon as the work before it is done."""
        self.time_s = max(self.now(), audio_s)
        self.since_s = self.seconds()

    def now(self) -> float:
        """When the work so far is done."""
        return self.time_s + self.seconds() - self.since_s


class WallClock:
    """Real time, for providers that work while nobody calls them, such as a server."""

    def __init__(self, seconds: Seconds = time.monotonic, sleep: Callable[[float], None] = time.sleep) -> None:
        self.seconds, self.sleep = seconds, sleep
        self.start_s = seconds()

    def arrive(self, audio_s: float) -> None:
        """Sleep until the chunk that ends at `audio_s` has been spoken."""
        self.sleep(max(0.0, audio_s - self.now()))

    def now(self) -> float:
        """The time since the first sample."""
        return self.seconds() - self.start_s


CLOCKS: dict[str, Callable[[], Clock]] = {"virtual": VirtualClock, "real": WallClock}
