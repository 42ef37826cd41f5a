"""How often something may happen: windows that move with the time, and when there is room in one again."""

from __future__ import annotations

import logging
import time

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

LOG = logging.getLogger("modellab.server")
JUMP_S = 5.0  # by which a clock that was set differs from one that runs


class Windows:
    """Counts in this process's memory. Not for several threads: the event loop owns it."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._ahead_s = time.time() - time.monotonic()

    def hit(self, limit: RateLimitItem, *key: str, cost: int = 1) -> int:
        """0 where it may happen, which counts; else in how many whole seconds there is room for it."""
        self._check_clock()
        cost = min(cost, limit.amount)  # what is more than a whole window takes all of one
        return 0 if self._limiter.hit(limit, *key, cost=cost) else self._wait_s(limit, *key, cost=cost)

    def wait_s(self, limit: RateLimitItem, *key: str, cost: int = 1) -> int:
        """The same without counting it."""
        self._check_clock()
        return 0 if self._limiter.test(limit, *key, cost=cost) else self._wait_s(limit, *key, cost=cost)

    def _wait_s(self, limit: RateLimitItem, *key: str, cost: int) -> int:
        window_s = limit.get_expiry()
        name = limit.key_for(*key)
        for wait_s in range(1, window_s):
            _, kept = self._storage.get_moving_window(name, limit.amount, window_s - wait_s)
            if kept + cost <= limit.amount:
                return wait_s
        return window_s

    def clear(self, limit: RateLimitItem, *key: str) -> None:
        """Forget what happened."""
        self._limiter.clear(limit, *key)

    def _check_clock(self) -> None:
        """Begin anew where the clock was set: what lies in the future would count until it is past."""
        ahead_s = time.time() - time.monotonic()
        if abs(ahead_s - self._ahead_s) > JUMP_S:
            LOG.warning("the clock was set by %+.0f s: rates are counted anew", ahead_s - self._ahead_s)
            self._storage.reset()
        self._ahead_s = ahead_s
