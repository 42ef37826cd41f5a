"""The paired permutation test, against scipy, against plain loops and against drawing; and what cannot be counted."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from modellab.metrics.edit_distance import wil_rate
from modellab.metrics.translation import chrf_rate
from modellab.stats.permutation import changes, least_p, permutation_p, sign_flip_p, swap_p
from modellab.tasks import asr
from modellab.types import Floats, Metric, total

WER = asr.METRICS[0]
F1 = Metric("f1", unit="ratio", better="higher")
WIL = Metric("wil", unit="ratio", better="lower", rate=wil_rate)


def random_counts(count: int, seed: int = 3, churn: float = 0.5) -> tuple[Floats, Floats]:
    generator = np.random.default_rng(seed)
    words = generator.integers(4, 20, count)
    errors = generator.binomial(words, 0.1, (2, count))
    errors[1] = np.where(generator.random(count) < churn, errors[1], errors[0])
    return np.c_[errors[0], words].astype(float), np.c_[errors[1], words].astype(float)


@pytest.mark.parametrize("count", [8, 12, 60, 400])
def test_p_is_that_of_scipy(count: int) -> None:
    before, after = random_counts(count)
    reference = stats.permutation_test(
        ((after - before)[:, 0],),
        lambda x, axis: x.sum(axis=axis),
        permutation_type="samples",
        alternative="greater",
        n_resamples=20_000 if count > 13 else np.inf,
        vectorized=True,
        rng=np.random.default_rng(1),
    ).pvalue
    p, better = permutation_p(WER, before, after)
    assert p == pytest.approx(reference, abs=0 if count <= 13 else 0.015)
    assert better == pytest.approx(permutation_p(WER, after, before)[0], abs=0.015)


@pytest.mark.parametrize("metric", [WER, F1, WIL])
def test_p_is_that_of_counting_every_swapping(metric: Metric) -> None:
    generator = np.random.default_rng(4)
    before, after = generator.integers(1, 9, (2, 7, 3 if metric is WIL else 2)).astype(float)
    sign = 1 if metric.better == "lower" else -1

    def change(there: Floats, then: Floats) -> float:
        return sign * float(metric.rate(there.sum(axis=0)) - metric.rate(then.sum(axis=0)))

    seen = change(after, before)
    every = []
    for swaps in itertools.product([False, True], repeat=7):
        mask = np.array(swaps)[:, None]
        every.append(change(np.where(mask, before, after), np.where(mask, after, before)))
    expected = sum(one >= seen - 1e-12 for one in every) / len(every)
    assert permutation_p(metric, before, after)[0] == pytest.approx(expected)


@pytest.mark.parametrize("cells", [1, 10_000, 2**30])
def test_how_many_are_drawn_at_a_time_is_of_no_consequence(cells: int) -> None:
    generator = np.random.default_rng(5)
    before, after = (np.c_[generator.random(1003), np.full(1003, 9)] for _ in range(2))
    assert permutation_p(WER, before, after, cells=cells) == permutation_p(WER, before, after)


@pytest.mark.parametrize(("size", "within"), [(1.0, 1e-12), (0.3, 0.02)], ids=["whole: all counted", "seconds: drawn"])
def test_more_units_than_are_counted_one_by_one_agree_with_those(size: float, within: float) -> None:
    before, after = (side * (size, 1.0) for side in random_counts(13, churn=1.0))
    counted, _ = permutation_p(WER, before, after)
    assert permutation_p(WER, before, after, exact=0)[0] == pytest.approx(counted, abs=within)


@pytest.mark.parametrize(("units", "p"), [(12, 2.0**-12), (13, 2.0**-13), (14, 1e-4), (40, 1e-4)])
def test_up_to_13_changed_units_every_swapping_is_counted_and_beyond_9999_are_drawn(units: int, p: float) -> None:
    seconds = Metric("late_s", unit="s", better="lower")
    before = np.c_[np.arange(units) + 0.5, np.ones(units)]
    after = before + np.c_[np.arange(units) * 0.37 + 0.11, np.zeros(units)]
    assert permutation_p(seconds, before, after) == pytest.approx((p, 1.0), rel=1e-9)


@pytest.mark.parametrize(("changed", "expected"), [(0, 1.0), (1, 0.5), (7, 1 / 128), (13, 2**-13), (60, 2**-60)])
def test_the_least_p(changed: int, expected: float) -> None:
    assert least_p(changed) == pytest.approx(expected)


# ---------------------------------------------------------------------------- every swapping counted by one FFT


def exact_ps(changes: list[float]) -> tuple[float, float]:
    sums = [
        sum(s * c for s, c in zip(signs, changes, strict=True))
        for signs in itertools.product((1, -1), repeat=len(changes))
    ]
    seen = sum(changes)
    return sum(s >= seen for s in sums) / len(sums), sum(s <= seen for s in sums) / len(sums)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=10).filter(any))
def test_it_is_what_enumeration_gives(changes: list[int]) -> None:
    found = sign_flip_p(np.array(changes, dtype=float))
    assert found == pytest.approx(exact_ps([float(c) for c in changes]), abs=1e-12)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=30).filter(any), st.randoms(), st.sampled_from([2, 3, 1000]))
def test_order_scale_and_zeros_change_nothing(changes: list[int], random: object, scale: int) -> None:
    first = sign_flip_p(np.array(changes, dtype=float))
    random.shuffle(changes)  # type: ignore[attr-defined]
    assert sign_flip_p(np.array([*changes, 0], dtype=float) * scale) == first


def test_sixty_units_agree_with_drawing() -> None:
    generator = np.random.default_rng(3)
    changes = generator.integers(-3, 5, 60).astype(float)
    signs = generator.choice([-1.0, 1.0], (200_000, 60))
    sums = signs @ changes
    found = sign_flip_p(changes)
    assert found == pytest.approx(((sums >= changes.sum()).mean(), (sums <= changes.sum()).mean()), abs=0.004)


def test_there_is_no_smallest_p() -> None:
    assert sign_flip_p(np.ones(40)) == pytest.approx((2.0**-40, 1.0), rel=0.2)
    worse, _ = sign_flip_p(np.full(5_000, 2.0)) or (1.0, 1.0)
    assert 0 < worse < 1e-12


@pytest.mark.parametrize("changes", [[0.5, 1.0], [0.0, 0.0], [math.nan, 1.0], [math.inf], [2.0**40, 1.0]])
def test_what_it_cannot_count(changes: list[float]) -> None:
    assert sign_flip_p(np.array(changes)) is None


def test_which_rates_are_plain_sums() -> None:
    before, after = np.array([[1.0, 8.0], [0.0, 5.0]]), np.array([[3.0, 8.0], [0.0, 5.0]])
    f1 = Metric("f1", unit="ratio", better="higher")
    assert changes(WER, before, after).tolist() == [2.0, 0.0]  # type: ignore[union-attr]
    assert changes(f1, before, after).tolist() == [-2.0, 0.0]  # type: ignore[union-attr]
    assert changes(WER, before, after + np.array([0.0, 1.0])) is None, "another bottom"
    amount = Metric("words", unit="1", better="lower", rate=total)
    assert changes(amount, before, after).tolist() == [2.0, 0.0]  # type: ignore[union-attr]
    assert changes(Metric("chrf", unit="ratio", better="higher", rate=chrf_rate), before, after) is None


def test_seconds_are_drawn_and_drawn_on_where_the_level_asks_for_it() -> None:
    """Of a hundred cases each is held to 8e-5: 9,999 swappings could never tell."""
    generator = np.random.default_rng(5)
    seconds = Metric("late_s", unit="s", better="lower")
    before = np.c_[generator.random(40), np.ones(40)]
    after = before + np.c_[0.5 + generator.random(40), np.zeros(40)]
    assert swap_p(seconds, before, after, 0.01)[0] == pytest.approx(1e-4)
    assert swap_p(seconds, before, after, 0.008 / 100)[0] < 0.008 / 100


def test_where_many_are_as_bad_no_more_are_drawn() -> None:
    seconds = Metric("late_s", unit="s", better="lower")
    before, after = (np.c_[side, np.ones(40)] for side in np.random.default_rng(6).random((2, 40)))
    assert swap_p(seconds, before, after, 1e-5) == permutation_p(seconds, before, after)
