"""Twelve faults that other gates pass in silence. Each is red here or named on the terminal: never a plain PASS."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from .conftest import SENTENCES, FakeProject, write_model

ROOT = Path(__file__).parents[2]
slow = partial(pytest.param, marks=pytest.mark.slow)
NOTHING = "nothing was measured: the only selected case was skipped"


# ---------------------------------------------------------------------------- 1-2: the baseline and its case


def test_a_missing_baseline(fake_project: FakeProject) -> None:
    fake_project.accept()
    shutil.rmtree(fake_project.root / "baselines")
    desk = fake_project.run()
    desk.stdout.fnmatch_lines(["fake:one *NEW*", "note: *wer, cer, success_rate NEW: no baseline: accept this run *"])
    assert desk.ret == 0
    assert fake_project.run("--strict-baselines").ret == 1


RENAMED = "1 accepted baseline has no case any more: renamed? *"


@pytest.mark.parametrize("strict", [False, True])
def test_a_renamed_case(fake_project: FakeProject, strict: bool) -> None:
    fake_project.accept()
    fake_project.configure(variants={"uno": {"weights": "package", "tier": "smoke"}})
    result = fake_project.run(*(["--strict-baselines"] if strict else []))
    result.stdout.fnmatch_lines(["fake:uno *NEW*", RENAMED, "  baselines/asr/short_v1/fake-one.cpu-float32.json"])
    assert result.ret == (1 if strict else 0)


def test_a_removed_precision_fails_in_ci_though_all_that_is_left_passes(
    fake_project: FakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_project.configure(devices={"cpu": ["float32", "int8"]})
    fake_project.accept()
    fake_project.configure(devices={"cpu": ["float32"]})
    monkeypatch.setenv("CI", "true")
    result = fake_project.run()
    result.stdout.fnmatch_lines(["fake:one *PASS*", RENAMED, "  baselines/asr/short_v1/fake-one.cpu-int8.json"])
    assert result.ret == 1
    accepting = fake_project.run("--update-baselines", "--reason", "int8 is no longer offered")
    accepting.stdout.fnmatch_lines([RENAMED])
    assert accepting.ret == 0, "a run that accepts tells, and does not fail"


def test_a_renamed_dataset(fake_project: FakeProject) -> None:
    fake_project.accept()
    (fake_project.root / "golden" / "short_v1").rename(fake_project.root / "golden" / "short_v2")
    result = fake_project.run("--strict-baselines", keyword="fake:one")
    result.stdout.fnmatch_lines([RENAMED, "  baselines/asr/short_v1/fake-one.cpu-float32.json"])
    assert result.ret == 1


def test_a_run_of_something_else_says_nothing_of_it(fake_project: FakeProject) -> None:
    fake_project.accept()
    fake_project.configure(variants={"uno": {"weights": "package", "tier": "smoke"}})
    write_model(fake_project.root / "models" / "other")
    fake_project.dataset("long_v1")
    result = fake_project.run(keyword="other and long_v1")
    result.stdout.no_fnmatch_line(RENAMED)
    assert result.ret == 0


# ---------------------------------------------------------------------------- 3-5: the data and the outputs


def test_a_changed_normaliser(fake_project: FakeProject) -> None:
    fake_project.accept()
    fake_project.dataset(normaliser="none")
    result = fake_project.run()
    result.stdout.fnmatch_lines(["*NOT_COMPARABLE*normaliser was basic@*"])
    assert result.ret == 1


def test_fewer_utterances(fake_project: FakeProject) -> None:
    fake_project.accept()
    write_first_rows(fake_project, len(SENTENCES) - 1)
    result = fake_project.run()
    told = ["*the quality baseline is not comparable: dataset*", "fake:one *  7  *NOT_COMPARABLE*"]
    result.stdout.fnmatch_lines(told)
    assert result.ret == 1


@pytest.mark.parametrize("accepting", [False, True])
def test_empty_hypotheses(fake_project: FakeProject, accepting: bool) -> None:
    for number in range(len(SENTENCES)):
        fake_project.answer(number, "")
    result = fake_project.run(*(["--update-baselines", "--reason", "hide it"] if accepting else []))
    result.stdout.fnmatch_lines(["*empty_rate: * ABOVE_LIMIT (1 is above the limit 0.05 *"])
    assert result.ret == 1, "without any baseline, and while one is written"


# ---------------------------------------------------------------------------- 6-8: what runs, and where


def test_all_skipped(fake_project: FakeProject) -> None:
    fake_project.configure(packages=["no_such_engine"])
    result = fake_project.run()
    result.stdout.fnmatch_lines(["skipped 1: package no_such_engine is not installed", NOTHING])
    assert result.ret == 3


def test_all_skipped_beside_a_test_that_passes(fake_project: FakeProject) -> None:
    (fake_project.root / "benchmarks" / "test_other.py").write_text("def test_fake_other():\n    pass\n")
    fake_project.configure(packages=["no_such_engine"])
    result = fake_project.run()
    result.stdout.fnmatch_lines([NOTHING])
    assert result.ret == 3


def test_some_skipped_is_told_and_green(fake_project: FakeProject) -> None:
    write_model(fake_project.root / "models" / "fake_missing")
    fake_project.configure("fake_missing", packages=["no_such_engine"])
    result = fake_project.run()
    result.stdout.fnmatch_lines(["skipped 1: package no_such_engine is not installed"])
    result.stdout.no_fnmatch_line("nothing was measured*")
    assert result.ret == 0


@pytest.mark.slow
def test_another_machine(fake_project: FakeProject) -> None:
    fake_project.accept()
    fake_project.behave(burn_s=0.02)
    result = fake_project.run()
    result.stdout.fnmatch_lines(["note: *rtf, rtf_cpu, peak_rss_bytes NOT_COMPARABLE: accepted on machine-1-1t, this*"])


@pytest.mark.slow
def test_xdist(fake_project: FakeProject) -> None:
    fake_project.dataset("second_v1")
    fake_project.accept()
    for number in range(len(SENTENCES)):
        fake_project.answer(number, "something else entirely")
    fake_project.configure(devices={"cpu": ["int8"]})  # and a case is gone
    result = fake_project.run_subprocess("-n", "2", "--benchmark-json=times.json", "--strict-baselines")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["2 accepted baselines have no case any more: renamed? *"])
    result.stderr.fnmatch_lines(["*Benchmarks are automatically disabled because xdist plugin is active*"])


@pytest.mark.slow
def test_all_skipped_under_xdist(fake_project: FakeProject) -> None:
    fake_project.configure(packages=["no_such_engine"])
    result = fake_project.run_subprocess("-n", "2")
    result.stdout.fnmatch_lines([NOTHING])
    assert result.ret == 3


# ---------------------------------------------------------------------------- 9-10: few timed calls


def write_first_rows(project: FakeProject, utterances: int) -> None:
    """A dataset of the first few utterances."""
    manifest = project.root / "golden" / "short_v1" / "dataset.yaml"
    head, *cases = manifest.read_text().split("- id:")
    manifest.write_text("- id:".join([head, *cases[:utterances]]))


@pytest.mark.parametrize("utterances", [6, slow(2)], ids="{} samples".format)
def test_three_times_slower_with_few_samples(fake_project: FakeProject, utterances: int) -> None:
    """Six on each side is where asv's test can never be small enough; two is what it takes of a slow benchmark."""
    write_first_rows(fake_project, utterances)
    fake_project.machine = "this-machine"
    fake_project.behave(burn_s=0.02)
    fake_project.accept()
    fake_project.behave(burn_s=0.08)
    result = fake_project.run()
    card = next(line for line in result.outlines if line.startswith("fake:one"))
    assert "REGRESSED" in card or "INCONCLUSIVE" in card, card
    assert utterances == 2 or "rtf" in card


