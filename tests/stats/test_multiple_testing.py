"""Holm's p, his step-down and the sign test, against statsmodels, scipy and the definition."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from modellab.stats.multiple_testing import Hypothesis, adjusted, rejected, sign_p
from modellab.stats.permutation import least_p

P = st.floats(1e-6, 1.0)
PS = st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=12)


@pytest.fixture(autouse=True, scope="module")
def no_collection() -> Iterator[None]:
    """statsmodels collects garbage at each call: seconds, in a process that has run thousands of tests."""
    with mock.patch("gc.collect"):
        yield


@pytest.mark.parametrize(
    ("ps", "expected"),
    [
        ([], []),
        ([0.02], [0.02]),
        ([None, 0.5], [None, 0.5]),
        ([0.01, 0.02, 0.03], [0.03, 0.04, 0.04]),
        ([0.04, 0.01], [0.04, 0.02]),
        ([0.6, 0.9], [1.0, 1.0]),
    ],
)
def test_the_adjusted_p_of_a_table(ps: list[float | None], expected: list[float | None]) -> None:
    assert adjusted(ps) == pytest.approx(expected) if None not in expected else adjusted(ps) == expected


@given(PS)
def test_it_rejects_what_holms_steps_reject(ps: list[float | None]) -> None:
    found = adjusted(ps)
    counted = sorted((p, at) for at, p in enumerate(ps) if p is not None)
    open_ = True
    for rank, (p, at) in enumerate(counted):  # Holm 1979: stop at the first that does not pass
        open_ = open_ and p * (len(counted) - rank) <= 0.05
        value = found[at]
        assert value is not None
        assert (value <= 0.05) == open_


@given(st.lists(P, min_size=1, max_size=40))
def test_adjusted_p_is_that_of_statsmodels(ps: list[float]) -> None:
    from statsmodels.stats.multitest import multipletests

    assert adjusted(ps) == pytest.approx(multipletests(ps, method="holm")[1].tolist(), rel=1e-12)


@given(PS)
def test_nothing_becomes_more_certain(ps: list[float | None]) -> None:
    for before, after in zip(ps, adjusted(ps), strict=True):
        assert (before is None) == (after is None)
        assert before is None or after is None or before <= after <= 1


@pytest.mark.parametrize(("wins", "losses"), [(0, 1), (3, 3), (7, 1), (10, 28), (0, 12), (400, 350)])
def test_the_sign_test_is_that_of_scipy(wins: int, losses: int) -> None:
    assert sign_p(wins, losses) == pytest.approx(stats.binomtest(wins, wins + losses).pvalue)
    assert sign_p(wins, losses) == sign_p(losses, wins)


def test_no_throw_says_nothing() -> None:
    assert sign_p(0, 0) == 1.0


# ---------------------------------------------------------------------------- what could have been found at all


@given(st.lists(P, min_size=1, max_size=40))
def test_where_everything_is_testable_it_is_holm(values: list[float]) -> None:
    from statsmodels.stats.multitest import multipletests

    expected = multipletests(values, alpha=0.01, method="holm")[0].tolist()
    assert rejected([Hypothesis(p, 0.0) for p in values]) == expected


@given(st.lists(P, min_size=1, max_size=20), st.integers(0, 50))
def test_what_could_not_be_found_costs_nothing(values: list[float], dull: int) -> None:
    tests = [Hypothesis(p, 0.0) for p in values]
    assert rejected([*tests, *[Hypothesis(1.0, 1.0)] * dull])[: len(values)] == rejected(tests)


@given(st.lists(st.tuples(P, st.integers(0, 20)), min_size=1, max_size=20), st.data())
def test_a_smaller_p_never_saves_anyone(tests: list[tuple[float, int]], data: st.DataObject) -> None:
    before = [Hypothesis(max(p, least_p(n)), least_p(n)) for p, n in tests]
    i = data.draw(st.integers(0, len(tests) - 1))
    after = [*before[:i], Hypothesis(before[i].least_p, before[i].least_p), *before[i + 1 :]]
    was, now = rejected(before), rejected(after)
    assert all(b <= a for b, a in zip(was, now, strict=True))


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [
        pytest.param(0.01, True, id="the suite's"),
        pytest.param(0.004, True, id="its own, still met"),
        pytest.param(0.003, False, id="its own, missed"),
    ],
)
def test_a_stricter_alpha_of_its_own(alpha: float, expected: bool) -> None:
    assert rejected([Hypothesis(0.004, 0.0001, alpha)]) == [expected]


def test_a_clean_suite_of_thirty_is_red_once_in_a_hundred() -> None:
    """Two correlated tests a case as WER and CER are; 500 suites, of which 12 or more would be very unlikely."""
    draw = np.random.default_rng(5)
    red = 0
    for _ in range(500):
        p = draw.random(30)
        red += any(rejected([Hypothesis(x, 0.0001) for x in p for _ in "wc"]))
    assert red <= 12
