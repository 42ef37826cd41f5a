"""Addresses, sentences and refusals that need no MLflow."""

import os
import socket
import sqlite3
import sys
from pathlib import Path

import pytest

from modellab import tracking
from modellab.errors import TrackingError
from modellab.results.ledger import Ledger
from modellab.tracking import pushing, sqlite, store


def test_the_address_in_force(tmp_path, monkeypatch):
    own = f"sqlite:///{tmp_path}/mlflow.db"
    assert store.address(tmp_path) == own
    monkeypatch.setenv("MLFLOW_TRACKING_URI", " http://server:5000 ")
    assert store.address(tmp_path) == "http://server:5000"
    assert store.address(tmp_path, "sqlite:///given.db") == "sqlite:///given.db"


def test_a_relative_folder_gives_an_absolute_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert store.address(Path("mlruns")) == f"sqlite:///{tmp_path}/mlruns/mlflow.db"


SERVERS = [
    ("http://x", True),
    ("https://x", True),
    ("databricks", True),
    ("postgresql://x/y", True),
    ("sqlite:///x", False),
    ("file:x", False),
    ("./x", False),
]


@pytest.mark.parametrize(("uri", "server"), SERVERS)
def test_a_server_is_what_lies_behind_a_network(uri, server):
    assert store.is_server(uri) is server


def test_sentences_show_no_password_and_short_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert store.shown("https://me:secret@server/x") == "https://server/x"
    assert store.shown(f"sqlite:///{tmp_path}/mlruns/mlflow.db") == "mlruns/mlflow.db"
    assert store.shown("sqlite:////elsewhere/mlflow.db") == "/elsewhere/mlflow.db"


def no_process(*_: object) -> list[str]:
    pytest.fail("a process is started")


def test_a_server_that_is_down_is_noticed_without_mlflow(mlruns):
    with socket.socket() as closed:  # which nobody else can listen at meanwhile
        closed.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{closed.getsockname()[1]}"
        for address in (uri, "http://name:port"):
            said = tracking.push(mlruns, uri=address, command=no_process)
            assert said.startswith("MLflow at http://")
            assert "does not answer" in said
            assert "`modellab sync` sends the rest" in said
        with pytest.raises(TrackingError, match="does not answer"):
            tracking.sync(mlruns, uri)


def test_without_mlflow_there_is_a_sentence(mlruns, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)

    assert tracking.push(mlruns).startswith("MLflow is not installed: nothing was sent to it, and nothing is lost")
    for call in (tracking.sync, tracking.rebuild):
        with pytest.raises(TrackingError, match=r"pip install 'modellab\[mlflow\]', then `modellab sync`"):
            call(mlruns)


def test_a_session_without_results_starts_nothing(tmp_path):
    said = tracking.push(tmp_path / "mlruns", command=no_process)

    assert said == f"no results in {tmp_path / 'mlruns' / 'ledger'} to log"


REPORT = {"new": 0, "resumed": 0, "skipped": 5, "seconds": 3.6, "store": "mlruns/mlflow.db", "warnings": []}
SENTENCES = [
    ({}, "mlruns/mlflow.db already has all 5 results"),
    ({"new": 1}, "logged 1 result to mlruns/mlflow.db in 4 s; see them: modellab ui"),
    (
        {"new": 12, "warnings": ["a", "b", "c"]},
        "logged 12 results to mlruns/mlflow.db in 4 s; see them: modellab ui; a (and 2 more warnings)",
    ),
    ({"error": "MLflow is on holiday"}, "MLflow is on holiday"),
]


@pytest.mark.parametrize(("change", "sentence"), SENTENCES)
def test_the_sentence_for_the_terminal(change, sentence):
    assert pushing.sentence(REPORT | change) == sentence


