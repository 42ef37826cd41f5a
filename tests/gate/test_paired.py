"""The paired permutation test and what goes with it, against scipy and against plain loops."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from modellab.gate import paired_quality, sight
from modellab.gate.paired_quality import compare
from modellab.metrics.edit_distance import wil_rate
from modellab.stats import intervals
from modellab.types import Floats, Metric

WER = Metric("wer", unit="ratio", better="lower")
F1 = Metric("f1", unit="ratio", better="higher")
WIL = Metric("wil", unit="ratio", better="lower", rate=wil_rate)


def drawn(count: int, seed: int = 3, churn: float = 0.5) -> tuple[Floats, Floats]:
    generator = np.random.default_rng(seed)
    words = generator.integers(4, 20, count)
    errors = generator.binomial(words, 0.1, (2, count))
    errors[1] = np.where(generator.random(count) < churn, errors[1], errors[0])
    return np.c_[errors[0], words].astype(float), np.c_[errors[1], words].astype(float)


# ---------------------------------------------------------------------------- p


@pytest.mark.parametrize("count", [8, 12, 60, 400])
def test_p_is_that_of_scipy(count: int) -> None:
    before, after = drawn(count)
    reference = stats.permutation_test(
        ((after - before)[:, 0],),
        lambda x, axis: x.sum(axis=axis),
        permutation_type="samples",
        alternative="greater",
        n_resamples=20_000 if count > 13 else np.inf,
        vectorized=True,
        rng=np.random.default_rng(1),
    ).pvalue
    p, better = paired_quality.permutation_p(WER, before, after)
    assert p == pytest.approx(reference, abs=0 if count <= 13 else 0.015)
    assert better == pytest.approx(paired_quality.permutation_p(WER, after, before)[0], abs=0.015)


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
    assert paired_quality.permutation_p(metric, before, after)[0] == pytest.approx(expected)


@pytest.mark.parametrize("cells", [1, 10_000, 2**30])
def test_how_many_are_drawn_at_a_time_is_of_no_consequence(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(5)
    before, after = (np.c_[generator.poisson(1, 1003), np.full(1003, 9)].astype(float) for _ in range(2))
    expected = paired_quality.permutation_p(WER, before, after)
    monkeypatch.setattr(paired_quality, "CELLS", cells)
    assert paired_quality.permutation_p(WER, before, after) == expected


def test_exact_and_drawn_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = drawn(13, churn=1.0)
    exact, _ = paired_quality.permutation_p(WER, before, after)
    monkeypatch.setattr(paired_quality, "EXACT", 0)
    assert paired_quality.permutation_p(WER, before, after)[0] == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize(("changed", "expected"), [(0, 1.0), (1, 0.5), (7, 1 / 128), (13, 2**-13), (60, 2**-60)])
def test_the_least_p(changed: int, expected: float) -> None:
    assert paired_quality.least_p(changed) == pytest.approx(expected)


@pytest.mark.parametrize(("alpha", "expected"), [(0.01, 7), (0.05, 5), (0.001, 10)])
def test_the_fewest_units(alpha: float, expected: int) -> None:
    assert sight.fewest_units(alpha) == expected
    assert paired_quality.least_p(expected) <= alpha < paired_quality.least_p(expected - 1)


def test_clusters_are_swapped_whole() -> None:
    before, after = drawn(30, churn=1.0)
    speakers = [f"s{i % 8}" for i in range(30)]
    sums = [np.array([side[i::8].sum(axis=0) for i in range(8)]) for side in (before, after)]
    found, expected = compare(WER, before, after, speakers), compare(WER, *sums)
    assert (found.p, found.interval, found.units) == (expected.p, expected.interval, 8)
    assert (
        found.words
        == f"{(before != after).any(axis=1).sum()} of 30 utterances changed, in {found.changed} of 8 clusters"
    )


@pytest.mark.parametrize("clusters", [None, [""] * 20, [str(i) for i in range(20)]])
def test_no_cluster_and_a_cluster_each_are_utterances(clusters: list[str] | None) -> None:
    assert compare(WER, *drawn(20), clusters).units == 20


def test_one_speaker_is_one_unit() -> None:
    before, after = drawn(20, churn=1.0)
    found = compare(WER, before, after + np.array([5.0, 0.0]), ["one"] * 20)
    assert (found.units, found.changed, found.p, found.detects) == (1, 1, 0.5, math.inf)
    assert found.words == "20 of 20 utterances changed, in 1 of 1 cluster"
    assert found.interval is not None, "of this one speaker"


# ---------------------------------------------------------------------------- the interval


def test_the_error_is_that_of_the_ratio_estimator() -> None:
    """For a fixed bottom the jackknife is the textbook formula, to first order in 1/n."""
    before, after = drawn(2000)
    difference, words = after[:, 0] - before[:, 0], before[:, 1]
    residual = difference - difference.sum() / words.sum() * words
    textbook = math.sqrt(2000 / 1999 * float((residual**2).sum())) / words.sum()
    assert intervals.jackknife_error(WER, before, after) == pytest.approx(textbook, rel=0.005)


def test_the_error_of_a_mean_is_that_of_scipy() -> None:
    score = Metric("score", unit="1", better="higher")
    generator = np.random.default_rng(2)
    before, after = (np.c_[generator.normal(4, 1, 50), np.ones(50)] for _ in range(2))
    test = stats.ttest_rel(after[:, 0], before[:, 0])
    interval = compare(score, before, after).interval
    assert interval == pytest.approx(tuple(test.confidence_interval(0.95)))


def test_one_unit_has_no_interval() -> None:
    found = compare(WER, np.array([[0.0, 5.0]]), np.array([[1.0, 5.0]]))
    assert (found.interval, found.units, found.p) == (None, 1, 0.5)


# ---------------------------------------------------------------------------- what can be seen


@pytest.mark.parametrize("churn", [0.0, 0.1, 1.0])
def test_what_it_says_it_detects_is_seen_four_times_in_five(churn: float) -> None:
    """By simulation with damage of the sizes that it assumes; 200 runs have an error of 3 points."""
    generator = np.random.default_rng(8)
    before, after = drawn(300, churn=churn)
    effect = compare(WER, before, after).detects
    sizes = before[before[:, 0] > 0, 0]
    hits = effect * before[:, 1].sum() / sizes.mean()
    seen = 0
    for _ in range(200):
        swapped = np.where(generator.random(300)[:, None] < 0.5, after, before)
        other = before + after - swapped
        harmed = swapped.copy()
        harmed[:, 0] += np.where(generator.random(300) < hits / 300, generator.choice(sizes, 300), 0)
        seen += paired_quality.permutation_p(WER, other, harmed)[0] <= 0.01
    assert 0.65 <= seen / 200 <= 0.95


def test_more_utterances_see_less_and_too_few_see_nothing() -> None:
    seen = [compare(WER, *drawn(count)).detects for count in (50, 200, 800)]
    assert seen == sorted(seen, reverse=True)
    assert compare(WER, *drawn(6)).detects == math.inf


def test_a_rate_without_a_value_is_nan_and_never_significant() -> None:
    found = compare(WER, np.array([[0.0, 0.0]] * 3), np.array([[1.0, 0.0]] * 3))
    assert math.isnan(found.change)
    assert found.p == 1.0
