"""p with every swapping counted: against enumeration, against drawing, and what it refuses."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.gate import exact, paired_quality
from modellab.metrics.translation import chrf_rate
from modellab.tasks import asr
from modellab.types import Metric, total

WER = asr.METRICS[0]


def enumerated(changes: list[float]) -> tuple[float, float]:
    sums = [
        sum(s * c for s, c in zip(signs, changes, strict=True))
        for signs in itertools.product((1, -1), repeat=len(changes))
    ]
    seen = sum(changes)
    return sum(s >= seen for s in sums) / len(sums), sum(s <= seen for s in sums) / len(sums)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=10).filter(any))
def test_it_is_what_enumeration_gives(changes: list[int]) -> None:
    found = exact.sign_flip_p(np.array(changes, dtype=float))
    assert found == pytest.approx(enumerated([float(c) for c in changes]), abs=1e-12)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=30).filter(any), st.randoms(), st.sampled_from([2, 3, 1000]))
def test_order_scale_and_zeros_change_nothing(changes: list[int], random: object, scale: int) -> None:
    first = exact.sign_flip_p(np.array(changes, dtype=float))
    random.shuffle(changes)  # type: ignore[attr-defined]
    assert exact.sign_flip_p(np.array([*changes, 0], dtype=float) * scale) == first


def test_sixty_units_agree_with_drawing() -> None:
    generator = np.random.default_rng(3)
    changes = generator.integers(-3, 5, 60).astype(float)
    signs = generator.choice([-1.0, 1.0], (200_000, 60))
    sums = signs @ changes
    found = exact.sign_flip_p(changes)
    assert found == pytest.approx(((sums >= changes.sum()).mean(), (sums <= changes.sum()).mean()), abs=0.004)


def test_there_is_no_smallest_p() -> None:
    assert exact.sign_flip_p(np.ones(40)) == pytest.approx((2.0**-40, 1.0), rel=0.2)
    worse, _ = exact.sign_flip_p(np.full(5_000, 2.0)) or (1.0, 1.0)
    assert 0 < worse < 1e-12


@pytest.mark.parametrize("changes", [[0.5, 1.0], [0.0, 0.0], [math.nan, 1.0], [math.inf], [2.0**40, 1.0]])
def test_what_it_cannot_count(changes: list[float]) -> None:
    assert exact.sign_flip_p(np.array(changes)) is None


def test_which_rates_are_plain_sums() -> None:
    before, after = np.array([[1.0, 8.0], [0.0, 5.0]]), np.array([[3.0, 8.0], [0.0, 5.0]])
    f1 = Metric("f1", unit="ratio", better="higher")
    assert exact.changes(WER, before, after).tolist() == [2.0, 0.0]  # type: ignore[union-attr]
    assert exact.changes(f1, before, after).tolist() == [-2.0, 0.0]  # type: ignore[union-attr]
    assert exact.changes(WER, before, after + np.array([0.0, 1.0])) is None, "another bottom"
    amount = Metric("words", unit="1", better="lower", rate=total)
    assert exact.changes(amount, before, after).tolist() == [2.0, 0.0]  # type: ignore[union-attr]
    assert exact.changes(Metric("chrf", unit="ratio", better="higher", rate=chrf_rate), before, after) is None


def test_seconds_are_drawn_and_drawn_on_where_the_level_asks_for_it() -> None:
    """Of a hundred cases each is held to 8e-5: 9,999 swappings could never tell."""
    generator = np.random.default_rng(5)
    seconds = Metric("late_s", unit="s", better="lower")
    before = np.c_[generator.random(40), np.ones(40)]
    after = before + np.c_[0.5 + generator.random(40), np.zeros(40)]
    assert paired_quality.swap_p(seconds, before, after, 0.01)[0] == pytest.approx(1e-4)
    assert paired_quality.swap_p(seconds, before, after, 0.008 / 100)[0] < 0.008 / 100
