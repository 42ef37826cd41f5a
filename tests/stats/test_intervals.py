"""Pooled rates, their jackknife errors and intervals, against scipy and the textbook's formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from modellab.stats import intervals
from modellab.types import Floats, Metric, top_over_bottom

WER = Metric("wer", unit="ratio", better="lower")
RECALL = Metric("recall", unit="ratio", better="higher")
SCORE = Metric("score", unit="1", better="higher")


def random_counts(rate: float, n: int, seed: int = 0, words: int = 10) -> Floats:
    """Error counts of n utterances of equal length, and their words."""
    errors = np.random.default_rng(seed).binomial(words, rate, size=n).astype(float)
    return np.column_stack([errors, np.full(n, float(words))])


# ---------------------------------------------------------------------------- jackknife and Student's t


@given(arrays.arrays(float, st.integers(2, 60), elements=st.floats(-1e3, 1e3, width=32)))
def test_of_a_mean_it_is_scipys_standard_error(values: Floats) -> None:
    found = intervals.pooled(SCORE, np.c_[values, np.ones(len(values))])
    assert found.error == pytest.approx(float(stats.sem(values)), rel=1e-6, abs=1e-9)
    assert found.value == pytest.approx(float(values.mean()), rel=1e-6, abs=1e-9)


@given(st.integers(1, 500), st.floats(0.5, 0.999))
def test_student_t_is_scipys(freedom: int, confidence: float) -> None:
    expected = float(stats.t.ppf((1 + confidence) / 2, freedom))
    assert intervals.student_t(freedom, confidence) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        ([], math.nan),
        ([0.5], math.nan),
        ([0.5, math.nan], math.nan),
        ([0.2, 0.2], 0.0),
        ([0.0, 2.0, math.nan], 2 / 3**0.5),
        ([0.0, 1e308], math.inf),
        ([1e308, 1e308, -1e308], math.inf),
    ],
    ids=["none", "one", "one that exists", "equal", "two of three exist", "one too large", "too large to sum"],
)
def test_leaving_one_out(left: list[float], expected: float) -> None:
    assert intervals.jackknife(np.array(left)) == pytest.approx(expected, nan_ok=True)


def test_a_rate_that_hangs_on_one_unit_has_no_error() -> None:
    found = intervals.pooled(WER, np.array([[1.0, 10.0], *[[0.0, 0.0]] * 9]))
    assert (found.value, found.units) == (0.1, 10)
    assert math.isnan(found.error)
    assert found.p_above(0.1) == 1.0


def test_with_equal_lengths_it_is_the_t_test() -> None:
    counts = random_counts(0.1, 50)
    found = intervals.pooled(WER, counts, [""] * 50)
    rates = counts[:, 0] / 10
    assert found.value == pytest.approx(rates.mean())
    assert found.error == pytest.approx(stats.sem(rates))
    expected = stats.ttest_1samp(rates, 0.08, alternative="greater").pvalue
    assert found.p_above(found.value - 0.08) == pytest.approx(expected)


def test_with_unequal_lengths_it_is_the_ratio_estimator() -> None:
    generator = np.random.default_rng(3)
    words = generator.integers(3, 30, size=400).astype(float)
    counts = np.column_stack([generator.binomial(words.astype(int), 0.1).astype(float), words])
    found = intervals.pooled(WER, counts, [""] * 400)
    residual = counts[:, 0] - found.value * words
    linear = math.sqrt(400 / 399 * float((residual**2).sum())) / words.sum()
    assert found.error == pytest.approx(linear, rel=0.02)


def test_a_speakers_utterances_count_as_one() -> None:
    """Every utterance four times, said by the same person: as much as if each had been there once."""
    once = random_counts(0.1, 30)
    four = np.repeat(once, 4, axis=0)
    names = [f"speaker {i}" for i in range(30) for _ in range(4)]
    alone, together = intervals.pooled(WER, once, [""] * 30), intervals.pooled(WER, four, names)
    assert together.units == 30
    assert together.error == pytest.approx(alone.error)
    assert intervals.pooled(WER, four, [""] * 120).error < 0.6 * alone.error


def test_the_error_is_that_of_the_ratio_estimator() -> None:
    """For a fixed bottom the jackknife is the textbook formula, to first order in 1/n."""
    before, after = random_counts(0.1, 2000), random_counts(0.1, 2000, seed=1)
    difference, words = after[:, 0] - before[:, 0], before[:, 1]
    residual = difference - difference.sum() / words.sum() * words
    textbook = math.sqrt(2000 / 1999 * float((residual**2).sum())) / words.sum()
    assert intervals.jackknife_error(WER, before, after) == pytest.approx(textbook, rel=0.005)


# ---------------------------------------------------------------------------- a rate with its interval


def test_equal_bottoms_give_students_t_of_the_mean() -> None:
    errors = [0, 1, 0, 2, 1, 0, 3, 0, 0, 1]
    found = intervals.rate(WER, [(float(each), 10.0) for each in errors])
    low, high = stats.t.interval(0.95, 9, np.mean(errors) / 10, stats.sem(errors) / 10)
    assert (found.value, found.n) == (0.08, 10)
    assert found.interval == pytest.approx((max(0.0, low), high))


def test_a_cluster_errs_together() -> None:
    counts = [(float(i < 10), 10.0) for i in range(40)]
    alone = intervals.rate(WER, counts)
    together = intervals.rate(WER, counts, [f"speaker {i // 10}" for i in range(40)])
    assert together.n == alone.n == 40
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_no_error_among_400_words_is_no_proof_of_none() -> None:
    found = intervals.rate(WER, [(0.0, 10.0)] * 40)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(-math.log(0.025) / 400)
    other = intervals.rate(RECALL, [(10.0, 10.0)] * 40)
    assert (other.high, other.low) == (1.0, pytest.approx(1 + math.log(0.025) / 400))


def test_ends_stay_where_the_rate_can_be() -> None:
    assert intervals.rate(WER, [(1.0, 10.0), *[(0.0, 10.0)] * 5]).low == 0.0
    assert intervals.rate(RECALL, [(9.0, 10.0), *[(10.0, 10.0)] * 5]).high == 1.0
    assert intervals.rate(WER, [(30.0, 10.0), (5.0, 10.0)]).high > 1.0  # a word error rate has no upper end


@pytest.mark.parametrize("counts", [[], [(1.0, 10.0)]])
def test_one_utterance_has_no_interval(counts: list[tuple[float, ...]]) -> None:
    found = intervals.rate(WER, counts)
    assert found.interval is None
    assert (found.n, found.known) == (len(counts), bool(counts))


def median(sums: np.ndarray) -> np.ndarray:
    below = np.cumsum(sums, axis=-1)
    return np.asarray((below < below[..., -1:] / 2).sum(axis=-1), dtype=float)


def test_one_utterance_has_no_interval_of_its_percentiles_either() -> None:
    found = intervals.rate(Metric("median_s", unit="s", better="lower", rate=median), [tuple(map(float, range(20)))])
    assert found.known
    assert found.interval is None


def test_one_unit_has_no_error_of_its_change() -> None:
    one, two = np.array([[1.0, 10.0]]), np.array([[1.0, 10.0], [2.0, 10.0]])
    assert math.isnan(intervals.jackknife_error(WER, one, one + 1))
    assert intervals.jackknife_error(WER, two, two) == 0.0


def test_percentiles_are_drawn_again() -> None:
    metric = Metric("median_s", unit="s", better="lower", rate=median)
    counts = [tuple(float(i == each % 20) for i in range(20)) for each in range(60)]
    found = intervals.rate(metric, counts)
    assert found == intervals.rate(metric, counts)
    assert found.low <= found.value <= found.high
    assert found.low < found.high


def test_drawn_intervals_are_those_of_last_year() -> None:
    """What was stored is compared with what is drawn today: the seed and the number of draws are part of the result."""

    def mean(sums: np.ndarray) -> np.ndarray:
        return np.asarray((sums * np.arange(20)).sum(axis=-1) / sums.sum(axis=-1))

    metric = Metric("mean_s", unit="s", better="lower", rate=mean)
    found = intervals.rate(metric, [tuple(float(i == each % 20) for i in range(20)) for each in range(60)])
    assert (found.low, found.high) == pytest.approx((8.11625, 10.9333333), abs=1e-6)


@pytest.mark.parametrize(
    ("error", "excess", "p"),
    [(0.0, 0.1, 0.0), (0.0, 0.0, 1.0), (0.0, -0.1, 1.0), (math.nan, 0.1, 1.0), (0.1, 0.0, 0.5)],
)
def test_without_spread_a_rate_is_the_truth(error: float, excess: float, p: float) -> None:
    assert intervals.PooledRate(0.2, error, 12).p_above(excess) == p


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 30)), min_size=2, max_size=30), st.randoms())
def test_the_value_lies_inside_and_the_order_is_nothing(pairs: list[tuple[int, int]], chance: object) -> None:
    counts = [(float(a), float(b)) for a, b in pairs]
    found = intervals.rate(WER, counts)
    chance.shuffle(counts)  # type: ignore[attr-defined]
    again = intervals.rate(WER, counts)
    assert found.value == pytest.approx(float(top_over_bottom(np.array(counts).sum(axis=0))))
    assert found.low <= found.value + 1e-12
    assert found.high >= found.value - 1e-12
    assert (again.low, again.high) == pytest.approx((found.low, found.high))


@pytest.mark.parametrize(
    ("metric", "rows", "expected", "bottom"),
    [
        (WER, [[1.0, 10.0], [0.0, 5.0]], [1.0, 0.0], 15.0),
        (RECALL, [[9.0, 10.0], [5.0, 5.0]], [1.0, 0.0], 15.0),
        (WER, [[3.0], [4.0]], [3.0, 4.0], 1.0),
        (SCORE, [[3.0], [4.0]], [3.0, 4.0], 1.0),
    ],
    ids=["errors", "what lacks to a full score", "an amount", "an amount of something good"],
)
def test_costs_and_what_they_are_divided_by(
    metric: Metric, rows: list[list[float]], expected: list[float], bottom: float
) -> None:
    assert intervals.costs(metric, np.array(rows)).tolist() == expected
    assert intervals.bottom_of(np.array(rows)) == bottom
