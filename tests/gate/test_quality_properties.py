"""The quality gate for any data: hypothesis looks for what would break a promise, and noise for false alarms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.gate.suite_alpha import SWAPPED
from modellab.types import Metric, Status

from .test_quality import WER, WORDS, CountRows, assess

ROWS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 12)), min_size=7, max_size=13)
MILDER = [Status.IMPROVED, Status.PASS, Status.INCONCLUSIVE, Status.REGRESSED]


def sides(rows: Sequence[tuple[int, int, int]]) -> tuple[CountRows, CountRows]:
    return [(a, n) for a, _, n in rows], [(b, n) for _, b, n in rows]


@given(ROWS, st.data())
def test_a_worse_candidate_never_gets_a_better_verdict(rows: list[tuple[int, int, int]], data: st.DataObject) -> None:
    more = data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    before, after = sides(rows)
    worse = [(errors + extra, words) for (errors, words), extra in zip(after, more, strict=True)]
    first, second = assess(WER, before, after), assess(WER, before, worse)
    assert MILDER.index(second.status) >= MILDER.index(first.status)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 12)), min_size=1, max_size=40), st.data()
)
def test_the_order_of_the_utterances_changes_nothing(rows: list[tuple[int, int, int]], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    first, second = assess(WER, *sides(rows)), assess(WER, *sides(shuffled))
    assert (first.status, first.why, first.p) == (second.status, second.why, second.p)
    assert first.detects == pytest.approx(second.detects)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 12)), min_size=1, max_size=40))
def test_the_unit_changes_nothing(rows: list[tuple[int, int, int]]) -> None:
    """Seconds or milliseconds above the line, with the margin in the same unit."""
    before, after = sides(rows)
    large = Metric("wer", unit="ratio", better="lower", margin=2.0)
    scaled = assess(large, [(1000 * a, n) for a, n in before], [(1000 * b, n) for b, n in after])
    plain = assess(WER, before, after)
    assert (plain.status, plain.p) == (scaled.status, scaled.p)


@given(ROWS)
def test_both_directions_are_mirror_images(rows: list[tuple[int, int, int]]) -> None:
    """But for a p of 0.008 to 0.01: a fifth of the level is for what broke, and nothing asks what was mended."""
    before, after = sides(rows)
    up = Metric("up", unit="ratio", better="higher", margin=WER.margin)
    assert assess(WER, before, after).status is assess(up, after, before).status
    there, back = assess(WER, before, after), assess(WER, after, before)
    assert there.p is not None
    if not SWAPPED * there.alpha < there.p <= there.alpha:
        assert (there.status is Status.REGRESSED) == (back.status is Status.IMPROVED)


@pytest.mark.parametrize(("count", "churn"), [(40, 0.25), (40, 1.0)])
def test_noise_alone_is_rarely_red(count: int, churn: float) -> None:
    """Both sides drawn alike and swapped at random: 1 % is expected; 10 of 300 has a chance below 0.1 %."""
    draw = np.random.default_rng(11)
    red = 0
    for _ in range(300):
        words = draw.integers(3, 12, count)
        drawn = draw.binomial(words, 0.1, (2, count))
        drawn[1] = np.where(draw.random(count) < churn, drawn[1], drawn[0])
        before, after = np.where(draw.random(count) < 0.5, drawn, drawn[::-1])
        red += assess(WER, np.c_[before, words].tolist(), np.c_[after, words].tolist()).red
    assert red <= 10


def test_a_real_loss_is_seen() -> None:
    """Two words in a hundred more, spread over twenty utterances of a hundred."""
    worse = [(1, WORDS)] * 20 + [(0, WORDS)] * 80
    assert assess(WER, [(0, WORDS)] * 100, worse).red
