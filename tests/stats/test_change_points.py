"""Change points: what is found, what is not, and what may be done to a series without moving any."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import ConfigError
from modellab.stats import change_points
from modellab.stats.change_points import FEWEST, Step, clipped, qn, scaled, steps

STILL = [0.0163] * 20
UP = [0.0204] * 20


def step_indices(values: list[float], penalty: float = change_points.PENALTY) -> list[int]:
    return [step.index for step in steps(np.array(values, dtype=float), penalty)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        (STILL, []),
        (STILL + UP, [20]),
        (STILL + UP[:3], [20]),
        (STILL + UP[:2], [20]),
        (STILL + UP[:1], []),
        (STILL + UP + STILL, [20, 40]),
        (STILL + UP[:1] + STILL, []),
        (STILL + UP[:2] + STILL, []),
        (STILL + UP[:3] + STILL, [20, 23]),
        (STILL + [1.0] * 3 + STILL + [0.0164] * 5, [20, 23, 43]),
        (STILL[: FEWEST - 4] + UP[:3], []),
        (STILL[: FEWEST - 3] + UP[:3], [FEWEST - 3]),
    ],
    ids=[
        "nothing", "always the same", "a step", "three after it", "two after it", "one after it", "there and back",
        "one odd value", "two odd values", "three odd values", "a small step after an outage",
        "too few", "just enough",
    ],
)  # fmt: skip
def test_a_series_without_noise(values: list[float], expected: list[int]) -> None:
    assert step_indices(values) == expected


def test_a_step_says_its_levels() -> None:
    assert steps(np.array([*STILL, *UP])) == [Step(20, 0.0163, 0.0204)]
    assert Step(20, 0.0163, 0.0204).change == pytest.approx(0.0041)


def noise(seed: int, n: int = 40) -> list[float]:
    return list(map(float, np.random.default_rng(seed).normal(size=n)))


def series_with_step(seed: int, size: float, after: int = 10) -> list[float]:
    return [value + size * (i >= 30) for i, value in enumerate(noise(seed, 30 + after))]


def test_noise_alone_is_flagged_as_seldom_as_is_said() -> None:
    flagged = sum(bool(step_indices(noise(seed, 45))) for seed in range(600))
    assert flagged <= 21  # 2 % of 600 are 12; more than 21 has a chance of 1 in 200 there


def test_large_steps_are_found_as_often_as_is_said() -> None:
    found = sum(any(abs(place - 30) <= 2 for place in step_indices(series_with_step(seed, 3.0))) for seed in range(200))
    assert found >= 190


@pytest.mark.parametrize("after", [10, 70])
def test_a_step_has_to_be_worth_its_price(after: int) -> None:
    values = np.array(series_with_step(5, 6.0, after))
    n, flat = len(values), clipped(scaled(values))
    squares = [((part - part.mean()) ** 2).sum() for part in (flat, flat[:30], flat[30:])]
    price = (squares[0] - squares[1] - squares[2]) / ((1 + 12 / n) * math.log(n))
    assert step_indices(list(values), 0.99 * price) == [30]
    assert step_indices(list(values), 1.01 * price) == []


def test_one_spike_is_no_step() -> None:
    values = noise(3)
    assert step_indices(values) == []
    assert step_indices([*values[:20], values[20] + 50.0, *values[21:]]) == []
    assert step_indices([*values[:39], values[39] + 50.0]) == []


@given(
    seed=st.integers(0, 10_000),
    size=st.sampled_from([0.0, 2.0, 5.0]),
    scale=st.floats(1e-6, 1e6),
    sign=st.sampled_from([-1, 1]),
    shift=st.floats(-1e3, 1e3),
)
def test_shifting_and_scaling_move_nothing(seed: int, size: float, scale: float, sign: int, shift: float) -> None:
    values = np.array(series_with_step(seed, size))
    moved = sign * scale * (values + shift)
    assert step_indices(moved.tolist()) == step_indices(values.tolist())


@given(values=st.lists(st.integers(0, 3), min_size=FEWEST, max_size=40), scale=st.sampled_from([0.25, 3, 1024]))
def test_nor_do_they_where_many_values_are_equal(values: list[int], scale: float) -> None:
    assert step_indices([scale * value - 7 for value in values]) == step_indices([float(value) for value in values])


@given(seed=st.integers(0, 10_000), size=st.floats(0, 6))
def test_backwards_the_same_steps_are_as_many(seed: int, size: float) -> None:
    values = series_with_step(seed, size, after=15)
    assert len(step_indices(values[::-1])) == len(step_indices(values))


@given(seed=st.integers(0, 10_000), size=st.floats(0, 6))
def test_a_higher_price_finds_no_more(seed: int, size: float) -> None:
    assert len(step_indices(series_with_step(seed, size), 5.0)) <= len(step_indices(series_with_step(seed, size), 2.5))


@pytest.mark.parametrize("penalty", [1e-3, 0.5, 1.0, 100.0])
def test_any_penalty_above_0_is_one(penalty: float) -> None:
    assert step_indices(STILL, penalty) == []


@pytest.mark.parametrize("penalty", [0.0, -1.0, float("nan"), float("inf")])
def test_a_penalty_that_is_none(penalty: float) -> None:
    with pytest.raises(ConfigError, match=r"expected more than 0; 2\.5 is usual"):
        step_indices(STILL, penalty)


# ---------------------------------------------------------------------------- its parts


def test_qn_is_the_sd_of_normal_values() -> None:
    scales = [qn(np.random.default_rng(seed).normal(scale=3.0, size=200)) for seed in range(50)]
    assert np.mean(scales) == pytest.approx(3.0, rel=0.03)


def test_qn_of_a_few_by_hand() -> None:
    values = np.array([1.0, 2.0, 4.0, 8.0])  # distances 1 2 3 4 6 7; the third of them
    assert qn(values) == pytest.approx(2.2219 * 3)


def test_a_step_leaves_the_scale() -> None:
    values = np.array(noise(5, 60))
    moved = values + 100.0 * (np.arange(60) >= 30)
    assert np.std(scaled(moved)[:30]) == pytest.approx(np.std(scaled(values)[:30]), rel=0.1)


def test_clipping_leaves_edges() -> None:
    edge = np.array([0.0] * 5 + [9.0] * 5)
    assert clipped(edge).tolist() == edge.tolist()
    assert clipped(np.array([0.0, 0.0, 9.0, 0.0, 0.0])).tolist() == [0, 0, 3, 0, 0]


def test_without_ruptures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ruptures", None)
    with pytest.raises(ConfigError, match=r"needs ruptures, .*: pip install 'modellab\[reports\]'"):
        step_indices(STILL + UP)
    assert step_indices(STILL) == [], "nothing to look for"


def test_absurd_values_overflow_nothing() -> None:
    """What a damaged line of the ledger may hold: warnings are errors here."""
    assert step_indices([1e308, -1e308] * 10) == []
    (step,) = steps(np.array([-1e308] * 15 + [1e308] * 15))
    assert (step.index, step.before, step.after) == (15, -1e308, 1e308)
