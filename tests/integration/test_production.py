"""Production through pytest: green with accepted results that fit, red without, and no model is loaded for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from modellab import datasets, text
from modellab.lifecycle import stages
from modellab.lifecycle.stages import Record
from modellab.results import baselines
from modellab.tasks import asr
from modellab.types import CaseId

from ..make import result, utterance
from .conftest import FakeProject

ROOT = Path(__file__).parents[2]
CASE = "fake:one-short_v1-cpu-float32"


@pytest.fixture
def shipped(fake_project: FakeProject) -> FakeProject:
    """The fake model in production, and the shipped benchmarks/test_lifecycle.py."""
    shutil.copy(ROOT / "benchmarks" / "test_lifecycle.py", fake_project.root / "benchmarks")
    fake_project.configure(status="production")
    return fake_project


def write_baseline(project: FakeProject) -> None:
    """A baseline of the fake model, written without running it: it says everything right."""
    data = datasets.load(project.root / "golden" / "short_v1")
    cases = [asr.read(row, data.options) for row in data.rows]
    said = [utterance(case.id, asr.score(case, {"text": case.text}), {"text": case.text}) for case in cases]
    provenance = {"dataset_digest": data.digest, "normaliser": str(text.get("basic")), "weights": "package"}
    key = CaseId("asr", "short_v1", "fake", "one", "cpu", "float32")
    measured = result(said, key=key, provenance=provenance)
    baselines.save(project.root / "baselines", asr, [measured], "a first run", "2026-11-21")


def add_criteria(project: FakeProject, text: str) -> None:
    with (project.root / "pyproject.toml").open("a") as file:
        file.write(f"\n[tool.modellab.lifecycle.production]\n{text}\n")


def test_an_accepted_baseline_defends_it(shipped: FakeProject) -> None:
    write_baseline(shipped)
    loads = len(shipped.loads())
    done = shipped.run("-m", "production and smoke and cpu and fake")
    assert done.ret == 0
    done.assert_outcomes(passed=1, deselected=done.parseoutcomes()["deselected"])
    done.stdout.fnmatch_lines(["production: 1 of 1 variants have accepted baselines that fit, within their limits"])
    assert len(shipped.loads()) == loads


def test_without_a_baseline_it_is_a_regression(shipped: FakeProject) -> None:
    summary = shipped.root / "scorecard.md"
    done = shipped.run("-m", "production", "--scorecard", str(summary))
    assert done.ret == 1
    done.stdout.fnmatch_lines(
        [
            "fake:one is in production (as its config.yaml says), and nothing defends it:",
            f"  {CASE}: it has no accepted baseline: modellab run * --update-baselines --reason TEXT",
            "  or take it back: modellab promote fake:one candidate --because TEXT",
            "production: 0 of 1 variants have accepted baselines that fit, within their limits",
            f"  fake:one: {CASE}: it has no accepted baseline: *",
        ]
    )
    assert f"- **fake:one: {CASE}: it has no accepted baseline" in summary.read_text()


def test_while_baselines_are_written_it_waits(shipped: FakeProject) -> None:
    done = shipped.run("-m", "smoke", "--update-baselines", "--reason", "a first run", "-rs")
    assert done.ret == 0
    done.stdout.fnmatch_lines(["SKIPPED * baselines are being written: the next run holds production to them"])
    assert shipped.run("-m", "production").ret == 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("limits = {success_rate = 1.1}", "the accepted success_rate is 100.00 % [[]*, N 8, beyond the limit of 110.*"),
        ("utterances = 9", "8 utterances are accepted, 9 are asked for"),
    ],
)
def test_accepted_results_outside_the_criteria(shipped: FakeProject, given: str, words: str) -> None:
    write_baseline(shipped)
    add_criteria(shipped, given)
    done = shipped.run("-m", "production")
    assert done.ret == 1
    done.stdout.fnmatch_lines([f"  *{words}*"])


def test_a_baseline_of_other_data(shipped: FakeProject) -> None:
    write_baseline(shipped)
    shipped.dataset(version=2)
    done = shipped.run("-m", "production")
    assert done.ret == 1
    done.stdout.fnmatch_lines([f"  {CASE}: its baseline was accepted with dataset digest sha256:*, now it is sha256:*"])


def test_a_record_decides_and_not_the_config(shipped: FakeProject) -> None:
    moved = Record(stage="candidate", when="2026-11-01T08:00:00Z", by="Ada", because="it shouts")
    stages.append(shipped.root / "baselines", "fake", {"one": moved})
    assert shipped.run("-m", "production").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    shipped.configure(status="experimental")
    again = Record(stage="production", when="2026-11-02T08:00:00Z", by="Ada", because="it is quiet")
    stages.append(shipped.root / "baselines", "fake", {"one": again})
    done = shipped.run("-m", "production")
    assert done.ret == 1
    done.stdout.fnmatch_lines(
        [
            "fake:one is in production (since 2026-11-02, by Ada: it is quiet), and nothing defends it:",
            "  or take it back: modellab rollback fake:one --because TEXT",
        ]
    )


def test_what_was_promoted_here_needs_data_here(shipped: FakeProject) -> None:
    moved = Record(stage="production", when="2026-11-01T08:00:00Z", by="Ada", because="it is quiet")
    stages.append(shipped.root / "baselines", "fake", {"one": moved})
    add_criteria(shipped, 'devices = ["cuda"]')
    done = shipped.run("-m", "production")
    assert done.ret == 1
    done.stdout.fnmatch_lines(["  no dataset that counts meets it: name one under datasets in pyproject.toml"])


def test_damaged_records_are_an_error_and_no_regression(shipped: FakeProject) -> None:
    path = stages.file(shipped.root / "baselines", "fake")
    path.parent.mkdir(parents=True)
    path.write_text("<<<<<<< HEAD\n")
    done = shipped.run("-m", "production", keyword="production")
    assert done.ret == 3
    done.assert_outcomes(failed=1, skipped=8, deselected=done.parseoutcomes()["deselected"])
    done.stdout.fnmatch_lines([f"{path}: a merge conflict is in it: *"])


def test_unknown_criteria_are_wrong_usage(shipped: FakeProject) -> None:
    add_criteria(shipped, "limits = {werr = 0.1}")
    done = shipped.run("-m", "production")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*limits has 'werr', no metric: did you mean wer?*"])


def test_names_choose_it_as_they_choose_cases(shipped: FakeProject) -> None:
    shipped.run("-p", "modellab.pytest_plugin.select", "-m", "production", "--model", "fake:one", "--tier", "full")
    done = shipped.run(
        "-p", "modellab.pytest_plugin.select", "-m", "production", "--model", "silero_vad", keyword="production"
    )
    assert done.parseoutcomes()["skipped"] == 2, "no dataset of this project meets what others made and shipped"
    assert done.ret == 0
    done.stdout.no_fnmatch_line("*fake*")


@pytest.mark.slow
def test_xdist_carries_what_was_found(shipped: FakeProject) -> None:
    done = shipped.run_subprocess("-m", "production", "-n", "2")
    assert done.ret == 1
    done.stdout.fnmatch_lines(["production: 0 of 1 variants have accepted baselines that fit, within their limits"])
