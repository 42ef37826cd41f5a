"""Ask again, as long as patience lasts."""

from __future__ import annotations

import time
from collections.abc import Callable

from modellab.errors import ServerError
from modellab.models.remote.meter import Meter
from modellab.models.remote.wording import backoff_s, gave_up

PATIENCE_S = 90.0  # for one call with all its tries; below the 120 s that a call of a model may take


class Passing(Exception):  # noqa: N818  (what may be otherwise at the next try)
    """What may be otherwise at the next try, which is to wait for so long, where the server says so."""

    def __init__(self, text: str, wait_s: float | None = None) -> None:
        super().__init__(text)
        self.wait_s = wait_s


def tried[T](
    attempt: Callable[[float], T],
    meter: Meter,
    patience_s: float,
    sleep: Callable[[float], None] = time.sleep,
    *,
    again: bool = True,
) -> tuple[T, float]:
    """What `attempt` gives, which is told when patience ends, and when it was begun (`time.monotonic`).

    Tries that raise Passing are made again, unless `again` says no, and are counted as lost; ServerError where patience
    is at its end.
    """
    first_s = time.monotonic()
    deadline_s = first_s + patience_s
    number = 0
    while True:
        number += 1
        begun_s = time.monotonic()
        try:
            return attempt(deadline_s), begun_s
        except Passing as fault:
            wait_s = fault.wait_s if fault.wait_s is not None else backoff_s(number)
            if not again or time.monotonic() + wait_s >= deadline_s:
                told = gave_up(str(fault), number, time.monotonic() - first_s, wait_s)
                raise ServerError(told) from None
        sleep(wait_s)
        meter.lost(time.monotonic() - begun_s)
