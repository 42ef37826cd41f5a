"""Clocks, and which provider: settings, environment, what the adapter has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from modellab.errors import ConfigError
from modellab.streaming.buffered import Buffered
from modellab.streaming.clock import VirtualClock, WallClock
from modellab.streaming.feed import listen
from modellab.streaming.options import DEFAULTS, Choice, choice
from modellab.streaming.protocol import Event, Samples
from modellab.types import Audio, Transcript

BATCH = SimpleNamespace(transcribe=lambda audio: Transcript("a"))
NATIVE = SimpleNamespace(open_stream=lambda rate_hz: None, **vars(BATCH))


class ManualStopwatch:
    """A stopwatch that stands where it is put."""

    def __init__(self) -> None:
        self.time_s = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.time_s

    def sleep(self, duration_s: float) -> None:
        self.slept.append(duration_s)
        self.time_s += duration_s


class SlowProvider:
    """Works for so long on each chunk."""

    def __init__(self, hands: ManualStopwatch, work_s: float) -> None:
        self.hands, self.work_s = hands, work_s

    def open_stream(self, rate_hz: int) -> SlowProvider:
        return self

    def feed(self, chunk: Samples) -> list[Event]:
        self.hands.time_s += self.work_s
        return [Event("final", "a", 0.0)]

    def finish(self) -> list[Event]:
        return self.feed(np.zeros(0, np.float32))


def times(work_s: float) -> list[float]:
    hands = ManualStopwatch()
    noted = listen(SlowProvider(hands, work_s), Audio(np.zeros(10, np.float32), 10), lambda: VirtualClock(hands), 0.25)
    assert [each.fed_s for each in noted] == [0.2, 0.4, 0.6, 0.8, 1.0, float("inf")]
    return [round(each.at_s, 6) for each in noted]


def test_a_quick_engine_answers_when_the_chunk_is_there() -> None:
    assert times(0.05) == [0.25, 0.45, 0.65, 0.85, 1.05, 1.1]


def test_a_slow_engine_has_a_queue() -> None:
    assert times(0.5) == [0.7, 1.2, 1.7, 2.2, 2.7, 3.2]


def test_the_real_clock_sleeps_until_the_chunk_was_spoken() -> None:
    hands = ManualStopwatch()
    listen(SlowProvider(hands, 0.3), Audio(np.zeros(10, np.float32), 10), lambda: WallClock(hands, hands.sleep), 0.5)
    assert [round(each, 6) for each in hands.slept] == [0.5, 0.2]


def test_the_environment_goes_over_the_settings() -> None:
    given = choice({"chunk_s": 1, "step_s": 2.0}, {"MODELLAB_STREAMING_STEP_S": "0.75", "MODELLAB_STREAMING_CLOCK": ""})
    assert given == Choice(chunk_s=1.0, step_s=0.75)
    assert choice({}, {}) == Choice(**DEFAULTS)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"clock": "sand"}, "streaming clock 'sand'"),
        ({"provider": "bufferd"}, "streaming provider 'bufferd': did you mean buffered"),
        ({"chunk_s": 0.0}, "streaming chunk_s is 0.0, expected seconds from 0 to 30"),
        ({"step_s": "long"}, "streaming step_s is 'long', expected a float"),
    ],
)
def test_odd_choices_are_told(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        choice(settings, {})


def test_the_adapters_own_stream_comes_first() -> None:
    assert Choice().provider_of(NATIVE) is NATIVE
    assert isinstance(Choice(provider="buffered", step_s=0.7).provider_of(NATIVE), Buffered)
    assert isinstance(Choice().provider_of(BATCH), Buffered)


def yours(model: object) -> tuple[str, object]:
    """A provider of the user's."""
    return "yours", model


def test_a_function_of_yours_is_given_the_adapter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "mine", SimpleNamespace(yours=yours))
    assert Choice(provider="mine:yours").provider_of(BATCH) == ("yours", BATCH)
    with pytest.raises(ConfigError, match=r"streaming provider 'mine:other' cannot be found"):
        Choice(provider="mine:other").provider_of(BATCH)


@pytest.mark.parametrize(("provider", "model"), [("native", BATCH), ("buffered", object()), ("auto", object())])
def test_an_adapter_without_it_is_told(provider: str, model: object) -> None:
    with pytest.raises(ConfigError, match="needs an adapter with"):
        Choice(provider=provider).provider_of(model)
