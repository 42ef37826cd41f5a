"""Who is compared with whom, and what changed between the specs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modellab.errors import ConfigError
from modellab.reports.leaderboard.assemble import Shown, assemble
from modellab.types import Status

from .makers import entry, failed, regressed, report, selection, some


def test_the_fair_comparison_with_most_in_it() -> None:
    both = [entry(model, errors=some(2, 40), dataset=dataset) for model in "abc" for dataset in ("one_v1", "two_v1")]
    group = report(*both, entry("d", dataset="one_v1")).groups[0]
    assert group.datasets == ("one_v1", "two_v1")
    assert (group.utterances, len(group.front)) == (80, 3)
    assert group.left_out == (("d:one cpu-int8", "d:one cpu-int8 has no result on two_v1"),)
    assert [(each.who.model, each.compared) for each in group.scores][-1] == ("d", False)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"normaliser": "basic@2#1"}, "differ in the normaliser (basic@2#1, basic@1#0): --rescore"),
        ({"dataset_digest": "sha256:e"}, "differ in the content of short_v1 (sha256:e, sha256:d): measure one"),
    ],
)
def test_other_data_are_left_out_with_the_reason(changes: dict[str, str], said: str) -> None:
    group = report(entry("a"), entry("b"), entry("c", provenance=changes)).groups[0]
    assert [point.who.model for point in group.front] == ["a", "b"]
    assert said in dict(group.left_out)["c:one cpu-int8"]


def test_only_utterances_that_all_have_are_compared() -> None:
    group = report(entry("a", errors=some(1, 40)), entry("b", errors=some(1, 30))).groups[0]
    assert group.utterances == 30


def test_shares_of_another_version_of_the_metric_are_left_out() -> None:
    old = entry("c")
    assert old.result is not None
    three = tuple(replace(u, counts={**u.counts, "wer": (0.0, 10.0, 1.0)}) for u in old.result.utterances)
    group = report(entry("a"), entry("b"), replace(old, result=replace(old.result, utterances=three))).groups[0]
    assert "was scored by another version of wer" in dict(group.left_out)["c:one cpu-int8"]


def two(before: object, after: object) -> Shown:
    return Shown([selection(before, spec="@old"), selection(after, spec="@new")])  # type: ignore[arg-type]


def test_two_specs_of_one_case_are_held_together() -> None:
    found = assemble(two(entry(errors=some(1), id="x"), entry(errors=some(31), id="y", session="s2")))
    wer = next(each for each in found.findings if each.verdict.metric == "wer")
    assert (wer.verdict.status, wer.verdict.red, wer.versus) == (Status.REGRESSED, True, "@old")
    assert wer.verdict.change == pytest.approx(0.075)
    assert wer.verdict.p is not None
    assert wer.verdict.p < 0.01
    assert wer.verdict.why.startswith("30 of 40 utterances changed; not chance after Holm over ")
    assert {each.who.spec for each in found.groups[0].scores} == {"@old", "@new"}
    better = assemble(two(entry(errors=some(31), id="x"), entry(errors=some(1), id="y")))
    assert better.findings[0].verdict.status is Status.IMPROVED


def test_a_small_change_may_be_chance() -> None:
    found = assemble(two(entry(errors=some(1), id="x"), entry(errors=some(3), id="y")))
    assert {str(each.verdict.status) for each in found.findings} == {"INCONCLUSIVE"}
    assert "may be chance after Holm" in found.findings[0].verdict.why


def test_speed_of_two_sessions_is_told_and_not_judged() -> None:
    found = assemble(two(entry(rtf=0.05, id="x"), entry(rtf=0.10, id="y")))
    (finding,) = found.findings
    assert (finding.verdict.metric, finding.verdict.status, finding.verdict.red) == ("rtf", Status.INCONCLUSIVE, False)
    assert finding.verdict.change == pytest.approx(1.0)
    assert "--against times both in turn" in finding.verdict.why


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {"provenance": {"normaliser": "basic@2#1"}}, "differ in the normaliser"),
        ({}, {"provenance": {"dataset_digest": "sha256:e"}}, "differ in the content of short_v1"),
        ({}, {"dataset": "other_v1"}, "has no result on short_v1"),
        ({}, {"key": {"task": "robustness"}}, "'@old' and '@new' have nothing in common"),
    ],
)
def test_specs_that_share_nothing_are_refused(before: dict, after: dict, said: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ConfigError) as found:
        assemble(two(entry(id="x", **before), entry(id="y", **after)))
    assert said in str(found.value)


def test_what_is_stored_as_changed_comes_worst_first() -> None:
    entries = [entry("a"), entry("b", verdicts=(regressed(),))]
    found = report(*entries, failed("a"))
    assert [(each.who.model, str(each.verdict.status)) for each in found.findings] == [
        ("a", "ERROR"),
        ("b", "REGRESSED"),
    ]
    assert found.findings[0].verdict.why == "CrashError: signal 11"


def test_the_front() -> None:
    entries = [
        entry("best", errors=some(1), rtf=0.4),
        entry("fast", errors=some(20), rtf=0.02),
        entry("beaten", errors=some(35), rtf=0.6),
    ]
    group = report(*entries).groups[0]
    points = {point.who.model: point for point in group.front}
    assert [name for name, point in points.items() if point.front] == ["best", "fast"]
    assert points["beaten"].beaten_by == ("best:one cpu-int8", "fast:one cpu-int8")


def test_another_machine_is_on_no_front() -> None:
    group = report(entry("a"), entry("b", rtf=0.1), entry("c", rtf=0.001, machine="gpu")).groups[0]
    assert {point.who.model: point.front for point in group.front} == {"a": True, "b": False, "c": False}
