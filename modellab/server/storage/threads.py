"""Threads for what waits for a store or a drawing: nobody else is kept waiting where one of those does not answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import anyio.to_thread

from modellab.server.errors import ApiError

STORE, DRAW = 8, 2  # calls at a time
MOST_WAITING = 8  # drawings


@cache
def _limit(most: int) -> anyio.CapacityLimiter:
    return anyio.CapacityLimiter(most)


async def stored[Result](call: Callable[..., Result], *given: object, **named: object) -> Result:
    """What a call of the store gives."""
    return await anyio.to_thread.run_sync(partial(call, *given, **named), limiter=_limit(STORE))


async def drawn[Result](call: Callable[..., Result], *given: object) -> Result:
    """What a call gives that takes seconds; ApiError where too many wait."""
    limit = _limit(DRAW)
    if limit.statistics().tasks_waiting >= MOST_WAITING:
        raise ApiError(503, "busy", "too many pages are being drawn: ask again later", headers={"Retry-After": "10"})
    return await anyio.to_thread.run_sync(partial(call, *given), limiter=limit)
