"""The stored speed gate and the machine: what the reference workload excuses, and what it must not hide."""

from __future__ import annotations

import pytest

from modellab.types import Status

from ..make import READINGS, resources
from .test_speed import REFERENCE, assess, sessions, timed_utterances, times


@pytest.mark.parametrize(
    ("slower", "walk_s", "status"),
    [
        pytest.param(1.2, 0.001, "REGRESSED", id="the machine is as fast as it was"),
        pytest.param(1.2, 0.0012, "INCONCLUSIVE", id="the machine can be blamed for it"),
        pytest.param(1.2, 0.0008, "REGRESSED", id="a faster machine excuses nothing"),
        pytest.param(1.5, 0.0012, "REGRESSED", id="slower than the machine can explain"),
        pytest.param(1.05, 0.0012, "PASS", id="within the margin anyway"),
        pytest.param(0.8, 0.001, "IMPROVED", id="faster on a machine as fast as it was"),
        pytest.param(0.8, 0.0008, "PASS", id="faster on a faster machine"),
    ],
)
def test_a_slower_machine_is_told_from_a_slower_model(slower: float, walk_s: float, status: str) -> None:
    readings = {**READINGS, **REFERENCE, "reference_walk_s": walk_s}
    calibration = sessions(reference_arithmetic_s=0.0, reference_walk_s=0.0)
    verdicts = assess(
        resources(timed_utterances(times(1.0)), **REFERENCE),
        timed_utterances(times(slower)),
        None,
        calibration,
        readings=readings,
    )
    assert {verdict.status for verdict in verdicts.values()} == {status}
    if status == "INCONCLUSIVE":
        said = "looks slower, but so is the machine: its reference workload takes +20.0%"
        assert verdicts["rtf_cpu"].why == said


@pytest.mark.parametrize("calibrated", [True, False])
@pytest.mark.parametrize(
    ("slower", "arithmetic", "walk", "status"),
    [
        pytest.param(1.0, 1 / 1.2, 1 / 1.2, "INCONCLUSIVE", id="a fifth faster machine, the model as before"),
        pytest.param(1.04, 1 / 1.2, 1 / 1.2, "INCONCLUSIVE", id="a fifth faster machine, the model 4 % longer"),
        pytest.param(0.95, 1 / 1.2, 1 / 1.2, "INCONCLUSIVE", id="the model gained a part of what the machine did"),
        pytest.param(1.0, 1 / 1.2, 1.0, "INCONCLUSIVE", id="only arithmetic is faster"),
        pytest.param(1.0, 1.1, 1 / 1.2, "INCONCLUSIVE", id="arithmetic is slower, only memory faster"),
        pytest.param(1 / 1.2, 1 / 1.2, 1 / 1.2, "PASS", id="the model became faster with the machine"),
        pytest.param(1 / 1.4, 1 / 1.2, 1 / 1.2, "IMPROVED", id="the model gained more than the machine"),
        pytest.param(0.8, 1 / 1.4, 1 / 1.4, "INCONCLUSIVE", id="no improvement where the machine gained more"),
        pytest.param(1.0, 1 / 1.05, 1 / 1.05, "PASS", id="a machine faster within the margin"),
        pytest.param(1.05, 1 / 1.06, 1 / 1.06, "INCONCLUSIVE", id="both within the margin, not together"),
        pytest.param(1.0, 1.2, 1.2, "PASS", id="a slower machine hides nothing"),
        pytest.param(1.3, 1 / 1.2, 1 / 1.2, "REGRESSED", id="slower anyway"),
    ],
)
def test_a_faster_machine_hides_no_slowdown(
    slower: float, arithmetic: float, walk: float, status: str, calibrated: bool
) -> None:
    parts = {"reference_arithmetic_s": 0.002 * arithmetic, "reference_walk_s": 0.001 * walk}
    readings = {**READINGS, **REFERENCE, **parts}
    calibration = sessions(reference_arithmetic_s=0.0, reference_walk_s=0.0) if calibrated else ()
    verdicts = assess(
        resources(timed_utterances(times(1.0)), **REFERENCE),
        timed_utterances(times(slower)),
        None,
        calibration,
        readings=readings,
    )
    wanted = "INCONCLUSIVE" if status == "REGRESSED" and not calibrated else status
    assert {verdict.status for verdict in verdicts.values()} == {wanted}
    if slower == 1.0 and arithmetic == walk == 1 / 1.2:
        assert verdicts["rtf_cpu"].why == (
            "may be slower: it takes +0.0% where the machine's reference workload takes -16.7%, so the machine became"
            " faster and the model did not: time it with --against, or accept its speed anew on the machine as it is"
        )


def test_times_that_were_accepted_on_a_busy_machine_let_no_wall_clock_pass() -> None:
    then = resources(timed_utterances(times(1.0)), other_cores=1.9, cores=2.0)
    verdicts = assess(then, timed_utterances(times(1.0)))
    assert verdicts["rtf"].status is Status.INCONCLUSIVE
    said = "its speed was accepted while other processes kept 1.9 of 2 cores busy: accept it anew on a quiet machine"
    assert verdicts["rtf"].why == said
    assert verdicts["rtf_cpu"].status is Status.PASS, "CPU time hardly feels them"
    assert assess(then, timed_utterances(times(1.5)))["rtf"].status is Status.REGRESSED
    assert assess(then, timed_utterances(times(0.5)))["rtf"].status is Status.IMPROVED


def test_a_machine_whose_sessions_were_as_fast_hides_nothing() -> None:
    """The accepted run met a slow moment of the reference workload: all sessions of the unchanged model say so."""
    calibration = sessions(reference_arithmetic_s=-0.2, reference_walk_s=-0.2)
    readings = {**READINGS, **REFERENCE, "reference_arithmetic_s": 0.002 / 1.2, "reference_walk_s": 0.001 / 1.2}
    then = resources(timed_utterances(times(1.0)), **REFERENCE)
    assert (
        assess(then, timed_utterances(times(1.0)), None, calibration, readings=readings)["rtf_cpu"].status
        is Status.PASS
    )
    lagging = assess(then, timed_utterances(times(1.0)), None, sessions(), readings=readings)["rtf_cpu"]
    assert lagging.status is Status.INCONCLUSIVE, "sessions without the workload explain nothing"


def test_sessions_on_a_slower_machine_do_not_widen_the_limit() -> None:
    """Two of six sessions ran on a machine 30 % slower, as their reference workload shows."""
    calibration = [{**each, "reference_arithmetic_s": 0.0, "reference_walk_s": 0.0} for each in sessions(0.001)]
    for slow in calibration[:2]:
        slow["rtf_cpu"] += 0.26
        slow["reference_walk_s"] += 0.26
    then, readings = resources(timed_utterances(times(1.0)), **REFERENCE), {**READINGS, **REFERENCE}
    verdict = assess(then, timed_utterances(times(1.15)), None, tuple(calibration), readings=readings)["rtf_cpu"]
    assert verdict.status is Status.REGRESSED
    assert verdict.detects == pytest.approx(0.10, abs=0.01)


def test_another_version_of_the_reference_tells_nothing() -> None:
    readings = {**READINGS, **REFERENCE, "reference_walk_s": 0.002}
    then = resources(timed_utterances(times(1.0)), **{**REFERENCE, "reference_version": 1.0})
    verdicts = assess(then, timed_utterances(times(1.2)), readings=readings)
    assert {verdict.status for verdict in verdicts.values()} == {Status.REGRESSED}
