"""`modellab run`: the right cases, pytest's words, pytest's exit status, one Ctrl-C."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modellab.cli import run_line
from modellab.cli.run import pytest_command
from modellab.errors import ConfigError
from modellab.plan.matrix import Matrix
from modellab.plan.selection import Selection
from modellab.plan.settings import Project
from modellab.system import interrupt

from .conftest import Desk

QUIET = ("--no-mlflow", "-q", "-p", "no:cacheprovider")
FAKE_CASE = "benchmarks/test_asr.py::test_asr[fake:one-short_v1-cpu-float32]"


def test_exact_names_and_the_rest_of_the_line_is_pytests(desk: Desk) -> None:
    variants = {"one": {"weights": "package", "tier": "smoke"}, "one-b": {"weights": "package", "tier": "smoke"}}
    desk.model("fake", variants=variants)
    desk.model("other_fake", variants=variants)
    (desk.root / "benchmarks" / "test_else.py").write_text("def test_without_a_cell():\n    pass\n")
    done = desk.type_in_shell("run", "--model=fake:one", "--co", "-rA", "-q", "--reason", "why", "-m", "smoke and cpu")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if "::" in line] == [FAKE_CASE]


@pytest.mark.slow
def test_runs_under_xdist_from_a_folder_below(desk: Desk) -> None:
    desk.model("other_fake")
    (desk.root / "deep").mkdir()
    two = ("--model", "fake", "--model", "other_fake:one")
    done = desk.type_in_shell("run", *two, "-n", "2", *QUIET, folder="deep")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert "other_fake:one" in done.stdout
    assert list((desk.root / "mlruns" / "ledger").glob("*.jsonl"))


@pytest.mark.slow
def test_hands_on_the_exit_status(desk: Desk) -> None:
    (desk.root / "models" / "fake" / "behaviour.json").write_text(json.dumps({"fail_to_load": True}))
    done = desk.type_in_shell("run", "--model", "fake", *QUIET)
    assert done.returncode == 3
    assert "the weights are not what they should be" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "fakes"), "unknown model 'fakes': did you mean fake?"),
        (("--model", "fake:onne"), "unknown variant 'onne' of fake: did you mean one? known: one"),
        (("--dataset", "short"), "unknown dataset 'short': did you mean short_v1? known: short_v1"),
        (("--tier", "ful"), "unknown tier 'ful': did you mean full?"),
        (("--device", "gpu"), "unknown device 'gpu': did you mean cuda? known: cpu, cuda, mps, server"),
        (("--modle", "fake"), "no such option: --modle: did you mean --model?"),
        (("--datasets=short_v1",), "no such option: --datasets: did you mean --dataset?"),
        (("fake:one-short_v1-cpu-float32", "--tier", "smoke"), "fake:one-short_v1-cpu-float32 is a case: --model,"),
        (("--device", "cpus"), "unknown device 'cpus': did you mean cpu?"),
        (("--model", "fake", "--device", "mps"), "no case has --model=fake --device=mps: `modellab models`"),
    ],
)
def test_wrong_names_stop_before_pytest(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    result = desk.type("run", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"modellab: {said}")


CASE = FAKE_CASE.partition("[")[2].removesuffix("]")


def test_a_case_is_run_by_its_id_and_shown_by_it_where_nobody_watches(desk: Desk) -> None:
    desk.model("other_fake")
    done = desk.type_in_shell("run", CASE, "--no-mlflow", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if "::" in line and "PASSED" in line] == [
        next(line for line in done.stdout.splitlines() if line.startswith(f"{FAKE_CASE} PASSED"))
    ]


@pytest.mark.parametrize(
    ("arguments", "cases", "rest"),
    [
        ([CASE, "-x"], [CASE], ["-x"]),
        (["-k", CASE], [], ["-k", CASE]),
        (["ghost:one-short_v1-cpu-float32"], [], ["ghost:one-short_v1-cpu-float32"]),
    ],
)
def test_which_words_are_cases(desk: Desk, arguments: list[str], cases: list[str], rest: list[str]) -> None:
    found, others = run_line.parted(Matrix(Project.at(desk.root)), arguments)
    assert ([str(case.key) for case in found], others) == (cases, rest)


def test_cases_that_bring_others_along_are_refused(desk: Desk) -> None:
    desk.model("fake", devices={"cpu": ["float32", "int8"]})
    desk.dataset("more_v1")
    matrix = Matrix(Project.at(desk.root))
    names = ("fake:one-short_v1-cpu-float32", "fake:one-more_v1-cpu-int8")
    cases, _ = run_line.parted(matrix, names)
    with pytest.raises(ConfigError, match="cannot be had together without fake:one-"):
        run_line.named(matrix, cases, Selection())
    assert run_line.named(matrix, cases[:1], Selection()).dataset == ("short_v1",)


@pytest.mark.parametrize(
    ("arguments", "added"), [(["-x"], ["-v"]), (["-q"], []), (["-xq"], []), (["--verbose"], []), (["-vv"], [])]
)
def test_pytest_names_each_case_unless_told_otherwise(arguments: list[str], added: list[str]) -> None:
    assert run_line.verbosely(arguments) == added


@pytest.mark.slow
def test_a_project_without_benchmarks_runs_every_task(desk: Desk) -> None:
    shutil.rmtree(desk.root / "benchmarks")
    (desk.root / "conftest.py").unlink()
    done = desk.type_in_shell("run", "--model", "fake", *QUIET)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "fake:one" in done.stdout
    assert list((desk.root / "mlruns" / "ledger").glob("*.jsonl"))


@pytest.mark.slow
def test_a_folder_with_data_alone_is_a_project(desk: Desk) -> None:
    shutil.rmtree(desk.root / "benchmarks")
    for name in ("conftest.py", "pyproject.toml"):
        (desk.root / name).unlink()
    done = desk.type_in_shell("run", "--dataset", "short_v1", "--model", "whisper:tiny.en", "--co", "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_asr[whisper:tiny.en-short_v1-cpu-float32]" in done.stdout


def test_its_own_test_file_knows_every_task() -> None:
    from modellab import tasks
    from modellab.pytest_plugin.benchmarks import test_cases

    for name in tasks.names():
        assert getattr(test_cases, f"test_{name}").task is tasks.get(name)


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        ([], ["benchmarks"]),
        (["-x", "models"], ["benchmarks"]),
        (["benchmarks/test_asr.py"], []),
        (["-q", FAKE_CASE], []),
        (["--scorecard", "pyproject.toml"], ["benchmarks"]),
    ],
)
def test_a_benchmark_on_the_line_replaces_all_of_them(desk: Desk, arguments: list[str], target: list[str]) -> None:
    command = pytest_command(Matrix(Project.at(desk.root)), Selection(), arguments)
    own = ["-p", "modellab.pytest_plugin.select", f"--rootdir={desk.root}"]
    assert command == [*interrupt.command("pytest"), *target, *own, *arguments]


@pytest.mark.slow
def test_ctrl_c_reaches_pytest_once(desk: Desk) -> None:
    (desk.root / "models" / "fake" / "behaviour.json").write_text(json.dumps({"sleep_s": 30}))
    command = [sys.executable, "-m", "modellab", "run", "--model", "fake", *QUIET]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as child:
        wait_for(desk.root / "models" / "fake" / "loads.log")
        os.killpg(child.pid, signal.SIGINT)  # as a terminal does: to everyone in its group
        said, _ = child.communicate(timeout=60)
    assert child.returncode == 2
    assert said.count("!! KeyboardInterrupt !!") == 1
    assert "Traceback" not in said


def wait_for(path: Path, limit_s: float = 60.0) -> None:
    end = time.monotonic() + limit_s
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.05)


@pytest.mark.slow
def test_a_project_without_the_plugin_is_told(desk: Desk) -> None:
    (desk.root / "conftest.py").unlink()
    done = desk.type_in_shell("run", "--model", "fake")
    assert done.returncode == 4
    assert "conftest.py has to say pytest_plugins = ['modellab.pytest_plugin']" in done.stderr
