"""The quality gate: what is red, what is not, and that its interval is the bootstrap it claims to be."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.gate import quality
from modellab.types import Accepted, Metric, Status, Verdict

from ..make import PROVENANCE, accepted, result, utterances

WER = Metric("wer", unit="ratio", better="lower", margin=0.002)
F1 = Metric("f1", unit="ratio", better="higher", margin=0.005)
Shares = Sequence[Sequence[float]]
WORDS = 10.0


def errors(*counts: float) -> Shares:
    return [(count, WORDS) for count in counts]


def judge(
    metric: Metric, before: Shares | None, after: Shares, *, strict: bool = False, limit: float | None = None
) -> Verdict:
    limits = {} if limit is None else {metric.name: limit}
    then = None if before is None else accepted(utterances(metric.name, before))
    (verdict,) = quality.judge(result(utterances(metric.name, after)), then, [metric], limits, strict=strict)
    return verdict


# ---------------------------------------------------------------------------- tables


@pytest.mark.parametrize(
    ("before", "after", "status", "change"),
    [
        pytest.param(errors(*[1] * 20), errors(*[1] * 20), "PASS", 0.0, id="identical"),
        pytest.param(errors(*[0] * 20), errors(*[1] * 20), "REGRESSED", 0.1, id="each utterance worse"),
        pytest.param(errors(*[1] * 20), errors(*[0] * 20), "IMPROVED", -0.1, id="each utterance better"),
        pytest.param(errors(*[0] * 20), errors(3, *[0] * 19), "INCONCLUSIVE", 0.015, id="one worse proves nothing"),
        pytest.param(errors(3, *[0] * 19), errors(*[0] * 20), "PASS", -0.015, id="one better proves nothing"),
        pytest.param(errors(*[0] * 20), errors(*[1] * 6, *[0] * 14), "REGRESSED", 0.03, id="six of twenty worse"),
        pytest.param(
            errors(*[1] * 10, *[0] * 10), errors(*[0] * 10, *[1] * 10), "PASS", 0.0, id="as many better as worse"
        ),
        pytest.param([(0, 1000)] * 9, [(2, 1000)] * 9, "PASS", 0.002, id="at the margin"),
        pytest.param([(0, 1000)] * 9, [(3, 1000)] * 9, "REGRESSED", 0.003, id="just beyond the margin"),
        pytest.param([(3, 1000)] * 9, [(1, 1000)] * 9, "PASS", -0.002, id="better within the margin"),
        pytest.param(errors(*[20] * 9), errors(*[30] * 9), "REGRESSED", 1.0, id="rates above 1"),
    ],
)
def test_a_rate_that_should_be_low(before: Shares, after: Shares, status: str, change: float) -> None:
    verdict = judge(WER, before, after)
    assert verdict.status == status
    assert verdict.red is (status == "REGRESSED")
    assert verdict.change == pytest.approx(change)
    assert verdict.baseline == pytest.approx(WER.value([tuple(share) for share in before]))
    assert verdict.now == pytest.approx(WER.value([tuple(share) for share in after]))
    assert verdict.interval is not None
    low, high = verdict.interval
    assert low - 1e-12 <= change <= high + 1e-12


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        pytest.param([(9, 10)] * 9, [(8, 10)] * 9, "REGRESSED", id="lower is worse"),
        pytest.param([(8, 10)] * 9, [(9, 10)] * 9, "IMPROVED", id="higher is better"),
        pytest.param([(9, 10)] * 9, [(8, 10), *[(9, 10)] * 8], "INCONCLUSIVE", id="one worse"),
        pytest.param([(1000, 1000)] * 9, [(996, 1000)] * 9, "PASS", id="within the margin"),
    ],
)
def test_a_rate_that_should_be_high(before: Shares, after: Shares, status: str) -> None:
    assert judge(F1, before, after).status == status


@pytest.mark.parametrize(
    ("after", "status"), [(0.109, "PASS"), (0.111, "REGRESSED"), (0.091, "PASS"), (0.089, "IMPROVED")]
)
def test_a_relative_margin_is_a_share_of_the_baseline(after: float, status: str) -> None:
    metric = Metric("mean", unit="1", better="lower", margin=0.1, relative=True)
    assert judge(metric, [(0.1, 1.0)] * 9, [(after, 1.0)] * 9).status == status


@pytest.mark.parametrize(("changed", "status"), [(3, "INCONCLUSIVE"), (4, "REGRESSED")])
def test_fewer_than_four_changed_utterances_prove_nothing(changed: int, status: str) -> None:
    before, after = errors(*[0] * 5), errors(*[5] * changed, *[0] * (5 - changed))
    assert judge(WER, before, after).status == status


def test_the_sentence_counts_the_changed_utterances() -> None:
    assert (
        judge(WER, errors(*[0] * 9), errors(5, *[0] * 8)).why
        == "1 of 9 utterances changed: too few to tell from chance"
    )
    assert judge(WER, errors(*[0] * 9), errors(*[1] * 9)).why == "9 of 9 utterances changed"
    assert judge(WER, errors(*[0] * 9), errors(*[0] * 9)).why == ""


def test_what_six_decimals_of_a_baseline_lose_is_no_change() -> None:
    third = [(1 / 3, 2 / 3)] * 9
    rounded = [tuple(round(part, 6) for part in share) for share in third]
    exact = Metric("exact", unit="ratio", better="lower")
    assert judge(exact, rounded, third).change == 0.0
    assert judge(exact, rounded, [*third[:8], (0.5, 2 / 3)]).why.startswith("1 of 9 utterances changed")


# ---------------------------------------------------------------------------- nothing to compare with


def test_without_a_baseline_it_is_new() -> None:
    verdict = judge(WER, None, errors(1, 0))
    assert (verdict.status, verdict.red, verdict.now, verdict.baseline) == (Status.NEW, False, 0.05, None)
    assert verdict.why == "no baseline: accept this run with --update-baselines --reason '...'"
    assert judge(WER, None, errors(1, 0), strict=True).red


@pytest.mark.parametrize(
    ("then", "says"),
    [
        pytest.param({"normaliser": "none@1#1"}, "normaliser was none@1#1 in the baseline and is basic@1#0 now"),
        pytest.param({"dataset_digest": "sha256:e"}, "dataset digest was sha256:e in the baseline and is sha256:d now"),
        pytest.param({"weights": "sha256:v"}, "", id="other weights are what is tested"),
        pytest.param({"commit": "beef"}, "", id="another commit is what is tested"),
    ],
)
def test_an_unfair_comparison_is_red(then: dict[str, str], says: str) -> None:
    said = utterances("wer", errors(*[0] * 9))
    (verdict,) = quality.judge(result(said), accepted(said, **then), [WER], {}, strict=False)
    assert (verdict.status is Status.NOT_COMPARABLE) is bool(says)
    assert verdict.red is bool(says)
    assert says in verdict.why
    assert ("--update-baselines --reason" in verdict.why) is bool(says)


@pytest.mark.parametrize("count", [8, 10], ids=["one is missing", "one is more"])
def test_other_utterances_are_not_comparable(count: int) -> None:
    verdict = judge(WER, errors(*[0] * count), errors(*[0] * 9))
    assert verdict.status is Status.NOT_COMPARABLE
    assert "the baseline holds other utterances than this run" in verdict.why


def test_a_metric_that_the_baseline_lacks_is_not_comparable() -> None:
    said = utterances("wer", errors(*[0] * 9))
    other = Accepted(PROVENANCE, {each.id: {"cer": (0.0, 1.0)} for each in said}, {})
    (verdict,) = quality.judge(result(said), other, [WER], {}, strict=False)
    assert (verdict.status, verdict.red) == (Status.NOT_COMPARABLE, True)
    assert "the baseline has no wer" in verdict.why


@pytest.mark.parametrize("changes", [{"kind": "sanity"}, {"gated": False}])
def test_what_is_not_gated_is_only_reported(changes: dict[str, Any]) -> None:
    metric = Metric("extra", unit="ratio", better="lower", **changes)
    for before in (None, errors(*[0] * 9)):
        verdict = judge(metric, before, errors(*[9] * 9), strict=True)
        assert (verdict.status, verdict.red, verdict.now, verdict.baseline) == (Status.PASS, False, 0.9, None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([(0, 0)] * 3, [(1, 0)] * 3, id="no reference at all"),
        pytest.param(errors(1, 1, 1), [(1, 0)] * 3, id="none now"),
        pytest.param([(0, 0)] * 3, errors(1, 1, 1), id="none then"),
        pytest.param(errors(1, 1, 1), [(math.nan, 10)] * 3, id="not a number"),
    ],
)
def test_a_side_without_a_value_decides_nothing(before: Shares, after: Shares) -> None:
    verdict = judge(WER, before, after)
    assert (verdict.status, verdict.red) == (Status.INCONCLUSIVE, False)
    assert verdict.interval is None
    assert verdict.why == "one side has no value: there is nothing to divide by"


# ---------------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("metric", "now", "limit", "red"),
    [
        (WER, 1, 0.1, False),
        (WER, 2, 0.1, True),
        (WER, 0, 0.0, False),
        (F1, 9, 0.9, False),
        (F1, 8, 0.9, True),
        (F1, math.nan, 0.9, True),
        (WER, math.nan, 0.1, True),
        (WER, 9, None, False),
    ],
)
@pytest.mark.parametrize("compared", [True, False])
def test_a_limit_holds_with_and_without_a_baseline(
    metric: Metric, now: float, limit: float | None, red: bool, compared: bool
) -> None:
    shares = errors(*[now] * 9)
    verdict = judge(metric, shares if compared else None, shares, limit=limit)
    assert verdict.red is red
    assert (verdict.status is Status.REGRESSED) is red


def test_a_limit_says_what_it_is_and_keeps_the_other_sentence() -> None:
    why = judge(WER, None, errors(2, 2), limit=0.1).why
    assert why.startswith("0.2 is above the limit 0.1 of short_v1; no baseline: ")
    assert judge(F1, errors(2, 2), errors(2, 2), limit=0.9).why == "0.2 is below the limit 0.9 of short_v1"


def test_a_limit_holds_what_is_not_gated() -> None:
    loops = Metric("loop_rate", unit="ratio", better="lower", kind="sanity")
    assert judge(loops, None, errors(5), limit=0.05).red


# ---------------------------------------------------------------------------- the interval

COUNTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 12)), min_size=2, max_size=15).map(
    lambda rows: (np.array([(a, n) for a, _, n in rows], float), np.array([(b, n) for _, b, n in rows], float))
)
MIRROR = {Status.REGRESSED: Status.IMPROVED, Status.IMPROVED: Status.REGRESSED}


@settings(max_examples=40, deadline=None)
@given(COUNTS)
def test_both_directions_are_mirror_images(pair: tuple[Any, Any]) -> None:
    before, after = pair
    there, back = quality.change_interval(WER, before, after), quality.change_interval(WER, after, before)
    assert there == pytest.approx((-back[1], -back[0]), abs=1e-12)
    up = Metric("up", unit="ratio", better="higher", margin=WER.margin)
    low, high = judge(WER, before.tolist(), after.tolist()), judge(up, after.tolist(), before.tolist())
    assert (low.status, low.red) == (high.status, high.red)
    backwards = judge(WER, after.tolist(), before.tolist())
    if low.status in MIRROR:
        assert backwards.status is MIRROR[low.status]


@settings(max_examples=40, deadline=None)
@given(COUNTS)
def test_the_same_utterances_get_the_same_answer(pair: tuple[Any, Any]) -> None:
    before, after = pair
    first = judge(WER, before.tolist(), after.tolist())
    assert judge(WER, before.tolist(), after.tolist()) == first
    low, high = quality.change_interval(WER, before, after)
    assert low <= high
    assert (first.status is Status.REGRESSED) <= (low > 0)


def test_the_interval_is_that_of_a_plain_loop() -> None:
    draw = random.Random(5)
    before = [(draw.randint(0, 2), draw.randint(4, 12)) for _ in range(40)]
    after = [(min(words, count + (draw.random() < 0.3)), words) for count, words in before]
    changes = []
    for _ in range(4000):
        chosen = [draw.randrange(40) for _ in range(40)]
        words = sum(before[i][1] for i in chosen)
        changes.append(sum(after[i][0] - before[i][0] for i in chosen) / words)
    expected = np.quantile(changes, [0.025, 0.975])
    got = quality.change_interval(WER, np.array(before, float), np.array(after, float))
    assert np.abs(got - expected).max() < 0.1 * (expected[1] - expected[0])


def test_resamples_without_a_bottom_are_left_out() -> None:
    before, after = np.array([[0.0, 0.0], [0.0, 4.0]]), np.array([[0.0, 0.0], [1.0, 4.0]])
    assert quality.change_interval(WER, before, after) == (0.25, 0.25)


@pytest.mark.parametrize(("count", "churn"), [(40, 0.25), (40, 1.0)])
def test_noise_alone_is_rarely_red(count: int, churn: float) -> None:
    """Both sides drawn alike and swapped at random: 2.5 % are expected; 15 of 300 has a chance below 1 %."""
    draw = np.random.default_rng(11)
    red = 0
    for _ in range(300):
        words = draw.integers(3, 12, count)
        sides = draw.binomial(words, 0.1, (2, count))
        sides[1] = np.where(draw.random(count) < churn, sides[1], sides[0])
        before, after = np.where(draw.random(count) < 0.5, sides, sides[::-1])
        red += judge(WER, np.c_[before, words].tolist(), np.c_[after, words].tolist()).red
    assert red <= 15


def test_a_real_loss_is_seen() -> None:
    """Two words in a hundred more, spread over forty utterances of a hundred."""
    worse = [(1, WORDS)] * 20 + [(0, WORDS)] * 80
    assert judge(WER, [(0, WORDS)] * 100, worse).red
