"""The quality gate: what is red and what is not. The statistics behind it are in test_paired_quality.py."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from modellab.gate import quality
from modellab.types import Metric, QualityBaseline, Rule, Status, Verdict

from ..make import PROVENANCE, accepted, result, utterances

WER = Metric("wer", unit="ratio", better="lower", margin=0.002)
F1 = Metric("f1", unit="ratio", better="higher", margin=0.005)
CountRows = Sequence[Sequence[float]]
WORDS = 10.0


def errors(*counts: float) -> CountRows:
    return [(count, WORDS) for count in counts]


def assess(
    metric: Metric, before: CountRows | None, after: CountRows, *, strict: bool = False, family: int = 1, **rule: Any
) -> Verdict:
    then = None if before is None else accepted(utterances(metric.name, before))
    rules, options = {metric.name: Rule(**rule)}, quality.AssessmentOptions(strict, family=family)
    (verdict,) = quality.assess(result(utterances(metric.name, after)), then, [metric], rules, options)
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
        pytest.param(errors(*[0] * 20), errors(*[1] * 7, *[0] * 13), "REGRESSED", 0.035, id="seven of twenty worse"),
        pytest.param(
            errors(*[0] * 20), errors(*[1] * 6, *[0] * 14), "INCONCLUSIVE", 0.03, id="six of twenty may be chance"
        ),
        pytest.param(
            errors(*[1] * 10, *[0] * 10), errors(*[0] * 10, *[1] * 10), "PASS", 0.0, id="as many better as worse"
        ),
        pytest.param([(0, 1000)] * 9, [(1, 1000)] * 9, "PASS", 0.001, id="within the margin"),
        pytest.param([(0, 1000)] * 9, [(2, 1000)] * 9, "REGRESSED", 0.002, id="at the margin"),
        pytest.param([(3, 1000)] * 9, [(2, 1000)] * 9, "PASS", -0.001, id="better within the margin"),
        pytest.param(errors(*[20] * 9), errors(*[30] * 9), "REGRESSED", 1.0, id="rates above 1"),
    ],
)
def test_a_rate_that_should_be_low(before: CountRows, after: CountRows, status: str, change: float) -> None:
    verdict = assess(WER, before, after)
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
def test_a_rate_that_should_be_high(before: CountRows, after: CountRows, status: str) -> None:
    assert assess(F1, before, after).status == status


@pytest.mark.parametrize(
    ("after", "status"), [(0.109, "PASS"), (0.111, "REGRESSED"), (0.091, "PASS"), (0.089, "IMPROVED")]
)
def test_a_relative_margin_is_a_share_of_the_baseline(after: float, status: str) -> None:
    metric = Metric("mean", unit="1", better="lower", margin=0.001, margin_relative=0.1)
    assert assess(metric, [(0.1, 1.0)] * 9, [(after, 1.0)] * 9).status == status


@pytest.mark.parametrize(
    ("changed", "of", "status"),
    [
        pytest.param(6, 6, "INCONCLUSIVE", id="all six"),
        pytest.param(1, 6, "INCONCLUSIVE", id="one of six"),
        pytest.param(0, 6, "PASS", id="identical passes, however few"),
        pytest.param(6, 50, "INCONCLUSIVE", id="six of many"),
        pytest.param(7, 7, "REGRESSED", id="seven"),
    ],
)
def test_seven_utterances_are_the_least_that_prove_something(changed: int, of: int, status: str) -> None:
    before, after = errors(*[0] * of), errors(*[5] * changed, *[0] * (of - changed))
    assert assess(WER, before, after).status == status


def test_too_few_to_decide_never_pass_when_worse() -> None:
    within = assess(WER, [(0, 1000)] * 6, [(1, 1000), *[(0, 1000)] * 5])
    assert (within.status, within.why) == (
        Status.INCONCLUSIVE,
        "1 of 6 utterances changed: too few to tell, 7 is the least",
    )
    assert assess(WER, [(1, 1000)] * 6, [(0, 1000), *[(1, 1000)] * 5]).status is Status.PASS


def test_the_sentence_counts_the_changed_utterances() -> None:
    assert assess(WER, errors(*[0] * 9), errors(5, *[0] * 8)).why == "1 of 9 utterances changed, p 0.5: may be chance"
    assert assess(WER, errors(*[0] * 9), errors(*[1] * 9)).why == "9 of 9 utterances changed, p 0.002"
    assert assess(WER, errors(*[0] * 9), errors(*[0] * 9)).why == ""


# ---------------------------------------------------------------------------- rules


def test_a_cap_needs_no_statistics() -> None:
    before, after = errors(*[0] * 9), errors(5, *[0] * 8)
    verdict = assess(WER, before, after, cap=0.05)
    assert (verdict.status, verdict.red) == (Status.REGRESSED, True)
    assert verdict.why == "1 of 9 utterances changed; beyond the cap of 0.05 that was asked for"
    assert not assess(WER, before, after, cap=0.06).red


@pytest.mark.parametrize(("margin", "status"), [(0.05, "PASS"), (0.02, "REGRESSED"), (0.0, "REGRESSED")])
def test_a_rule_replaces_the_margin(margin: float, status: str) -> None:
    assert assess(WER, errors(*[0] * 20), errors(*[1] * 8, *[0] * 12), margin=margin).status == status


def test_among_many_tests_a_case_alone_is_held_to_its_share() -> None:
    before, after = errors(*[0] * 9), errors(*[1] * 9)
    verdict = assess(WER, before, after, family=30)
    assert (verdict.status, verdict.red, verdict.pending) == (Status.INCONCLUSIVE, False, True)
    clear = assess(WER, errors(*[0] * 20), errors(*[1] * 20), family=30)
    assert (clear.status, clear.pending) == (Status.REGRESSED, False)
    chance = assess(WER, before, errors(*[1] * 5, *[0] * 4), family=30)
    assert (chance.status, chance.pending) == (Status.INCONCLUSIVE, False)


def test_a_case_that_cannot_see_what_it_was_asked_to_does_not_pass() -> None:
    same = errors(*[1] * 20)
    verdict = assess(WER, same, same)
    assert verdict.detects is not None
    blind = assess(WER, same, same, sensitivity=verdict.detects / 2)
    assert blind.status is Status.INCONCLUSIVE
    assert "more utterances are needed" in blind.why
    assert assess(WER, same, same, sensitivity=verdict.detects * 2).status is Status.PASS


def test_the_noise_of_a_random_decoder_is_not_a_regression() -> None:
    said = utterances("wer", errors(*[0] * 20))
    now = result(utterances("wer", errors(*[1] * 20)))
    for noise, status in ((0.0, "REGRESSED"), (0.03, "REGRESSED"), (0.031, "INCONCLUSIVE")):
        then = replace(accepted(said), noise={"wer": noise})
        (verdict,) = quality.assess(now, then, [WER], {})
        assert verdict.status == status


def test_utterances_of_one_speaker_are_judged_together() -> None:
    """Forty utterances of ten speakers: all of one speaker's get worse, which says nothing about others."""
    spoken = [replace(each, cluster=f"s{i // 4}") for i, each in enumerate(utterances("wer", errors(*[0] * 40)))]
    worse = [replace(each, counts={"wer": (float(each.cluster in {"s0", "s1"}), 10.0)}) for each in spoken]
    (alone,) = quality.assess(result([replace(u, cluster="") for u in worse]), accepted(spoken), [WER], {})
    (together,) = quality.assess(result(worse), accepted(spoken), [WER], {})
    assert (alone.status, together.status) == (Status.REGRESSED, Status.INCONCLUSIVE)
    assert together.why == "8 of 40 utterances changed, in 2 of 10 clusters, p 0.25: may be chance"


