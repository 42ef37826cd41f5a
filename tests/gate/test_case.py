"""Whole cases by the front door, `gate.judge` and `gate.settle`: damage that has to be red, and what must not be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from modellab import gate
from modellab.tasks import asr, diarization, translation
from modellab.types import Counts, Metric, Rule, Status, Utterance, Verdict

from ..make import accepted, name, result, utterance, utterances, verdict

BY_NAME = {metric.name: metric for metric in asr.METRICS}
JUDGED = [BY_NAME[each] for each in ("wer", "cer", "success_rate", "empty_rate")]
RULES = {
    each: Rule(limit=asr.LIMITS[each], built_in_limit=each == "empty_rate") for each in ("success_rate", "empty_rate")
}
WORDS = 12.0
CHURNING = verdict("wer", Status.INCONCLUSIVE, p=0.5, least_p=2**-20, adjusted_p=0.5, pending=False)


def counts_of(wrong: float, words: float = WORDS, *, raised: bool = False) -> dict[str, Counts]:
    """What one utterance adds to each metric."""
    return {
        "wer": (wrong, words),
        "cer": (5 * wrong, 5 * words),
        "success_rate": (float(not raised), 1.0),
        "empty_rate": (float(raised or (wrong == words > 0)), float(words > 0)),
    }


def utterances_with(
    wrong: Sequence[float], words: Sequence[float] | float = WORDS, cluster: str = ""
) -> list[Utterance]:
    lengths = [words] * len(wrong) if isinstance(words, float) else words
    each = [counts_of(w, n) for w, n in zip(wrong, lengths, strict=True)]
    return [utterance(name(i), counts, cluster=cluster) for i, counts in enumerate(each)]


def verdicts_of_suite(
    before: Sequence[Utterance], after: Sequence[Utterance], cases: int, **options: Any
) -> dict[str, Verdict]:
    """The verdicts of one case of a suite whose other cases only churn, when the suite has been settled."""
    one = tuple(
        gate.assess(result(after), accepted(before), JUDGED, RULES, gate.AssessmentOptions(family=cases, **options))
    )
    (found, *_) = gate.settle([one, *[(CHURNING,)] * (cases - 1)])
    return {each.metric: each for each in found}


BASELINES = {
    "clean": [0.0] * 40,
    "a word here and there": [float(i % 3 == 0) for i in range(40)],
    "one loop": [30.0, *[1.0] * 39],
    "one empty": [WORDS, *[0.0] * 39],
}


@pytest.mark.parametrize("cases", [1, 30, 100])
@pytest.mark.parametrize("before", BASELINES.values(), ids=list(BASELINES))
@pytest.mark.parametrize("utterances", [10, 20, 40])
def test_nothing_but_garbage_is_red(utterances: int, before: list[float], cases: int) -> None:
    now = [WORDS + i % 3 for i in range(utterances)]
    found = verdicts_of_suite(utterances_with(before[:utterances]), utterances_with(now), cases)
    assert found["wer"].status is Status.REGRESSED


@pytest.mark.parametrize("cases", [1, 30])
@pytest.mark.parametrize(("empty", "of"), [(5, 20), (4, 10), (10, 40), (8, 100)])
def test_many_empty_ones_are_red(empty: int, of: int, cases: int) -> None:
    before = [float(i % 3 == 0) for i in range(of)]
    found = verdicts_of_suite(utterances_with(before), utterances_with([*[WORDS] * empty, *before[empty:]]), cases)
    assert found["wer"].status is Status.REGRESSED
    assert found["empty_rate"].red


@pytest.mark.parametrize("cases", [1, 30, 100])
def test_ten_points_on_forty_utterances_are_red(cases: int) -> None:
    draw = np.random.default_rng(3)
    before = draw.poisson(0.08 * WORDS, 40).astype(float)
    after = before + draw.poisson(0.10 * WORDS, 40)
    assert (
        verdicts_of_suite(utterances_with(before.tolist()), utterances_with(after.tolist()), cases)["wer"].status
        is Status.REGRESSED
    )


@pytest.mark.parametrize(
    "after",
    [
        pytest.param([30.0, *[0.0] * 39], id="one loop"),
        pytest.param([WORDS, WORDS, *[0.0] * 38], id="two empty"),
        pytest.param([5000.0, *[0.0] * 39], id="a loop without an end"),
        pytest.param([*[1.0] * 6, *[0.0] * 34], id="a word in six"),
    ],
)
@pytest.mark.parametrize("cases", [1, 30])
def test_what_a_healthy_model_has_now_and_then_is_not_red(after: list[float], cases: int) -> None:
    found = verdicts_of_suite(utterances_with([0.0] * 40), utterances_with(after), cases)
    assert {each.status for each in found.values()} <= {Status.INCONCLUSIVE, Status.PASS}
    assert not any(each.red for each in found.values())
    assert found["wer"].status is Status.INCONCLUSIVE


def test_an_utterance_that_raised_is_broken_and_red_by_the_limit() -> None:
    before = utterances_with([0.0] * 40)
    raised = utterance(name(0), counts_of(WORDS, raised=True), error="ValueError: too short")
    found = verdicts_of_suite(before, [raised, *before[1:]], 30)
    assert (found["wer"].status, found["wer"].broken) == (Status.INCONCLUSIVE, 1)
    assert found["success_rate"].status is Status.REGRESSED


@pytest.mark.parametrize(
    ("made_up", "broke", "cases"),
    [(2.0, 0, 1), (30.0, 1, 30)],
    ids=["two words where nobody spoke", "a loop where nobody spoke"],
)
def test_references_without_words(made_up: float, broke: int, cases: int) -> None:
    words = [0.0] * 10 + [WORDS] * 30
    found = verdicts_of_suite(utterances_with([0.0] * 40, words), utterances_with([made_up, *[0.0] * 39], words), 1)
    assert (found["wer"].status, found["wer"].broken) == (Status.INCONCLUSIVE, broke)
    many = verdicts_of_suite(
        utterances_with([0.0] * 40, words), utterances_with([*[made_up] * 10, *[0.0] * 30], words), cases
    )
    assert many["wer"].red


def test_nothing_but_references_without_words_has_no_rate_to_compare() -> None:
    found = verdicts_of_suite(utterances_with([0.0] * 9, [0.0] * 9), utterances_with([5.0] * 9, [0.0] * 9), 1)
    assert (found["wer"].status, found["wer"].red) == (Status.INCONCLUSIVE, False)


def test_a_share_that_is_no_number_is_not_broken_and_never_passes() -> None:
    then, now = ([*[(0.0, WORDS)] * 9, (last, WORDS)] for last in (0.0, math.nan))
    rows = [BY_NAME["wer"]]
    (found,) = gate.assess(result(utterances("wer", now)), accepted(utterances("wer", then)), rows, {})
    assert (found.status, found.broken) == (Status.INCONCLUSIVE, 0)


@pytest.mark.parametrize("cases", [1, 30])
def test_one_named_speaker_who_is_heard_no_more(cases: int) -> None:
    before = utterances_with([1.0] * 20, cluster="anna")
    assert verdicts_of_suite(before, utterances_with([WORDS] * 20, cluster="anna"), cases)["wer"].red
    assert not verdicts_of_suite(before, utterances_with([2.0] * 20, cluster="anna"), cases)["wer"].red


def test_a_metric_that_counts_nothing_broken_goes_by_swapping() -> None:
    chrf = Metric("score", unit="ratio", better="higher", margin=0.005)
    assert translation.METRICS[0].gross is None
    sides = [utterances("score", [(share, 10.0)] * 20) for share in (9.0, 0.0)]
    (found,) = gate.assess(result(sides[1]), accepted(sides[0]), [chrf], {}, gate.AssessmentOptions(family=30))
    assert (found.status, found.broken) == (Status.REGRESSED, 0)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_random_seeds_excuse_small_changes_and_nothing_broken(noise: float) -> None:
    """Averages of three seeds, as a baseline keeps them: six decimals."""
    third = round(1 / 3, 6)
    before = utterances_with([third] * 40)
    then = replace(accepted(before), noise={"wer": noise})
    small = utterances_with([2 * third] * 8 + [third] * 32)
    large = utterances_with([WORDS] * 8 + [third] * 32)
    status = {
        key: gate.assess(result(side), then, JUDGED[:2], {})[0].status
        for key, side in (("small", small), ("large", large))
    }
    assert status == {"small": Status.INCONCLUSIVE if noise else Status.REGRESSED, "large": Status.REGRESSED}


def test_gains_do_not_hide_what_broke() -> None:
    """Better in sum, so WER is not red; what broke is named all the same, and the limit on empty ones holds."""
    before, after = [6.0] * 40, [*[WORDS] * 6, *[0.0] * 34]
    found = verdicts_of_suite(utterances_with(before), utterances_with(after), 30)
    assert found["wer"].status is Status.IMPROVED
    assert found["wer"].broken == 6
    assert len(found["wer"].breaks) == 6
    assert found["empty_rate"].red, "six of forty are silent"


@pytest.mark.parametrize("cases", [1, 30])
@pytest.mark.parametrize("recordings", [3, 4, 6])
def test_few_recordings_that_are_all_wrong_are_red(recordings: int, cases: int) -> None:
    """Nothing said of anybody in any of them, where 5 % were wrong."""
    metrics = [each for each in diarization.METRICS if each.name in ("der", "jer", "speaker_count_error")]
    healthy: dict[str, Counts] = {"der": (15.0, 300.0), "jer": (0.4, 4.0), "speaker_count_error": (0.0, 1.0)}
    silent: dict[str, Counts] = {"der": (300.0, 300.0), "jer": (4.0, 4.0), "speaker_count_error": (4.0, 1.0)}
    swapped: dict[str, Counts] = {**healthy, "der": (105.0, 300.0)}
    then, now, one = (
        [utterance(name(i), healthy if i >= hit else what) for i in range(recordings)]
        for hit, what in ((0, healthy), (recordings, silent), (1, swapped))
    )
    options = gate.AssessmentOptions(family=cases)
    assert gate.assess(result(now), accepted(then), metrics, {}, options)[0].status is Status.REGRESSED
    assert not any(each.red for each in gate.assess(result(one), accepted(then), metrics, {}, options))


def test_a_loop_that_ends_as_garbage_excuses_nothing() -> None:
    """Of ten utterances one had a loop; now all ten are wrong from the first word to the last."""
    found = verdicts_of_suite(utterances_with([40.0, *[0.0] * 9]), utterances_with([WORDS] * 10), 30)
    assert found["wer"].status is Status.REGRESSED
    mends = verdicts_of_suite(utterances_with([40.0, *[0.0] * 9]), utterances_with([0.0, *[WORDS] * 9]), 30)
    assert mends["wer"].status is Status.INCONCLUSIVE, "one is mended: three in ten may be expected to break"


def test_where_a_rerun_had_no_room_for_it_a_metric_stays_red() -> None:
    """DER breaks four recordings; the rerun only took one that did not break: nobody has asked, nothing is forgiven."""
    metrics = [each for each in diarization.METRICS if each.name == "der"]
    before = utterances("der", [(5.0, 100.0)] * 8)
    after = utterances("der", [(25.0, 100.0)] * 6 + [(5.0, 100.0)] * 2)
    other: dict[str, Counts] = {"der": (5.0, 100.0)}
    (found,) = gate.assess(result(after), accepted(before), metrics, {}, gate.AssessmentOptions(again={name(7): other}))
    assert found.status is Status.REGRESSED
    assert "fresh process" not in found.why
    (asked,) = gate.assess(result(after), accepted(before), metrics, {}, gate.AssessmentOptions(again={name(0): other}))
    assert asked.status is Status.INCONCLUSIVE


# ---------------------------------------------------------------------------- the suite's end


def inconclusive(p: float, **changes: Any) -> Verdict:
    numbers: dict[str, Any] = {
        "p": p,
        "least_p": 2**-40,
        "adjusted_p": p,
        "pending": True,
        "why": "so: may be chance",
        **changes,
    }
    return verdict("wer", Status.INCONCLUSIVE, **numbers)


def test_cases_without_a_test_take_no_part() -> None:
    new, error = verdict("wer", Status.NEW), ()
    limit = verdict("empty_rate", Status.ABOVE_LIMIT, red=True)
    suite = [
        (inconclusive(0.0035),),
        (new,),
        error,
        (limit,),
        (verdict("rtf", Status.PASS),),
        (inconclusive(0.5, pending=False),),
    ]
    found = gate.settle(suite)
    assert [[each.status for each in case] for case in found] == [
        ["REGRESSED"], ["NEW"], [], ["ABOVE_LIMIT"], ["PASS"], ["INCONCLUSIVE"],
    ]  # fmt: skip
    assert gate.settle([]) == []
    assert gate.settle([()]) == [()]


def test_the_pinned_release_takes_nothing_from_the_baseline() -> None:
    """Thirty cases with both comparisons: 0.8 % are divided by thirty for each, not by sixty."""
    now, since = inconclusive(0.008 / 40), inconclusive(0.5, versus="anchor", pending=False)
    others = [(inconclusive(0.5, pending=False), since)] * 29
    (found, *_) = gate.settle([(now, since), *others])
    assert [each.status for each in found] == [Status.REGRESSED, Status.INCONCLUSIVE]
    pinned = inconclusive(0.008 / 40, versus="anchor")
    (found, *_) = gate.settle([(inconclusive(0.5, pending=False), pinned), *others])
    assert [each.status for each in found] == [Status.INCONCLUSIVE, Status.REGRESSED]
