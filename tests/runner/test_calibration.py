"""Calibration: which cases, in which order, what is thrown away, what is written. Results are made up."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from modellab import datasets
from modellab.datasets.manifest import Header
from modellab.errors import CrashError
from modellab.plan.matrix import Broken
from modellab.plan.settings import Project
from modellab.results import baselines
from modellab.runner import calibration
from modellab.runner.calibration import CalibrationCase
from modellab.runner.pool import Pool
from modellab.tasks import asr
from modellab.types import Result

from ..make import HEADER, KEY, PROVENANCE, READINGS, asr_counts, case, name, result, utterance

N = 12


class NoPool:
    """Hands out nothing; counts how often a fresh process was asked for."""

    threads = 1

    def __init__(self) -> None:
        self.closed = 0

    def get(self, of: Any) -> None:
        return None

    def close(self) -> None:
        self.closed += 1


def measured(text: str = "a b", slower: float = 1.0, errors: float = 1.0, **changes: Any) -> Result:
    said = [
        utterance(name(i), asr_counts(errors), {"text": text}, wall_s=0.1 * slower, cpu_s=0.08 * slower)
        for i in range(N)
    ]
    return result(said, **changes)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project in which the fake case was accepted."""
    project = Project.at(tmp_path)
    baselines.save(project.baselines, asr, [measured()], "the first", "2026-11-21")
    return project


def calibrated(project: Project, variant: str = "one") -> CalibrationCase:
    key = replace(KEY, variant=variant)
    rows = tuple({"id": name(i), "audio": Path("x"), "duration_s": 2.0} for i in range(N))
    data = datasets.Dataset("short_v1", Path("short_v1"), Header(**HEADER), rows, "sha256:d")
    resources = baselines.load_resources(project.baselines, KEY, "a-cpu-1t")
    assert resources is not None
    if variant != "one":
        baselines.save(project.baselines, asr, [measured(key=key)], "the first", "2026-11-21")
    return CalibrationCase(case(key=key), asr, data, N, "a-cpu-1t", resources, baselines.load(project.baselines, key))


Play = Callable[..., list[str]]


@pytest.fixture
def play(project: Project) -> Play:
    """Run sessions whose results are given; what was said."""

    def run(
        calibrated_cases: list[CalibrationCase], results: Iterator[Any], sessions: int, pool: NoPool | None = None
    ) -> list[str]:
        def evaluate(task: Any, of: Any, *rest: Any) -> Result:
            came = next(results)
            if isinstance(came, BaseException):
                raise came
            return replace(cast(Result, came), key=of.key)

        said: list[str] = []
        given = cast(Pool, pool or NoPool())
        calibration.run(project, calibrated_cases, given, sessions, said.append, measure=evaluate, pause_s=0.0)
        return said

    return run


def test_sessions_hold_clocks_peaks_and_the_spread_of_pairs(project: Project, play: Play) -> None:
    noisy = np.random.default_rng(1).normal(0, 0.05, N)
    second = measured(slower=1.1)
    said = [
        replace(each, cpu_s=each.cpu_s * math.exp(noise)) for each, noise in zip(second.utterances, noisy, strict=True)
    ]
    play([calibrated(project)], iter([measured(slower=1.1), replace(second, utterances=tuple(said))]), 2)
    resources = baselines.load_resources(project.baselines, KEY, "a-cpu-1t")
    assert resources is not None
    first, then = resources.sessions
    assert first == pytest.approx({"rtf": math.log(1.1), "rtf_cpu": math.log(1.1), "peak_rss_bytes": 100e6}, rel=1e-5)
    assert then["pair_rtf"] == 0.0
    assert then["pair_rtf_cpu"] == pytest.approx(noisy.std(), rel=0.5)


def test_cases_take_turns_each_in_a_fresh_process(project: Project, play: Play) -> None:
    pool = NoPool()
    said = play([calibrated(project), calibrated(project, "two")], iter([measured()] * 4), 2, pool)
    assert [line.partition(":  ")[0].partition(": ")[0] for line in said] == [
        "fake:one-short_v1-cpu-float32 1/2", "fake:two-short_v1-cpu-float32 1/2",
        "fake:one-short_v1-cpu-float32 2/2", "fake:two-short_v1-cpu-float32 2/2",
    ]  # fmt: skip
    assert pool.closed == 4 + 1


def test_what_a_busy_machine_gave_is_thrown_away(project: Project, play: Play) -> None:
    busy = measured(readings={**READINGS, "other_cores": 2.0})
    of = calibrated(project)
    said = play([of], iter([busy, measured(), busy, measured()]), 2)
    assert (of.kept, of.thrown, of.trouble) == (2, 2, "")
    assert "1/2: thrown away, other processes kept 2.0 of 2 cores busy" in said[0]


def test_a_machine_that_stays_busy_ends_the_case(project: Project, play: Play) -> None:
    busy = measured(readings={**READINGS, "other_cores": 2.0})
    of = calibrated(project)
    play([of], iter([busy] * (calibration.RETRIES + 1)), 10)
    assert (of.kept, of.trouble) == (0, "given up after 6 unusable sessions")


def test_a_crash_ends_its_case_only(project: Project, play: Play) -> None:
    calibrated_cases = [calibrated(project), calibrated(project, "two")]
    play(calibrated_cases, iter([CrashError("killed by SIGSEGV\nlog"), measured(), measured()]), 2)
    assert [(each.kept, each.trouble) for each in calibrated_cases] == [(0, "killed by SIGSEGV"), (2, "")]


