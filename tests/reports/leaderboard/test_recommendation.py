"""Which model is recommended, and when none is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modellab.plan.score_settings import Scorecard
from modellab.reports.leaderboard import prose
from modellab.reports.leaderboard.records import Advice

from .makers import above, again, entry, failed, regressed, report, some


def advised(*entries: Any, **changes: Any) -> tuple[Advice, str]:
    """With as many sessions of each as speed needs, unless `every` says otherwise."""
    group = report(*entries, **{"every": [*again(*entries), *entries], **changes}).groups[0]
    return group.advice, "\n".join(prose.advice(group))


def slow(model: str, wrong: int, **changes: Any) -> Any:
    return entry(model, errors=some(wrong), rtf=0.2, **changes)


def test_a_clear_winner_names_its_evidence() -> None:
    advice, said = advised(slow("good", 1), entry("bad", errors=some(30)))
    assert advice.choice is not None
    assert advice.choice.model == "good"
    first, best, other, takes, *rest = said.splitlines()
    assert first == "Take good:one cpu-int8: the best wer, told apart from the other."
    assert best.startswith(
        "The best wer has good:one cpu-int8, 0.25 % [0.00 %, 0.76 %] (N 40 utterances) on short_v1, "
    )
    assert best.endswith("session s1 at commit c0ffee0.")
    assert other.startswith("One other is worse, bad:one cpu-int8 by +7.25 % [")
    assert other.endswith("(paired permutation test, two-sided, Holm over 1 at 1 %).")
    assert takes.startswith("It takes RTF 0.2")
    assert rest[-1].startswith("Where speed counts more: bad:one cpu-int8 is 4.0 times as fast, with 7.50 % [")


def test_of_those_tied_the_cheapest() -> None:
    advice, said = advised(slow("good", 1), entry("nearly", errors=some(2)))
    assert advice.choice is not None
    assert (advice.choice.model, advice.best.model if advice.best else "") == ("nearly", "good")
    assert [each.model for each in advice.tied] == ["nearly"]
    assert said.startswith("Take nearly:one cpu-int8: the least RTF of 2 whose wer is not told apart.")
    assert "nearly:one cpu-int8 is not told apart from it: +0.25 % [" in said
    assert "would be seen." in said


def test_a_small_p_among_several_says_why_it_is_not_enough() -> None:
    _, said = advised(slow("good", 0), entry("one", errors=some(8)), entry("two", errors=some(8)))
    assert said.count("two-sided p 0.0078 (not small enough among 2: Holm at 1 %)") == 2


def test_cost_counts_where_every_machine_has_a_price() -> None:
    card = Scorecard.model_validate({"prices": {"gpu": 9.0, "a-cpu-*": 0.1}})
    advice, said = advised(entry("slow", rtf=0.2), entry("fast", rtf=0.02, machine="gpu"), card=card)
    assert advice.choice is not None
    assert advice.choice.model == "slow"
    assert "the least cost of 2" in said


def test_several_machines_without_prices_are_no_comparison_of_speed() -> None:
    advice, said = advised(entry("slow", rtf=0.2), entry("fast", rtf=0.02, machine="gpu"))
    assert advice.choice is None
    assert said.startswith(
        "Not enough evidence to choose among 2 that are tied: they were timed on several machine classes"
    )


@pytest.mark.parametrize("stage", ["production", "candidate"])
def test_the_stage_decides_where_nothing_else_does(stage: str) -> None:
    advice, said = advised(entry("a"), entry("b"), stages={("b", "one"): stage, ("a", "one"): "experimental"})
    assert advice.choice is not None
    assert advice.choice.model == "b"
    assert f"and its stage is {stage}" in said


def test_a_stage_that_is_only_claimed_decides_nothing() -> None:
    stages = {("b", "one"): "production (no record)", ("a", "one"): "experimental"}
    _, said = advised(entry("a"), entry("b"), stages=stages)
    assert "and its score is the highest" in said
    assert "its stage" not in said


def test_a_deprecated_model_is_never_recommended() -> None:
    advice, said = advised(entry("old"), entry("bad", errors=some(30)), stages={("old", "one"): "deprecated"})
    assert advice.choice is not None
    assert advice.choice.model == "bad"
    assert "old:one cpu-int8 is not recommended: it is deprecated." in said


def test_an_open_regression_is_never_recommended() -> None:
    advice, said = advised(entry("good", verdicts=(regressed(),)), entry("bad", errors=some(30)))
    assert advice.choice is not None
    assert advice.choice.model == "bad"
    assert said.startswith("Take bad:one cpu-int8: the only one of 2 that may be recommended.\n")
    assert "good:one cpu-int8 is not recommended: wer on short_v1 has an open regression (session s1)." in said


def test_a_limit_without_a_baseline_does_not_make_the_other_one_the_better() -> None:
    both = [entry("limited", verdicts=(above(),)), entry("other", errors=some(1))]
    advice, said = advised(*both)
    assert advice.choice is None
    assert said.startswith("Not enough evidence: the best is beyond a limit, and was never accepted within it.\n")
    assert "limited:one cpu-int8 is not recommended: wer on short_v1 is above its limit (session s1)." in said
    assert "open regression" not in said


def test_who_is_tied_with_one_beyond_its_limit_is_not_recommended() -> None:
    advice, said = advised(entry("limited", errors=some(1), verdicts=(above(),)), entry("other"))
    assert advice.choice is None
    assert said.startswith("Not enough evidence to choose among 2 that are tied: all but one are beyond a limit.\n")


def test_who_is_told_apart_from_one_beyond_its_limit_is_recommended_for_that() -> None:
    advice, said = advised(entry("limited", errors=some(30), verdicts=(above(),)), entry("other"))
    assert advice.choice is not None
    assert advice.choice.model == "other"
    assert said.startswith("Take other:one cpu-int8: the best wer, told apart from the other.\n")


def test_a_newest_run_that_failed_is_never_recommended() -> None:
    entries = [entry("a"), entry("b")]
    advice, said = advised(*entries, failed("a"))
    assert advice.choice is not None
    assert advice.choice.model == "b"
    assert "its newest run on short_v1 ended in an ERROR (session s9)" in said


def test_all_of_them_red() -> None:
    advice, said = advised(*(entry(model, verdicts=(regressed(),)) for model in "ab"))
    assert advice.choice is None
    assert said.startswith("Nothing can be recommended.")


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (
            [entry("a", errors=some(1, 19)), entry("b", errors=some(2, 19))],
            "short_v1 (N 19 utterances), and 20 utterances are",
        ),
        ([entry("a")], "to choose: there is only a:one cpu-int8, 0.00 % ["),
        (
            [entry("a", errors=[2.0, 0.0] * 11), entry("b", errors=[0.0, 3.0] * 11)],
            "2 are not told apart on 22 utterances of short_v1, where a loss of 5.00 % has to be seen with 80 % power",
        ),
    ],
)
def test_not_enough_evidence(entries: list[Any], expected: str) -> None:
    advice, said = advised(*entries)
    assert advice.choice is None
    assert said.startswith("Not enough evidence")
    assert expected in said


def test_the_best_score_is_told_where_it_is_another() -> None:
    card = Scorecard.model_validate({"weights": {"quality": 1, "speed": 99, "memory": 0, "stability": 0, "cost": 0}})
    _, said = advised(slow("good", 1), entry("bad", errors=some(30)), card=card)
    assert "By score bad:one cpu-int8 is ahead (" in said


# ---------------------------------------------------------------------------- speed that decides nothing

BUSY = {"other_cores": 1.9, "cores": 2.0}
FEW = "1 session, 3 are needed to know how far sessions differ"
DISTURBED = "on short_v1 its times are in doubt: other processes kept 1.9 of 2 cores busy"


@pytest.mark.parametrize(
    ("every", "readings", "why"),
    [(1, {}, FEW), (2, {}, FEW.replace("1 session", "2 sessions")), (3, BUSY, DISTURBED)],
)
def test_of_a_busy_machine_or_too_few_sessions_only_quality_counts(
    every: int, readings: dict[str, float], why: str
) -> None:
    pair = [slow("good", 1, readings=readings), entry("bad", errors=some(30), readings=readings)]
    runs = [*pair, *[each for each in again(*pair) if int(each.session[-1]) < every - 1]]
    advice, said = advised(*pair, every=runs)
    assert advice.choice is not None
    assert said.startswith(
        f"Take good:one cpu-int8 on quality alone (no speed: {why}): the best wer, told apart from the other."
    )
    assert f"which decides nothing here: {why}." in said
    assert "as fast" not in said


def test_of_those_tied_none_is_taken_for_a_speed_of_one_session() -> None:
    pair = [slow("good", 1), entry("nearly", errors=some(2))]
    advice, said = advised(*pair, every=pair)
    assert advice.choice is None
    assert said.startswith(
        f"Not enough evidence to choose among 2 that are tied: the speed of good:one cpu-int8 decides nothing ({FEW})."
    )


def test_a_busy_session_leaves_the_quiet_ones_before_it() -> None:
    quiet = [entry("a", errors=some(1)), entry("b", errors=some(30))]
    disturbed = {**BUSY, "rtf": 9.0}
    busy = [
        replace(each, id=f"{each.id} busy", result=replace(each.result, readings={**each.result.readings, **disturbed}))
        for each in quiet
        if each.result
    ]
    _, said = advised(*busy, every=[*again(*quiet), *quiet, *busy])
    assert said.startswith("Take a:one cpu-int8: the best wer")
    assert "It takes RTF 0.05" in said
