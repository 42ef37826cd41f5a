"""Broken utterances: which they are, how many an unchanged model has, when a rerun confirms them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from modellab.gate import breaks
from modellab.gate.breaks import break_p, broken, confirmed, fewest, find, gross, named, told, urgency
from modellab.tasks import asr, diarization
from modellab.types import Break, Gross, Metric, Rule, Status, Verdict

WER, CER, DER = asr.METRICS[0], asr.METRICS[1], diarization.METRICS[0]


@pytest.mark.parametrize(
    ("lost", "words", "expected"),
    [
        pytest.param(5, 10, True, id="exactly half"),
        pytest.param(4, 10, False, id="less than half"),
        pytest.param(2, 2, False, id="fewer than three words"),
        pytest.param(3, 3, True, id="three of three"),
        pytest.param(1000, 10, True, id="a loop"),
        pytest.param(3, 0, True, id="three words made up where nobody spoke"),
        pytest.param(2, 0, False, id="two of them"),
        pytest.param(-10, 10, False, id="mended"),
        pytest.param(math.nan, 10, False, id="no number"),
    ],
)
def test_which_utterance_is_broken(lost: float, words: float, expected: bool) -> None:
    assert broken(np.array([lost]), np.array([words]), Gross()).tolist() == [expected]


@pytest.mark.parametrize(
    ("before", "now", "words", "expected"),
    [
        pytest.param(1, 3, 3, True, id="the last two of three"),
        pytest.param(2, 3, 3, False, id="a single word flips"),
        pytest.param(6, 8, 8, True, id="the last two of eight"),
        pytest.param(6, 20, 8, True, id="and a loop"),
        pytest.param(5, 7, 8, False, id="one is still right"),
        pytest.param(0, 2, 2, False, id="an utterance of two words"),
        pytest.param(8, 10, 8, False, id="nothing had been right"),
        pytest.param(3, 1, 3, False, id="mended"),
        pytest.param(1, math.nan, 3, False, id="no number"),
    ],
)
def test_an_utterance_is_broken_when_its_last_words_are_lost(
    before: float, now: float, words: float, expected: bool
) -> None:
    then, lost = np.array([float(before)]), np.array([float(now - before)])
    assert broken(lost, np.array([float(words)]), Gross(), then).tolist() == [expected]


def test_last_seconds_are_no_words() -> None:
    lost, speech, before = np.array([2.0]), np.array([100.0]), np.array([98.0])
    assert broken(lost, speech, Gross(0.03, 0.0, 0.1), before).tolist() == [False]


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 10)), min_size=1, max_size=10),
    st.lists(st.integers(0, 4), min_size=10, max_size=10),
)
def test_what_lost_more_stays_broken(rows: list[tuple[int, int, int]], more: list[int]) -> None:
    before, after, words = (np.array(side, dtype=float) for side in zip(*rows, strict=True))
    worse = after + np.array(more[: len(rows)])
    first, second = (find(WER, Gross(), np.c_[before, words], np.c_[side, words]) for side in (after, worse))
    assert set(first.rows.tolist()) <= set(second.rows.tolist())
    assert second.p <= first.p + 1e-12


def test_what_got_its_last_words_back_is_mended() -> None:
    before, after = (
        np.array([(3.0, 3.0), *[(0.0, 10.0)] * 39]),
        np.array([(1.0, 3.0), *[(10.0, 10.0)] * 5, *[(0, 10)] * 34]),
    )
    assert find(WER, Gross(), before, after).p == break_p(5, 1, [1] * 40, 0.01)


def test_without_a_least_what_had_nothing_to_lose_is_not_broken() -> None:
    assert broken(np.array([0.0, 0.4]), np.array([0.0, 10.0]), Gross(0.03, 0.0, 0.1)).tolist() == [False, True]


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("utterances", [10, 40, 400])
def test_it_is_the_binomial_tail(count: int, utterances: int) -> None:
    expected = scipy.stats.binom.sf(count - 1, utterances, 0.01)
    assert break_p(count, 0, [1] * utterances, 0.01) == pytest.approx(expected)


def test_within_speakers_it_is_beta_binomial() -> None:
    often, sizes = 0.05, [10, 10, 20]
    generator = np.random.default_rng(1)
    a, b = (share * (1 - breaks.TOGETHER) / breaks.TOGETHER for share in (often, 1 - often))
    rates = generator.beta(a, b, (200_000, 3))
    drawn = generator.binomial(sizes, rates).sum(axis=1)
    for count in (1, 3, 6):
        assert break_p(count, 0, sizes, often) == pytest.approx((drawn >= count).mean(), abs=0.003)


@given(st.integers(1, 20), st.integers(0, 5), st.lists(st.integers(1, 12), min_size=1, max_size=12), st.booleans())
def test_more_damage_is_never_likelier(count: int, mended: int, sizes: list[int], named: bool) -> None:
    p = break_p(count, mended, sizes, 0.01, named=named)
    assert break_p(count + 1, mended, sizes, 0.01, named=named) <= p + 1e-12
    assert break_p(count, mended + 1, sizes, 0.01, named=named) >= p - 1e-12
    assert break_p(count, mended, [*sizes, 1], 0.01, named=named) >= p - 1e-12 or mended
    assert p >= break_p(count, mended, sizes, 0.01) - 1e-12


def test_where_speakers_are_named_each_may_be_heard_differently() -> None:
    each = [1] * 20
    assert break_p(4, 0, each, 0.01, named=True) == pytest.approx(scipy.stats.binom.sf(3, 20, breaks.HEARD))
    assert break_p(4, 0, each, 0.002, named=True) == break_p(4, 0, each, 0.002), "a person knows the model better"
    assert break_p(4, 0, each, 0.1, named=True) == break_p(4, 0, each, 0.1), "more is assumed already"
    assert break_p(8, 0, [10] * 4, 0.01, named=True) == break_p(8, 0, [10] * 4, 0.01), "few break together instead"
    found = [find(WER, Gross(), np.array([(0.0, 9.0)] * 4), np.full((4, 2), 9.0), names).p for names in (None, "abcd")]
    assert found == [break_p(4, 0, [1] * 4, 0.01), break_p(4, 0, [1] * 4, 0.01, named=True)]


def test_how_many_are_red_at_once_in_a_suite_of_thirty() -> None:
    found = {n: fewest([1] * n, 0.002 / 30, 0.01) for n in (3, 10, 20, 40, 100, 400)}
    assert found == {3: 3, 10: 4, 20: 4, 40: 5, 100: 8, 400: 15}
    assert fewest([1], 0.002, 0.01) is None, "one utterance proves nothing"
    assert fewest([1], 0.02, 0.01) == 1, "but where one in fifty is enough"
    assert [fewest([1] * 2, 0.002 / m, 0.01) for m in (1, 20, 30)] == [2, 2, None]
    assert fewest([10] * 4, 0.002 / 30, 0.01) == 8, "what breaks together counts for less"
    found = {n: fewest([1] * n, 0.002 / 30, 0.01, named=True) for n in (3, 10, 20, 40, 100)}
    assert found == {3: 3, 10: 4, 20: 5, 40: 6, 100: 10}
    assert fewest([1] * 20, 0.002 / 100, 0.01, named=True) == 5, "a quarter of 20 is red in suites of a hundred"


@pytest.mark.parametrize(
    ("asked", "again", "expected"), [(1, 1, True), (5, 1, True), (6, 1, False), (20, 2, True), (20, 0, False)]
)
def test_what_confirms(asked: int, again: int, expected: bool) -> None:
    assert confirmed(asked, again, 0.01) is expected


def test_a_loop_counts_once_and_the_worst_comes_first() -> None:
    before, after = np.full((4, 2), (0.0, 10.0)), np.array([[6.0, 10], [0, 10], [1000, 10], [2, 10]])
    found = find(WER, Gross(), before, after)
    assert (found.count, found.rows.tolist(), found.sizes) == (2, [2, 0], (1, 1, 1, 1))


def test_a_model_that_mends_as_much_has_only_changed() -> None:
    zero, lost = (0.0, 10.0), (10.0, 10.0)
    before, after = np.array([lost] * 4 + [zero] * 36), np.array([zero] * 4 + [lost] * 5 + [zero] * 31)
    assert find(WER, Gross(), before, after).p > 0.5
    assert find(WER, Gross(), before[4:], after[4:]).p < 1e-4


def test_clusters_are_sizes() -> None:
    sides = np.zeros((5, 2))
    assert sorted(find(WER, Gross(), sides, sides, ["a", "a", "", "", "b"]).sizes) == [1, 1, 1, 2]


def test_a_rule_replaces_parts() -> None:
    assert gross(WER, Rule()) == Gross(0.5, 3.0, 0.01)
    assert gross(WER, Rule(broken_least=1.0, broken_often=0.03)) == Gross(0.5, 1.0, 0.03)
    assert gross(CER, Rule()) is None, "the same outputs are counted once, by WER"
    assert gross(Metric("x", unit="1", better="lower"), Rule(broken_share=0.2)) == Gross(0.2, 3.0, 0.01)


def test_der_of_every_recording() -> None:
    before = np.full((6, 2), (5.0, 100.0))
    found = find(DER, DER.gross or Gross(), before, before + np.array([4.5, 0.0]))
    assert found.count == 6
    assert found.p == pytest.approx(1e-6 / 0.9), "a tenth of the level is for what is wrecked"


@pytest.mark.parametrize(
    ("wrong", "count", "p"),
    [
        pytest.param(95.0, 4, 1e-8 / 0.1, id="all wrong in four of four: once in a hundred each"),
        pytest.param(45.0, 4, 1e-4 / 0.9, id="less than half: once in ten each"),
        pytest.param(0.0, 0, 1.0, id="nothing"),
    ],
)
def test_recordings_that_are_all_wrong_are_rarer(wrong: float, count: int, p: float) -> None:
    before = np.full((4, 2), (5.0, 100.0))
    found = find(DER, DER.gross or Gross(), before, before + np.array([wrong, 0.0]))
    assert (found.count, found.p) == (count, pytest.approx(p))


# ---------------------------------------------------------------------------- what is said of them


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (Gross(), "50 % of an utterance, 3 or more, or all that was left, 2 or more"),
        (Gross(0.25, 5.0), "25 % of an utterance, 5 or more, or all that was left, 4 or more"),
        (Gross(0.25, 1.0), "25 % of an utterance, 1 or more, or all that was left, 2 or more"),
        (Gross(0.03, 0.0, 0.1), "3 % of an utterance, 0 or more"),
    ],
)
def test_when_an_utterance_is_broken_is_told(how: Gross, words: str) -> None:
    assert told(how) == words


def make_break(id: str, again: bool | None, lost: float = 5.0) -> Break:
    return Break(id, lost, 10.0, again)


@pytest.mark.parametrize(
    ("states", "expected"),
    [([True], 0), ([False, True, None], 0), ([None, False], 1), ([None], 1), ([False], 2), ([], 2)],
)
def test_what_broke_again_is_urgent_and_what_did_not_comes_last(states: list[bool | None], expected: int) -> None:
    assert urgency([make_break(str(i), again) for i, again in enumerate(states)]) == expected


def test_the_broken_of_a_case_are_named_once_and_what_repeats_first() -> None:
    """The first verdict's word counts where two metrics found the same utterance."""
    wer = (make_break("once", False), make_break("unasked", None), make_break("small", True, 3.0))
    cer = (make_break("large", True, 8.0), make_break("small", False, 30.0))
    verdicts = [Verdict(name, "ratio", "quality", Status.REGRESSED, 0.5, breaks=each)
                for name, each in (("wer", wer), ("cer", cer))]  # fmt: skip
    assert [(each.id, each.lost) for each in named(verdicts)] == [
        ("large", 8.0), ("small", 3.0), ("unasked", 5.0), ("once", 5.0),
    ]  # fmt: skip
