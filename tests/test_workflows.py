"""The workflows: actions pinned, no credentials on the disk, no token that writes beside code of the branch."""

from __future__ import annotations

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


def events(workflow: dict[str, Any]) -> set[str]:
    found = workflow[True]  # YAML's `on`
    return {found} if isinstance(found, str) else set(found)


@pytest.mark.parametrize("name", JOBS)
def test_actions_are_pinned_and_leave_no_credentials(name: str) -> None:
    for step in steps(JOBS[name]):
        if action := step.get("uses"):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)
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


def test_zizmor_finds_nothing() -> None:
    command = [Path(sys.executable).with_name("zizmor"), "--offline", "--no-progress", FOLDER]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
