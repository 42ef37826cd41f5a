"""Which seconds of a call become its round, by device and clock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modellab.pytest_plugin.benchmark_rounds import CLOCKS, seconds
from modellab.types import Utterance

from .. import make

NAN = float("nan")


def timed(**clocks: float) -> Utterance:
    return make.utterance("1", make.asr_counts(0), **{"wall_s": 3.0, "cpu_s": 2.0, "gpu_s": NAN, **clocks})


@pytest.mark.parametrize(
    ("device", "clocks", "expected"),
    [
        pytest.param("cpu", {}, 2.0, id="a CPU case by its CPU time"),
        pytest.param("cpu", {"gpu_s": 1.0}, 2.0, id="whatever else was read"),
        pytest.param("cuda", {"gpu_s": 1.0}, 1.0, id="a GPU case by its events"),
        pytest.param("cuda", {}, 3.0, id="or by the wall where there are none"),
        pytest.param("mps", {}, 3.0, id="another device by the wall"),
    ],
)
def test_the_clock_of_a_device(device: str, clocks: dict[str, float], expected: float) -> None:
    key = replace(make.KEY, device=device)
    assert seconds(make.result([timed(**clocks)], key=key)) == [expected]
    assert device in CLOCKS


def test_a_clock_that_tells_nothing_is_no_round() -> None:
    assert seconds(make.result([timed(), replace(timed(cpu_s=NAN), id="2")])) == [2.0]


def test_what_raised_has_no_time() -> None:
    raised = replace(timed(), id="2", wall_s=NAN, cpu_s=NAN, error="RuntimeError: no luck")
    assert seconds(make.result([timed(), raised])) == [2.0]


def test_a_clock_moves_only_when_told() -> None:
    clock = CLOCKS["mps"]
    start = clock()
    assert clock() == start
    clock.advance(1.5)
    assert clock() == start + 1.5
