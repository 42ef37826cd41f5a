"""Turns between the processes of a session: what may go on beside a timed passage.

Where a case's speed or memory is judged, nothing overlaps with its timed passage. Where nobody can judge them, because
no times are accepted on machines like this one, cases are measured beside each other if that leaves the clocks valid
(`gate/timing_validity.py`): a first run, or CI's, does not wait for a silence that nothing needs.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from modellab.gate.timing_validity import crowded
from modellab.runner.meters.process import usable_cores

BESIDE = "measured beside other cases, as no speed is accepted on this machine to hold its times to (-n 0: alone)"


@dataclass(frozen=True, slots=True)
class Turns:
    """A lock between processes: many may load at once, one may measure, and then nobody loads.

    `path` is None for a process that is alone; `others` are the processes of the session that may measure meanwhile.
    """

    path: Path | None = None
    others: int = 0

    def loading(self) -> AbstractContextManager[None]:
        """What may overlap with loading, and with what is measured beside others."""
        return self._hold(fcntl.LOCK_SH)

    def measuring(self, *, alone: bool = True) -> AbstractContextManager[None]:
        """A timed passage: with nothing beside it, or beside others that need no silence either."""
        return self._hold(fcntl.LOCK_EX if alone else fcntl.LOCK_SH)

    def leave_room(self, threads: int) -> bool:
        """Whether models of so many threads in all the other processes leave one's clocks valid."""
        return self.path is not None and self.others > 0 and not crowded(self._busy(threads), threads)

    def _busy(self, threads: int) -> dict[str, float]:
        return {"other_cores": float(self.others * threads), "cores": float(usable_cores())}

    @contextmanager
    def _hold(self, how: int) -> Iterator[None]:
        try:
            descriptor = -1 if self.path is None else os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:  # the session is over, or there was no room for its folder
            descriptor = -1
        if descriptor < 0:
            yield
            return
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)  # releases the lock, as does the end of the process, however it comes