@pytest.mark.parametrize("changed", ["weights", "dataset_digest", "normaliser"])
def test_another_model_or_dataset_is_no_a_a_run(project: Project, play: Play, changed: str) -> None:
    of = calibrated(project)
    play([of], iter([measured(provenance={**PROVENANCE, changed: "other"})]), 3)
    assert of.trouble.endswith("is other now: accept it first")
    resources = baselines.load_resources(project.baselines, KEY, "a-cpu-1t")
    assert resources is not None
    assert resources.sessions == ()


def test_another_reference_workload_asks_for_a_new_baseline(project: Project, play: Play) -> None:
    of = calibrated(project)
    play([of], iter([measured(readings={**READINGS, "reference_version": 7.0})]), 3)
    assert (
        of.trouble == "its speed was accepted beside another version of the reference workload: accept it again first"
    )


def test_ctrl_c_ends_the_worker_and_keeps_what_is_finished(project: Project, play: Play) -> None:
    pool = NoPool()
    with pytest.raises(KeyboardInterrupt):
        play([calibrated(project)], iter([measured(), measured(), KeyboardInterrupt()]), 10, pool)
    resources = baselines.load_resources(project.baselines, KEY, "a-cpu-1t")
    assert resources is not None
    assert len(resources.sessions) == 2
    assert pool.closed == 4


# ---------------------------------------------------------------------------- decoders that draw at random


def dice(sessions: int) -> Iterator[Result]:
    """Sessions of a decoder of which every second one makes two errors in place of one."""
    for number in range(sessions):
        yield measured(text=f"answer {number % 2}", errors=1.0 + number % 2)


def test_a_decoder_that_throws_dice_has_noise_and_churn(project: Project, play: Play) -> None:
    of = calibrated(project)
    play([of], dice(6), 6)
    accepted = baselines.load(project.baselines, KEY)
    assert accepted is not None
    assert accepted.noise["wer"] == pytest.approx(0.2 * math.sqrt(0.3), rel=1e-3)  # 1/5 and 2/5, three times each
    assert accepted.noise["success_rate"] == 0.0
    assert of.churn == accepted.noise[calibration.CHURN] == 1.0


def test_noise_of_a_part_is_scaled_to_the_whole(project: Project, play: Play) -> None:
    of = calibrated(project)
    of.data = replace(of.data, rows=of.data.rows[:3])
    few = (replace(each, utterances=each.utterances[:3]) for each in dice(6))
    play([of], few, 6)
    accepted = baselines.load(project.baselines, KEY)
    assert accepted is not None
    one = 0.2 * math.sqrt(0.3)  # of three utterances that change together; their part of the whole is a quarter
    assert accepted.noise["wer"] == pytest.approx(one / 4 * 2, rel=1e-3)


def test_too_few_sessions_tell_no_noise_and_equal_outputs_have_none(project: Project, play: Play) -> None:
    of = calibrated(project)
    play([of], dice(4), 4)
    accepted = baselines.load(project.baselines, KEY)
    assert accepted is not None
    assert accepted.noise == {}
    same = calibrated(project)
    play([same], iter([measured()] * 6), 6)
    assert same.churn == 0.0
    assert same.noise() == {}


def test_what_the_seeds_of_a_baseline_tell_stays(project: Project, play: Play) -> None:
    baselines.set_noise(project.baselines, KEY, {"wer": 0.5})
    of = calibrated(project)
    of.case = case(seeds=3)
    play([of], iter([measured()] * 6), 6)
    kept = baselines.load(project.baselines, KEY)
    assert kept is not None
    assert kept.noise == {"wer": 0.5}
    play([calibrated(project)], iter([measured()] * 6), 6)
    gone = baselines.load(project.baselines, KEY)
    assert gone is not None
    assert gone.noise == {}, "without seeds, equal outputs have no noise"


# ---------------------------------------------------------------------------- which cases


def test_what_cannot_be_calibrated_is_refused_in_a_sentence(project: Project) -> None:
    broken = Broken("torn", "torn/config.yaml: bad")
    missing = case(packages=("no_such_package",))
    calibrated_cases, refused = calibration.prepare(project, [broken, missing], 1, 40)
    assert calibrated_cases == []
    assert refused == [
        ("torn-broken", "torn/config.yaml: bad"),
        ("fake:one-short_v1-cpu-float32", "package no_such_package is not installed"),
    ]


@pytest.mark.parametrize(("n", "most", "expected"), [(1, 40, [0]), (5, 2, [0, 4]), (10, 4, [0, 3, 6, 9])])
def test_utterances_are_evenly_spread(n: int, most: int, expected: list[int]) -> None:
    assert calibration.evenly(n, most) == expected


def test_whatever_one_case_raises_the_next_one_runs(project: Project) -> None:
    def once(*_: Any, **__: Any) -> Result:
        if not said:
            said.append("")
            raise KeyError("text")
        return measured()

    said: list[str] = []
    first, second = calibrated(project), calibrated(project)
    calibration.run(project, [first, second], cast(Pool, NoPool()), 1, said.append, measure=once)
    assert (first.failed, first.kept, first.trouble.partition(" (")[0]) == (True, 0, "KeyError: 'text'")
    assert (second.failed, second.kept) == (False, 1)
