"""Growth of memory and pooled percentiles: by hand, against scipy and numpy, and what a leak looks like."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import theilslopes

from modellab.metrics.stability import FLOOR_S, NO_CALLS, STEPS, calls, growth, percentile
from modellab.types import Metric

MIB = 1 << 20


@pytest.mark.parametrize(
    ("rss", "leaks"),
    [
        ([100 * MIB] * 5, False),
        ([(100 + i) * MIB for i in range(5)], True),
        ([100 * MIB, 100 * MIB, 164 * MIB, 164 * MIB, 164 * MIB], False),  # a buffer that grew once
        ([100 * MIB, 104 * MIB, 101 * MIB, 106 * MIB, 102 * MIB], False),  # comes and goes
        ([100 * MIB + i * 4096 for i in range(5)], False),  # below the limit
        ([100 * MIB - i * MIB for i in range(5)], False),
        ([100 * MIB], False),
    ],
)
def test_only_steady_growth_is_a_leak(rss: list[float], leaks: bool) -> None:
    assert growth(rss).leaks(131_072) is leaks


def test_a_small_leak_under_noise_shows_in_a_hundred_calls() -> None:
    noise = np.random.default_rng(2).normal(0, 2 * MIB, 100)
    assert growth(100 * MIB + noise + 200_000 * np.arange(100)).leaks(131_072)
    assert not growth(100 * MIB + noise).leaks(131_072)


@given(st.lists(st.integers(0, 10**6), min_size=3, max_size=12))
def test_the_slope_is_scipys_and_lies_in_its_interval(rss: list[int]) -> None:
    found = growth(rss)
    assert found.slope == pytest.approx(theilslopes(rss)[0])
    assert found.low <= found.slope <= found.high


# ---------------------------------------------------------------------------- times

TIMES = st.lists(st.floats(2e-4, 100), min_size=1, max_size=30)


@given(TIMES, TIMES, st.sampled_from([0.5, 0.95, 0.99]))
def test_pooled_percentiles_are_within_three_per_cent(one: list[float], other: list[float], share: float) -> None:
    metric = Metric("p", "s", "lower", rate=percentile(share))
    exact = float(np.percentile([*one, *other], 100 * share, method="inverted_cdf"))
    assert metric.value([calls(one), calls(other)]) == pytest.approx(exact, rel=0.03)


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_of_one_call_every_percentile_is_its_time(share: float) -> None:
    assert Metric("p", "s", "lower", rate=percentile(share)).value([calls([0.25])]) == pytest.approx(0.25, rel=0.03)


def test_no_calls_have_no_percentile_and_odd_times_are_counted() -> None:
    assert calls([]) == NO_CALLS
    assert math.isnan(Metric("p", "s", "lower", rate=percentile(0.5)).value([calls([])]))
    counted = calls([0.0, FLOOR_S, 1e9])
    assert (counted[0], counted[-1], len(counted)) == (2.0, 1.0, STEPS)
