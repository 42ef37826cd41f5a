"""Word boundary errors against hand-made cases, numpy, and what must hold for any words."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics.alignment import EDGES_S, Boundaries, compare, misplaced, percentile
from modellab.types import Metric, Ratio, Word

MEAN = Metric("mean_error_s", unit="s", better="lower")
MEDIAN = Metric("median_error_s", unit="s", better="lower", rate=percentile(50))
P95 = Metric("p95_error_s", unit="s", better="lower", rate=percentile(95))
LIGHT = [Word("turn", 0.1, 0.3), Word("on", 0.3, 0.5), Word("the", 0.5, 0.6), Word("light", 0.6, 1.0)]


def shifted(words: list[Word], start_s: float, end_s: float) -> list[Word]:
    return [Word(word.text, word.start_s + start_s, word.end_s + end_s) for word in words]


@st.composite
def utterances(draw: st.DrawFn) -> list[Word]:
    edges = sorted(draw(st.lists(st.integers(0, 3000), min_size=2, max_size=16)))
    texts = st.sampled_from(["a", "b", "cat", "naïve"])
    return [Word(draw(texts), start / 1000, end / 1000) for start, end in pairwise(edges)]


# ---------------------------------------------------------------------------- by hand


def test_equal_times_are_no_error() -> None:
    same = compare(LIGHT, LIGHT)
    assert same.mean() == Ratio(0.0, 8)
    assert same.matched() == Ratio(4, 4)
    assert same.within(0.0) == Ratio(8, 8)


def test_errors_have_their_sign_and_unit() -> None:
    late = compare(LIGHT, shifted(LIGHT, 0.02, -0.06))
    assert late.errors_s == pytest.approx([0.02, -0.06] * 4)
    assert late.mean() == pytest.approx(Ratio(0.32, 8))
    assert late.bias() == pytest.approx(Ratio(-0.16, 8))
    assert [late.within(tolerance_s).top for tolerance_s in (0.01, 0.02, 0.05, 0.06)] == [0, 4, 4, 8]


@pytest.mark.parametrize(
    ("heard", "matched"),
    [
        ("turn on the light", 4),
        ("turn on light", 3),
        ("please turn on the light now", 4),
        ("turn off the light", 3),
        ("the", 1),
        ("stop", 0),
        ("", 0),
    ],
)
def test_only_equal_words_match(heard: str, matched: int) -> None:
    times = {word.text: word for word in LIGHT}
    hypothesis = [times.get(text, Word(text, 9.0, 9.5)) for text in heard.split()]
    found = compare(LIGHT, hypothesis)
    assert found.matched() == Ratio(matched, 4)
    assert found.within(0.05) == Ratio(2 * matched, 8)
    assert found.mean() == Ratio(0.0, 2 * matched)


def test_a_repeated_word_is_matched_once_and_in_order() -> None:
    twice = [Word("no", 0.0, 0.2), Word("no", 0.5, 0.7)]
    assert compare(twice, twice[1:]).matched() == Ratio(1, 2)
    assert compare(twice[1:], twice).matched() == Ratio(1, 1)


def test_a_word_without_times_matches_nothing() -> None:
    unknown = [LIGHT[0]._replace(end_s=math.nan), *LIGHT[1:]]
    assert compare(LIGHT, unknown).matched() == Ratio(3, 4)


def test_words_written_as_one_stay_one() -> None:
    both = compare([Word("twenty", 0, 1), Word("one", 1, 2)], [Word("twenty one", 0, 2)])
    assert both.matched() == Ratio(0, 2)


def test_nothing_at_all_has_no_rate() -> None:
    empty = compare([], [])
    assert (empty.mean(), empty.matched()) == (Ratio(0, 0), Ratio(0, 0))
    assert math.isnan(MEDIAN.value([empty.histogram()]))


BY_HAND = [
    # errors of start and end of each word, mean, bias (ms), boundaries within 50, 100 and 200 ms, median (ms)
    pytest.param([(0, 0), (0, 0)], 0, 0, (4, 4, 4), None, id="none"),
    pytest.param([(50, 50), (100, 100)], 75, 75, (2, 4, 4), None, id="a tolerance holds its own end"),
    pytest.param([(51, -51), (101, -201)], 101, -25, (0, 2, 3), None, id="early and late"),
    pytest.param([(-25, -25), (-25, -25)], 25, -25, (4, 4, 4), 25, id="all early: the middle of the bin from 20 to 30"),
    pytest.param([(5, 15), (15, 25)], 15, 15, (4, 4, 4), 15, id="a bin with half of them"),
    pytest.param([(5, 5), (5, 115)], 32.5, 32.5, (3, 3, 4), 20 / 3, id="two thirds into the first bin of 10 ms"),
    pytest.param([(300, 300), (1000, 1000)], 650, 650, (0, 0, 0), 350, id="far"),
]


@pytest.mark.parametrize(("errors_ms", "mean_ms", "bias_ms", "within", "median_ms"), BY_HAND)
def test_boundary_errors_by_hand(
    errors_ms: list[tuple[float, float]],
    mean_ms: float,
    bias_ms: float,
    within: tuple[int, int, int],
    median_ms: float | None,
) -> None:
    found = boundaries([error / 1000 for pair in errors_ms for error in pair])
    n = 2 * len(errors_ms)
    assert found.mean() == pytest.approx(Ratio(n * mean_ms / 1000, n))
    assert found.bias() == pytest.approx(Ratio(n * bias_ms / 1000, n))
    assert tuple(found.within(tolerance_s).top for tolerance_s in (0.05, 0.1, 0.2)) == within
    if median_ms is not None:
        assert MEDIAN.value([found.histogram()]) == pytest.approx(median_ms / 1000)


# ---------------------------------------------------------------------------- percentiles


def boundaries(errors_s: list[float]) -> Boundaries:
    """An utterance with these errors, two to a word."""
    reference = [Word("a", 20.0 + i, 20.5 + i) for i in range(len(errors_s) // 2)]
    errors = zip(reference, errors_s[::2], errors_s[1::2], strict=True)
    return compare(reference, [Word("a", word.start_s + left, word.end_s + right) for word, left, right in errors])


def bin_of(error_s: float) -> float:
    """The width of the bin that an error falls in."""
    return next((b - a for a, b in pairwise(EDGES_S) if error_s + 1e-9 < b), math.inf)


@pytest.mark.parametrize("percent", [5, 50, 90, 95])
def test_a_pooled_percentile_is_numpys_within_a_bin(percent: float) -> None:
    r = random.Random(7)
    every = [[r.gauss(0.0, 0.08) for _ in range(2 * r.randint(0, 12))] for _ in range(200)]
    theirs = float(np.percentile(np.abs(np.concatenate(every)), percent))
    metric = Metric("p", unit="s", better="lower", rate=percentile(percent))
    assert metric.value(boundaries(errors).histogram() for errors in every) == pytest.approx(theirs, abs=bin_of(theirs))


def test_errors_beyond_the_last_edge_are_at_it() -> None:
    far = boundaries([6.0, 7.0])
    assert far.histogram()[-1] == 2
    assert P95.value([far.histogram()]) == EDGES_S[-1] == 5.0


def test_percentiles_of_many_corpora_at_once() -> None:
    one, two = np.array(boundaries([0.005] * 4).histogram()), np.array(boundaries([0.095] * 4).histogram())
    rates = percentile(50)(np.stack([np.stack([one, two]), np.stack([one + two, 0 * one])]))
    assert rates.shape == (2, 2)
    assert rates[0] == pytest.approx([0.005, 0.095])
    assert rates[1, 0] == pytest.approx(0.01)
    assert math.isnan(rates[1, 1])


# ---------------------------------------------------------------------------- for any words


@given(utterances(), st.floats(-0.5, 0.5))
def test_a_shift_moves_the_mean_by_the_shift(words: list[Word], shift_s: float) -> None:
    found = compare(words, shifted(words, shift_s, shift_s))
    assert MEAN.value([found.mean()]) == pytest.approx(abs(shift_s), abs=1e-9)
    assert MEAN.value([found.bias()]) == pytest.approx(shift_s, abs=1e-9)
    assert MEDIAN.value([found.histogram()]) == pytest.approx(abs(shift_s), abs=bin_of(abs(shift_s)))


@given(st.lists(st.tuples(utterances(), utterances()), min_size=1, max_size=5), st.randoms())
def test_the_order_of_utterances_changes_nothing(pairs: list[tuple[list[Word], list[Word]]], r: random.Random) -> None:
    found = [compare(*pair) for pair in pairs]
    mixed = r.sample(found, len(found))
    for metric, share in ((MEAN, Boundaries.mean), (MEDIAN, Boundaries.histogram), (P95, Boundaries.histogram)):
        before, after = metric.value(map(share, found)), metric.value(map(share, mixed))
        assert before == pytest.approx(after, nan_ok=True)


@given(utterances(), utterances(), st.floats(0, 1), st.floats(0, 1))
def test_shares_are_shares(reference: list[Word], hypothesis: list[Word], one_s: float, other_s: float) -> None:
    found = compare(reference, hypothesis)
    few, many = (found.within(tolerance_s) for tolerance_s in sorted((one_s, other_s)))
    assert 0 <= few.top <= many.top <= 2 * found.matched().top <= many.bottom
    assert sum(found.histogram()) == len(found.errors_s) == 2 * len(found.pairs)


# ---------------------------------------------------------------------------- times that cannot be


@pytest.mark.parametrize(
    ("times", "wrong"),
    [
        ([(0.0, 0.5), (0.5, 1.0)], 0),
        ([(0.0, 0.0), (0.0, 0.5)], 0),
        ([(0.5, 0.4)], 1),
        ([(0.5, 0.6), (0.4, 0.7)], 1),
        ([(-0.1, 0.5)], 1),
        ([(0.5, 2.2)], 1),
        ([(math.nan, 0.5), (0.4, math.inf)], 2),
        ([(0.5, 0.6), (math.nan, 0.7), (0.4, 0.7)], 2),
    ],
)
def test_times_that_cannot_be_are_counted(times: list[tuple[float, float]], wrong: int) -> None:
    words = [Word("a", start_s, end_s) for start_s, end_s in times]
    assert misplaced(words, duration_s=2.0, slack_s=0.05) == wrong
