"""What has expired is deleted when the server starts, and every hour."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy.exc import SQLAlchemyError

from modellab.server.errors import ApiError
from modellab.server.storage.blobs import Blobs
from modellab.server.storage.shares import Shares

LOG = logging.getLogger("modellab.server")
EVERY_S = 3600.0


@asynccontextmanager
async def sweeping(blobs: Blobs, shares: Shares) -> AsyncIterator[None]:
    """While the block lasts."""
    task = asyncio.create_task(_for_ever(blobs, shares))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _for_ever(blobs: Blobs, shares: Shares) -> None:
    while True:
        try:
            await asyncio.to_thread(shares.sweep)
            await asyncio.to_thread(blobs.sweep)
        except (ApiError, SQLAlchemyError) as error:  # the store or the database does not answer: the next time it may
            LOG.warning("what has expired was not deleted: %s", str(error).splitlines()[0])
        await asyncio.sleep(EVERY_S)
