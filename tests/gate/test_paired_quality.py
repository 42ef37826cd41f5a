"""A paired comparison: clusters, the interval, and how small a change it sees."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from modellab.gate import detectable_effect
from modellab.gate.paired_quality import alone, compare
from modellab.stats.permutation import least_p, permutation_p
from modellab.types import Floats, Metric

WER = Metric("wer", unit="ratio", better="lower")


def random_counts(count: int, seed: int = 3, churn: float = 0.5) -> tuple[Floats, Floats]:
    generator = np.random.default_rng(seed)
    words = generator.integers(4, 20, count)
    errors = generator.binomial(words, 0.1, (2, count))
    errors[1] = np.where(generator.random(count) < churn, errors[1], errors[0])
    return np.c_[errors[0], words].astype(float), np.c_[errors[1], words].astype(float)


@pytest.mark.parametrize(("alpha", "expected"), [(0.01, 7), (0.05, 5), (0.001, 10)])
def test_the_fewest_units(alpha: float, expected: int) -> None:
    assert detectable_effect.fewest_units(alpha) == expected
    assert least_p(expected) <= alpha < least_p(expected - 1)


def test_clusters_are_swapped_whole() -> None:
    before, after = random_counts(30, churn=1.0)
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
    assert compare(WER, *random_counts(20), clusters).units == 20


def test_one_speaker_is_one_unit() -> None:
    before, after = random_counts(20, churn=1.0)
    found = compare(WER, before, after + np.array([5.0, 0.0]), ["one"] * 20)
    assert (found.units, found.changed, found.p, found.detects) == (1, 1, 0.5, math.inf)
    assert found.words == "20 of 20 utterances changed, in 1 of 1 cluster"
    assert found.interval is not None, "of this one speaker"


@pytest.mark.parametrize(
    ("clusters", "expected"),
    [(None, False), ([], False), ([""] * 3, False), (["one"] * 3, True), (["one", "one", ""], False)],
    ids=["nothing named", "nobody", "utterances of nobody", "one speaker", "one speaker and nobody"],
)
def test_only_one_named_speaker_is_alone(clusters: list[str] | None, expected: bool) -> None:
    assert alone(clusters) is expected


# ---------------------------------------------------------------------------- the interval


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
    before, after = random_counts(300, churn=churn)
    effect = compare(WER, before, after).detects
    sizes = before[before[:, 0] > 0, 0]
    hits = effect * before[:, 1].sum() / sizes.mean()
    seen = 0
    for _ in range(200):
        swapped = np.where(generator.random(300)[:, None] < 0.5, after, before)
        other = before + after - swapped
        harmed = swapped.copy()
        harmed[:, 0] += np.where(generator.random(300) < hits / 300, generator.choice(sizes, 300), 0)
        seen += permutation_p(WER, other, harmed)[0] <= 0.01
    assert 0.65 <= seen / 200 <= 0.95


def test_more_utterances_see_less_and_too_few_see_nothing() -> None:
    seen = [compare(WER, *random_counts(count)).detects for count in (50, 200, 800)]
    assert seen == sorted(seen, reverse=True)
    assert compare(WER, *random_counts(6)).detects == math.inf


def test_a_rate_without_a_value_is_nan_and_never_significant() -> None:
    found = compare(WER, np.array([[0.0, 0.0]] * 3), np.array([[1.0, 0.0]] * 3))
    assert math.isnan(found.change)
    assert found.p == 1.0
