"""The workflows: actions pinned, no credentials on the disk, no token that writes beside code of the branch."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[1] / ".github" / "workflows"
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yml"))}
JOBS = {f"{name}:{job}": body for name, workflow in WORKFLOWS.items() for job, body in workflow["jobs"].items()}
OF_THE_BRANCH = re.compile(r"\bmake\b|pytest|\.venv|(?:^|[\s/;&|])modellab |\bpip |python|(?:^|\s)\./", re.MULTILINE)


def steps(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from job["steps"]


def events(workflow: dict[Any, Any]) -> set[str]:
    found = workflow[True]  # YAML's `on`
    return {found} if isinstance(found, str) else set(found)


@pytest.mark.parametrize("name", JOBS)
def test_actions_are_pinned_and_leave_no_credentials(name: str) -> None:
    for step in steps(JOBS[name]):
        if action := step.get("uses"):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}|\./\.modellab", action), "or a checkout of this job's own"
            if action.startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", JOBS)
def test_a_job_that_may_write_runs_nothing_of_the_branch(name: str) -> None:
    job = JOBS[name]
    assert WORKFLOWS[name.partition(":")[0]]["permissions"] == {}, "each job says what it needs"
    if "write" in job["permissions"].values():
        scripts = [step["run"] for step in steps(job) if "run" in step]
        assert not [script for script in scripts if OF_THE_BRANCH.search(script)]
        assert job["runs-on"] == "ubuntu-latest"
        assert "needs" in job
    else:
        assert set(job["permissions"].items()) <= {("contents", "read")}


@pytest.mark.parametrize("name", JOBS)
def test_texts_from_outside_reach_scripts_as_variables(name: str) -> None:
    assert not [step["run"] for step in steps(JOBS[name]) if "${{" in step.get("run", "")]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_fork_reaches_the_gpu_runner(name: str) -> None:
    workflow = WORKFLOWS[name]
    if any("self-hosted" in str(job["runs-on"]) for job in workflow["jobs"].values()):
        assert events(workflow) <= {"schedule", "workflow_dispatch"}
    assert not events(workflow) & {"pull_request_target", "workflow_run", "issue_comment"}


def test_a_release_is_built_and_installed_without_a_token_that_publishes() -> None:
    release = WORKFLOWS["release"]
    assert [job["permissions"] for job in release["jobs"].values()] == [{"contents": "read"}] * 2
    assert not re.search(r"secrets\.|github\.token|id-token", (FOLDER / "release.yml").read_text(encoding="utf-8"))
    assert release["jobs"]["install"]["needs"] == "build"
    assert not [step for step in steps(release["jobs"]["install"]) if "checkout" in step.get("uses", "")]


@pytest.mark.parametrize(
    ("tag", "heading", "cited", "said"),
    [
        pytest.param("v1.2.3", "## [1.2.3] - 2026-01-31", "1.2.3", "", id="all agree"),
        pytest.param("v1.2.4", "## [1.2.3] - 2026-01-31", "1.2.3", "the tag is v1.2.4", id="another tag"),
        pytest.param("v1.2.3", "## [Unreleased]", "1.2.3", "CHANGELOG.md has no section", id="no section"),
        pytest.param("v1.2.3", "## [1x2.3] - 2026-01-31", "1.2.3", "CHANGELOG.md has no section", id="a dot is a dot"),
        pytest.param("v1.2.3", "## [1.2.3] - 2026-01-31", "1.2.30", "CITATION.cff is not of", id="another citation"),
        pytest.param("", "## [Unreleased]", "1.2.3", "", id="by hand, no tag"),
    ],
)
def test_a_release_is_refused_where_its_numbers_differ(
    tmp_path: Path, tag: str, heading: str, cited: str, said: str
) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n', encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n{heading}\n", encoding="utf-8")
    (tmp_path / "CITATION.cff").write_text(f"cff-version: 1.2.0\nversion: {cited}\n", encoding="utf-8")
    (script,) = (
        step["run"] for step in steps(JOBS["release:build"]) if step.get("name", "").startswith("Hold the tag")
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kind = {"GITHUB_REF_TYPE": "tag" if tag else "branch", "GITHUB_REF_NAME": tag or "main", "PATH": path}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]  # as GitHub runs it
    done = subprocess.run(command, cwd=tmp_path, env=kind, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode == 0) == (not said), done
    assert said in done.stdout
    assert ("::error title=No release::" in done.stdout) == bool(said)


def test_zizmor_finds_nothing() -> None:
    command = [
        Path(sys.executable).with_name("zizmor"),
        "--offline",
        "--no-progress",
        FOLDER,
        FOLDER.parents[1] / "action.yml",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
