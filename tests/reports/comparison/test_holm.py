"""Holm's p and the sign test, against scipy and against the definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from modellab.stats.multiple_testing import adjusted, sign_p

PS = st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=12)


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
