"""What holds for every command: help, errors in one sentence, exit statuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from modellab.cli import common, grouped

from .conftest import Desk

COMMANDS = (
    "demo", "try", "transcribe", "diarize", "synthesize", "vad", "align", "identify", "translate", "chat",
    "init", "doctor", "models", "datasets",
    "run", "worker", "compare", "explain", "score", "rescore", "calibrate", "power", "baselines",
    "results", "report", "page", "history", "curves", "meaning", "export", "site", "forget",
    "lifecycle", "promote", "rollback",
    "serve", "load", "ui", "sync", "digest", "alerts", "tokens", "users", "projects",
)  # fmt: skip
HEAVY = ("modellab.plan.matrix", "pydantic", "numpy", "rich", "huggingface_hub", "mlflow", "pytest", "av", "torch")


def test_help_names_every_command(desk: Desk) -> None:
    result = desk.type("--help")
    assert result.exit_code == 0
    behind = result.stdout.partition("Try it on your own files:")[2]
    listed = [line.split()[0] for line in behind.splitlines() if line[:2] == "  " and line[2:3].strip()]
    assert listed == list(COMMANDS)
    assert [line for line in behind.splitlines() if line and not line.startswith(" ")] == [
        f"{panel}:" for panel in grouped.PANELS[1:]
    ]


def test_summaries_are_whole(desk: Desk) -> None:
    assert "..." not in desk.type("--help").stdout.partition("Options:")[2]
    assert "..." not in desk.type("datasets", "--help").stdout.partition("Commands:")[2]


@pytest.mark.parametrize("command", [(), ("run",), ("models",), ("models", "show"), ("compare",)])
def test_the_short_option_for_help(desk: Desk, command: tuple[str, ...]) -> None:
    assert desk.type(*command, "-h").stdout == desk.type(*command, "--help").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands(desk: Desk, shell: str) -> None:
    words = {"COMP_WORDS": "modellab tr", "COMP_CWORD": "1", "_TYPER_COMPLETE_ARGS": "modellab tr"}
    asked = {"_MODELLAB_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    code = "import sys; sys.argv = ['modellab']; from modellab.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked, **words}, capture_output=True, text=True, timeout=60
    )
    assert "try" in done.stdout
    assert "transcribe" in done.stdout
    assert "report" not in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(desk: Desk, command: str) -> None:
    result = desk.type(command, "--help")
    assert result.exit_code == 0
    assert f"modellab {command}" in result.stdout


def test_no_arguments_is_help(desk: Desk) -> None:
    assert "Try it on your own files:" in desk.type().output


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
        f"modellab: no project in {elsewhere} or above it: expected a folder with golden/ or [tool.modellab]; "
        "`modellab init` makes this one a project\n"
    )


def test_a_typo_in_the_project_is_one_sentence(desk: Desk) -> None:
    (desk.root / "pyproject.toml").write_text('[tool.modellab]\nbaseline = "b"\n')
    result = desk.type("models")
    assert result.exit_code == 2
    assert result.stderr.endswith("[tool.modellab] has no key 'baseline': did you mean baselines? "
                                  "known: alpha, baselines, cases, golden, lifecycle, mlruns, models, only, "
                                  "scorecard, serve, threads, thresholds\n")  # fmt: skip
    assert result.stderr.count("\n") == 1


def test_what_the_disk_refuses_is_one_sentence(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bool:
        raise PermissionError(13, "Permission denied", "golden")

    monkeypatch.setattr(Path, "is_dir", refuse)
    result = desk.type("datasets")
    assert result.exit_code == 2
    assert result.stderr == "modellab: golden: Permission denied\n"


@pytest.mark.parametrize("unbuffered", ["", pytest.param("1", marks=pytest.mark.slow)])
def test_a_full_disk_behind_the_output_is_one_sentence(
    desk: Desk, unbuffered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a buffer it is first written when Python ends, which said it in its own words and with status 120."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    command = f"{sys.executable} -m modellab models show fake > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=desk.root, timeout=60)
    assert (done.returncode, done.stderr) == (2, "modellab: the output: No space left on device\n")


def test_an_output_that_is_closed_is_no_error(desk: Desk) -> None:
    command = f"{sys.executable} -m modellab models show fake >&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=desk.root, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_leaves_early_is_no_error(desk: Desk) -> None:
    command = f"{sys.executable} -m modellab models show fake | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=desk.root, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


ROWS = [["whisper:lab", "1.22 % [0.00 %]", "production"]]


def test_a_table_wider_than_the_terminal_comes_in_parts_with_the_names_in_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(common, "console", lambda: Console(width=30, highlight=False))
    common.print_table(["model", "wer [95 %]", "stage"], ROWS)
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["model", "wer", "[95", "%]"],
        ["whisper:lab", "1.22", "%", "[0.00", "%]"],
        ["model", "stage"],
        ["whisper:lab", "production"],
    ]


def test_a_table_that_would_take_many_parts_has_its_columns_below_each_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(common, "console", lambda: Console(width=30, highlight=False))
    common.print_table(["model", "wer [95 %]", "stage", "tasks"], [[*ROWS[0], "asr alignment"]])
    name, *told = capsys.readouterr().out.splitlines()
    assert name == "whisper:lab"
    assert all(line.startswith("  ") and len(line) <= 30 for line in told)
    assert " ".join(" ".join(told).split()) == "wer [95 %]: 1.22 % [0.00 %] · stage: production · tasks: asr alignment"


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, pytest.param({"TERM": "dumb"}, marks=pytest.mark.slow)])
def test_a_terminal_without_colours_gets_plain_text(desk: Desk, variables: dict[str, str]) -> None:
    command = f"{sys.executable} -m modellab models show fake; {sys.executable} -m modellab datasets list"
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"], cwd=desk.root, capture_output=True, timeout=120,
        env={**{name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "CI")}, **variables},
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert b"short_v1" in done.stdout
    assert b"\x1b" not in done.stdout
