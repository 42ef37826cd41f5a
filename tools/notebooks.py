"""The notebooks of docs/notebooks, run from top to bottom in a copy of the project, and written back with what came.

    python -m tools.notebooks                    runs each and writes its outputs
    python -m tools.notebooks 00_smoke colab     these

A copy, because runs are kept: the ledger of whoever reads the documentation stays as it is.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "notebooks"
TIMEOUT_S = 600  # of one cell
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def names() -> list[str]:
    """Every notebook there is."""
    return sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def copy_of_project(folder: Path) -> Path:
    """Settings, data and baselines of this project, without its results."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "conftest.py").write_text('pytest_plugins = ["modellab.pytest_plugin"]\n', encoding="utf-8")
    for name in ("baselines", "benchmarks", "golden"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def read(name: str) -> Any:
    """A notebook as nbformat reads it."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def run(name: str, folder: Path) -> Any:
    """A notebook after it was run in `folder`; CellExecutionError where a cell raised."""
    notebook = read(name)
    client = NotebookClient(
        notebook, timeout=TIMEOUT_S, kernel_name="python3", resources={"metadata": {"path": folder}}
    )
    client.execute()
    return cleaned(notebook)


def cleaned(notebook: Any) -> Any:
    """Only what a reader sees: no times, no warnings of the kernel, the same metadata everywhere."""
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            shown = (output for output in cell.outputs if output.get("name") != "stderr")
            cell.outputs = [{**output, "metadata": {}} if "metadata" in output else output for output in shown]
    notebook.metadata = METADATA
    return nbformat.from_dict(notebook)


def printed(notebook: Any) -> Iterator[str]:
    """What each cell printed."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                yield output.text


def main() -> None:
    """Run notebooks and write them back."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=names())
    for name in parser.parse_args().names:
        with tempfile.TemporaryDirectory() as folder:
            notebook = run(name, copy_of_project(Path(folder)))
        nbformat.write(notebook, FOLDER / f"{name}.ipynb")
        print(f"{name}: {len(notebook.cells)} cells")


if __name__ == "__main__":
    main()
