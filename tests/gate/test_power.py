"""What a case can see: simulation, planning formula and the gate's own figure agree; more data sees more."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.gate import power
from modellab.gate.detectable_effect import minimum_detectable_effect
from modellab.gate.power import SimulatedCase
from modellab.tasks import asr, vad
from modellab.types import Floats, Metric, Rule

WER, SUCCESS = asr.METRICS[0], next(metric for metric in asr.METRICS if metric.name == "success_rate")
ALARMS = next(metric for metric in vad.METRICS if metric.name == "false_alarm_s")
UNCAPPED = Rule()
RUNS = 30


def words(utterances: int, error_share: float, most: int = 1, seed: int = 1) -> Floats:
    """(errors, words) of utterances of eight words, some of which have 1 to `most` errors."""
    generator = np.random.default_rng(seed)
    errors = (generator.random(utterances) < error_share) * generator.integers(1, most + 1, utterances)
    return np.column_stack([errors, np.full(utterances, 8)]).astype(float)


def printed_power(simulated: SimulatedCase) -> float:
    """What the gate prints beside a PASS of this scene, if the churn is what changed."""
    error = math.sqrt(simulated.churn * len(simulated.counts) * float((simulated.sizes**2).mean())) / simulated.bottom
    return minimum_detectable_effect(
        simulated.sizes, simulated.bottom, len(simulated.counts), error, simulated.rule.alpha / simulated.family
    )


@pytest.mark.parametrize("churn", [0.0, 0.1])
@pytest.mark.parametrize(
    ("metric", "counts"),
    [
        pytest.param(WER, words(60, 0.1), id="few utterances"),
        pytest.param(WER, words(400, 0.1, 4), id="bursts of errors"),
        pytest.param(WER, words(300, 0.5, 3), id="many errors"),
        pytest.param(WER, words(300, 0.0), id="no error yet"),
    ],
)
def test_simulation_and_gate_agree(metric: Metric, counts: Floats, churn: float) -> None:
    simulated = SimulatedCase(metric, UNCAPPED, counts, churn=churn)
    assert printed_power(simulated) / 1.5 < power.smallest(simulated, RUNS) < printed_power(simulated) * 1.5


@pytest.mark.parametrize("churn", [0.0, 0.05, 0.25])
def test_the_formula_is_the_one_in_the_docstring(churn: float) -> None:
    simulated = SimulatedCase(WER, Rule(), words(1000, 0.4, 5), churn=churn)
    change = power.planned(simulated)
    assert change == pytest.approx(
        3.168 * math.sqrt(simulated.overdispersion * (simulated.churned + change) / 8000), rel=1e-3
    )


@pytest.mark.parametrize(
    ("errors", "expected"),
    [([1, 1, 1], 1.0), ([1, 1, 2], 1.5), ([1, 0, 3], 2.5), ([4], 4.0), ([0, 0], 1.0)],
    ids=["one each", "one of two", "of one and three", "all in one", "none yet"],
)
def test_words_that_go_wrong_together_spread_more(errors: list[int], expected: float) -> None:
    counts = np.array([[error, 8] for error in errors], dtype=float)
    assert SimulatedCase(WER, Rule(), counts).overdispersion == pytest.approx(expected)


def test_the_formula_and_its_inverse_meet() -> None:
    simulated = SimulatedCase(WER, Rule(), words(500, 0.2, 3), churn=0.05)
    needed = power.planned_utterances(simulated, power.planned(simulated))
    assert needed == pytest.approx(500, abs=1)


def test_a_family_of_thirty_sees_a_third_less_where_churn_rules() -> None:
    simulated = SimulatedCase(WER, Rule(), words(10_000, 0.2), churn=1.0)
    assert power.planned(replace(simulated, family=30)) / power.planned(simulated) == pytest.approx(1.34, abs=0.01)
    few = SimulatedCase(WER, UNCAPPED, words(200, 0.2), churn=0.1)
    assert power.smallest(replace(few, family=30), RUNS) > 1.2 * power.smallest(few, RUNS)


@pytest.mark.parametrize("effect", [0.01, 0.02])
def test_so_many_utterances_see_the_effect_and_half_of_them_do_not(effect: float) -> None:
    simulated = SimulatedCase(WER, UNCAPPED, words(200, 0.1), churn=0.02)
    needed = power.utterances(simulated, effect, RUNS)
    assert needed is not None
    assert power.power(simulated.resized(needed), effect, 100) > 0.65
    assert power.power(simulated.resized(needed // 2), effect, 100) < 0.65


def test_no_number_of_utterances_sees_what_the_margin_allows() -> None:
    simulated = SimulatedCase(WER, Rule(margin=0.01), words(200, 0.1))
    assert power.utterances(simulated, 0.01, RUNS) is None
    assert power.utterances(simulated, 1e-9, RUNS) is None
    assert power.smallest(simulated, RUNS) > 0.01


def test_on_few_utterances_only_a_cap_or_what_breaks_is_seen() -> None:
    five = SimulatedCase(WER, Rule(cap=0.1), words(5, 0.0))
    assert power.power(five, 0.02, RUNS) == 0.0
    assert power.power(five, 0.5, RUNS) > 0.9
    plain = replace(five, rule=Rule())
    assert 0.3 < power.smallest(plain, RUNS) < 1.0, "words lost here and there break an utterance at last"
    assert power.smallest(replace(plain, metric=replace(WER, gross=None)), RUNS) == math.inf


def test_higher_is_better_and_plain_amounts() -> None:
    answered = SimulatedCase(SUCCESS, UNCAPPED, np.ones((400, 2)))
    assert power.smallest(answered, RUNS) == pytest.approx(9.1 / 400, rel=0.3)  # seven of the hit must be hit
    seconds = SimulatedCase(ALARMS, UNCAPPED, np.full((50, 1), 0.2))
    assert power.smallest(seconds, RUNS) == pytest.approx(9.1 * 0.2, rel=0.3)
    assert power.planned_utterances(seconds, 1.0) == 0
    assert power.utterances(seconds, 1.0) is None


def test_a_rate_without_a_bottom_sees_nothing() -> None:
    assert power.planned(SimulatedCase(WER, Rule(), np.zeros((40, 2)))) == math.inf
    assert power.smallest(SimulatedCase(WER, Rule(), np.zeros((40, 2))), RUNS) == math.inf
    assert power.planned_utterances(SimulatedCase(WER, Rule(), np.zeros((40, 2))), 0.01) == 0


def test_speakers_count_once() -> None:
    counts = words(400, 0.1)
    alone = SimulatedCase(WER, UNCAPPED, counts)
    eight = replace(alone, clusters=tuple(f"speaker {i % 8}" for i in range(400)))
    assert power.smallest(eight, RUNS) > 1.5 * power.smallest(alone, RUNS)
    twice = eight.resized(800)
    assert len(set(twice.clusters)) == 16, "further data has further speakers"


def test_noise_of_the_seeds_hides_what_is_smaller() -> None:
    simulated = SimulatedCase(WER, UNCAPPED, words(400, 0.1))
    assert power.smallest(replace(simulated, noise=0.01), RUNS) >= 2.33 * math.sqrt(2) * 0.01


@settings(max_examples=6, deadline=None)
@given(st.integers(20, 100), st.floats(0, 0.3), st.floats(0.001, 0.3))
def test_power_is_a_share_and_grows(utterances: int, churn: float, effect: float) -> None:
    simulated = SimulatedCase(WER, UNCAPPED, words(utterances, 0.2, 3), churn=churn)
    weak, strong = power.power(simulated, effect, 30), power.power(simulated, 4 * effect, 30)
    assert 0 <= weak <= strong + 0.2
    assert strong <= 1


def test_seeds_are_fixed() -> None:
    simulated = SimulatedCase(WER, Rule(), words(100, 0.1), churn=0.05)
    assert power.power(simulated, 0.02, RUNS) == power.power(simulated, 0.02, RUNS)
