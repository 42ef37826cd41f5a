"""Planned cases: plain records, in the order in which each model is loaded once."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from modellab.plan.cases import PlannedCase, plan
from modellab.plan.matrix import Matrix
from modellab.plan.selection import Selection
from modellab.plan.settings import Project
from modellab.runner.options import RunOptions
from modellab.runner.run import run

from ..integration.conftest import write_dataset, write_model
from ..runner.suites import CALM, CRASH, ONE, write_project


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_MACHINE", "a-machine")
    return write_project(tmp_path, "fake", "fake_calm", "fake_crash")


def test_a_planned_case_travels(root: Path) -> None:
    cases = plan(Matrix(Project.at(root)), Selection(model=("fake", "fake_crash")))
    assert [case.name for case in cases] == [ONE, CRASH]
    assert [case.engine for case in cases] == ["fake/one/cpu/float32", "fake_crash/one/cpu/float32"]
    assert pickle.loads(pickle.dumps(cases)) == cases
    assert [PlannedCase.decode(json.loads(json.dumps(case.encode()))) for case in cases] == cases
    assert pickle.loads(pickle.dumps(RunOptions(reason="x"))) == RunOptions(reason="x")


def test_an_engine_whose_checkpoint_may_have_to_be_made_comes_last(root: Path) -> None:
    for name, weights in (("a_made", "made:tiny"), ("b_embedded", "embedded:whisper-lab/ct2")):
        folder = root / "models" / name
        write_model(folder)
        config = (folder / "config.yaml").read_text()
        (folder / "config.yaml").write_text(config.replace("weights: package", f"weights: '{weights}'"))
    names = ("a_made", "b_embedded", "fake")
    planned = plan(Matrix(Project.at(root)), Selection(model=names))
    assert [case.name.partition(":")[0] for case in planned] == ["fake", "b_embedded", "a_made"]


def test_the_cases_of_an_engine_come_together(root: Path) -> None:
    write_dataset(root / "golden" / "another_v1")
    given = [ONE, CALM, ONE.replace("short", "another")]
    assert [str(case.key) for case in run([*given, ONE], root).cases] == [given[0], given[2], given[1]]
    assert len((root / "models" / "fake" / "loads.log").read_text().splitlines()) == 1
    names = [case.name for case in plan(Matrix(Project.at(root)), Selection(model=("fake", "fake_calm")))]
    assert [name.partition(":")[0] for name in names] == ["fake", "fake", "fake_calm", "fake_calm"]
