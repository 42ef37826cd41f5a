"""One p for a case of several metrics."""

from __future__ import annotations

import numpy as np
import pytest

from modellab.gate import joint
from modellab.gate.joint import Test as One
from modellab.gate.joint import adjusted
from modellab.gate.paired_quality import compare
from modellab.tasks import asr
from modellab.types import Floats

WER, CER, SUCCESS = asr.METRICS[0], asr.METRICS[1], next(m for m in asr.METRICS if m.name == "success_rate")


def sides(errors: Floats, per: float = 10.0) -> tuple[Floats, Floats]:
    before = np.c_[np.maximum(-errors, 0.0), np.full(len(errors), per)]
    return before, np.c_[np.maximum(errors, 0.0), np.full(len(errors), per)]


def p_values(words: Floats, letters: Floats, alpha: float = 0.01) -> tuple[list[float], list[float]]:
    """The metrics' own p and the adjusted ones; a third metric has not changed."""
    given = [(WER, *sides(words)), (CER, *sides(letters, 50.0)), (SUCCESS, *sides(np.zeros(len(words)), 1.0))]
    own = [compare(*each).p for each in given]
    return own, adjusted([One(*each, p) for each, p in zip(given, own, strict=True)], None, alpha)


def test_seven_units_worse_in_both_are_enough() -> None:
    own, found = p_values(np.r_[np.full(7, 2.0), np.zeros(33)], np.r_[[4.0, 7, 6, 9, 5, 6, 8], np.zeros(33)])
    assert own == [2**-7, 2**-7, 1.0]
    assert found == [2**-7, 2**-7, 1.0]


def test_it_is_the_share_of_swappings_with_a_p_as_small() -> None:
    words = np.array([1.0, 2, 1, 1, 3, 1, 1, 1, -1, 0, 0])
    letters = np.array([2.0, 2, 1, 5, 3, 1, 4, 1, 2, 3, -2])
    signs = np.array(np.meshgrid(*[[1.0, -1.0]] * 11)).reshape(11, -1).T
    ranks = np.array([(s[None, :] >= s[:, None] - 1e-9).mean(axis=1) for s in (signs @ words, signs @ letters)])
    expected = [(ranks.min(axis=0) <= rank + 1e-9).mean() for rank in ranks[:, 0]]
    assert p_values(words, letters, alpha=1.0)[1][:2] == pytest.approx(expected)


@pytest.mark.parametrize("per", [1.0, 1e7], ids=["short", "a million words"])
def test_the_size_of_the_utterances_cancels_out(per: float) -> None:
    words, letters = np.array([1.0, 2, 1, 1, 3, 1, 1, 1, -1]), np.array([2.0, 2, 1, 5, 3, 1, 4, 1, 2])
    tests = [One(m, *sides(errors, per), 0.02) for m, errors in ((WER, words), (CER, letters))]
    usual = [One(m, *sides(errors), 0.02) for m, errors in ((WER, words), (CER, letters))]
    assert adjusted(tests, None, 1.0) == pytest.approx(adjusted(usual, None, 1.0))


@pytest.mark.parametrize("seed", range(5))
def test_beyond_thirteen_units_it_lies_between_the_own_p_and_all_of_them(seed: int) -> None:
    generator = np.random.default_rng(seed)
    words = generator.integers(-1, 3, 40).astype(float)
    own, found = p_values(words, 4 * words + generator.integers(-1, 2, 40))
    for p, q in zip(own[:2], found[:2], strict=True):
        assert p <= q * 1.2
        assert q <= min(1.0, 2 * p) + 0.002


def test_small_ones_are_exact_by_bonferroni() -> None:
    words = np.ones(30)
    own, found = p_values(words, 5 * words)
    assert found[0] == pytest.approx(2 * own[0])
    assert found[0] < 1e-8


def test_alone_it_is_the_own_p_and_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joint, "shifts", None)
    before, after = sides(np.ones(9))
    assert adjusted([One(WER, before, after, 2**-9)], None, 0.01) == [2**-9]
    assert p_values(np.r_[np.ones(3), np.zeros(9)], np.r_[np.ones(3), np.zeros(9)])[1] == [0.125, 0.125, 1.0]


def test_noise_of_two_metrics_is_rarely_small() -> None:
    """A fair coin for each utterance: one per cent of 1,500 cases, 28 or more of them have a chance below 0.1 %."""
    generator = np.random.default_rng(2)
    small = 0
    for _ in range(1500):
        words = generator.integers(0, 4, 12) * generator.choice([-1.0, 1.0], 12)
        letters = np.where(generator.random(12) < 0.8, 5 * words + generator.integers(0, 3, 12) * np.sign(words), words)
        small += min(p_values(words, letters)[1]) <= 0.01
    assert small < 28
