"""A metric that is reported, and judged where a dataset asks for it."""

from __future__ import annotations

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
