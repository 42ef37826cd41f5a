"""One call of a model for a request: submitted to its queue, awaited, given up when the client goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from modellab.server.auth import who
from modellab.server.errors import ApiError, of
from modellab.server.fleet.fleet import Fleet, Served
from modellab.server.fleet.queues import Job

Collect = Callable[[dict[str, Any]], dict[str, Any]]
GONE = 499  # the client has closed the connection: nobody reads it


@dataclass(frozen=True, slots=True)
class Caller:
    """A request as a model's queue sees it; where its file lies, and what the client calls that."""

    fleet: Fleet
    request: Request
    path: str = ""
    name: str = ""

    async def call(
        self, served: Served, task: str, row: Mapping[str, Any], audio_s: float = 0.0, collect: Collect = dict
    ) -> dict[str, Any]:
        """The reply of the model's process; ApiError for what went wrong."""
        job = self.fleet.submit(served, Job(task, row, audio_s, who(self.request).name, collect))
        future = asyncio.wrap_future(job.future)
        watch = asyncio.create_task(self._gone(served, job))
        try:
            waited: set[asyncio.Future[Any]] = {future, watch}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if watch.done():
                raise ApiError(GONE, "client_closed", "the client closed the connection")
            reply = future.result()
        except ApiError:
            raise
        except Exception as error:  # whatever a model's process did is one answer
            raise of(error, path=self.path, name=self.name) from error
        finally:
            watch.cancel()
            self._abandon(served, job)
            self._note(job, reply_wall_s(future))
        return reply

    async def _gone(self, served: Served, job: Job) -> None:
        """Ends when the client has gone; of many who go together each one's job is let go of before any is told."""
        while (await self.request.receive())["type"] != "http.disconnect":
            pass
        self._abandon(served, job)

    def _abandon(self, served: Served, job: Job) -> None:
        if not job.future.done() and not job.is_abandoned:
            self.fleet.abandon(served, job)

    def _note(self, job: Job, model_s: float) -> None:
        timing = self.request.state.timing
        now = time.monotonic()
        timing["queue"] = timing.get("queue", 0.0) + (job.begun_at or now) - job.asked_at
        timing["model"] = timing.get("model", 0.0) + model_s


def reply_wall_s(future: asyncio.Future[dict[str, Any]]) -> float:
    """What a reply says that the model's own call took, in s; 0 where there is none."""
    if not future.done() or future.cancelled() or future.exception() is not None:
        return 0.0
    return float(future.result().get("wall_s", 0.0))
