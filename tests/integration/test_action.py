"""The action for other repositories: its scripts, run as GitHub runs them, on a small suite."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.conftest import SENTENCES, FakeProject
from tests.server import environments

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"] if "run" in step}
EXPRESSION = re.compile(r"\$\{\{ (\w+)\.([\w.-]+) \}\}")
SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]  # as GitHub runs it


class Runner:
    """As much of GitHub's runner as the steps see."""

    def __init__(self, root: Path, folder: Path, **given: str) -> None:
        self.root, self.folder = root, folder
        self.inputs = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()} | given
        self.outputs: dict[str, str] = {}

    def value(self, text: str) -> str:
        """A text with its expressions filled in."""

        def filled(found: re.Match[str]) -> str:
            context, name = found.groups()
            return self.inputs[name] if context == "inputs" else self.outputs.get(name.rpartition(".")[2], "")

        return EXPRESSION.sub(filled, text)

    def step(self, name: str) -> subprocess.CompletedProcess[str]:
        said = self.folder / f"{name}.output"
        said.touch()
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        files = {"GITHUB_OUTPUT": str(said), "RUNNER_TEMP": str(self.folder), "GITHUB_ACTION_PATH": str(ROOT)}
        own = {key: self.value(value) for key, value in STEPS[name].get("env", {}).items()}
        done = subprocess.run(
            [*SHELL, STEPS[name]["run"]], cwd=self.root, env={**os.environ, "PATH": programs, **files, **own},
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        self.outputs |= dict(line.split("=", 1) for line in said.read_text().splitlines())
        return done


def run_steps(fake_project: FakeProject, folder: Path, **given: str) -> tuple[Runner, subprocess.CompletedProcess[str]]:
    """The steps after the installation, and how the last of them ended."""
    runner = Runner(fake_project.root, folder, **given)
    suite = runner.step("Suite")
    assert suite.returncode == 0, suite.stderr
    if runner.outputs["verdict"] != "stopped":
        report = runner.step("Report")
        assert report.returncode == 0, report.stderr
    return runner, runner.step("Verdict")


@pytest.mark.slow
def test_a_suite_is_judged_reported_and_its_verdict_is_the_jobs(fake_project: FakeProject, tmp_path: Path) -> None:
    arguments = "--strict-matrix\n\n--no-mlflow\n-k\nfake\n"
    first, done = run_steps(
        fake_project,
        tmp_path / "first",
        **step_inputs(tmp_path / "first", arguments + "--update-baselines\n--reason\na first run\n"),
    )
    assert (first.outputs["status"], first.outputs["verdict"], done.returncode) == ("0", "passed", 0)
    report = Path(first.outputs["report"])
    assert {"report.html", "report.md", "junit.xml", "ledger"} <= {path.name for path in report.iterdir()}
    assert "fake:one" in (report / "report.md").read_text()

    for number in range(len(SENTENCES)):
        fake_project.answer(number, "nothing like it")
    worse, done = run_steps(fake_project, tmp_path / "worse", **step_inputs(tmp_path / "worse", arguments))
    assert (worse.outputs["status"], worse.outputs["verdict"], done.returncode) == ("1", "regressed", 1)
    assert "::error title=Regression::" in done.stdout

    fake_project.behave(raise_always=True)
    broken, done = run_steps(fake_project, tmp_path / "broken", **step_inputs(tmp_path / "broken", arguments))
    assert (broken.outputs["verdict"], done.returncode) == ("broken", 3)

    none, done = run_steps(
        fake_project, tmp_path / "none", **step_inputs(tmp_path / "none", arguments, select="nightly and cuda")
    )
    assert (none.outputs["verdict"], done.returncode) == ("stopped", 5)
    assert "::error title=pytest stopped::" in done.stdout


def step_inputs(folder: Path, arguments: str, **more: str) -> dict[str, str]:
    folder.mkdir()
    return {"arguments": arguments, "machine": "ci", **more}


def test_what_is_installed_is_the_actions_own_checkout(tmp_path: Path) -> None:
    """The script, with a pip that says what it was told."""
    (tmp_path / "python").write_text('#!/bin/sh\nprintf "%s\\n" "$@" >told\n')
    (tmp_path / "python").chmod(0o755)
    runner = Runner(tmp_path, tmp_path, packages="torch==2.11.0\n\nmy model.whl\n")
    script, own = STEPS["Install"]["run"], STEPS["Install"]["env"]
    variables = {name: runner.value(text) for name, text in own.items()}
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "GITHUB_ACTION_PATH": str(ROOT), **variables}
    done = subprocess.run([*SHELL, script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = (tmp_path / "told").read_text().splitlines()
    assert told == ["-m", "pip", "install", "--quiet", f"{ROOT}[reports]", "torch==2.11.0", "my model.whl"]
    assert set(runner.inputs["extras"].split(",")) <= EXTRAS.keys()


def expressions(value: Any) -> list[str]:
    """Every input that anything below names."""
    if isinstance(value, dict | list):
        return [name for each in (value.values() if isinstance(value, dict) else value) for name in expressions(each)]
    return re.findall(r"inputs\.([\w-]+)", str(value))


def test_every_input_is_used_and_every_output_is_made() -> None:
    assert set(expressions(ACTION["runs"])) == ACTION["inputs"].keys()
    made = set(re.findall(r'echo "(\w+)=', STEPS["Suite"]["run"]))
    assert made == ACTION["outputs"].keys()
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.suite.outputs.{name} }}}}"


