"""What a self-test leaves behind, and what becomes of results on a machine that failed it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modellab.gate import memory, speed, timing_validity
from modellab.results import baselines, entry
from modellab.runner.selftest import outcome
from modellab.runner.selftest.checks import check
from modellab.system import machine
from modellab.system.machine import Commit
from modellab.tasks import asr
from modellab.types import ResourceBaseline, Result, Status

from ...make import PROVENANCE, READINGS, asr_counts, case, name, result, utterance
from ...make import outcome as finished

GOOD = check("computing", "cpu", "s", [(0.1, 0.1)])
BAD = check("memory of a child process", "peak", "bytes", [(64e6, 0.0)])
UNCLEAR = check("waiting", "wall", "s", [(0.1, 0.2)], "busy")
FAILED = "failed 2026-11-21: memory of a child process, peak: 0.00 MB instead of 64.00 MB"


@pytest.mark.parametrize(("checks", "mark"), [([GOOD], "passed 2026-11-21"), ([GOOD, BAD], FAILED)])
def test_the_outcome_is_kept_for_the_machine(tmp_path: Path, checks: list[Any], mark: str) -> None:
    path = outcome.keep(tmp_path, 1, checks, "2026-11-21")
    assert path is not None
    assert outcome.mark(tmp_path, 1) == mark
    assert len(json.loads(path.read_text())["checks"]) == len(checks)
    assert outcome.mark(tmp_path, 4) == "", "another machine class"
    assert outcome.mark(tmp_path / "elsewhere", 1) == ""


def test_what_could_not_be_decided_leaves_what_was_known(tmp_path: Path) -> None:
    assert outcome.keep(tmp_path, 1, [GOOD, UNCLEAR], "2026-11-21") is None
    assert outcome.mark(tmp_path, 1) == ""
    outcome.keep(tmp_path, 1, [BAD], "2026-11-20")
    outcome.keep(tmp_path, 1, [UNCLEAR], "2026-11-21")
    assert outcome.mark(tmp_path, 1).startswith("failed 2026-11-20")


def test_it_holds_for_the_host_and_the_versions_it_was_made_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = outcome.keep(tmp_path, 1, [GOOD], "2026-11-21")
    assert path is not None
    with monkeypatch.context() as patch:
        patch.setattr(outcome, "hostname", lambda: "another")
        assert outcome.mark(tmp_path, 1) == ""
    assert outcome.mark(tmp_path, 1) == "passed 2026-11-21"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({**stored, "versions": {**stored["versions"], "modellab": "0.0"}}))
    assert outcome.mark(tmp_path, 1) == ""
    path.write_text("{torn")
    assert outcome.mark(tmp_path, 1) == ""


# ---------------------------------------------------------------------------- the mark on results


def marked(mark: str = FAILED, factor: float = 1.0, **readings: float) -> Result:
    """Ten utterances that took `factor` times what was accepted."""
    said = [utterance(name(i), asr_counts(0), wall_s=0.1 * factor, cpu_s=0.08 * factor) for i in range(10)]
    provenance = {**PROVENANCE, machine.SELFTEST: mark} if mark else PROVENANCE
    return result(said, provenance=provenance, readings={**READINGS, **readings})


RESOURCES = ResourceBaseline(
    {}, {name(i): (0.1, 0.08) for i in range(10)}, READINGS, ({"rtf": 0.0, "rtf_cpu": 0.0},) * 6
)


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0], ids=["faster", "the same", "slower"])
def test_no_speed_is_judged_by_meters_that_failed(factor: float) -> None:
    for verdict in speed.assess(marked(factor=factor), RESOURCES, {}):
        assert (verdict.status, verdict.red) == (Status.INCONCLUSIVE, False)
        assert "failed their self-test (2026-11-21: memory of a child process" in verdict.why
    passed = speed.assess(marked("passed 2026-11-21", factor), RESOURCES, {})
    assert [each.status for each in passed] == [each.status for each in speed.assess(marked("", factor), RESOURCES, {})]
    assert Status.INCONCLUSIVE not in {each.status for each in passed}


def test_no_memory_is_judged_by_meters_that_failed() -> None:
    grown = {"peak_rss_bytes": 200e6}
    assert [each.status for each in memory.assess(marked("", **grown), RESOURCES, {})] == [Status.REGRESSED]
    [verdict] = memory.assess(marked(**grown), RESOURCES, {})
    assert (verdict.status, verdict.red) == (Status.INCONCLUSIVE, False)


def test_it_is_a_reason_to_doubt_the_clocks_wherever_they_are_read() -> None:
    assert "self-test" in timing_validity.invalid(marked())
    assert timing_validity.invalid(marked("passed 2026-11-21")) == ""


def test_the_mark_makes_no_baseline_another_and_is_no_version(tmp_path: Path) -> None:
    plain, with_mark = marked(""), marked("passed 2026-11-21")
    roots = tmp_path / "plain", tmp_path / "marked"
    for root, measured in zip(roots, (plain, with_mark), strict=True):
        baselines.save(root, asr, [measured], "first", "2026-11-21")
    texts = [baselines.quality_path(root, plain.key).read_bytes() for root in roots]
    assert texts[0] == texts[1], "the quality file"
    resource_baselines = [baselines.load_resources(root, plain.key, plain.machine) for root in roots]
    assert resource_baselines[0] is not None
    assert resource_baselines[1] is not None
    assert resource_baselines[1].header[machine.SELFTEST] == "passed 2026-11-21"
    sessions = tuple({"rtf": x, "rtf_cpu": x} for x in (0.0, 0.001, -0.001, 0.002, 0.0, -0.002))
    before = ResourceBaseline(
        resource_baselines[0].header, resource_baselines[0].times, resource_baselines[0].readings, sessions
    )
    assert len(baselines.kept_sessions(before, resource_baselines[1])) == len(sessions)
    heard = replace(with_mark, utterances=(utterance(name(0), {"wer": (0.0, 1.0)}),))
    kept = entry.Entry.of(finished(case=case(), result=heard), Commit(), "a-session", 0.0)
    assert machine.SELFTEST not in kept.versions
