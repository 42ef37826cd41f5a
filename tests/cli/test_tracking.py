"""`modellab ui` and `modellab sync`."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modellab import tracking
from modellab.errors import TrackingError
from modellab.lifecycle import stages
from modellab.lifecycle.stages import Record
from modellab.tracking import Report, registry, ui

from .conftest import Desk

MOVED = Record(stage="candidate", when="2026-11-21T08:00:00Z", by="Ada", because="it is quiet")


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What `ui` would turn into."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))  # this process holds a folder there
    commands: list[list[str]] = []

    def execve(path: str, command: list[str], environment: dict[str, str]) -> None:
        assert path == command[0]
        assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"
        commands.append(command)

    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.setattr(tracking, "tell_when_it_answers", lambda port: commands.append(["tells of", str(port)]))
    return commands


def make_database(desk: Desk) -> None:
    (desk.root / "mlruns").mkdir(exist_ok=True)
    with sqlite3.connect(desk.root / "mlruns" / "mlflow.db") as connection:
        connection.execute("CREATE TABLE experiments (name, experiment_id, lifecycle_stage)")
        connection.execute("INSERT INTO experiments VALUES ('asr', '7', 'active')")
    connection.close()


def make_ledger(desk: Desk) -> None:
    (desk.root / "mlruns" / "ledger").mkdir(parents=True)
    (desk.root / "mlruns" / "ledger" / "one.jsonl").touch()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_ui_prints_the_views_and_becomes_mlflow(desk: Desk, started: list[list[str]]) -> None:
    make_database(desk)
    port = free_port()
    result = desk.type("ui", "--port", str(port))
    assert result.exit_code == 0
    assert result.stdout.startswith(f"http://127.0.0.1:{port} ")
    for view in ("overview", "trend"):
        assert f"  asr      {view:9} http://127.0.0.1:{port}/#/experiments/7/runs?" in result.stdout
    assert started == [["tells of", str(port)], tracking.ui_command(desk.root / "mlruns", port)]


def test_when_it_answers_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listens:
        assert tracking.tell_when_it_answers(listens.getsockname()[1]).wait(timeout=300) == 0
    assert re.fullmatch(r"it answers, after \d+ s\n", capfd.readouterr().out)


def test_of_one_that_ended_nothing_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    told = [sys.executable, "-S", "-c", ui.ANSWERS, "1", str(free_port())]  # whose parent is another than it says
    assert subprocess.run(told, timeout=300, check=False).returncode == 0
    assert capfd.readouterr().out == ""


def test_ui_without_results(desk: Desk, started: list[list[str]]) -> None:
    result = desk.type("ui")
    assert result.exit_code == 2
    assert result.stderr.endswith("nothing has been measured here: `modellab run` does that\n")
    make_ledger(desk)
    assert "`modellab sync` makes it from the results in the ledger" in desk.type("ui").stderr
    assert started == []


def test_ui_on_a_port_in_use(desk: Desk, started: list[list[str]]) -> None:
    make_database(desk)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = desk.type("ui", "--port", str(port))
    assert result.exit_code == 2
    assert f"port {port} cannot be used (Address already in use)" in result.stderr
    assert started == []


def test_a_second_ui_before_the_first_one_listens_is_refused(desk: Desk, started: list[list[str]]) -> None:
    make_database(desk)
    port = str(free_port())
    assert desk.type("ui", "--port", port).exit_code == 0
    second = desk.type("ui", "--port", port)
    assert second.exit_code == 2
    assert second.stderr == f"modellab: another `modellab ui` has port {port}, --port takes another\n"
    assert len(started) == 2, "the first one's alone"


def test_ui_of_results_that_go_elsewhere(desk: Desk, started: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@mlflow.example")
    result = desk.type("ui")
    assert result.exit_code == 0
    assert "https://mlflow.example" in result.stdout
    assert "secret" not in result.output
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////elsewhere/mlflow.db")
    result = desk.type("ui")
    assert result.exit_code == 2
    assert "MLFLOW_TRACKING_URI is sqlite:////elsewhere/mlflow.db" in result.stderr
    assert started == []


def test_sync_without_results(desk: Desk) -> None:
    result = desk.type("sync")
    assert result.exit_code == 2
    assert "there are no results in" in result.stderr


@pytest.mark.parametrize(("option", "name"), [((), "sync"), (("--rebuild",), "rebuild")])
def test_sync_says_what_it_sent(
    desk: Desk, option: tuple[str, ...], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_ledger(desk)
    asked: list[Any] = []

    def send(folder: Any, root: Any) -> Report:
        asked.append((folder, root))
        return Report("mlruns/mlflow.db", new=3, seconds=1.0, warnings=["a line of the ledger is cut"])

    monkeypatch.setattr(tracking, name, send)
    result = desk.type("sync", *option)
    assert result.exit_code == 0
    assert result.stdout == "logged 3 results to mlruns/mlflow.db in 1 s; see them: modellab ui\n"
    assert result.stderr == "warning: a line of the ledger is cut\n"
    assert asked == [(desk.root / "mlruns", desk.root)]


@pytest.mark.parametrize(("new", "said"), [(0, ""), (1, "1 new version in the Model Registry\n")])
def test_sync_brings_the_registry_up_to_date(desk: Desk, new: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stages.append(desk.root / "baselines", "fake", {"one": MOVED})
    mirrored: list[Any] = []

    def mirror(folder: Any, baselines: Any) -> tuple[int, str]:
        mirrored.append((folder, baselines))
        return new, "mlruns/mlflow.db"

    monkeypatch.setattr(tracking, "sync", lambda *_, **__: Report("mlruns/mlflow.db"))
    monkeypatch.setattr(registry, "mirror", mirror)
    result = desk.type("sync")
    assert result.exit_code == 0, "records alone, in a fresh clone, are something to send"
    assert result.stdout == f"mlruns/mlflow.db already has all 0 results\n{said}"
    assert mirrored == [(desk.root / "mlruns", desk.root / "baselines")]


def test_sync_that_fails_is_one_sentence(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    make_ledger(desk)

    def refuse(*_: Any, **__: Any) -> Report:
        raise TrackingError("MLflow does not answer: nothing is lost")

    monkeypatch.setattr(tracking, "sync", refuse)
    result = desk.type("sync")
    assert (result.exit_code, result.stderr) == (2, "modellab: MLflow does not answer: nothing is lost\n")
