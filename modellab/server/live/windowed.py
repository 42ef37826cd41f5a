"""An utterance as a growing window, heard again and again by whichever replica is free.

For a model that holds no streams itself: each hypothesis is a call of its own with the whole window. So a lost process
costs a stream nothing, and what came while a call went on is heard in one further call rather than in several.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import AsyncIterator, Mapping
from typing import Any

from modellab import audio
from modellab.server.errors import ApiError, of
from modellab.server.fleet.queues import Job
from modellab.server.live.asking import RATE_HZ, Asking, Step
from modellab.streaming.energy import FRAME_S, Levels
from modellab.streaming.protocol import Event, Samples
from modellab.streaming.window import Window
from modellab.types import Audio, Segment, Transcript

LOUD = 0.25  # threshold of what is worth hearing: lower than that of a turn
FORGET_S = 1.0  # of silence after the last final word, after which the window begins anew
KEEP_S = 0.5  # of that silence, which the next word may begin in
TRIES = 3  # hypotheses in a row that fail before a stream is told
NUMBERS = itertools.count()


class Windows:
    """One utterance. `feed` and `finish` give a step for each hypothesis; ApiError where the model cannot be asked."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.window = Window(asking.lengths, RATE_HZ)
        self.levels = Levels(RATE_HZ, LOUD)
        self.is_fresh = False  # somebody spoke since the last hypothesis
        self.silence_s = 0.0
        self.failures = 0

    async def feed(self, samples: Samples, is_followed: bool = False) -> AsyncIterator[Step]:
        """Take audio; `is_followed`: the end is there already, so that only a full window is heard before it."""
        at = 0
        while at < len(samples):
            room = max(1, round(self.window.lengths.longest_s * RATE_HZ) - len(self.window.samples))
            piece = samples[at : at + room]
            at += len(piece)
            self._take(piece)
            if len(piece) == room or (self.window.is_due and not is_followed):
                yield await self._step()

    async def finish(self) -> Step:
        """No more audio comes: the rest of the words, all final."""
        events: list[Event] = []
        if (self.window.unheard or self.failures) and self._is_worth:  # what failed is heard once more
            events = self.window.heard(await self._ask(self.window.audio, is_last=True))
        return self._of([*events, *self.window.close()])

    def close(self) -> None:
        """It is given up: there is nothing to let go of."""

    def _take(self, piece: Samples) -> None:
        self.window.take(piece)
        loud = self.levels.feed(piece)
        self.is_fresh = self.is_fresh or any(loud)
        behind = next((number for number, is_loud in enumerate(reversed(loud)) if is_loud), None)
        self.silence_s = behind * FRAME_S if behind is not None else self.silence_s + len(loud) * FRAME_S

    @property
    def _is_worth(self) -> bool:
        """Whether another hypothesis may say more than the last one: somebody spoke, or words wait to be confirmed."""
        return self.is_fresh or bool(self.window.last)

    async def _step(self) -> Step:
        if not self._is_worth:
            self.window.unheard = 0
            if self.silence_s >= FORGET_S:
                self.window.forget(KEEP_S)
            return self._of([])
        try:
            transcript = await self._ask(self.window.audio)
        except _OverError:
            return self._of([])
        except ApiError:
            self.failures += 1
            if self.failures >= TRIES:
                raise
            self.window.unheard = 0  # it is heard again with what comes next
            return self._of([])
        self.failures, self.is_fresh = 0, False
        return self._of(self.window.heard(transcript))

    def _of(self, events: list[Event]) -> Step:
        finals = tuple(event.text for event in events if event.kind == "final")
        return Step(finals, " ".join(self.window.last), self.window.end_s)

    async def _ask(self, heard: Audio, is_last: bool = False) -> Transcript:
        asking = self.asking
        path = asking.folder / f"{next(NUMBERS)}.wav"
        row = {"id": "stream", "audio": str(path), "duration_s": heard.duration_s}
        row |= {"language": asking.language} if asking.language else {}
        job: Job | None = None
        try:
            await asyncio.to_thread(audio.write, path, heard)
            job = Job("asr", row, heard.duration_s, asking.owner, _collected, is_live=True, is_last=is_last)
            asking.fleet.submit(asking.served, job)
            future = asyncio.wrap_future(job.future)
            if not is_last and await self._is_over_before(future) and asking.fleet.withdraw(asking.served, job):
                raise _OverError
            await asyncio.wait([future])
            return _transcript(future.result()["output"])
        except (ApiError, _OverError):
            raise
        except Exception as error:  # whatever a model's process did is one answer
            raise of(error, path=str(path), name="the stream") from error
        finally:
            if job is not None and not job.future.done():
                asking.fleet.abandon(asking.served, job)
            path.unlink(missing_ok=True)

    async def _is_over_before(self, future: asyncio.Future[Any]) -> bool:
        """Wait until a call is done or the end has come; whether it is the latter."""
        over = asyncio.create_task(self.asking.is_over.wait())
        try:
            await asyncio.wait({future, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
        return not future.done()


class _OverError(Exception):
    """The end has come before the turn of a hypothesis."""


def _collected(reply: dict[str, Any]) -> dict[str, Any]:
    return {"output": reply["output"]}


def _transcript(output: Mapping[str, Any]) -> Transcript:
    """What a model's process said, as the window wants it."""
    segments = tuple(
        Segment(text, math.nan if start is None else start, math.nan if end is None else end)
        for text, start, end in output["segments"]
    )
    return Transcript(output["text"], segments, output["language"])
