"""The gate on groups: the worst one and the gap held to limits, each group's change with all groups counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from modellab.gate import AssessmentOptions, groups
from modellab.types import CaseId, Metric, QualityBaseline, Result, Rule, Status, Utterance, Verdict
from modellab.types.gate_counts import GroupRule

WER = Metric("wer", unit="ratio", better="lower", margin=0.01)
RECALL = Metric("recall", unit="ratio", better="higher", margin=0.01)
KEY = CaseId("asr", "calls_v1", "fake", "one", "cpu", "float32")
PROVENANCE = {"dataset_digest": "sha256:1", "normaliser": "basic"}


def result(errors: Mapping[str, float], each: int = 60, speakers: int = 6) -> tuple[Result, dict[str, str]]:
    """Utterances of 10 words, so many of each group, with errors spread evenly over a group's utterances."""
    utterances, labels = [], {}
    for name, rate in errors.items():
        for i in range(each):
            id = f"{name}{i:03}"
            labels[id] = name
            top = float(np.floor((i + 1) * 10 * rate) - np.floor(i * 10 * rate))
            said = Utterance(id, {"wer": (top, 10.0)}, None, 1.0, 1.0, 1.0, cluster=f"{name}{i % speakers}")
            utterances.append(said)
    return Result(KEY, tuple(utterances), {}, "m", PROVENANCE), labels


def accepted(of: Result, **header: str) -> QualityBaseline:
    return QualityBaseline({**PROVENANCE, **header}, {each.id: each.counts for each in of.utterances}, {})


def assessed(
    now: Mapping[str, float], rule: GroupRule, then: Mapping[str, float] | None = None, family: int = 1, **size: int
) -> dict[str, Verdict]:
    measured, labels = result(now, **size)
    before = accepted(result(then, **size)[0]) if then else None
    options = AssessmentOptions(family=family)
    found = groups.assess(
        measured, before, [WER], {"wer": Rule()}, {"gender": {"wer": rule}}, {"gender": labels}, options
    )
    return {each.metric: each for each in found}


def test_the_worst_group_is_held_to_its_limit() -> None:
    within = assessed({"f": 0.1, "m": 0.2}, GroupRule(worst=0.25))["wer[gender worst]"]
    beyond = assessed({"f": 0.1, "m": 0.3}, GroupRule(worst=0.25))["wer[gender worst]"]
    assert (within.status, within.red, within.now) == (Status.PASS, False, pytest.approx(0.2))
    assert (beyond.status, beyond.red) == (Status.ABOVE_LIMIT, True)
    assert beyond.why == "gender=m has 0.3 (n = 60 in 6 clusters), above the limit 0.25"
    assert groups.is_limit(beyond)


def test_a_limit_that_the_baseline_kept_is_a_regression() -> None:
    found = assessed({"f": 0.1, "m": 0.3}, GroupRule(worst=0.25, gap=0.15), {"f": 0.1, "m": 0.2})
    assert {name: each.status for name, each in found.items()} == {
        "wer[gender worst]": Status.REGRESSED,
        "wer[gender gap]": Status.REGRESSED,
    }
    assert found["wer[gender gap]"].baseline == pytest.approx(0.1)
    assert found["wer[gender gap]"].change == pytest.approx(0.1)


