"""Streams that a model holds itself, in the process of one replica: every call of such a stream is that replica's.

`Held` is the replica's side, and only its thread calls it. What is asked is in `modellab/runner/engine_streams.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modellab.errors import ModelError
from modellab.runner.evaluate import Loaded
from modellab.server.errors import AT_ONCE, ApiError

LOST = "the model's process was lost, and what it held of this stream with it"


class NoStreamsError(Exception):
    """The model has no streams of its own."""


def lost() -> ApiError:
    """What is said to a stream whose process is gone."""
    return ApiError(503, "worker_lost", LOST, headers=dict(AT_ONCE))


def too_many(name: str, most: int) -> ApiError:
    """What is said to one stream too many."""
    message = f"{name} holds at most {most} streams at once: try again later"
    return ApiError(429, "too_many_streams", message, headers=dict(AT_ONCE))


class Held:
    """The streams that are open in the process of one replica."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def ask(self, loaded: Loaded, order: Mapping[str, Any], audio_s: float) -> dict[str, Any]:
        """What the model says to an order about one of its streams; `rate_hz` in it opens the stream first.

        NoStreamsError, ApiError for one too many and for one that was lost, ModelError for one that raised.
        """
        name, does, most = order["stream"], order["does"], int(loaded.facts.get("streams", 0))
        if does == "drop" and name not in self.names:
            return {}
        if not most:
            raise NoStreamsError
        if "rate_hz" in order:
            if len(self.names) >= most:
                raise too_many(loaded.engine[0], most)
            loaded.ask("stream", {**order, "does": "open"})
            self.names.add(name)
        if name not in self.names:
            raise lost()
        try:
            reply = loaded.ask("stream", order, audio_s)
        except ModelError:  # it is over
            self.names.discard(name)
            raise
        if does != "feed":
            self.names.discard(name)
        return reply