# ---------------------------------------------------------------------------- 11-12: around the run


def regress(project: FakeProject) -> None:
    project.accept()
    for number in range(len(SENTENCES)):
        project.answer(number, "something else entirely")


@pytest.mark.parametrize("fault", [*map(slow, ("regression", "crash")), "skip"])
def test_modellab_run_hands_the_exit_status_on(fake_project: FakeProject, fault: str) -> None:
    if fault == "regression":
        regress(fake_project)
    elif fault == "crash":
        fake_project.behave(exit_on=3)
    else:
        fake_project.configure(packages=["no_such_engine"])
    command = [sys.executable, "-m", "modellab", "run", "--model", "fake", "--no-mlflow"]
    done = subprocess.run(command, cwd=fake_project.root, capture_output=True)
    assert done.returncode == (1 if fault == "regression" else 3)


@pytest.mark.slow
def test_make_hands_a_failure_on(fake_project: FakeProject) -> None:
    regress(fake_project)
    for name in ("constraints.txt", "tools/setup.sh", "stamp"):
        path = fake_project.root / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    given = [f"BIN={Path(sys.executable).parent}", "STAMP=stamp", "ARGS=-k fake --no-mlflow"]
    command = ["make", "-f", str(ROOT / "Makefile"), "smoke", *given]
    done = subprocess.run(command, cwd=fake_project.root, capture_output=True, text=True)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "REGRESSED" in done.stdout