def test_the_verdict_waits_for_no_comment_and_no_fork_gets_one() -> None:
    assert STEPS["Verdict"]["if"] == "${{ !cancelled() && steps.suite.outputs.status != '' }}"
    workflow = yaml.safe_load((ROOT / ".github/workflows/suite.yml").read_text(encoding="utf-8"))
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    assert all(own in each["if"] for each in (STEPS["Comment"], workflow["jobs"]["comment"]))


def test_actions_are_pinned_and_inputs_reach_scripts_as_variables() -> None:
    used = [step["uses"] for step in ACTION["runs"]["steps"] if "uses" in step]
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) for action in used)
    assert not [name for name, step in STEPS.items() if "${{" in step["run"]]


@pytest.mark.parametrize(
    ("schema", "files"),
    [("github-actions", ["action.yml"]), ("github-workflows", sorted((ROOT / ".github/workflows").glob("*.yml")))],
)
def test_the_files_are_what_github_expects(schema: str, files: list[Path]) -> None:
    tool = environments.program("packaging", "check-jsonschema")
    command = [tool, "--builtin-schema", f"vendor.{schema}", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout


def test_the_reusable_workflow_hands_on_what_the_action_takes() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/suite.yml").read_text(encoding="utf-8"))
    (step,) = (step for step in workflow["jobs"]["suite"]["steps"] if step.get("id") == "modellab")
    given = workflow[True]["workflow_call"]["inputs"]
    assert step["with"].keys() <= ACTION["inputs"].keys()
    assert {name: f"${{{{ inputs.{name} }}}}" for name in step["with"]} == step["with"]
    assert given.keys() == step["with"].keys() | {"modellab", "commit"}
    checkouts = [
        each["with"].get("path") for each in workflow["jobs"]["suite"]["steps"] if "checkout" in each.get("uses", "")
    ]
    assert step["uses"] == f"./{checkouts[1]}"


# ---------------------------------------------------------------------------- pre-commit, conda


def test_the_hooks_are_ones_that_pre_commit_takes() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_the_hook_says_whether_the_data_is_whole(fake_project: FakeProject) -> None:
    (hook,) = HOOKS

    def run(*words: str) -> int:
        command = [Path(sys.executable).with_name("modellab"), *words]
        return subprocess.run(command, cwd=fake_project.root, capture_output=True, check=False, timeout=120).returncode

    program, *rest = hook["entry"].split()
    assert program == "modellab"
    assert run("datasets", "digest", "short_v1") == 0
    assert run(*rest) == 0
    sound = Path("golden/short_v1/audio/003.flac")
    assert re.search(hook["files"], str(sound))
    (fake_project.root / sound).write_bytes(b"fLaC")
    assert run(*rest) == 1


def test_the_conda_environment_installs_extras_that_there_are() -> None:
    given = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (packages,) = (each["pip"] for each in given["dependencies"] if isinstance(each, dict))
    extras = re.fullmatch(r"--editable \.\[([\w,-]+)\]", packages[-1])
    assert extras
    assert set(extras[1].split(",")) <= EXTRAS.keys()
    assert packages[0] == "--constraint constraints.txt"
    assert "python=3.12" in given["dependencies"]
