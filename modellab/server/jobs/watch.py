"""Whose worker is gone: one that has not counted its beats up for as long as a lease lasts."""

from __future__ import annotations

import time
from collections.abc import Callable

from modellab.server.jobs.store import Jobs

Key = tuple[int, str, int, int]  # job, worker, attempt, beats


class Watch:
    """Looks at all jobs at work now and then. `clock` is this process's own steady one."""

    def __init__(self, jobs: Jobs, lease_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.jobs, self.lease_s, self.clock = jobs, lease_s, clock
        self.seen: dict[Key, float] = {}

    def look(self) -> int:
        """Give what a lost worker was at to others; how many jobs that were."""
        now_s, lost, seen = self.clock(), 0, {}
        for row in self.jobs.at_work():
            key = (row.n, row.worker, row.tries, row.beats)
            since_s = self.seen.get(key, now_s)
            if now_s - since_s >= self.lease_s:
                lost += self.jobs.lost(row)
            else:
                seen[key] = since_s
        self.seen = seen
        return lost
