"""Engineers who know pytest-benchmark find it: our cases in its files and tables, its times those of the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import FakeProject, write_model

CASE = "benchmarks/test_asr.py::test_asr[fake:one-short_v1-cpu-float32]"
TABLE = "*-- benchmark 'short_v1': * tests --*"


def benches(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())["benchmarks"]
    return found


@pytest.fixture(autouse=True)
def _with_plugins(fake_project: FakeProject) -> None:
    """pytest loads what is installed, pytest-benchmark too."""
    fake_project.autoload = True


@pytest.fixture
def written(fake_project: FakeProject) -> tuple[FakeProject, dict[str, Any]]:
    """A run with --benchmark-json, and what it says of the one case."""
    path = fake_project.root / "benchmarks.json"
    result = fake_project.run("--benchmark-json", str(path))
    assert result.ret == 0, result.stdout.str()
    (bench,) = benches(path)
    return fake_project, bench


def test_each_timed_call_is_a_round(written: tuple[FakeProject, dict[str, Any]]) -> None:
    project, bench = written
    (entry,) = project.ledger()
    times = [utterance["cpu_s"] for utterance in entry["result"]["utterances"]]
    assert bench["stats"]["rounds"] == len(times) == 8
    assert bench["stats"]["iterations"] == 1
    assert bench["stats"]["data"] == pytest.approx(times, rel=1e-9)
    assert bench["options"]["timer"] == "worker_cpu_time"


def test_the_model_is_called_once_for_each_utterance(written: tuple[FakeProject, dict[str, Any]]) -> None:
    project, _ = written
    assert len(project.loads()) == 1
    project.behave(raise_on=[10])  # 9 calls: the warm-up and 8 utterances
    assert project.run("--benchmark-json", str(project.root / "again.json")).ret == 0


def test_the_file_says_what_was_measured(written: tuple[FakeProject, dict[str, Any]]) -> None:
    _, bench = written
    told, stats = bench["extra_info"], bench["stats"]
    assert stats["total"] / told["audio_s"] == pytest.approx(told["rtf_cpu"])
    assert told["rtf"] >= told["rtf_cpu"] > 0
    expected = {"clock": "cpu", "model": "fake:one", "dataset": "short_v1", "device": "cpu", "precision": "float32"}
    assert told.items() >= {**expected, "utterances": 8, "wer": 0, "machine": "machine-1-1t", "verdict": "NEW"}.items()
    assert set(told) - set(expected) == {
        "rtf", "rtf_cpu", "wer", "machine", "utterances", "audio_s", "commit", "verdict",
    }  # fmt: skip
    assert bench["params"] == {"cell": "fake:one-short_v1-cpu-float32"}
    assert bench["group"] == "short_v1"
    assert bench["fullname"] == CASE


@pytest.mark.slow
def test_its_table_comes_only_when_it_is_asked_for(fake_project: FakeProject) -> None:
    silent = fake_project.run()
    silent.stdout.no_fnmatch_line(TABLE)
    silent.stdout.no_fnmatch_line("*Legend:*")
    silent.stdout.fnmatch_lines(["*modellab scorecard*"])
    assert "warning" not in silent.stdout.str()
    asked = fake_project.run("--benchmark-columns=mean,median,rounds")
    asked.stdout.fnmatch_lines(["*modellab scorecard*", TABLE, "test_asr[[]fake:one-*"])


@pytest.mark.slow
def test_another_benchmark_keeps_its_table(fake_project: FakeProject) -> None:
    (fake_project.root / "benchmarks" / "test_own.py").write_text(
        "def test_fake_sum(benchmark):\n    assert benchmark(sum, [1, 2]) == 3\n"
    )
    result = fake_project.run()
    result.stdout.fnmatch_lines(["*-- benchmark: 1 tests --*", "test_fake_sum *"])
    result.stdout.no_fnmatch_line(TABLE)


@pytest.mark.slow
def test_saved_runs_are_compared(fake_project: FakeProject) -> None:
    fake_project.behave(burn_s=0.005)
    fake_project.run("--benchmark-save=before")
    fake_project.behave(burn_s=0.02)
    result = fake_project.run("--benchmark-compare", "--benchmark-columns=mean")
    table = ["*-- benchmark 'short_v1': 2 tests --*", "test_asr* (0001_before)*", "test_asr* (NOW)*"]
    result.stdout.fnmatch_lines(table)
    assert result.ret == 0, "the verdict is ours"
    held = fake_project.run("--benchmark-compare=0001", "--benchmark-compare-fail=mean:100%")
    held.stderr.fnmatch_lines(["*Performance has regressed:*"])
    assert held.ret != 0, "but a limit that was asked for holds"


@pytest.mark.slow
def test_a_histogram(fake_project: FakeProject) -> None:
    result = fake_project.run_subprocess(f"--benchmark-histogram={fake_project.root / 'times'}")
    assert result.ret == 0, result.stdout.str()
    assert "<svg" in (fake_project.root / "times-short_v1.svg").read_text()


@pytest.mark.parametrize(
    ("option", "passed", "skipped"),
    [("--benchmark-only", 1, 1), ("--benchmark-skip", 1, 1), ("--benchmark-disable", 2, 0)],
)
def test_its_switches(fake_project: FakeProject, option: str, passed: int, skipped: int) -> None:
    (fake_project.root / "benchmarks" / "test_other.py").write_text("def test_fake_other():\n    pass\n")
    result = fake_project.run(option)
    result.assert_outcomes(passed=passed, skipped=skipped, deselected=result.parseoutcomes().get("deselected", 0))
    assert len(fake_project.ledger()) == (option != "--benchmark-skip"), "a case is a benchmark"
    assert result.ret == 0


@pytest.mark.parametrize("option", ["", "--strict-matrix"])
def test_what_cannot_be_measured_is_left_out(fake_project: FakeProject, option: str) -> None:
    """Broken, crashed or skipped: one line about that, and no warning that nobody used the fixture."""
    write_model(fake_project.root / "models" / "fake_broken")
    fake_project.configure("fake_broken", devises={"cpu": ["float32"]})
    write_model(fake_project.root / "models" / "fake_missing")
    fake_project.configure("fake_missing", packages=["no_such_engine"])
    fake_project.behave(exit_on=3)
    path = fake_project.root / "benchmarks.json"
    result = fake_project.run("-W", "error", "--benchmark-json", str(path), *([option] if option else []))
    assert result.ret == 3
    outcomes = result.parseoutcomes()
    expected = {"failed": 3} if option else {"failed": 2, "skipped": 1}
    assert {name: count for name, count in outcomes.items() if name != "deselected"} == expected
    assert not path.exists() or benches(path) == []


def test_an_utterance_that_raised_has_no_time(fake_project: FakeProject) -> None:
    fake_project.behave(raise_on=[5])
    path = fake_project.root / "benchmarks.json"
    fake_project.run("--benchmark-json", str(path))
    (bench,) = benches(path)
    assert bench["stats"]["rounds"] == 7
    assert bench["extra_info"]["verdict"] == "BELOW_LIMIT"


@pytest.mark.slow
def test_under_xdist_it_switches_itself_off(fake_project: FakeProject) -> None:
    fake_project.dataset("second_v1")
    plain = fake_project.run_subprocess("-n", "2", "-W", "error")
    assert plain.ret == 0, plain.stdout.str()
    assert "pytest-benchmark" not in plain.stderr.str() + plain.stdout.str()
    plain.stdout.fnmatch_lines(["*2 cases*"])
    asked = fake_project.run_subprocess("-n", "2", "--benchmark-json=none.json")
    assert asked.ret == 0, asked.stdout.str()
    asked.stderr.fnmatch_lines(["*Benchmarks are automatically disabled because xdist plugin is active*"])


def test_without_the_package_nothing_changes(fake_project: FakeProject) -> None:
    result = fake_project.run("-p", "no:benchmark", "--strict-markers")
    assert result.ret == 0
    result.assert_outcomes(passed=1, deselected=result.parseoutcomes().get("deselected", 0))


def test_a_test_of_ones_own_needs_no_change(fake_project: FakeProject) -> None:
    (fake_project.root / "benchmarks" / "test_asr.py").write_text(
        "from modellab.tasks import asr as task\n\n\n"
        "def test_mine(evaluate):\n    assert evaluate(task).result.readings['rtf'] < 100\n"
    )
    path = fake_project.root / "benchmarks.json"
    assert fake_project.run("--benchmark-json", str(path)).ret == 0
    (bench,) = benches(path)
    assert bench["stats"]["rounds"] == 8
    assert bench["extra_info"]["verdict"] is None, "nobody judged it"
