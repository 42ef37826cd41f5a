"""Absolute limits of quality: beyond them a case is red, and a regression where what was accepted kept them."""

from __future__ import annotations

import math

import pytest

from modellab.gate import quality
from modellab.types import Metric, Rule, Status

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
