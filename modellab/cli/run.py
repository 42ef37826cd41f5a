"""`modellab run`: pytest on the project's benchmarks, with cases chosen by name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import common
from modellab.cli.options import DatasetNames, DeviceNames, ModelNames, PrecisionNames, TierName, check, chosen
from modellab.system import interrupt

if TYPE_CHECKING:
    from modellab.plan.matrix import Matrix
    from modellab.plan.selection import Selection

BENCHMARKS = "benchmarks"
EVERY_TASK = Path(__file__).parents[1] / "pytest_plugin" / "benchmarks" / "test_cases.py"
SETTINGS: dict[str, Any] = {"context_settings": {"allow_extra_args": True, "ignore_unknown_options": True}}


def run(
    context: typer.Context,
    model: ModelNames = None,
    dataset: DatasetNames = None,
    device: DeviceNames = None,
    precision: PrecisionNames = None,
    tier: TierName = "",
    pre: Annotated[
        str, typer.Option(metavar="STEPS", help="Preprocess all audio: highpass(cutoff_hz=80),denoise; or none.")
    ] = "",
    batch: Annotated[
        int, typer.Option(metavar="N", help="With --executor: so many utterances in one call of models that can.")
    ] = 1,
) -> None:
    """Run the suite: pytest on benchmarks/, or on every task where a project has none.

    A case's id, as pytest shows it, runs that case. Piped, each case is a line with its id.

    The output and the exit status are pytest's. Everything else on the line goes to pytest as it is: -x, --lf,
    -n 2, --strict-matrix, --update-baselines --reason "..." (see: pytest --help).
    """
    from modellab.cli import run_line
    from modellab.plan.matrix import Matrix

    run_line.refuse_misspelt(context.args)
    matrix = Matrix(common.project(), pre, batch)
    cases, rest = run_line.parted(matrix, context.args)
    selection = run_line.named(matrix, cases, chosen(model, dataset, device, precision, tier))
    arguments = [
        *([f"--pre={pre}"] if pre else []),
        *([f"--batch={batch}"] if batch != 1 else []),
        *run_line.verbosely(rest),
        *rest,
    ]
    command = pytest_command(matrix, selection, arguments)
    interrupt.become(command)  # pytest takes this process over: its signals and its exit status are its own


def pytest_command(matrix: Matrix, selection: Selection, arguments: list[str]) -> list[str]:
    """The command that runs the selection, and makes the project's root its folder; ConfigError for a wrong name."""
    root = matrix.project.root
    check(matrix, selection)
    os.chdir(root)
    options = ["-p", "modellab.pytest_plugin.select", f"--rootdir={root}", *selection.arguments()]
    if not (root / BENCHMARKS).is_dir():
        return [*interrupt.command("pytest"), str(EVERY_TASK), *_alone(root), *options, *arguments]
    named = any(_is_benchmark(root, given) for given in arguments)
    return [*interrupt.command("pytest"), *([] if named else [BENCHMARKS]), *options, *arguments]


def _alone(root: Path) -> list[str]:
    """Options with which modellab's own test file runs as one of the project's: by its settings, and no other's."""
    settings = root / "pyproject.toml"
    own = [f"--config-file={settings}"] if settings.is_file() else [f"--config-file={os.devnull}"]
    return ["-p", "modellab.pytest_plugin", f"--confcutdir={EVERY_TASK.parent}", *own]


def _is_benchmark(root: Path, given: str) -> bool:
    """Whether an argument names a benchmark file or one of its tests."""
    path = root / given.partition("::")[0]
    return not given.startswith("-") and path.exists() and path.resolve().is_relative_to((root / BENCHMARKS).resolve())
