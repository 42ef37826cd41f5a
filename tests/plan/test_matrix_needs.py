"""What a case needs beside its model: the judge that hears it, the packages of its task."""

from __future__ import annotations

import pytest

from modellab import tasks
from modellab.plan.availability import why_not
from modellab.plan.matrix import Broken, Case, Matrix
from modellab.plan.settings import Project
from modellab.types import CaseId

from ..make import case
from .test_matrix import NOWHERE, add_dataset, add_model, ids, project

__all__ = ["project"]


def test_a_judge_listens_only_where_something_is_said_aloud(project: Project) -> None:
    add_model(project)
    add_dataset(project, judge="fake:one")
    assert ids(project) == ["short_v1-broken"]
    (broken,) = Matrix(project, shipped=NOWHERE).cases("asr")
    assert "judge is 'fake:one', but a model of asr says nothing aloud" in str(getattr(broken, "error", ""))


@pytest.mark.parametrize(
    ("judge", "found"),
    [("fake:one", True), ("fake:two", False), ("other:one", False), ("fake", False), ("deaf:one", False)],
)
def test_a_judge_is_a_recogniser_of_the_matrix(
    project: Project, monkeypatch: pytest.MonkeyPatch, judge: str, found: bool
) -> None:
    monkeypatch.setattr(tasks.get("asr"), "examine", lambda *_: None, raising=False)
    add_model(project)
    add_model(project, "deaf", tasks=["vad"])
    add_dataset(project, judge=judge)
    (case,) = Matrix(project, shipped=NOWHERE).cases("asr")
    if found:
        assert isinstance(case, Case)
        assert case.judge is not None
        assert case.judge.engine == ("fake", "one", "cpu", "float32")
    else:
        assert isinstance(case, Broken)
        assert f"judge is {judge!r}, expected MODEL:VARIANT with the task asr on cpu" in case.error


def test_a_judge_that_cannot_run_here_is_the_reason(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.get("asr"), "examine", lambda *_: None, raising=False)
    add_model(project)
    add_model(project, "heavy", packages=["no_such_package"])
    add_dataset(project, judge="heavy:one")
    found = {
        str(case.key): why_not(case) for case in Matrix(project, shipped=NOWHERE).cases("asr") if isinstance(case, Case)
    }
    why = "its judge heavy:one cannot run here: package no_such_package is not installed"
    assert found["fake:one-short_v1-cpu-float32"] == why


def test_a_task_whose_package_is_missing_is_told_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    hard = case(key=CaseId("robustness", "hard_v1", "fake", "one", "cpu", "float32"))
    assert why_not(hard) == ""
    monkeypatch.setattr("modellab.tasks.robustness.PACKAGES", {"no_such_package": "robustness"})
    says = "the task robustness needs no_such_package, which is not installed: pip install 'modellab[robustness]'"
    assert why_not(hard) == says
    assert why_not(case()) == ""
