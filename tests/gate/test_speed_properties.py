"""The stored speed gate as a whole: what no slower candidate, other order or other unit may change, and its errors."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.gate.calibration_noise import Session
from modellab.types import Status, Utterance

from ..make import READINGS, resources
from .test_speed import REFERENCE, assess, timed_utterances

RANK = [Status.IMPROVED, Status.PASS, Status.INCONCLUSIVE, Status.REGRESSED]
NOISE = st.lists(st.floats(-0.3, 0.3), min_size=8, max_size=20)
CALIBRATIONS = st.lists(
    st.fixed_dictionaries(
        {"rtf": st.floats(-0.2, 0.2), "rtf_cpu": st.floats(-0.2, 0.2)},
        optional={"reference_arithmetic_s": st.floats(-0.2, 0.2), "reference_walk_s": st.floats(-0.2, 0.2)},
    ),
    max_size=8,
).map(tuple)
READ = st.fixed_dictionaries({"other_cores": st.sampled_from([0.0, 1.5]), "reference_walk_s": st.floats(5e-4, 2e-3)})


def noisy_utterances(noise: Sequence[float], factor: float = 1.0) -> list[Utterance]:
    return timed_utterances([factor * 0.1 * math.exp(each) for each in noise])


@given(NOISE, CALIBRATIONS, READ, st.floats(1.0, 3.0))
def test_a_slower_candidate_never_gets_a_better_verdict(
    noise: list[float], calibration: tuple[Session, ...], read: dict[str, float], factor: float
) -> None:
    then = resources(timed_utterances([0.1] * len(noise)), **REFERENCE)
    readings = {**READINGS, **REFERENCE, **read}
    before = assess(then, noisy_utterances(noise), None, calibration, readings=readings)
    after = assess(then, noisy_utterances(noise, factor), None, calibration, readings=readings)
    for metric, verdict in before.items():
        assert RANK.index(verdict.status) <= RANK.index(after[metric].status)


@given(NOISE, CALIBRATIONS, st.integers(-8, 8).map(lambda power: 2.0**power))
def test_the_unit_of_time_is_of_no_consequence(
    noise: list[float], calibration: tuple[Session, ...], scale: float
) -> None:
    one = assess(timed_utterances([0.1] * len(noise)), noisy_utterances(noise), None, calibration)
    two = assess(timed_utterances([0.1 * scale] * len(noise)), noisy_utterances(noise, scale), None, calibration)
    for metric, verdict in one.items():
        assert verdict.status is two[metric].status
        assert verdict.change == pytest.approx(two[metric].change, abs=1e-9)


@given(NOISE, CALIBRATIONS, st.data())
def test_the_order_of_utterances_and_sessions_is_of_no_consequence(
    noise: list[float], calibration: tuple[Session, ...], data: st.DataObject
) -> None:
    then, now = timed_utterances([0.1] * len(noise)), noisy_utterances(noise)
    shuffled, sessions = data.draw(st.permutations(now)), tuple(data.draw(st.permutations(calibration)))
    one, two = assess(then, now, None, calibration), assess(then, shuffled, None, sessions)
    for metric, verdict in one.items():
        assert verdict.status is two[metric].status
        assert verdict.p == pytest.approx(two[metric].p, abs=1e-9)


# ---------------------------------------------------------------------------- false alarms and power


def count_red(seed: int, effect: float, runs: int) -> int:
    """How many of `runs` are red: ten sessions of 4 % noise, utterances of 8 % noise, `effect` slower."""
    draw = np.random.default_rng(seed)
    red = 0
    for _ in range(runs):
        calibration = tuple({"rtf_cpu": float(x), "rtf": float(x)} for x in draw.normal(0, 0.04, 10))
        noise = draw.normal(0.0, 0.04) + draw.normal(0, 0.08, 20)
        now = timed_utterances([0.1 * (1 + effect) * math.exp(each) for each in noise])
        red += assess(timed_utterances([0.1] * 20), now, None, calibration)["rtf_cpu"].red
    return red


def test_noise_alone_is_rarely_red() -> None:
    assert count_red(3, 0.0, 400) <= 11  # 1 % and what 400 runs may add to it


def test_a_quarter_slower_is_seen_through_the_noise() -> None:
    assert count_red(4, 0.25, 60) >= 55
