"""What calibration found out, kept beside the accepted results for as long as it holds."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import BaselineError
from modellab.results import baselines
from modellab.results.baselines import add_sessions, load, load_resources, quality_path, resources_path, set_noise
from modellab.types import ResourceBaseline, Result

from ..make import KEY, PROVENANCE, READINGS, name, result
from .test_baselines import MACHINE, accept, scored

SESSIONS = tuple(
    {"rtf": x, "rtf_cpu": x / 2, "reference_arithmetic_s": 0.01, "reference_walk_s": -0.02, "peak_rss_bytes": 1e8}
    for x in (0.0, 0.04, -0.04, 0.02, -0.02)
)
REFERENCE = {**READINGS, "reference_version": 2, "reference_arithmetic_s": 0.002, "reference_walk_s": 0.001}


def timed_result(factor: float = 1.0, readings: dict[str, float] | None = None, **provenance: str) -> Result:
    utterances = [scored(i, wall_s=0.1 * factor, cpu_s=0.08 * factor) for i in range(10)]
    return result(utterances, readings=readings or REFERENCE, provenance={**PROVENANCE, **provenance})


def save_sessions(root: Path) -> Path:
    accept(root, timed_result())
    return add_sessions(root, KEY, MACHINE, SESSIONS)


def stored_sessions(root: Path) -> list[dict[str, float]]:
    resources = load_resources(root, KEY, MACHINE)
    assert resources is not None
    return [dict(each) for each in resources.sessions]


def test_sessions_are_kept_beside_the_times(tmp_path: Path) -> None:
    path = save_sessions(tmp_path)
    assert path == resources_path(tmp_path, KEY, MACHINE)
    assert stored_sessions(tmp_path) == list(SESSIONS)
    text = path.read_text(encoding="utf-8")
    assert sum(line.startswith('  {"peak_rss_bytes"') for line in text.splitlines()) == 5, "one line per session"
    resources = load_resources(tmp_path, KEY, MACHINE)
    assert resources is not None
    assert resources.times == {name(i): (0.1, 0.08) for i in range(10)}
    assert resources.readings["rtf"] == 0.05


def test_the_newest_twenty_sessions_are_kept(tmp_path: Path) -> None:
    save_sessions(tmp_path)
    for number in range(3):
        add_sessions(tmp_path, KEY, MACHINE, [{"rtf": float(number)}] * 6)
    assert [each["rtf"] for each in stored_sessions(tmp_path)] == [0.02, -0.02] + [0.0] * 6 + [1.0] * 6 + [2.0] * 6


def test_a_file_without_sessions_has_none(tmp_path: Path) -> None:
    path = accept(tmp_path, timed_result())[1]
    assert "sessions" not in path.read_text(encoding="utf-8")
    assert stored_sessions(tmp_path) == []


def test_sessions_need_a_baseline(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match=r"a-cpu-1t\.json does not exist: accept a baseline first, with --update"):
        add_sessions(tmp_path, KEY, MACHINE, SESSIONS)
    with pytest.raises(BaselineError, match=r"cpu-float32\.json does not exist"):
        set_noise(tmp_path, KEY, {"wer": 0.001})
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize(
    ("after", "shift"),
    [
        pytest.param(timed_result(1.02, commit="beef"), math.log(1.02), id="another commit, about as fast"),
        pytest.param(timed_result(0.98, normaliser="none@1"), math.log(0.98), id="another normaliser"),
        pytest.param(timed_result(1.5), None, id="slower than its sessions"),
        pytest.param(timed_result(0.7), None, id="faster than its sessions"),
        pytest.param(timed_result(weights="sha256:v"), None, id="other weights"),
        pytest.param(timed_result(torch="2.9"), None, id="another engine"),
        pytest.param(timed_result(threads="4"), None, id="more threads"),
        pytest.param(timed_result(dataset_digest="sha256:e"), None, id="another dataset"),
        pytest.param(
            timed_result(readings={**REFERENCE, "reference_version": 3}), None, id="another reference workload"
        ),
        pytest.param(timed_result(readings=READINGS), None, id="no reference workload"),
    ],
)
def test_accepting_keeps_only_sessions_that_still_hold(tmp_path: Path, after: Result, shift: float | None) -> None:
    save_sessions(tmp_path)
    accept(tmp_path, after)
    if shift is None:
        assert stored_sessions(tmp_path) == []
        return
    for then, now in zip(SESSIONS, stored_sessions(tmp_path), strict=True):
        moved = {name: value - (shift if name.startswith("rtf") else 0.0) for name, value in then.items()}
        assert now == pytest.approx(moved, abs=1e-5)


def test_sessions_follow_the_reference_workload_too(tmp_path: Path) -> None:
    save_sessions(tmp_path)
    accept(tmp_path, timed_result(readings={**REFERENCE, "reference_walk_s": 0.0011}))
    for each in stored_sessions(tmp_path):
        assert each["reference_walk_s"] == pytest.approx(-0.02 - math.log(1.1), abs=1e-5)
        assert each["reference_arithmetic_s"] == 0.01
        assert each["peak_rss_bytes"] == 1e8


def test_a_few_sessions_are_not_carried_over(tmp_path: Path) -> None:
    accept(tmp_path, timed_result())
    add_sessions(tmp_path, KEY, MACHINE, SESSIONS[:4])
    accept(tmp_path, timed_result())
    assert stored_sessions(tmp_path) == []


@given(st.floats(0.97, 1.03), st.floats(0.97, 1.03))
def test_what_a_session_says_of_a_run_does_not_depend_on_what_was_accepted(first: float, second: float) -> None:
    """log(now / accepted) plus log(accepted) is the session's own time, before and after."""
    times = [{name(i): (0.1 * each, 0.08 * each) for i in range(10)} for each in (first, second)]
    before = ResourceBaseline(PROVENANCE, times[0], REFERENCE, SESSIONS)
    after = baselines.kept_sessions(before, ResourceBaseline(PROVENANCE, times[1], REFERENCE))
    for then, now in zip(SESSIONS, after, strict=False):
        assert then["rtf"] + math.log(first) == pytest.approx(now["rtf"] + math.log(second), abs=1e-9)


def test_the_noise_of_quality_is_kept_with_it(tmp_path: Path) -> None:
    accept(tmp_path, timed_result())
    path = set_noise(tmp_path, KEY, {"wer": 0.0012, "cer": 0.0})
    assert path == quality_path(tmp_path, KEY)
    for commit in ("c0ffee", "beef"):
        accept(tmp_path, timed_result(commit=commit))
        accepted = load(tmp_path, KEY)
        assert accepted is not None
        assert accepted.noise == {"wer": 0.0012, "cer": 0.0}
        assert accepted.counts.keys() == {name(i) for i in range(10)}
    accept(tmp_path, timed_result(weights="sha256:v"))
    accepted = load(tmp_path, KEY)
    assert accepted is not None
    assert accepted.noise == {}


def test_a_baseline_that_cannot_be_read_can_be_replaced(tmp_path: Path) -> None:
    for path in accept(tmp_path, timed_result()):
        path.write_text("<<<<<<< HEAD")
    accept(tmp_path, timed_result())
    assert stored_sessions(tmp_path) == []
