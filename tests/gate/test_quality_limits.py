"""Absolute limits of quality: beyond them a case is red, and a regression where what was accepted kept them."""

from __future__ import annotations

import math

import pytest

from modellab import tasks
from modellab.gate import quality
from modellab.types import Metric, Rule, Status
from modellab.types.gate_counts import HALF_AS_LONG_AGAIN

from ..make import accepted, result, utterances
from .test_quality import F1, WER, assess, errors

LOOPS = Metric("loop_rate", unit="ratio", better="lower", kind="sanity")


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
    counts = errors(*[now] * 9)
    verdict = assess(metric, counts if compared else None, counts, limit=limit)
    assert verdict.red is red
    assert verdict.status is not Status.REGRESSED, "nothing got worse"
    beyond = Status.ABOVE_LIMIT if metric is WER else Status.BELOW_LIMIT
    assert (verdict.status is (Status.INCONCLUSIVE if math.isnan(now) else beyond)) is red


@pytest.mark.parametrize(
    ("metric", "accepted", "now", "limit", "status"),
    [
        pytest.param(WER, [1] * 9, [1] * 8 + [2], 0.105, Status.REGRESSED, id="it was accepted within the limit"),
        pytest.param(WER, [2] * 9, [2] * 8 + [3], 0.1, Status.ABOVE_LIMIT, id="it was above the limit when accepted"),
        pytest.param(WER, [2] * 40, [9] * 40, 0.1, Status.REGRESSED, id="the comparison says so"),
        pytest.param(F1, [9] * 9, [9] * 8 + [7], 0.89, Status.REGRESSED, id="a metric where more is better"),
        pytest.param(F1, [7] * 9, [7] * 9, 0.89, Status.BELOW_LIMIT, id="more is better, and was below"),
        pytest.param(LOOPS, [0] * 9, [1] * 9, 0.05, Status.REGRESSED, id="a metric that has only a limit"),
        pytest.param(LOOPS, [1] * 9, [1] * 9, 0.05, Status.ABOVE_LIMIT, id="a metric that has only a limit, above it"),
    ],
)
def test_beyond_a_limit_is_a_regression_where_the_baseline_kept_it(
    metric: Metric, accepted: list[float], now: list[float], limit: float, status: Status
) -> None:
    verdict = assess(metric, errors(*accepted), errors(*now), limit=limit)
    assert (verdict.status, verdict.red) == (status, True)


def test_what_was_accepted_of_other_data_keeps_no_limit() -> None:
    then = accepted(utterances("wer", errors(1, 1)), normaliser="another")
    now = result(utterances("wer", errors(2, 2)))
    (verdict,) = quality.assess(now, then, [WER], {"wer": Rule(limit=0.1)})
    assert (verdict.status, verdict.red) == (Status.ABOVE_LIMIT, True)


def test_a_limit_says_what_it_is_and_keeps_the_other_sentence() -> None:
    why = assess(WER, None, errors(2, 2), limit=0.1).why
    assert why.startswith("0.2 is above the limit 0.1 of short_v1; no baseline: ")
    assert assess(F1, errors(2, 2), errors(2, 2), limit=0.9).why == "0.2 is below the limit 0.9 of short_v1"


def test_a_limit_holds_what_is_not_gated() -> None:
    assert assess(LOOPS, None, errors(5), limit=0.05).red


LENGTH = Metric("length_ratio", unit="ratio", better="lower", kind="sanity", gross=HALF_AS_LONG_AGAIN)


@pytest.mark.parametrize(
    ("words", "family", "status"),
    [
        pytest.param([1000] + [10] * 39, 1, Status.INCONCLUSIVE, id="one loop of a thousand words"),
        pytest.param([230, 200] + [10] * 38, 1, Status.INCONCLUSIVE, id="two loops"),
        pytest.param([60] * 5 + [10] * 35, 1, Status.ABOVE_LIMIT, id="as many as no healthy model has"),
        pytest.param([60] * 4 + [10] * 6, 1, Status.ABOVE_LIMIT, id="four of ten"),
        pytest.param([60] * 4 + [10] * 6, 30, Status.ABOVE_LIMIT, id="four of ten in a suite of thirty"),
        pytest.param([16] * 40, 30, Status.ABOVE_LIMIT, id="all of them a little"),
        pytest.param([60] * 4 + [10] * 36, 1, Status.PASS, id="below the limit"),
    ],
)
@pytest.mark.parametrize("compared", [True, False])
def test_a_built_in_limit_on_a_sum_is_no_chances_to_exceed(
    words: list[int], family: int, status: Status, compared: bool
) -> None:
    before = errors(*[10] * len(words)) if compared else None
    verdict = assess(LENGTH, before, errors(*words), limit=1.5, built_in_limit=True, family=family)
    if status is Status.ABOVE_LIMIT and compared:
        status = Status.REGRESSED
    assert (verdict.status, verdict.red) == (status, status not in {Status.PASS, Status.INCONCLUSIVE})
    assert assess(LENGTH, before, errors(*words), limit=1.5, family=family).red is (sum(words) > 15 * len(words))


def test_words_where_nothing_was_said_are_too_many() -> None:
    silences = [(50.0, 0.0)] * 20
    verdict = assess(LENGTH, None, [*errors(*[10] * 20), *silences], limit=1.5, built_in_limit=True)
    assert (verdict.status, verdict.red) == (Status.ABOVE_LIMIT, True)
    one = assess(LENGTH, None, [*errors(*[10] * 5), *silences[:1]], limit=1.5, built_in_limit=True)
    assert (one.status, one.red) == (Status.INCONCLUSIVE, False)
    assert one.why.startswith("2 is above the built-in limit 1.5: 1 of 6 utterances, which a healthy model may have")


def test_a_built_in_limit_is_no_limit_where_nobody_speaks_at_all() -> None:
    """In a dataset of noises there are no words to be short of; whoever sets a limit himself wants a value."""
    silences = [(50.0, 0.0), (0.0, 0.0)]
    built_in = assess(LENGTH, None, silences, limit=1.5, built_in_limit=True)
    assert (built_in.red, math.isnan(built_in.now)) == (False, True)
    assert assess(LENGTH, None, silences, limit=1.5).red


@pytest.mark.parametrize("task", ["asr", "tts", "translation"])
def test_what_a_built_in_limit_counts_is_what_exceeds_it_alone(task: str) -> None:
    of = tasks.get(task)
    sums = {metric.name: metric.gross for metric in of.METRICS if metric.name in {"length_ratio", "words_per_s"}}
    assert sums
    assert {name: gross.share for name, gross in sums.items() if gross} == {name: of.LIMITS[name] for name in sums}
