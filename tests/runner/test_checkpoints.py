"""Checkpoints of a run's cases are made before the first case that needs one."""

from __future__ import annotations

from pathlib import Path

import pytest

from modellab import datasets
from modellab.models import made
from modellab.plan.matrix import Case, Matrix
from modellab.plan.settings import Project
from modellab.runner.checkpoints import Checkpoints

from ..integration.conftest import write_dataset, write_model


@pytest.fixture
def cases(tmp_path: Path) -> dict[str, Case]:
    """Cases of `plain`, of `first` and `second`, whose checkpoints are made, and of `absent`, which cannot run here."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.modellab]\nmodels = ["models"]\nonly = ["plain", "first", "second", "absent"]\n'
    )
    for name in ("plain", "first", "second", "absent"):
        folder = tmp_path / "models" / name
        write_model(folder)
        if name != "plain":
            (folder / "make.py").write_text("")
            config = (folder / "config.yaml").read_text().replace("weights: package", "weights: 'made:tiny'")
            more = "packages: [no_such_package]\n" if name == "absent" else ""
            (folder / "config.yaml").write_text(config + more)
    write_dataset(tmp_path / "golden" / "short_v1")
    datasets.write_digest(tmp_path / "golden" / "short_v1")
    found = [case for case in Matrix(Project.at(tmp_path)).cases("asr") if isinstance(case, Case)]
    return {case.key.model: case for case in found}


def test_all_that_can_run_are_made_once_before_the_first_that_needs_one(
    cases: dict[str, Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[tuple[str, str]]] = []
    monkeypatch.setattr(made, "together", lambda wanted: asked.append([(path.name, name) for path, name in wanted]))
    checkpoints = Checkpoints([*cases.values(), object()])
    checkpoints.before(cases["plain"])
    assert asked == []
    checkpoints.before(cases["second"])
    checkpoints.before(cases["first"])
    assert asked == [[("first", "tiny"), ("second", "tiny")]]
