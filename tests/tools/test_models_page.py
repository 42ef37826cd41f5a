"""docs/models.md says what the folders and the accepted results say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modellab.models import folders
from modellab.plan.settings import Project
from tools.models_page import DECLARED, PAGE, REAL, ROOT, SMALL, page


def row(text: str, model: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"| [{model}]("))


@pytest.fixture(scope="module")
def written() -> str:
    return page(Project.at(ROOT))


def test_the_page_is_up_to_date(written: str) -> None:
    assert PAGE.read_text("utf-8") == written, "run: python -m tools.models_page"


def test_every_model_has_a_row_and_a_section(written: str) -> None:
    for model in folders():
        assert row(written, model)
        assert f"\n## {model}\n" in written


def test_what_nobody_accepted_is_only_declared(tmp_path: Path) -> None:
    text = page(replace(Project.at(ROOT), baselines=tmp_path))
    marks = text.partition("## ")[2]
    assert (REAL in marks, SMALL in marks) == (False, False)
    assert f"{DECLARED} cpu" in text
    assert "Not measured: vad on cpu float32." in marks


def test_a_measured_cell_names_its_weights_dataset_and_value(written: str) -> None:
    (line,) = (each for each in written.splitlines() if each.startswith("| vad | cpu float32 | ●"))
    assert "`jit`: the weights in its package" in line
    assert "`vad_smoke_v1`: f1 96.12 %, 13 cases" in line