FAILURES = [
    ("(sqlite3.DatabaseError) file is not a database\n[SQL: SELECT 1]\n(Background on this error at: x)", "--rebuild"),
    ("(sqlite3.DatabaseError) database disk image is malformed", "--rebuild"),
    ("(sqlite3.OperationalError) database is locked [SQL: x]", "locked by another program"),
    ("Detected out-of-date database schema (found version a, but expected b)", "Detected out-of-date"),
    ("", "RuntimeError"),
    ("no route to https://me:secret@server/x", "no route to https://server/x"),
]


@pytest.mark.parametrize(("said", "expected"), FAILURES)
def test_whatever_is_raised_becomes_one_sentence(said, expected):
    with pytest.raises(TrackingError) as caught, store.explained("sqlite:////x/mlflow.db"):
        raise RuntimeError(said)

    sentence = str(caught.value)
    assert expected in sentence
    assert "/x/mlflow.db" in sentence
    assert "nothing is lost" in sentence
    assert not any(noise in sentence for noise in ("\n", "[SQL", "Background"))


def test_a_folder_that_another_process_holds_is_a_sentence_after_a_while(tmp_path):
    late = pytest.raises(TrackingError, match="another process has been sending")
    with store.locked(tmp_path), late, store.locked(tmp_path, patience_s=0.05):
        pytest.fail("both hold the lock")


def test_a_read_only_folder_is_sent_from_without_a_lock(tmp_path, monkeypatch):
    (tmp_path / "mlruns").write_text("not a folder: nothing can be made in it")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    held = []
    with store.locked(tmp_path / "mlruns" / "x"):
        held.append(True)

    assert held == [True]


@pytest.mark.parametrize("name", ["100%41", "what?"])
def test_a_path_that_mlflow_would_misread_is_refused(tmp_path, make, name):
    Ledger(tmp_path / name, "s1").append(make())

    assert "cannot open a database whose path has a % or ?" in tracking.push(tmp_path / name)


def test_only_the_projects_own_files_are_moved_aside(tmp_path):
    (tmp_path / "artifacts" / "asr").mkdir(parents=True)
    (tmp_path / "ledger").mkdir()
    (tmp_path / "mlflow.db").write_text("broken")

    aside = sqlite.move_aside(tmp_path)

    assert aside
    assert sorted(path.name for path in aside.iterdir()) == ["artifacts", "mlflow.db"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([aside.name, "ledger", "tmp"])
    assert sqlite.move_aside(tmp_path) is None


@pytest.mark.parametrize("said", ["(sqlite3.OperationalError) database or disk is full", "No space left on device"])
def test_a_full_disk_is_called_that(tmp_path, said):
    expected = "is on is full, make room: nothing is lost, `modellab sync` sends"
    with pytest.raises(TrackingError, match=expected), store.explained(f"sqlite:///{tmp_path}/mlflow.db"):
        raise RuntimeError(said)


def test_the_ui_is_for_this_computer_and_quiet(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "99")

    command, environment = tracking.ui_command(tmp_path, 5001), tracking.ui_environment()

    assert command[1:5] == ["-m", "modellab.system.interrupt", "mlflow", "server"]
    assert f"sqlite:///{tmp_path}/mlflow.db" in command
    assert "--host 127.0.0.1 --port 5001 --workers 1 --uvicorn-opts --log-level warning" in " ".join(command)
    assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert environment["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "99", "what the user set stays"


def test_links_need_a_database(tmp_path):
    assert tracking.ui_links(tmp_path) == {}
    (tmp_path / "mlflow.db").write_text("broken")
    assert tracking.ui_links(tmp_path) == {}


def test_links_lead_to_the_views_of_every_experiment(tmp_path):
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        connection.execute("CREATE TABLE experiments (name TEXT, experiment_id INTEGER, lifecycle_stage TEXT)")
        rows = [("Default", 0, "active"), ("asr", 1, "active"), ("vad", 2, "deleted")]
        connection.executemany("INSERT INTO experiments VALUES (?, ?, ?)", rows)
    connection.close()

    links = tracking.ui_links(tmp_path, 5001)

    assert list(links) == ["asr"]
    assert links["asr"]["overview"].startswith("http://127.0.0.1:5001/#/experiments/1/runs?")
