"""A metric that is reported, and judged where a dataset asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from modellab.gate import quality
from modellab.types import Metric, Rule, Status, Verdict

from ..make import accepted, result, utterances

CASING = Metric("case_error_rate", unit="ratio", better="lower", margin=0.002, gated=False, on_request=True)
THEN, NOW = [(0.0, 10.0)] * 40, [(5.0, 10.0)] * 40


def assess(rule: Rule, *, strict: bool = False, name: str = CASING.name) -> Verdict:
    then, now = accepted(utterances(name, THEN)), result(utterances(CASING.name, NOW))
    (verdict,) = quality.assess(now, then, [CASING], {CASING.name: rule}, quality.AssessmentOptions(strict))
    return verdict


def test_it_is_reported_and_not_judged() -> None:
    assert (assess(Rule()).status, assess(Rule()).now, assess(Rule()).red) == (Status.PASS, 0.5, False)


def test_with_a_margin_it_is_judged() -> None:
    assert (assess(Rule(margin=0.01)).status, assess(Rule(margin=0.01)).red) == (Status.REGRESSED, True)


def test_with_a_limit_it_is_held_to_that() -> None:
    assert assess(Rule(limit=0.1)).status is Status.REGRESSED
    assert assess(Rule(limit=0.6)).status is Status.PASS


def test_a_baseline_from_before_it_is_no_failure() -> None:
    found = assess(Rule(margin=0.01), name="wer")
    assert (found.status, found.red) == (Status.NEW, False)
    assert found.why.startswith("the baseline has no case_error_rate: score it anew (modellab rescore)")
    assert assess(Rule(margin=0.01), name="wer", strict=True).red
    assert not assess(Rule(), name="wer", strict=True).red


KEYWORDS = replace(CASING, name="keyword_recall", better="higher", optional=True)
SOME: list[tuple[float, ...]] = [(), (1.0, 2.0)] * 20


def optional(now: Sequence[tuple[float, ...]], rule: Rule, then: Sequence[tuple[float, ...]] = SOME) -> list[Verdict]:
    """The verdicts on a metric of which an utterance has counts or none."""
    sides = [
        [replace(one, counts={"keyword_recall": numbers} if numbers else {}) for one, numbers in zip(said, side)]  # noqa: B905
        for side in (then, now)
        for said in [utterances(CASING.name, [(0.0, 1.0)] * len(side))]
    ]
    return quality.assess(result(sides[1]), accepted(sides[0]), [KEYWORDS], {KEYWORDS.name: rule})


def test_of_an_optional_metric_that_nobody_has_there_is_no_verdict() -> None:
    assert optional([()] * 40, Rule()) == []
    assert optional([()] * 40, Rule(margin=0.01)) == []


def test_a_limit_on_an_optional_metric_that_nobody_has_is_not_kept_in_silence() -> None:
    (found,) = optional([()] * 40, Rule(limit=0.5))
    assert (found.status, found.red) == (Status.INCONCLUSIVE, True)
    assert found.why.startswith("no value to hold to the limit 0.5")


def test_utterances_without_counts_of_an_optional_metric_count_nothing() -> None:
    (found,) = optional(SOME, Rule(margin=0.01))
    assert (found.status, found.now, found.baseline) == (Status.PASS, 0.5, 0.5)
    (worse,) = optional([(), (0.0, 2.0)] * 20, Rule(margin=0.01))
    assert (worse.status, worse.now) == (Status.REGRESSED, 0.0)


def test_an_optional_metric_that_the_baseline_has_nothing_of_is_new() -> None:
    (found,) = optional(SOME, Rule(margin=0.01), then=[()] * 40)
    assert (found.status, found.red) == (Status.NEW, False)