SWALLOWED = ("|| true", "|| :", "; true", "continue-on-error", "set +e", "| tee")


@pytest.mark.parametrize(
    "path", [ROOT / "Makefile", *sorted((ROOT / ".github").rglob("*.yml"))], ids=lambda path: path.name
)
def test_no_recipe_swallows_an_exit_status(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("continue-on-error: true # a first version begins the branch", "")
    text = text.replace("continue-on-error: true # a first report begins the branch", "")  # checkouts, no measurement
    assert [word for word in SWALLOWED if word in text] == []
    assert [line for line in text.splitlines() if line.startswith(("\t-", "\t@-"))] == [], "make ignores those"
    assert text.count("|| status=$?") == text.count('exit "$status"')


@pytest.mark.slow
def test_mlflow_down(fake_project: FakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    regress(fake_project)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    env = {**os.environ, "MODELLAB_MACHINE": "machine-9"}
    command = [sys.executable, "-m", "pytest", "benchmarks", "-k", "fake"]
    done = subprocess.run(command, cwd=fake_project.root, capture_output=True, text=True, env=env)
    assert done.returncode == 1
    assert "fake:one" in done.stdout
    assert "`modellab sync`" in done.stdout, "it says what brings the results there later"
    assert [entry["status"] for entry in fake_project.ledger()][-1] == "REGRESSED"


def test_none_of_this_is_loud_for_nothing(fake_project: FakeProject) -> None:
    fake_project.accept()
    result = fake_project.run("--strict-baselines", "--strict-matrix")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["fake:one *PASS*"])
    result.stdout.no_fnmatch_line("*nothing was measured*")
    result.stdout.no_fnmatch_line(RENAMED)


# ---------------------------------------------------------------------------- what nothing is about


def use_only_models(fake_project: FakeProject, names: str) -> None:
    (fake_project.root / "pyproject.toml").write_text(f'[tool.modellab]\nmodels = ["models"]\nonly = {names}\n')


def test_a_dataset_that_no_model_meets_is_named_with_the_reason(fake_project: FakeProject) -> None:
    use_only_models(fake_project, '["whisper_cpp:lab"]')
    result = fake_project.run(keyword="")
    result.stdout.fnmatch_lines([
        "short_v1: no model meets it, none does asr in en of those that this suite is about (only = whisper_cpp:lab *",
        "nothing was measured: no model meets a dataset here",
    ])  # fmt: skip
    assert result.ret == 3


def test_a_project_without_data_says_so(fake_project: FakeProject) -> None:
    use_only_models(fake_project, '"own"')
    shutil.rmtree(fake_project.root / "golden" / "short_v1")
    result = fake_project.run(keyword="")
    result.stdout.fnmatch_lines(["nothing was measured: *: there is no dataset in */golden"])
    assert result.ret == 3


def test_skipped_cases_say_what_would_run_one(fake_project: FakeProject) -> None:
    use_only_models(fake_project, '["fake:one"]')
    weights = {"weights": "hf:nobody/nothing", "revision": "0" * 40, "tier": "smoke"}
    fake_project.configure(variants={"one": weights})
    result = fake_project.run(keyword="")
    result.stdout.fnmatch_lines([f"{NOTHING}; this would run one: modellab models fetch fake:one"])
    assert result.ret == 3


def test_a_dataset_of_another_language_is_told_beside_one_that_is_met(fake_project: FakeProject) -> None:
    fake_project.configure(variants={"one": {"weights": "package", "tier": "smoke", "languages": ["en"]}})
    fake_project.dataset("german_v1", language="de")
    use_only_models(fake_project, '["fake:one"]')
    result = fake_project.run(keyword="")
    result.stdout.fnmatch_lines(["fake:one *NEW*", "german_v1: no model meets it, none does asr in de of those that *"])
    assert result.ret == 0
