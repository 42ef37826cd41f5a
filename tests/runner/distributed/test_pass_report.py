"""What is told of a pass in the end: who was slow, and who was not."""

from __future__ import annotations

import pytest

from modellab.runner.distributed.pass_report import _slow

SENTENCE = "{} took {} times as long as the others: slow, throttled or shared?"


@pytest.mark.parametrize(
    ("paces", "named"),
    [
        ({}, []),
        ({"a": 1.0}, []),
        ({"a": 1.0, "b": 1.9}, []),
        ({"a": 1.0, "b": 4.0}, [("b", "4.0")]),
        ({"a": 1.0, "b": 1.1, "c": 2.5, "d": 0.9}, [("c", "2.5")]),
        ({"a": 5.0, "b": 5.0, "c": 1.0, "d": 5.0}, []),
    ],
    ids=["nobody", "one", "alike", "two", "one of four", "one is fast"],
)
def test_a_worker_that_is_slow_is_named(paces: dict[str, float], named: list[tuple[str, str]]) -> None:
    computed_s = {name: (pace * 10.0, 10.0) for name, pace in paces.items()} | {"idle": (0.0, 0.0)}
    assert list(_slow(computed_s)) == [SENTENCE.format(*each) for each in named]
