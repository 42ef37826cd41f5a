"""`modellab run`: pytest on the project's benchmarks, with cases chosen by name."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from modellab.cli import common
from modellab.cli.options import DatasetNames, DeviceNames, ModelNames, PrecisionNames, TierName, check, chosen
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.plan.matrix import Matrix
    from modellab.plan.selection import Selection

BENCHMARKS = "benchmarks"
SETTINGS: dict[str, Any] = {"context_settings": {"allow_extra_args": True, "ignore_unknown_options": True}}


def run(
    context: typer.Context,
    model: ModelNames = None,
    dataset: DatasetNames = None,
    device: DeviceNames = None,
    precision: PrecisionNames = None,
    tier: TierName = "",
) -> None:
    """Run the suite: pytest on benchmarks/.

    The output and the exit status are pytest's. Everything else on the line goes to pytest as it is: -x, --lf,
    -n 2, --strict-matrix, --update-baselines --reason "..." (see: modellab run -h).
    """
    selection = chosen(model, dataset, device, precision, tier)
    command = pytest_command(common.matrix(common.project()), selection, context.args)
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 - pytest takes this process over: its signals and its exit status are its own


def pytest_command(matrix: Matrix, selection: Selection, arguments: list[str]) -> list[str]:
    """The command that runs the selection, and makes the project's root its folder; ConfigError for a wrong name."""
    root = matrix.project.root
    if not (root / BENCHMARKS).is_dir():
        raise ConfigError(f"{root} has no {BENCHMARKS}/: expected {BENCHMARKS}/test_<task>.py there")
    check(matrix, selection)
    os.chdir(root)
    named = any(_is_benchmark(root, given) for given in arguments)
    options = ["-p", "modellab.pytest_plugin.select", f"--rootdir={root}", *selection.arguments()]
    return [sys.executable, "-m", "pytest", *([] if named else [BENCHMARKS]), *options, *arguments]


def _is_benchmark(root: Path, given: str) -> bool:
    """Whether an argument names a benchmark file or one of its tests."""
    path = root / given.partition("::")[0]
    return not given.startswith("-") and path.exists() and path.resolve().is_relative_to((root / BENCHMARKS).resolve())
