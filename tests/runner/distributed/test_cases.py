"""Which cases of a run workers share: all where somebody asked for it, else those that gain by several GPUs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

from modellab import tasks
from modellab.plan.matrix import Case, Matrix
from modellab.plan.settings import Project
from modellab.runner.distributed import local
from modellab.runner.distributed.cases import DistributedCases
from modellab.runner.evaluate import never
from modellab.runner.events import Announcer
from modellab.runner.options import RunOptions
from modellab.tasks import Task

from ..suites import ONE, write_project


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path, "fake")


@pytest.mark.parametrize(
    ("gpus", "place", "rows", "options", "shared"),
    [
        (["0", "1"], "cuda", 101, RunOptions(), True),
        (["0"], "cuda", 101, RunOptions(), False),
        (["0", "1"], "cuda", 100, RunOptions(), False),
        (["0", "1"], "cpu", 101, RunOptions(), False),
        (["0"], "cpu", 1, RunOptions(executor="local:1"), True),
    ],
    ids=["several GPUs", "one GPU", "as few as are timed", "no GPU's case", "asked for"],
)
def test_several_gpus_are_shared_unasked(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    gpus: list[str],
    place: str,
    rows: int,
    options: RunOptions,
    shared: bool,
) -> None:
    """With a list that stands in for devices."""
    monkeypatch.setenv(local.GPUS, ",".join(gpus))
    project = Project.at(root)
    cases = DistributedCases.of(project, options, "s", "", Announcer(()), never)
    case = Matrix(project).find(ONE)
    assert isinstance(case, Case)
    assert cases is not None
    case = replace(case, key=replace(case.key, device=place))
    assert cases.shares(tasks.get("asr"), case, rows) is shared
    assert not replace(cases, asked=False).shares(cast(Task, ModuleType("own")), case, rows), "workers do not know it"


@pytest.mark.parametrize("given", [{"in_process": True}, {"against": "HEAD"}, {"reason": "new", "speed_only": True}])
def test_what_wants_one_process_is_not_shared_unasked(root: Path, given: dict[str, Any]) -> None:
    assert DistributedCases.of(Project.at(root), RunOptions(**given), "s", "", Announcer(()), never) is None


@pytest.mark.parametrize("name", ["streaming", "stability", "concurrency"])
def test_a_task_about_time_is_measured_by_one_model_whatever_was_asked_for(root: Path, name: str) -> None:
    project = Project.at(root)
    cases = DistributedCases.of(project, RunOptions(executor="local:2"), "s", "", Announcer(()), never)
    case = Matrix(project).find(ONE)
    assert isinstance(case, Case)
    assert cases is not None
    assert not cases.shares(tasks.get(name), case, 1000)
    assert cases.shares(tasks.get("tts"), case, 1000)
