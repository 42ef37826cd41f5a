"""What broken utterances do to a verdict, what a fresh process says of them, and built-in limits on a share of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from modellab.gate import quality
from modellab.tasks import diarization
from modellab.types import RARE, Break, Counts, Gross, Metric, Rule, Status, Verdict

from ..make import accepted, name, result, utterance, utterances
from .test_quality import assess, errors

LOST = Metric("wer", unit="ratio", better="lower", margin=0.002, gross=Gross())
FAILED: dict[str, Counts] = {"wer": (10.0, 10.0)}
HEALTHY: dict[str, Counts] = {"wer": (0.0, 10.0)}


def verdict_after(
    broke: int, of: int, again: Sequence[bool] | None = None, family: int = 1, loop: float = 10.0
) -> Verdict:
    """So many of the utterances lose everything; `again` says which of them do in a fresh process, too."""
    then = accepted(utterances("wer", errors(*[0] * of)))
    now = result(utterances("wer", errors(*[loop] * broke, *[0] * (of - broke))))
    anew = None if again is None else {name(i): FAILED if hit else HEALTHY for i, hit in enumerate(again)}
    (verdict,) = quality.assess(now, then, [LOST], {}, quality.AssessmentOptions(family=family, again=anew))
    return verdict


@pytest.mark.parametrize(
    ("broke", "of", "family", "status"),
    [
        (1, 40, 1, "INCONCLUSIVE"), (2, 40, 1, "INCONCLUSIVE"), (4, 40, 1, "REGRESSED"), (4, 40, 30, "INCONCLUSIVE"),
        (5, 40, 30, "REGRESSED"), (4, 10, 30, "REGRESSED"), (3, 10, 30, "INCONCLUSIVE"), (3, 10, 10, "REGRESSED"),
        (10, 10, 1000, "REGRESSED"), (5, 20, 100, "REGRESSED"), (1, 1, 1, "INCONCLUSIVE"), (3, 3, 30, "REGRESSED"),
    ],
)  # fmt: skip
def test_broken_utterances_are_counted(broke: int, of: int, family: int, status: str) -> None:
    verdict = verdict_after(broke, of, family=family)
    assert verdict.status == status
    assert verdict.broken == broke
    assert f", {broke} broke" in verdict.why


def test_five_empty_ones_of_twenty_are_red_in_a_suite_of_a_hundred_though_one_had_little_left() -> None:
    sides = [(1.0, 3.0), *[(0.0, 10.0)] * 19], [(3.0, 3.0), *[(10.0, 10.0)] * 4, *[(0.0, 10.0)] * 15]
    then, now = accepted(utterances("wer", sides[0])), result(utterances("wer", sides[1]))
    lost: dict[str, Counts] = {"wer": (3.0, 3.0)}
    again = {name(0): lost, **{name(i): FAILED for i in range(1, 5)}}
    for anew in (None, again):
        (verdict,) = quality.assess(now, then, [LOST], {}, quality.AssessmentOptions(family=100, again=anew))
        assert (verdict.status, verdict.broken) == (Status.REGRESSED, 5)
    assert verdict.breaks[-1] == Break(name(0), 2.0, 3.0, again=True)


@pytest.mark.parametrize("length", [18.0, 1000.0])
def test_one_loop_is_one_broken_utterance_however_long(length: float) -> None:
    verdict = verdict_after(1, 40, loop=length)
    assert (verdict.status, verdict.red) == (Status.INCONCLUSIVE, False)
    assert verdict.why == "1 of 40 utterances changed, 1 broke, p 0.5: may be chance"
    assert verdict.breaks == (Break("0000", length, 10.0),)


@pytest.mark.parametrize(
    ("broke", "of", "again", "status", "says"),
    [
        pytest.param(1, 40, [False], "PASS", "not again in a fresh process: flaky); without them", id="acquitted"),
        pytest.param(1, 40, [True], "INCONCLUSIVE", "1 broke (again in a fresh process), p 0.5", id="it repeats"),
        pytest.param(2, 40, [False, True], "INCONCLUSIVE", "2 broke (1 of 2 again", id="all or nothing"),
        pytest.param(2, 40, [False], "INCONCLUSIVE", "2 broke", id="not all of them were asked"),
        pytest.param(3, 40, [False] * 3, "INCONCLUSIVE", "0 of 3 again in a fresh process: flaky", id="too frequent"),
        pytest.param(4, 10, [True] * 4, "REGRESSED", "4 of 4 again", id="confirmed"),
        pytest.param(4, 10, [True, *[False] * 3], "REGRESSED", "1 of 4 again", id="one of up to five confirms"),
        pytest.param(4, 10, [False] * 4, "INCONCLUSIVE", "0 of 4 again in a fresh process: flaky", id="flaky"),
        pytest.param(4, 10, None, "REGRESSED", "4 broke: a healthy model", id="not asked"),
        pytest.param(20, 40, [False] * 20, "REGRESSED", "p 9.5e-07", id="red by swapping needs no confirmation"),
        pytest.param(1, 6, [False], "PASS", "without them nothing is worse", id="few utterances"),
    ],
)
def test_what_a_fresh_process_says(broke: int, of: int, again: list[bool] | None, status: str, says: str) -> None:
    verdict = verdict_after(broke, of, again)
    assert verdict.status == status
    assert says in verdict.why
    if again is not None:
        assert [each.again for each in verdict.breaks[: len(again)]] == again


def test_what_else_got_worse_is_not_acquitted() -> None:
    then = accepted(utterances("wer", errors(*[0] * 40)))
    now = result(utterances("wer", errors(10, *[1] * 3, *[0] * 36)))
    options = quality.AssessmentOptions(again={name(0): HEALTHY})
    (verdict,) = quality.assess(now, then, [LOST], {}, options)
    assert verdict.status is Status.INCONCLUSIVE


def test_cer_is_acquitted_with_wer() -> None:
    letters = Metric("cer", unit="ratio", better="lower", margin=0.001)
    both = [{"wer": (0.0, 10.0), "cer": (0.0, 50.0)}] * 40
    broke = [{"wer": (9.0, 10.0), "cer": (44.0, 50.0)}, *both[1:]]
    then, now = ([utterance(name(i), each) for i, each in enumerate(side)] for side in (both, broke))
    options = quality.AssessmentOptions(again={name(0): both[0]})
    assert {v.status for v in quality.assess(result(now), accepted(then), [LOST, letters], {})} == {"INCONCLUSIVE"}
    assert {v.status for v in quality.assess(result(now), accepted(then), [LOST, letters], {}, options)} == {"PASS"}


def test_what_is_to_be_run_again() -> None:
    then = accepted(utterances("wer", errors(*[0] * 40)))
    now = result(utterances("wer", errors(5, 18, 4, *[0] * 37)))
    assert quality.to_run_again(now, then, [LOST], {}) == [name(1), name(0)], "the worst first"
    many = result(utterances("wer", errors(*[9] * 40)))
    assert len(quality.to_run_again(many, then, [LOST], {})) == 20
    assert quality.to_run_again(now, then, [LOST], {"wer": Rule(margin=0.5)}) == [], "nothing that matters"
    assert quality.to_run_again(now, None, [LOST], {}) == []
    assert quality.to_run_again(now, accepted(utterances("wer", errors(0))), [LOST], {}) == []


def test_below_the_margin_it_passes_and_names_what_broke() -> None:
    verdict = verdict_after(1, 900)
    assert (verdict.status, verdict.broken, len(verdict.breaks)) == (Status.PASS, 1, 1)
    assert verdict.why == "1 of 900 utterances changed, 1 broke"


def test_a_rule_says_what_is_broken() -> None:
    then = accepted(utterances("wer", [(0, 2)] * 10))
    now = result(utterances("wer", [(2, 2)] * 4 + [(0, 2)] * 6))
    own = {"wer": Rule(broken_least=1.0, broken_often=0.01)}
    assert quality.assess(now, then, [LOST], {})[0].status is Status.INCONCLUSIVE
    assert quality.assess(now, then, [LOST], own)[0].status is Status.REGRESSED


def test_seven_of_forty_that_lose_two_words_each_are_red_with_wer_and_cer() -> None:
    letters = Metric("cer", unit="ratio", better="lower", margin=0.001)
    before = [{"wer": (0.0, 10.0), "cer": (0.0, 50.0)}] * 40
    worse = [{"wer": (2.0, 10.0), "cer": (9.0 + i % 3, 50.0)} for i in range(7)]
    then, now = ([utterance(name(i), each) for i, each in enumerate(side)] for side in (before, [*worse, *before[7:]]))
    verdicts = quality.assess(result(now), accepted(then), [LOST, letters], {})
    assert [(v.status, v.adjusted_p) for v in verdicts] == [(Status.REGRESSED, 2**-7)] * 2


@pytest.mark.parametrize("family", [1, 30, 300])
def test_der_of_six_recordings_of_six(family: int) -> None:
    der = diarization.METRICS[0]
    verdict = assess(der, [(5.0, 100.0)] * 6, [(9.5, 100.0)] * 6, family=family)
    assert verdict.status is Status.REGRESSED
    one = assess(der, [(5.0, 100.0)] * 6, [(35.0, 100.0), *[(5.0, 100.0)] * 5], family=family)
    assert one.status is Status.INCONCLUSIVE, "one speaker swap of thirty points, five over all"


def test_one_speaker_says_nothing_of_others() -> None:
    spoken = [replace(each, cluster="anna") for each in utterances("wer", errors(*[0] * 40))]
    worse = [replace(each, counts={"wer": (1.0, 10.0)}) for each in spoken]
    (verdict,) = quality.assess(result(worse), accepted(spoken), [LOST], {})
    assert (verdict.status, verdict.p, verdict.detects) == (Status.INCONCLUSIVE, 0.5, math.inf)
    assert "in 1 of 1 cluster: too few to tell, 7 is the least" in verdict.why
    silent = [replace(each, counts={"wer": (10.0, 10.0)}) for each in spoken]
    assert quality.assess(result(silent), accepted(spoken), [LOST], {})[0].red, "but of these recordings"


# ---------------------------------------------------------------------------- built-in limits


@pytest.mark.parametrize(
    ("bad", "of", "written", "family", "status"),
    [
        pytest.param(1, 10, False, 1, "INCONCLUSIVE", id="one of ten proves nothing"),
        pytest.param(1, 10, True, 1, "ABOVE_LIMIT", id="a person's limit is absolute"),
        pytest.param(3, 10, False, 1, "ABOVE_LIMIT", id="three of ten, alone"),
        pytest.param(3, 10, False, 30, "INCONCLUSIVE", id="three of ten, in a suite of thirty"),
        pytest.param(4, 10, False, 30, "ABOVE_LIMIT", id="four of ten"),
        pytest.param(2, 40, False, 1, "PASS", id="at the limit"),
    ],
)
def test_a_built_in_limit_on_a_share_of_utterances(bad: int, of: int, written: bool, family: int, status: str) -> None:
    empty = Metric("empty_rate", unit="ratio", better="lower", kind="sanity", gross=RARE)
    said = [(1, 1)] * bad + [(0, 1)] * (of - bad)
    verdict = assess(empty, None, said, family=family, limit=0.05, built_in_limit=not written)
    assert verdict.status == status
    if status == "INCONCLUSIVE":
        assert f"above the built-in limit 0.05: {bad} of {of} utterances" in verdict.why
        assert assess(empty, said, said, family=family, limit=0.05, built_in_limit=True).status is Status.PASS
