"""The suite's false alarms: Holm's step-down on what could have been found at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from modellab.gate.detectable_effect import smallest_detectable
from modellab.gate.suite_alpha import settle
from modellab.types import Basis, Status, Verdict

from ..make import verdict


def test_only_what_waits_for_the_suite_is_turned() -> None:
    waiting = verdict("wer", Status.INCONCLUSIVE, p=0.0041, least_p=0.002, pending=True, why="so: may be chance")
    small = verdict("cer", Status.PASS, p=0.004, least_p=0.002)
    without = verdict("rtf", Status.INCONCLUSIVE)
    (settled,) = settle([(waiting, small, without)])
    assert [(each.status, each.red, each.pending) for each in settled] == [
        (Status.REGRESSED, True, False),
        (Status.PASS, False, False),
        (Status.INCONCLUSIVE, False, False),
    ]
    assert settled[0].why == "so"
    assert settle([(waiting,)] * 2) == [(waiting,)] * 2, "0.8 of the 1 % are for this test: 0.004 for each of two"


def inconclusive(metric: str, p: float, adjusted: float, **changes: Any) -> Verdict:
    numbers = {"p": p, "least_p": 2**-40, "adjusted_p": adjusted, "pending": True, **changes}
    return verdict(metric, Status.INCONCLUSIVE, why="so: may be chance", **numbers)


def test_a_case_is_one_test_however_many_metrics_it_has() -> None:
    """Forty cases with three metrics each: 0.8 % are divided by 40 and not by 120."""
    dull = inconclusive("wer", 0.5, 0.7, pending=False)
    red = (
        inconclusive("wer", 0.00009, 0.00015),
        inconclusive("cer", 0.0003, 0.0004),
        inconclusive("success_rate", 1.0, 1.0, pending=False),
    )
    settled = settle([red, *[(dull, dull, dull)] * 39])
    assert [each.status for each in settled[0]] == ["REGRESSED", "INCONCLUSIVE", "INCONCLUSIVE"], (
        "by the one that it was"
    )
    assert settle([(replace(red[0], adjusted_p=0.00021), *red[1:]), *[(dull,)] * 39])[0][0].status == "INCONCLUSIVE"


def test_the_pinned_release_is_a_second_question() -> None:
    since = inconclusive("wer", 0.0001, 0.0001, versus="anchor")
    ((now, then),) = settle([(inconclusive("wer", 0.5, 0.5, pending=False), since)])
    assert (now.status, then.status) == (Status.INCONCLUSIVE, Status.REGRESSED)


def test_p_has_no_floor_that_a_large_suite_could_not_pass() -> None:
    """A hundred and twenty cases with forty changed utterances each, one of which is worse in all of them."""
    dull = inconclusive("wer", 0.4, 0.5, pending=False)
    (found, *_) = settle([(inconclusive("wer", 2**-40, 2**-39),), *[(dull,)] * 119])
    assert found[0].status is Status.REGRESSED


def test_what_a_case_detects_is_what_it_detects_in_its_suite() -> None:
    basis = Basis((1.0, 2.0), 4000.0, 400, 0.002)
    one = verdict("wer", basis=basis, p=0.5, least_p=2**-40, detects=9.0)
    alone, among = settle([(one,)])[0][0].detects, settle([(one,)] * 30)[0][0].detects
    assert alone == smallest_detectable(basis, 0.008)
    assert among == smallest_detectable(basis, 0.008 / 30)


def test_a_case_detects_what_is_left_when_its_other_metrics_are_counted() -> None:
    """Below 0.1 % two metrics are two tests (Bonferroni); a metric that is not compared is none."""
    basis = Basis((1.0, 2.0), 4000.0, 400, 0.002)
    wer = verdict("wer", basis=basis, p=0.5, least_p=2**-40, detects=9.0)
    suite = [(wer, replace(wer, metric="cer"), verdict("rtf"))] * 30
    assert settle(suite)[0][0].detects == smallest_detectable(basis, 0.008 / 30 / 2)
    assert settle(suite[:1])[0][0].detects == smallest_detectable(basis, 0.008)


def test_verdicts_of_old_have_a_p_of_their_own_only() -> None:
    (found,) = settle([(inconclusive("wer", 0.001, 0.0, adjusted_p=None),)])
    assert found[0].status is Status.REGRESSED
