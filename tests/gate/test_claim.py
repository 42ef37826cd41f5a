"""A stated value against a measured one: red only where it is worse, by more than a margin, and not by chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from modellab.gate.claim import assess
from modellab.tasks import asr, vad
from modellab.types import Floats, Metric, Rule, Status

WER = asr.METRICS[0]
MISS = next(metric for metric in vad.METRICS if metric.name == "miss_s")
SUCCESS = next(metric for metric in asr.METRICS if metric.name == "success_rate")


def random_counts(rate: float, n: int, seed: int = 0, words: int = 10) -> Floats:
    """Error counts of n utterances of equal length, and their words."""
    errors = np.random.default_rng(seed).binomial(words, rate, size=n).astype(float)
    return np.column_stack([errors, np.full(n, float(words))])


def verdict(claimed: float, counts: Floats, metric: Metric = WER, rule: Rule | None = None) -> Status:
    return assess(metric, rule or Rule(), claimed, counts, [""] * len(counts)).status


# ---------------------------------------------------------------------------- the verdict


@pytest.mark.parametrize(
    ("rate", "n", "status"),
    [
        pytest.param(0.10, 400, Status.PASS, id="as stated"),
        pytest.param(0.05, 400, Status.PASS, id="better"),
        pytest.param(0.15, 400, Status.REGRESSED, id="worse"),
        pytest.param(0.13, 20, Status.INCONCLUSIVE, id="worse, few utterances"),
        pytest.param(0.90, 6, Status.INCONCLUSIVE, id="much worse, too few"),
        pytest.param(0.90, 1, Status.INCONCLUSIVE, id="one utterance"),
    ],
)
def test_worse_than_stated(rate: float, n: int, status: Status) -> None:
    counts = random_counts(rate, n, seed=1)
    found = assess(WER, Rule(), 0.10, counts, [""] * n)
    assert found.status is status
    assert found.red is (status is Status.REGRESSED)
    assert (found.baseline, found.versus, found.pending) == (0.10, "claim", False)
    assert found.change == pytest.approx(found.now - 0.10)
    assert found.least_p is None, "the suite's family of tests leaves it out"


@pytest.mark.parametrize(("n", "status"), [(6, Status.INCONCLUSIVE), (7, Status.REGRESSED)])
def test_as_many_as_can_prove_it_are_enough(n: int, status: Status) -> None:
    shares = np.column_stack([np.arange(n) % 2 + 8.0, np.full(n, 10.0)])
    assert verdict(0.10, shares) is status


def test_a_difference_within_the_margin_is_none() -> None:
    """Many utterances prove a tenth of a point; the rule says that it does not matter."""
    counts = random_counts(0.1012, 200_000, seed=2, words=100)
    assert assess(WER, Rule(margin=0.0, margin_relative=0.0), 0.10, counts, [""] * len(counts)).red
    assert verdict(0.10, counts, rule=Rule(margin=0.002)) is Status.PASS


def test_higher_is_better_is_turned_around() -> None:
    answered = np.column_stack([np.arange(100) % 10 > 0, np.ones(100)]).astype(float)
    assert verdict(0.5, answered, SUCCESS) is Status.PASS
    assert verdict(1.0, answered, SUCCESS) is Status.REGRESSED


def test_a_plain_amount_is_judged_too() -> None:
    missed_s = np.random.default_rng(5).uniform(1, 2, size=(50, 1))
    assert verdict(float(missed_s.sum()), missed_s, MISS) is Status.PASS
    assert verdict(float(missed_s.sum()) - 20, missed_s, MISS) is Status.REGRESSED


def test_a_rate_that_does_not_exist_decides_nothing() -> None:
    found = assess(WER, Rule(), 0.1, np.zeros((20, 2)), [""] * 20)
    assert found.status is Status.INCONCLUSIVE
    assert found.why == "there is nothing to divide by"


def test_a_case_that_was_asked_to_see_more_does_not_pass() -> None:
    counts = random_counts(0.10, 40)
    assert verdict(0.12, counts) is Status.PASS
    assert verdict(0.12, counts, rule=Rule(sensitivity=0.001)) is Status.INCONCLUSIVE


def test_no_error_at_all_does_not_see_everything() -> None:
    perfect = np.column_stack([np.zeros(40), np.full(40, 10.0)])
    found = assess(WER, Rule(), 0.05, perfect, [""] * 40)
    assert found.status is Status.PASS
    assert found.detects is not None
    assert found.detects > 0.04, "at the stated 5 % forty utterances differ by this much"


def test_p_and_interval_are_those_of_students_t() -> None:
    """Utterances of equal length: the rate is the mean of theirs."""
    counts = random_counts(0.15, 60, seed=3)
    rates = counts[:, 0] / 10
    found = assess(WER, Rule(), 0.10, counts, [""] * 60)
    low, high = stats.t.interval(0.95, 59, rates.mean() - 0.10, stats.sem(rates))
    assert found.interval == pytest.approx((low, high))
    assert found.p == pytest.approx(stats.ttest_1samp(rates, 0.10, alternative="greater").pvalue)


def test_of_a_score_p_is_that_of_the_other_side() -> None:
    answered = np.column_stack([np.arange(100) % 10 > 0, np.ones(100)]).astype(float)
    found = assess(SUCCESS, Rule(), 0.95, answered, [""] * 100)
    assert found.change == pytest.approx(-0.05)
    assert found.p == pytest.approx(stats.ttest_1samp(answered[:, 0], 0.95, alternative="less").pvalue)


@pytest.mark.parametrize(("n", "sees"), [(1, False), (2, False), (6, False), (7, True), (20, True)])
def test_fewer_utterances_than_can_be_red_see_nothing(n: int, sees: bool) -> None:
    counts = np.column_stack([np.arange(n) % 3.0, np.full(n, 10.0)])
    found = assess(WER, Rule(), 0.1, counts, [""] * n)
    assert found.detects is not None
    assert math.isfinite(found.detects) is sees


@pytest.mark.parametrize("n", [7, 50])
def test_what_a_plain_amount_sees_is_its_error_times_the_quantiles_of_t(n: int) -> None:
    missed_s = np.random.default_rng(5).uniform(1, 2, size=(n, 1))
    found = assess(MISS, Rule(margin=0.0, margin_relative=0.0), 1.5 * n, missed_s, [""] * n)
    error = (n - 1) * stats.sem(missed_s[:, 0])  # the jackknife's of a sum
    steps = stats.t.ppf(0.99, n - 1) + stats.t.ppf(0.8, n - 1)
    assert found.detects == pytest.approx(error * steps, rel=1e-6)


# ---------------------------------------------------------------------------- properties

ERRORS = st.lists(st.integers(0, 10), min_size=2, max_size=60)


@given(ERRORS, st.floats(0, 1), st.integers(0, 5))
def test_a_worse_measurement_never_gets_a_better_verdict(errors: list[int], claimed: float, more: int) -> None:
    """The same error added to each utterance: the spread stays, the rate rises."""
    counts = np.array([(float(count), 20.0) for count in errors])
    worse = counts + np.array([float(more), 0.0])
    order = [Status.PASS, Status.INCONCLUSIVE, Status.REGRESSED]
    assert order.index(verdict(claimed, worse)) >= order.index(verdict(claimed, counts))


@given(ERRORS, st.floats(0, 1))
def test_the_order_of_the_utterances_changes_nothing(errors: list[int], claimed: float) -> None:
    counts = np.array([(float(count), 20.0) for count in errors])
    shuffled = counts[np.random.default_rng(len(errors)).permutation(len(counts))]
    first, second = (assess(WER, Rule(), claimed, each, [""] * len(each)) for each in (counts, shuffled))
    assert first.status is second.status
    assert (first.p or 0) == pytest.approx(second.p or 0, abs=1e-9)


@given(ERRORS, st.floats(0, 1))
def test_counting_in_other_units_changes_nothing(errors: list[int], claimed: float) -> None:
    counts = np.array([(float(count), 20.0) for count in errors])
    assert verdict(claimed, counts) is verdict(claimed, 64 * counts)


# ---------------------------------------------------------------------------- false alarms and power, by simulation


def skewed_counts(generator: np.random.Generator, rate: float, n: int) -> Floats:
    """Utterances of 3 to 30 words whose own error rates differ as those of people do (beta, sd about the mean)."""
    words = generator.integers(3, 30, size=n)
    own = generator.beta(0.8, 0.8 * (1 - rate) / rate, size=n)
    return np.column_stack([generator.binomial(words, own), words]).astype(float)


@pytest.mark.parametrize("n", [20, 200])
def test_a_true_claim_is_red_once_in_a_hundred_at_most(n: int) -> None:
    generator = np.random.default_rng(11)
    red = sum(verdict(0.1, skewed_counts(generator, 0.1, n)) is Status.REGRESSED for _ in range(1000))
    assert red <= 17, "99 % of samples of a thousand with 1 % have no more"


def clumped_counts(generator: np.random.Generator, rate: float, n: int) -> Floats:
    """Utterances of 3 to 30 words with clumps of 2.5 errors at a time, more clumps the higher the rate."""
    words = generator.integers(3, 30, size=n)
    clumps = generator.poisson(rate * words / 2.5)
    errors = [min(size, generator.geometric(0.4, size=count).sum()) for size, count in zip(words, clumps, strict=True)]
    return np.column_stack([np.array(errors), words]).astype(float)


@pytest.mark.parametrize("n", [100, 400])
def test_what_it_says_it_sees_it_sees(n: int) -> None:
    generator = np.random.default_rng(12)
    rate = float(WER.rate(clumped_counts(generator, 0.1, 20_000).sum(axis=0)))
    mde = [assess(WER, Rule(), rate, clumped_counts(generator, 0.1, n), [""] * n).detects or 0.0 for _ in range(60)]
    worse = 0.1 * (rate + float(np.median(mde))) / rate
    found = np.mean([verdict(rate, clumped_counts(generator, worse, n)) is Status.REGRESSED for _ in range(300)])
    assert 0.70 < found < 0.92, "80 % in the long run"
