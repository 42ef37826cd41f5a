"""Points, weights and grades."""

from __future__ import annotations

import math
from typing import Any

import pytest

from modellab.plan.score_settings import Scale, Scorecard, Tenfold
from modellab.reports.leaderboard.records import Part, Score
from modellab.reports.leaderboard.score import NOT_RATED, on, points
from modellab.stats.estimate import Estimate
from modellab.types import Metric

from ...make import name, result, utterance, verdict
from .makers import again, entry, key, report, some

CHEAP = Scorecard.model_validate({"prices": {"a-cpu-*": 2.0}})


def scored(*entries: Any, card: Scorecard | None = None, **changes: Any) -> Score:
    own = report(*entries, card=card or Scorecard(), **{"every": [*again(*entries), *entries], **changes})
    return next(each for group in own.groups if group.task == "asr" for each in group.scores)


def part(found: Score, name: str) -> Part:
    return next(each for each in found.parts if each.name == name)


@pytest.mark.parametrize(
    ("scale", "value", "expected"),
    [
        (Scale(worst=0.5, best=0.0), 0.5, 0.0),
        (Scale(worst=0.5, best=0.0), 0.0, 100.0),
        (Scale(worst=0.5, best=0.0), 0.9, 0.0),
        (Scale(worst=0.5, best=1.0), 0.75, 50.0),
        (Scale(worst=0.5, best=1.0), 0.4, 0.0),
        (Tenfold(worst=1.0, best=0.01), 0.1, 50.0),
        (Tenfold(worst=1.0, best=0.01), 0.001, 100.0),
        (Tenfold(worst=1.0, best=0.01), 3.0, 0.0),
        (Tenfold(worst=1.0, best=0.01), 0.0, 100.0),
    ],
)
def test_points(scale: Scale, value: float, expected: float) -> None:
    assert points(scale, value) == pytest.approx(expected)


def test_the_interval_turns_round_where_less_is_better() -> None:
    found = on(Scale(worst=0.5, best=0.0), Estimate(0.1, 0.05, 0.2, 40))
    assert (found.low, found.value, found.high) == (60.0, 80.0, 90.0)
    assert math.isnan(on(Scale(worst=0.5, best=0.0), Estimate(math.nan)).value)


def test_the_score_is_the_weighted_sum_of_its_parts() -> None:
    found = scored(entry(errors=some(20), rtf=0.1), card=CHEAP)
    assert [each.name for each in found.parts] == ["quality", "speed", "memory", "stability", "cost"]
    assert sum(each.weight for each in found.parts) == pytest.approx(1.0)
    assert found.points.value == pytest.approx(sum(each.weight * each.points.value for each in found.parts))
    assert part(found, "quality").points.value == pytest.approx(90.0)  # 5 % between 50 % and 0 %
    assert part(found, "cost").measured.value == pytest.approx(2.0 * part(found, "speed").measured.value)
    assert found.points.low < found.points.value < found.points.high
    assert found.points.n == 40


def test_what_is_missing_is_not_zero() -> None:
    found = scored(entry(errors=some(20), rtf=0.1))
    cost = part(found, "cost")
    assert (cost.weight, cost.points.known) == (0.0, False)
    assert cost.words == "no price for a-cpu-1t in scorecard.prices"
    assert part(found, "quality").weight == pytest.approx(50 / 90)
    assert found.points.value == pytest.approx(
        sum(each.weight * each.points.value for each in found.parts if each.weight)
    )


def test_too_few_utterances_are_not_rated() -> None:
    found = scored(entry(errors=some(1, 19)))
    assert (found.grade, found.why) == (NOT_RATED, "19 utterances, 20 are needed")
    assert found.points.known


def test_less_than_half_of_the_weights_is_no_rating() -> None:
    card = Scorecard.model_validate({"weights": {"quality": 1, "speed": 0, "memory": 0, "stability": 0, "cost": 9}})
    found = scored(entry(), card=card)
    assert (found.grade, found.why) == (
        NOT_RATED,
        "less than half of the weights could be had (quality, speed, memory, stability)",
    )


@pytest.mark.parametrize(("wrong", "grade"), [(0, "A"), (400, "C")])
def test_grades(wrong: int, grade: str) -> None:
    found = scored(entry(errors=[wrong / 40] * 40, rtf=0.02), card=CHEAP)
    assert found.grade == grade


def test_a_grade_says_what_its_interval_allows() -> None:
    uncertain = [10.0] * 8 + [0.0] * 32
    card = Scorecard.model_validate({"weights": {"quality": 1, "speed": 0, "memory": 0, "stability": 0, "cost": 0}})
    found = scored(entry(errors=uncertain), card=card)
    assert found.grade == "C"
    assert found.grades.endswith(" to C")


def test_repeated_answers_that_differ_weigh_on_stability() -> None:
    drifted = result(
        [utterance(name(i), {"drift_rate": (1.0, 4.0), "success_rate": (1.0, 1.0)}) for i in range(3)],
        key=key(dataset="again_v1", task="stability"),
    )
    other = entry(key={"task": "stability"}, dataset="again_v1", id="again", result=drifted)
    calm, shaken = scored(entry(), every=()), scored(entry(), other, every=())
    assert part(calm, "stability").points.value == 100.0
    assert part(shaken, "stability").points.value == 0.0
    assert "25.0 % of repeated answers differ (again_v1, 3 clips)" in part(shaken, "stability").words


def test_sessions_that_differ_weigh_on_stability() -> None:
    others = [entry(session=f"s{i}", rtf=rtf, id=f"o{i}") for i, rtf in enumerate((0.03, 0.05, 0.08))]
    found = part(scored(entry(id="now"), every=[entry(id="now"), *others]), "stability")
    assert "RTF varies by" in found.words
    assert found.points.value < 50.0


def test_a_metric_without_a_scale_has_no_points() -> None:
    from modellab.tasks import asr

    metric = Metric("loudness", "LUFS", "lower")
    assert Scorecard().scale(metric) is None
    assert Scorecard().scale(asr.METRICS[0]) is not None


SLOWED = (
    "on short_v1 its times are in doubt: the machine slowed down meanwhile: its reference workload took +20% in the"
    " second half of the run"
)


@pytest.mark.parametrize(
    ("readings", "why"),
    [
        ({}, "1 session, 3 are needed to know how far sessions differ"),
        (
            {"other_cores": 1.9, "cores": 2.0},
            "on short_v1 its times are in doubt: other processes kept 1.9 of 2 cores busy",
        ),
        (
            {"reference_drift": 0.2},
            SLOWED,
        ),
    ],
)
def test_speed_and_cost_have_no_points_from_what_proves_nothing(readings: dict[str, float], why: str) -> None:
    only = entry(errors=some(20), rtf=0.1, readings=readings)
    found = scored(only, card=CHEAP, every=[only])
    for each in (part(found, "speed"), part(found, "cost")):
        assert (each.points.known, each.weight, each.words) == (False, 0.0, why)
    assert part(found, "speed").measured.known, "it is shown"
    assert part(found, "quality").points.known


def test_a_metric_that_nothing_was_compared_of_is_reported_and_no_pass() -> None:
    judged = verdict("wer", baseline=0.1, change=0.0)
    found = report(entry(errors=some(20), verdicts=(judged, verdict("cer"))))
    said = {each.metric: each.verdict for each in found.measures}
    assert (said["wer"], said["cer"]) == ("PASS", "REPORTED")
