"""One utterance of somebody who still speaks: by the model's own stream where it has one, else by a growing window.

Which of the two is known once the model was loaded; until then it is asked for a stream of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from modellab.server.fleet.own_streams import NoStreamsError
from modellab.server.live.asking import RATE_HZ, Asking, Step
from modellab.server.live.own import Own
from modellab.server.live.windowed import Windows
from modellab.streaming.protocol import Samples


class Live:
    """`feed` and `finish` give steps, ApiError where the model cannot be asked; `close` when it is over or given up."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.duration_s = 0.0  # that it was given
        self._heard: Own | Windows | None = None

    async def feed(self, samples: Samples, is_followed: bool = False) -> AsyncIterator[Step]:
        """Take audio; `is_followed`: the end is there already."""
        self.duration_s += len(samples) / RATE_HZ
        if not len(samples):
            return
        if self._heard is None:
            self._heard = self._opened()
        try:
            async for step in self._heard.feed(samples, is_followed):
                yield step
        except NoStreamsError:  # said to the first audio, which nobody has heard
            self.close()
            self._heard = Windows(self.asking)
            async for step in self._heard.feed(samples, is_followed):
                yield step

    async def finish(self) -> Step:
        """No more audio comes: the rest of the words, all final."""
        try:
            return await self._heard.finish() if self._heard is not None else Step((), "", 0.0)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of what a model's process holds of it."""
        if self._heard is not None:
            self._heard.close()

    def _opened(self) -> Own | Windows:
        has_none = self.asking.served.most_streams == 0
        return Windows(self.asking) if has_none else Own(self.asking)
