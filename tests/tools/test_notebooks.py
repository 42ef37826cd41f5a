"""The notebooks of the documentation: each runs from top to bottom, and what is committed of them is clean."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import modellab
from tools import notebooks
from tools.site import notebook_pages

NAMES = {"00_smoke", "10_asr", "20_tts", "30_chat", "colab", "scorecard"}
MOST_BYTES = 150_000  # of a notebook with its outputs


def imports(source: str) -> set[str]:
    """The modules that a cell imports."""
    tree = ast.parse(source)
    plain = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    return plain | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_every_notebook_is_one_that_runs_here() -> None:
    assert set(notebooks.names()) == NAMES


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_notebook_runs(name: str, tmp_path: Path) -> None:
    made = notebooks.run(name, notebooks.copy_of_project(tmp_path))
    said = "".join(notebooks.printed(made))
    assert said.strip()
    assert "Traceback" not in said
    before = [cell.source for cell in notebooks.read(name).cells]
    assert [cell.source for cell in made.cells] == before


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_committed_notebook_was_run_and_is_clean(name: str) -> None:
    path = notebooks.FOLDER / f"{name}.ipynb"
    assert path.stat().st_size < MOST_BYTES
    cells = [cell for cell in notebooks.read(name).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert kinds <= {"stream", "execute_result", "display_data"}
    text = "".join(notebooks.printed(notebooks.read(name)))
    assert not re.search(r"/(?:home|tmp|root|work)/", text), "a path of somebody's machine"


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_notebook_uses_the_public_interface_alone(name: str) -> None:
    source = "\n".join(cell.source for cell in notebooks.read(name).cells if cell.cell_type == "code")
    assert {module for module in imports(source) if module.startswith("modellab")} == {"modellab"}
    assert set(re.findall(r"modellab\.(\w+)", source)) <= set(modellab.__all__)


def test_a_notebook_is_a_page_of_the_site() -> None:
    page = notebook_pages.page("00_smoke")
    assert page.startswith("# A first run from Python")
    assert "```python\nimport modellab" in page
    assert "Nothing regressed" in page
