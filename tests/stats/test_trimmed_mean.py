"""The trimmed mean, its error and its t, beside scipy's own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from modellab.stats.trimmed_mean import Trimmed, log_ratios, trimmed, trimmed_mean

VALUES = st.lists(st.floats(-3, 3).map(lambda value: round(value, 6)), min_size=5, max_size=60)
TIMES_S = st.one_of(st.just(0.0), st.just(math.nan), st.floats(1e-6, 1e3))


def trim(values: Sequence[float]) -> Trimmed:
    return trimmed(np.array(values, dtype=float))


@given(VALUES)
def test_mean_and_error_are_scipys(values: list[float]) -> None:
    found = trim(values)
    assert found.mean == pytest.approx(float(scipy.stats.trim_mean(values, 0.2)), abs=1e-9)
    cut = math.floor(0.2 * len(values)) / len(values)
    stde = float(scipy.stats.mstats.trimmed_stde(values, limits=(cut, cut)))
    assert found.error == pytest.approx(stde, abs=1e-9)


@pytest.mark.parametrize("count", [5, 8, 16, 23])
def test_p_and_interval_are_students(count: int) -> None:
    values = np.random.default_rng(count).normal(0.4, 1.0, count)
    found = trimmed(values)
    by_t = scipy.stats.t(df=found.df, loc=0.0, scale=found.error)
    assert found.p_above() == pytest.approx(float(by_t.sf(found.mean)), rel=1e-9)
    assert found.p_above(0.3) == pytest.approx(float(by_t.sf(found.mean - 0.3)), rel=1e-9)
    low, high = scipy.stats.t.interval(0.95, found.df, loc=found.mean, scale=found.error)
    assert found.interval() == pytest.approx((float(low), float(high)))


def test_without_trimming_it_is_the_t_test() -> None:
    values = [0.3, -0.1, 0.25, 0.4]  # a fifth of four is none
    expected = scipy.stats.ttest_1samp(values, 0.0, alternative="greater")
    found = trim(values)
    assert found.df == 3
    assert found.p_above() == pytest.approx(float(expected.pvalue))
    assert found.interval(0.90)[0] == pytest.approx(float(expected.confidence_interval(0.95).low))


@given(VALUES, st.floats(-2, 2))
def test_the_interval_moves_and_turns_with_the_values(values: list[float], shift: float) -> None:
    found = trim(values)
    low, high = found.interval()
    assert low <= found.mean <= high
    assert trim([value + shift for value in values]).interval() == pytest.approx((low + shift, high + shift), abs=1e-9)
    assert trim([-value for value in values]).interval() == pytest.approx((-high, -low), abs=1e-9)


@given(VALUES, st.randoms(use_true_random=False))
def test_the_order_of_the_values_is_of_no_consequence(values: list[float], shuffler: Random) -> None:
    shuffled = list(values)
    shuffler.shuffle(shuffled)
    assert trim(shuffled) == trim(values)


@given(st.lists(st.floats(-1, 1), min_size=10, max_size=40))
def test_one_wild_value_cannot_carry_the_mean_away(values: list[float]) -> None:
    assert min(values) <= trim([*values, 1e6]).mean <= max(values)


@pytest.mark.parametrize(
    ("value", "null", "p"), [(0.25, 0.0, 0.0), (0.0, 0.0, 1.0), (-0.25, 0.0, 1.0), (0.5, 0.5, 1.0)]
)
def test_equal_values_have_no_scatter(value: float, null: float, p: float) -> None:
    found = trim([value] * 9)
    assert (found.mean, found.error) == (value, 0.0)
    assert found.interval() == (value, value)
    assert found.p_above(null) == p


@pytest.mark.parametrize("count", [0, 1])
def test_one_value_has_no_error(count: int) -> None:
    with pytest.raises(ValueError, match=f"^{count} values: a trimmed mean with its error needs at least 2$"):
        trim([0.1] * count)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=60))
def test_the_mean_alone_is_scipys_of_one_value_too(values: list[float]) -> None:
    assert trimmed_mean(np.array(values)) == pytest.approx(float(scipy.stats.trim_mean(values, 0.2)), abs=1e-9)


def test_of_nothing_there_is_no_mean() -> None:
    assert math.isnan(trimmed_mean(np.array([])))


@given(st.lists(st.tuples(TIMES_S, TIMES_S), max_size=20))
def test_ratios_are_of_times_that_both_exist(pairs: list[tuple[float, float]]) -> None:
    expected = [math.log(now) - math.log(then) for now, then in pairs if now > 0 and then > 0]
    assert log_ratios(pairs).tolist() == pytest.approx(expected, abs=1e-9)
    assert log_ratios([(then, now) for now, then in pairs]).tolist() == pytest.approx([-x for x in expected], abs=1e-9)
