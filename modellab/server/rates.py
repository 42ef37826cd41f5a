"""How much somebody may ask in a minute and at once: by token, session or, of strangers, address.

spend_audio(connection, 12.5)   # of whoever asks; ApiError 429 with when there is room
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from limits import RateLimitItemPerMinute
from starlette.requests import HTTPConnection

from modellab.plan.serve_settings import Serve
from modellab.server.auth import SAFE, Who, who
from modellab.server.errors import ApiError
from modellab.server.windows import Windows

WEIGHT = 0.2  # of the newest request in the mean time that one takes
FIRST_GUESS_S = 1.0


class Rates:
    """What was asked lately, and what is being asked now. Not for several threads: the event loop owns it."""

    def __init__(self, settings: Serve) -> None:
        self.settings, self.rates = settings, settings.known_rates
        self.windows = Windows()
        self.open: Counter[str] = Counter()
        self.mean_s = FIRST_GUESS_S

    @contextmanager
    def request(self, asker: Who, method: str) -> Iterator[None]:
        """Around one request; ApiError 429."""
        if (key := self._key(asker)) is None:
            yield
            return
        if not asker.scopes:
            self._hit(self.rates.strangers_per_min, "requests of this address", key)
        elif method in SAFE:
            self._hit(self.rates.reads_per_min, "reads", key)
        else:
            self._hit(self.rates.requests_per_min, "requests", key)
        if method in SAFE:
            yield
            return
        with self._held(f"requests:{key}", self.rates.in_flight, "requests at once", math.ceil(self.mean_s)):
            yield

    @contextmanager
    def socket(self, asker: Who) -> Iterator[None]:
        """Around one WebSocket; ApiError 429."""
        if (key := self._key(asker)) is None:
            yield
            return
        self._hit(self.rates.requests_per_min, "requests", key)
        with self._held(f"streams:{key}", self.rates.streams, "streams at once", 5):
            yield

    def refused(self, address: str) -> None:
        """Somebody gave an unknown token; ApiError 429 for who does that often."""
        self._hit(self.rates.strangers_per_min, "wrong tokens of this address", f"wrong:{address}")

    def audio(self, asker: Who, seconds: float) -> None:
        """So much audio is asked for; ApiError 429. What is longer than a minute's allowance takes all of it."""
        if (key := self._key(asker)) is not None:
            self._hit(self.rates.audio_s_per_min, "seconds of audio", key, cost=max(1, math.ceil(seconds)))

    def took(self, spent_s: float) -> None:
        """A request that computes was answered."""
        self.mean_s += WEIGHT * (spent_s - self.mean_s)

    def _key(self, asker: Who) -> str | None:
        """By what somebody is counted; None for everybody on a server that is open, unless it was told rates."""
        if not asker.key and asker.scopes and self.settings.rates is None:
            return None
        return asker.key or f"address:{asker.address}"

    def _hit(self, most: int, kind: str, key: str, cost: int = 1) -> None:
        if most and (wait_s := self.windows.hit(RateLimitItemPerMinute(most), kind, key, cost=cost)):
            raise _too_much(f"{most} {kind} in a minute are allowed: there is room in {wait_s} s", wait_s)

    @contextmanager
    def _held(self, key: str, most: int, kind: str, wait_s: int) -> Iterator[None]:
        if most and self.open[key] >= most:
            raise _too_much(f"{most} {kind} are allowed", wait_s)
        self.open[key] += 1
        try:
            yield
        finally:
            self.open[key] -= 1
            if not self.open[key]:
                del self.open[key]


def spend_audio(connection: HTTPConnection, seconds: float) -> None:
    """Count audio that a request or a socket brings; ApiError 429 where whoever asks has had enough of this minute."""
    rates = connection.state.rates
    assert isinstance(rates, Rates)
    rates.audio(who(connection), seconds)


def _too_much(message: str, wait_s: int) -> ApiError:
    return ApiError(429, "rate_limit_exceeded", message, headers={"Retry-After": str(max(1, wait_s))})
