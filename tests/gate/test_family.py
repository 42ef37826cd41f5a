"""The suite's false alarms: Holm's step-down on what could have been found at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from modellab.gate.family import Hypothesis, rejected, settle
from modellab.gate.paired import least_p
from modellab.types import Status

from ..make import verdict

P = st.floats(1e-6, 1.0)


@given(st.lists(P, min_size=1, max_size=40))
def test_where_everything_is_testable_it_is_holm(values: list[float]) -> None:
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


def test_only_what_waits_for_the_suite_is_turned() -> None:
    waiting = verdict("wer", Status.INCONCLUSIVE, p=0.004, least_p=0.002, pending=True, why="so: may be chance")
    small = verdict("cer", Status.PASS, p=0.004, least_p=0.002)
    without = verdict("rtf", Status.INCONCLUSIVE)
    (settled,) = settle([(waiting, small, without)])
    assert [(each.status, each.red, each.pending) for each in settled] == [
        (Status.REGRESSED, True, False),
        (Status.PASS, False, False),
        (Status.INCONCLUSIVE, False, False),
    ]
    assert settled[0].why == "so"
    assert settle([(waiting,)] * 3) == [(waiting,)] * 3