def as_score(of: Result) -> Result:
    """The same words, counted where they are right."""
    utterances = [replace(each, counts={"recall": (10.0 - each.counts["wer"][0], 10.0)}) for each in of.utterances]
    return replace(of, utterances=tuple(utterances))


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        (None, {"worst": Status.BELOW_LIMIT, "gap": Status.ABOVE_LIMIT}),
        ({"f": 0.1, "m": 0.2}, {"worst": Status.REGRESSED, "gap": Status.REGRESSED}),
        ({"f": 0.05, "m": 0.24}, {"worst": Status.REGRESSED, "gap": Status.ABOVE_LIMIT}),
        ({"f": 0.2, "m": 0.28}, {"worst": Status.BELOW_LIMIT, "gap": Status.REGRESSED}),
    ],
    ids=["nothing accepted", "both were kept", "the worst was", "the gap was"],
)
def test_of_a_score_the_worst_group_is_the_lowest_and_the_gap_is_better_small(
    then: Mapping[str, float] | None, expected: Mapping[str, Status]
) -> None:
    measured, labels = result({"f": 0.1, "m": 0.3})
    before = accepted(as_score(result(then)[0])) if then else None
    rules = {"gender": {"recall": GroupRule(worst=0.75, gap=0.15)}}
    found = groups.assess(
        as_score(measured), before, [RECALL], {"recall": Rule()}, rules, {"gender": labels}, AssessmentOptions()
    )
    assert {each.metric: each.status for each in found} == {
        f"recall[gender {name}]": status for name, status in expected.items()
    }


def test_the_gap_names_both_groups() -> None:
    gap = assessed({"f": 0.1, "m": 0.3}, GroupRule(gap=0.15))["wer[gender gap]"]
    assert gap.why == "0.2 between gender=m (n = 60 in 6 clusters) and f (n = 60 in 6 clusters), above the limit 0.15"
    assert assessed({"f": 0.1, "m": 0.2}, GroupRule(gap=0.15))["wer[gender gap]"].status is Status.PASS


def test_what_is_too_few_to_tell_is_said_and_never_a_kept_limit() -> None:
    gone = assessed({"f": 0.1, "m": 0.3}, GroupRule(worst=0.5, gap=0.5), each=10)
    assert all((each.status, each.red) == (Status.INCONCLUSIVE, True) for each in gone.values())
    assert gone["wer[gender worst]"].why == (
        "no group can be told; too few to tell: f (n = 10 in 6 clusters), m (n = 10 in 6 clusters)"
    )
    assert gone["wer[gender gap]"].why.startswith("no two groups of gender can be told; too few")

    measured, labels = result({"f": 0.1, "m": 0.2})
    labels |= dict.fromkeys(list(labels)[:3], "x")
    wanted = {"gender": {"wer": GroupRule(worst=0.25)}}
    (some,) = groups.assess(measured, None, [WER], {}, wanted, {"gender": labels})
    assert (some.status, some.why) == (Status.PASS, "too few to tell: x (n = 3)")


def test_a_group_that_got_worse_is_red_where_the_whole_hardly_changed() -> None:
    found = assessed({"f": 0.1, "m": 0.2, "x": 0.4}, GroupRule(change=True), {"f": 0.1, "m": 0.2, "x": 0.1}, each=100)
    assert {name: each.status for name, each in found.items()} == {
        "wer[gender=f]": Status.PASS,
        "wer[gender=m]": Status.PASS,
        "wer[gender=x]": Status.INCONCLUSIVE,  # six speakers: 1/64 three times
    }
    found = assessed({"f": 0.1, "x": 0.4}, GroupRule(change=True), {"f": 0.1, "x": 0.1}, each=120, speakers=12)
    assert (found["wer[gender=x]"].status, found["wer[gender=x]"].red) == (Status.REGRESSED, True)
    assert "p = 0.00049 with all groups counted" in found["wer[gender=x]"].why
    assert found["wer[gender=x]"].interval is not None


def test_every_case_of_the_suite_counts() -> None:
    rule, then = GroupRule(change=True), {"f": 0.1, "x": 0.1}
    one = assessed({"f": 0.1, "x": 0.4}, rule, then, each=120, speakers=12)
    many = assessed({"f": 0.1, "x": 0.4}, rule, then, family=200, each=120, speakers=12)
    assert [found["wer[gender=x]"].status for found in (one, many)] == [Status.REGRESSED, Status.INCONCLUSIVE]


def test_without_a_fair_baseline_no_change_is_judged() -> None:
    measured, labels = result({"f": 0.1, "m": 0.2})
    wanted = {"gender": {"wer": GroupRule(change=True)}}
    for before in (None, accepted(measured, normaliser="none")):
        assert groups.assess(measured, before, [WER], {}, wanted, {"gender": labels}) == []