def test_what_six_decimals_of_a_baseline_lose_is_no_change() -> None:
    third = [(1 / 3, 2 / 3)] * 9
    rounded = [tuple(round(part, 6) for part in share) for share in third]
    exact = Metric("exact", unit="ratio", better="lower")
    assert assess(exact, rounded, third).change == 0.0
    assert assess(exact, rounded, [*third[:8], (0.5, 2 / 3)]).why.startswith("1 of 9 utterances changed")


# ---------------------------------------------------------------------------- nothing to compare with


def test_without_a_baseline_it_is_new() -> None:
    verdict = assess(WER, None, errors(1, 0))
    assert (verdict.status, verdict.red, verdict.now, verdict.baseline) == (Status.NEW, False, 0.05, None)
    assert verdict.why == "no baseline: accept this run with --update-baselines --reason '...'"
    assert assess(WER, None, errors(1, 0), strict=True).red


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
    (verdict,) = quality.assess(result(said), accepted(said, **then), [WER], {})
    assert (verdict.status is Status.NOT_COMPARABLE) is bool(says)
    assert verdict.red is bool(says)
    assert says in verdict.why
    assert ("--update-baselines --reason" in verdict.why) is bool(says)


@pytest.mark.parametrize("count", [8, 10], ids=["one is missing", "one is more"])
def test_other_utterances_are_not_comparable(count: int) -> None:
    verdict = assess(WER, errors(*[0] * count), errors(*[0] * 9))
    assert verdict.status is Status.NOT_COMPARABLE
    assert "the baseline holds other utterances than this run" in verdict.why


def test_a_metric_that_the_baseline_lacks_is_not_comparable() -> None:
    said = utterances("wer", errors(*[0] * 9))
    other = QualityBaseline(PROVENANCE, {each.id: {"cer": (0.0, 1.0)} for each in said}, {})
    (verdict,) = quality.assess(result(said), other, [WER], {})
    assert (verdict.status, verdict.red) == (Status.NOT_COMPARABLE, True)
    assert "the baseline has no wer" in verdict.why


@pytest.mark.parametrize("changes", [{"kind": "sanity"}, {"gated": False}])
def test_what_is_not_gated_is_only_reported(changes: dict[str, Any]) -> None:
    metric = Metric("extra", unit="ratio", better="lower", **changes)
    for before in (None, errors(*[0] * 9)):
        verdict = assess(metric, before, errors(*[9] * 9), strict=True)
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
def test_a_side_without_a_value_decides_nothing(before: CountRows, after: CountRows) -> None:
    verdict = assess(WER, before, after)
    assert (verdict.status, verdict.red) == (Status.INCONCLUSIVE, False)
    assert verdict.interval is None
    assert verdict.why == "one side has no value: there is nothing to divide by"
