"""`modellab run`: pytest on the project's benchmarks, with cases chosen by name."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import common
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.matrix import Matrix
    from modellab.selection import Selection

BENCHMARKS = "benchmarks"
SETTINGS: dict[str, Any] = {"context_settings": {"allow_extra_args": True, "ignore_unknown_options": True}}
Names = list[str] | None


def run(
    context: typer.Context,
    model: Annotated[Names, typer.Option(metavar="MODEL[:VARIANT]", help="Only this model; may be repeated.")] = None,
    dataset: Annotated[Names, typer.Option(metavar="DATASET", help="Only this dataset; may be repeated.")] = None,
    device: Annotated[Names, typer.Option(metavar="cpu|cuda|mps", help="Only this device; may be repeated.")] = None,
    precision: Annotated[Names, typer.Option(metavar="PRECISION", help="Only this precision; may be repeated.")] = None,
    tier: Annotated[str, typer.Option(metavar="smoke|full|nightly", help="Only this tier and those below it.")] = "",
) -> None:
    """Run the suite: pytest on benchmarks/.

    The output and the exit status are pytest's. Everything else on the line goes to pytest as it is: -x, --lf,
    -n 2, --strict-matrix, --update-baselines --reason "..." (see: modellab run -h).
    """
    from modellab.selection import Selection

    chosen = Selection(tuple(model or ()), tuple(dataset or ()), tuple(device or ()), tuple(precision or ()), tier)
    command = pytest_command(common.matrix(common.project()), chosen, context.args)
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 - pytest takes this process over: its signals and its exit status are its own


def pytest_command(matrix: Matrix, selection: Selection, arguments: list[str]) -> list[str]:
    """The command that runs the selection, and makes the project's root its folder; ConfigError for a wrong name."""
    root = matrix.project.root
    if not (root / BENCHMARKS).is_dir():
        raise ConfigError(f"{root} has no {BENCHMARKS}/: expected {BENCHMARKS}/test_<task>.py there")
    selection.check(matrix)
    if selection and next(selection.cells(matrix), None) is None:
        asked = " ".join(selection.arguments())
        raise ConfigError(f"no case has {asked}: `modellab models` and `modellab datasets` show what meets what")
    os.chdir(root)
    named = any(_is_benchmark(root, given) for given in arguments)
    options = ["-p", "modellab.pytest_select", f"--rootdir={root}", *selection.arguments()]
    return [sys.executable, "-m", "pytest", *([] if named else [BENCHMARKS]), *options, *arguments]


def _is_benchmark(root: Path, given: str) -> bool:
    """Whether an argument names a benchmark file or one of its tests."""
    path = root / given.partition("::")[0]
    return not given.startswith("-") and path.exists() and path.resolve().is_relative_to((root / BENCHMARKS).resolve())
