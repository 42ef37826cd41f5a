"""A number with its interval: when there is one, and when two of them meet."""

from __future__ import annotations

import math

import pytest

from modellab.stats.estimate import Estimate


@pytest.mark.parametrize(
    ("low", "high", "meet"),
    [
        (0.0, 0.1, False),
        (0.0, 0.2, True),
        (0.25, 0.26, True),
        (0.0, 1.0, True),
        (0.3, 0.4, True),
        (0.31, 0.4, False),
        (math.nan, 0.1, True),
        (0.0, math.nan, True),
    ],
    ids=["below", "touches below", "inside", "around", "touches above", "above", "no low end", "no high end"],
)
def test_whether_two_intervals_meet(low: float, high: float, meet: bool) -> None:
    here, other = Estimate(0.25, 0.2, 0.3), Estimate(0.1, low, high)
    assert here.overlaps(other) is meet
    assert other.overlaps(here) is meet


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.1, 0.2, (0.1, 0.2)), (math.nan, 0.2, None), (0.1, math.nan, None), (0.1, math.inf, None)],
)
def test_an_interval_has_two_ends(low: float, high: float, expected: tuple[float, float] | None) -> None:
    assert Estimate(0.15, low, high).interval == expected


@pytest.mark.parametrize(("value", "known"), [(0.0, True), (math.nan, False), (math.inf, False)])
def test_a_number_that_is_none_is_not_known(value: float, known: bool) -> None:
    assert Estimate(value).known is known


def test_alone_it_rests_on_nothing() -> None:
    alone = Estimate(0.1)
    assert (alone.interval, alone.n) == (None, 0)
