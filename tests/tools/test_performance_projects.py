"""The small projects that the harness is measured on hold their trivial model and no other."""

from __future__ import annotations

from pathlib import Path

import modellab
from tools.performance import projects


def test_every_case_is_of_the_trivial_model(tmp_path: Path) -> None:
    root = projects.write(tmp_path / "project", 2, 1, 3)
    found = modellab.find_cases(project=modellab.open_project(root))
    assert {case.key.model for case in found} == {"trivial"}
    assert len(found) == 2 * 3
