"""What a log hears of something that fails for a while: when it begins, each minute that it lasts, and when it is over.

Threads that ask again meanwhile would say the same each second, all of them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

LOG = logging.getLogger("modellab.server")
REPEAT_S = 60.0
MOST_S = 10.0  # between two tries
SHARE = 0.25  # of how long it has failed already


class Outage:
    """One thing that fails, for all threads of a process. `clock` is a steady one."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.name, self.clock = name, clock
        self.lock = threading.Lock()
        self.since_s: float | None = None
        self.logged_s = 0.0

    def tell(self, error: Exception) -> None:
        """It failed once more."""
        now_s = self.clock()
        with self.lock:
            is_new = self.since_s is None
            if not is_new and now_s - self.logged_s < REPEAT_S:
                return
            self.since_s = now_s if self.since_s is None else self.since_s
            self.logged_s, lasted_s = now_s, now_s - self.since_s
        lasts = "" if is_new else f", for {lasted_s:.0f} s now"
        message = next(iter(str(error).splitlines()), type(error).__name__)
        LOG.warning("%s: %s%s", self.name, message, lasts)

    def over(self) -> None:
        """It did not fail."""
        if self.since_s is None:  # as nearly always: no lock for that
            return
        with self.lock:
            since_s, self.since_s = self.since_s, None
        if since_s is not None:
            LOG.warning("%s: that is over, after %.0f s", self.name, self.clock() - since_s)

    def pause_s(self, least_s: float) -> float:
        """How long to wait before the next try: the longer it lasts the longer, so much at least."""
        since_s = self.since_s
        return least_s if since_s is None else max(least_s, min(MOST_S, SHARE * (self.clock() - since_s)))
