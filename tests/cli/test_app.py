"""What holds for every command: help, errors in one sentence, exit statuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from modellab.cli import common

from .conftest import Desk

COMMANDS = (
    "try", "run", "transcribe", "diarize", "explain", "calibrate", "power", "report", "site", "history", "rescore",
    "score", "meaning", "serve", "export", "page", "compare", "promote", "rollback", "lifecycle", "curves", "ui",
    "sync", "doctor", "models", "datasets", "baselines",
    "tokens", "users", "projects",
)  # fmt: skip
HEAVY = ("modellab.plan.matrix", "pydantic", "numpy", "rich", "huggingface_hub", "mlflow", "pytest", "av", "torch")


def test_help_names_every_command(desk: Desk) -> None:
    result = desk.type("--help")
    assert result.exit_code == 0
    listed = [line.split()[0] for line in result.stdout.partition("Commands:")[2].splitlines() if line.strip()]
    assert listed == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(desk: Desk, command: str) -> None:
    result = desk.type(command, "--help")
    assert result.exit_code == 0
    assert f"modellab {command}" in result.stdout


def test_no_arguments_is_help(desk: Desk) -> None:
    assert "Commands:" in desk.type().output


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['modellab', '--help']\n"
        "from modellab.cli import main\n"
        "try: main()\n"
        f"except SystemExit: print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "HEAVY []", done.stderr


def test_version(desk: Desk) -> None:
    assert desk.type("--version").stdout.startswith("modellab 0.")


@pytest.mark.parametrize("command", [("datasets",), ("datasets", "validate"), ("run",), ("ui",), ("sync",)])
def test_outside_a_project(
    desk: Desk, command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    result = desk.type(*command)
    assert result.exit_code == 2
    assert result.stderr == (
        f"modellab: no project in {elsewhere} or above it: expected a folder with golden/ or [tool.modellab]\n"
    )


def test_a_typo_in_the_project_is_one_sentence(desk: Desk) -> None:
    (desk.root / "pyproject.toml").write_text('[tool.modellab]\nbaseline = "b"\n')
    result = desk.type("models")
    assert result.exit_code == 2
    assert result.stderr.endswith("[tool.modellab] has no key 'baseline': did you mean baselines? "
                                  "known: alpha, baselines, cases, golden, lifecycle, mlruns, models, "
                                  "scorecard, serve, threads, thresholds\n")  # fmt: skip
    assert result.stderr.count("\n") == 1


def test_what_the_disk_refuses_is_one_sentence(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bool:
        raise PermissionError(13, "Permission denied", "golden")

    monkeypatch.setattr(Path, "is_dir", refuse)
    result = desk.type("datasets")
    assert result.exit_code == 2
    assert result.stderr == "modellab: golden: Permission denied\n"


def test_a_full_disk_behind_the_output_is_one_sentence(desk: Desk) -> None:
    command = f"{sys.executable} -m modellab models show fake > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=desk.root, timeout=60)
    assert (done.returncode, done.stderr) == (2, "modellab: the output: No space left on device\n")


def test_a_reader_that_leaves_early_is_no_error(desk: Desk) -> None:
    command = f"{sys.executable} -m modellab models show fake | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=desk.root, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_table_wider_than_the_terminal_comes_in_parts_with_the_names_in_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(common, "console", lambda: Console(width=30, highlight=False))
    common.print_table(["model", "wer [95 %]", "stage"], [["whisper:lab", "1.22 % [0.00 %]", "production"]])
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["model", "wer", "[95", "%]"],
        ["whisper:lab", "1.22", "%", "[0.00", "%]"],
        ["model", "stage"],
        ["whisper:lab", "production"],
    ]
