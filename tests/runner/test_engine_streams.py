"""Streams in a model's process: bounded, one by one, and over where they raise."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from modellab.runner.engine_streams import Streams, as_text, from_text
from modellab.streaming.protocol import MOST_STREAMS, Event, most_streams


class Fake:
    """A stream that says how many samples it has, and raises over a loud one."""

    def __init__(self) -> None:
        self.count = 0
        self.is_closed = False

    def feed(self, chunk: Any) -> list[Any]:
        if chunk.max() > 1:
            raise ValueError("too loud")
        self.count += len(chunk)
        return [Event("partial", str(self.count)), *(["odd"] if chunk.min() < -1 else [])]

    def finish(self) -> list[Event]:
        return [Event("final", str(self.count), 0.5)]

    def close(self) -> None:
        self.is_closed = True


def model(**more: Any) -> Any:
    return SimpleNamespace(open_stream=lambda rate_hz: Fake(), **more)


def streams() -> Streams:
    found = Streams(model(most_streams=2))
    for name in "ab":
        assert found.open({"stream": name, "rate_hz": 16_000}) == {}
    return found


def feed(found: Streams, name: str, *samples: float) -> Any:
    return found.feed({"stream": name, "audio": as_text(np.float32(samples))})["events"]


def test_samples_go_through_text_as_they_are() -> None:
    samples = np.random.default_rng(0).normal(size=999).astype(np.float32)
    assert np.array_equal(from_text(as_text(samples)), samples)


def test_streams_do_not_mix_and_are_over_once_finished() -> None:
    found = streams()
    assert feed(found, "a", 0.1, 0.2) == [["partial", "2", None]]
    assert feed(found, "b", 0.1) == [["partial", "1", None]]
    assert found.finish({"stream": "a"}) == {"events": [["final", "2", 0.5]]}
    with pytest.raises(RuntimeError, match="no such stream"):
        feed(found, "a", 0.1)
    assert list(found.opened) == ["b"]


def test_one_too_many_is_refused_until_one_is_dropped() -> None:
    found = streams()
    with pytest.raises(RuntimeError, match="at most 2 streams"):
        found.open({"stream": "c", "rate_hz": 16_000})
    dropped: Any = found.opened["a"]
    assert found.drop({"stream": "a"}) == found.drop({"stream": "a"}) == {}
    assert dropped.is_closed
    found.open({"stream": "c", "rate_hz": 16_000})


@pytest.mark.parametrize(("sample", "error"), [(2.0, ValueError), (-2.0, TypeError)])
def test_a_stream_that_raises_or_says_nonsense_is_over(sample: float, error: type[Exception]) -> None:
    found = streams()
    failing: Any = found.opened["a"]
    with pytest.raises(error):
        feed(found, "a", sample)
    assert failing.is_closed
    assert list(found.opened) == ["b"]


def test_how_many_streams_a_model_holds() -> None:
    assert most_streams(SimpleNamespace(transcribe=print)) == 0
    assert most_streams(model(is_live=True)) == 0  # its server has them
    assert most_streams(model()) == MOST_STREAMS
    assert most_streams(model(most_streams=3)) == 3
    with pytest.raises(RuntimeError, match="no open_stream"):
        Streams(object()).open({"stream": "a", "rate_hz": 16_000})
