"""When the calls of a load on a server begin, in a closed or an open loop; what a call does is the caller's business.

Closed: so many callers, each calls again when it was answered, so a slow server is asked less often and its tail looks
better than users would find it (coordinated omission). Open: calls are due at moments that do not wait for answers; a
call that finds no thread begins late, which a latency that counts from when it was due tells.
"""

from __future__ import annotations

import itertools
import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

MOST_THREADS = 256  # of an open loop
SEED = 7  # of the moments of an open loop
LOOK_S = 0.1  # how often a loop that waits looks whether it was told to end

Call = Callable[[int, float | None], None]  # its number, and when it is due in s from the beginning; None: at once
Moments = Iterator[float]


def closed(call: Call, *, streams: int, calls: float, longest_s: float, begun_s: float, stop: threading.Event) -> None:
    """So many callers at once, until so many calls were begun, the time is over, or `stop` is set.

    `calls` may be infinite; `begun_s` is on the clock of `time.perf_counter`.
    """
    numbers, lock = itertools.count(), threading.Lock()

    def stream() -> None:
        while time.perf_counter() - begun_s < longest_s and not stop.is_set():
            with lock:
                number = next(numbers)
            if number >= calls:
                return
            call(number, None)

    _all([stream] * streams, streams)


def open_loop(
    call: Call,
    moments: Moments,
    *,
    calls: float,
    longest_s: float,
    begun_s: float,
    stop: threading.Event,
    threads: int = MOST_THREADS,
) -> None:
    """Calls at these moments, in s from the beginning, until there were so many, the time is over, or `stop` is set."""
    pending: list[Future[None]] = []
    with ThreadPoolExecutor(threads) as pool:
        for number, due_s in enumerate(moments):
            if number >= calls or due_s > longest_s:
                break
            while (left_s := due_s - (time.perf_counter() - begun_s)) > 0 and not stop.is_set():
                time.sleep(min(left_s, LOOK_S))
            if stop.is_set():
                break
            pending.append(pool.submit(call, number, due_s))
        for future in pending:
            future.result()


def poisson(per_s: float, seed: int = SEED) -> Moments:
    """Moments with exponential gaps, the same ones each time."""
    draws, due_s = random.Random(seed), 0.0  # noqa: S311 - no secret
    while True:
        due_s += draws.expovariate(per_s)
        yield due_s


def regular(per_s: float) -> Moments:
    """Moments at equal distances."""
    number = 0
    while math.isfinite(per_s):
        yield number / per_s
        number += 1


def _all(works: list[Callable[[], None]], threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(work) for work in works]:
            future.result()
