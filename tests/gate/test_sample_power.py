"""What parts of a dataset would see: the gate's own figure for all of it, and less the smaller the part."""

from __future__ import annotations

import math

import numpy as np
import pytest

from modellab.gate import paired_quality, sample_power
from modellab.tasks import asr
from modellab.types import Floats, Metric

WER: Metric = asr.METRICS[0]
ALPHA = 0.01


def counts(utterances: int, seed: int = 0) -> Floats:
    """Errors and words of utterances: a third have errors, in bursts."""
    generator = np.random.default_rng(seed)
    words = generator.integers(5, 20, utterances)
    errors = np.where(generator.random(utterances) < 0.3, generator.geometric(0.5, utterances), 0)
    return np.stack([np.minimum(errors, words), words], axis=1).astype(float)


def population(
    clusters: list[str] | None = None, churn: float = 0.02, utterances: int = 1_000
) -> sample_power.Population:
    found = sample_power.accepted(WER, counts(utterances), clusters or [""] * utterances, churn, ALPHA)
    assert found is not None
    return found


@pytest.mark.parametrize("clusters", [[""] * 600, [f"s{i % 40}" for i in range(600)]], ids=["alone", "speakers"])
def test_of_all_utterances_it_is_what_the_gate_says_where_nothing_changed(clusters: list[str]) -> None:
    same = counts(600)
    gate = paired_quality.compare(WER, same, same, clusters).detects
    found = sample_power.accepted(WER, same, clusters, 0.0, ALPHA)
    assert found is not None
    assert found.detects(600) == pytest.approx(gate, rel=0.01)


@pytest.mark.parametrize("churn", [0.0, 0.02, 0.1])
def test_a_larger_part_sees_more(churn: float) -> None:
    seen = [population(churn=churn).detects(n) for n in (50, 100, 500, 1_000, 20_000)]
    assert seen == sorted(seen, reverse=True)
    assert seen[0] > 2 * seen[2]


def test_more_churn_hides_more() -> None:
    assert population(churn=0.1).detects(500) > population(churn=0.02).detects(500) > population(churn=0).detects(500)


@pytest.mark.parametrize("effect", [0.05, 0.01, 0.002])
def test_what_is_needed_sees_the_change_and_a_little_less_does_not(effect: float) -> None:
    every = population()
    needed = every.needs(effect)
    assert needed is not None
    assert every.detects(needed) <= effect < every.detects(math.floor(0.97 * needed))


def test_clusters_are_those_that_a_draw_meets() -> None:
    every = population([f"s{i % 50}" for i in range(1_000)])
    assert every.units(1_000) == 50
    assert every.units(10) == 9  # of 50 alike: 50 (1 - 0.99 ^ 20)
    assert every.units(2_000) == 100, "twice the data has twice the speakers"
    assert population(["one"] * 1_000).units(100) == 100, "one speaker of everything is no cluster"
    mixed = sample_power.cluster_sizes(["a", "a", "", ""])
    assert sorted(mixed.tolist()) == [1, 1, 2]
    assert every.detects(500) > population().detects(500)


def test_too_few_see_nothing() -> None:
    assert population().detects(6) == math.inf
    few = population([f"s{i % 5}" for i in range(1_000)])
    assert few.detects(1_000) == math.inf, "five speakers cannot give p = 1 %"
    needed = few.needs(0.02)
    assert needed is not None
    assert needed > 1_000, "more speakers can"


def test_what_was_never_measured_is_assumed() -> None:
    assumed = sample_power.assumed(10_000, 12.5, [""] * 10_000, ALPHA)
    sizes = assumed.sizes
    assert 3.6 <= float((sizes**2).sum() / sizes.sum()) <= 5.5, "the overdispersion of real systems"
    assert assumed.detects(10_000) < 0.005 < assumed.detects(500)


def test_an_amount_has_nothing_to_plan_with() -> None:
    assert sample_power.accepted(WER, np.ones((5, 1)), [""] * 5, 0.02, ALPHA) is None
    assert sample_power.accepted(WER, np.zeros((5, 2)), [""] * 5, 0.02, ALPHA) is None
