"""An utterance in a stream of the model's own: partials and finals are those that the model says.

Audio goes to it in the order in which it came, all of it, in pieces of at most `MOST_S`: so streams of one process take
turns. What came while a call went on is heard in the next ones.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from modellab.runner.engine_streams import as_text
from modellab.server.errors import ApiError, of
from modellab.server.fleet.own_streams import NoStreamsError, lost
from modellab.server.fleet.queues import Job
from modellab.server.fleet.replica import OwnStream
from modellab.server.live.asking import RATE_HZ, Asking, Step
from modellab.streaming.protocol import Samples

MOST_S = 2.0  # of audio in one call
TASK = "asr"


class Own:
    """One utterance. ApiError where the model cannot be asked, and then the stream is over."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.stream: OwnStream | None = None
        self.is_open = False  # or about to be
        self.given_s = 0.0
        self.partial = ""

    async def feed(self, samples: Samples, is_followed: bool = False) -> AsyncIterator[Step]:  # noqa: ARG002
        """Take audio; a step for each piece of it."""
        size = round(MOST_S * RATE_HZ)
        for at in range(0, len(samples), size):
            piece = samples[at : at + size]
            about = {} if self.is_open else {"rate_hz": RATE_HZ}
            self.is_open = True
            reply = await self._ask("feed", len(piece) / RATE_HZ, audio=as_text(piece), **about)
            self.given_s += len(piece) / RATE_HZ
            yield self._step(reply)

    async def finish(self) -> Step:
        """No more audio comes: the rest of the words, all final."""
        reply = await self._ask("finish", self.given_s)
        self.is_open = False
        return self._step(reply)

    def close(self) -> None:
        """It is over, or given up: the model's process need not hold it any longer."""
        stream, self.stream = self.stream, None
        if stream is None:
            return
        self.asking.fleet.close_stream(stream)
        if self.is_open and not stream.is_lost:
            with suppress(ApiError):  # the server ends, and the process with it
                self._submit(stream, Job(TASK, {"stream": stream.name, "does": "drop"}, 0.0, self.asking.owner))

    def _submit(self, stream: OwnStream, job: Job) -> Job:
        job.is_live, job.replica = True, stream.replica
        return self.asking.fleet.submit(self.asking.served, job)

    async def _ask(self, does: str, audio_s: float, **more: Any) -> dict[str, Any]:
        asking = self.asking
        stream = self.stream = self.stream or asking.fleet.open_stream(asking.served)
        if stream.is_lost:
            raise lost()
        job = Job(TASK, {"stream": stream.name, "does": does, **more}, audio_s, asking.owner)
        try:
            self._submit(stream, job)
            await asyncio.wait([asyncio.wrap_future(job.future)])
            return job.future.result()
        except (ApiError, NoStreamsError):
            raise
        except Exception as error:  # whatever a model's process did is one answer
            raise of(error, name="the stream") from error
        finally:
            if not job.future.done():
                asking.fleet.abandon(asking.served, job)

    def _step(self, reply: dict[str, Any]) -> Step:
        finals, end_s = [], self.given_s
        for kind, text, audio_s in reply["events"]:
            if kind == "final":
                finals.append(text)
            self.partial = text if kind == "partial" else ""
            end_s = audio_s if audio_s is not None and math.isfinite(audio_s) else end_s
        return Step(tuple(finals), self.partial, end_s)
