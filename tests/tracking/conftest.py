"""Entries as a session leaves them, and a small mlruns folder with a few."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import shutil
import sqlite3
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from modellab.results.entry import Entry
from modellab.results.ledger import Ledger
from modellab.system.machine import Commit
from modellab.tracking import sqlite, store
from modellab.types import CaseId, Result, Status, Utterance, Verdict

COMMIT = Commit("1a2b3c4d" * 5, 7, "main")
PASSED = Verdict("wer", "ratio", "quality", Status.PASS, 0.25, 0.2, 0.05, (-0.01, 0.11))
RED = Verdict("wer", "ratio", "quality", Status.REGRESSED, 0.5, 0.25, 0.25, (0.2, 0.3), "3 of 4 changed", red=True)


class Make(Protocol):
    def __call__(self, **changes: Any) -> Entry: ...


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """No tracking server of the user's, no stand-in ledger of another test."""
    own = ("TRACKING_URI", "EXPERIMENT_ID", "RUN_ID", "TRACKING_USERNAME", "TRACKING_PASSWORD", "TRACKING_TOKEN")
    for name in (*(f"MLFLOW_{part}" for part in own), *store.ENVIRONMENT):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


@pytest.fixture
def make() -> Make:
    """A function that makes a passed entry; its keywords change the key, the provenance or the entry."""

    def entry(**changes: Any) -> Entry:
        case = {name: changes.pop(name) for name in CaseId.__slots__ if name in changes}
        key = CaseId(**{**KEY, **case})
        facts = {"dataset_digest": "sha256:" + "ab" * 32, "normaliser": "whisper_en@1#1a2b3c4d"}
        utterances = (
            Utterance("001", {"wer": (0.0, 4.0)}, {"text": "turn on the light"}, 0.1, 0.1, 2.0),
            Utterance("002", {"wer": (2.0, 4.0)}, {"text": "stop"}, 0.1, 0.1, 2.0),
        )
        result = Result(key, utterances, {"rtf": 0.0241234567, "load_s": float("nan")}, "test-1t", facts)
        made = Entry(
            key=key,
            status=Status.PASS,
            session="s1",
            result=result,
            verdicts=(PASSED,),
            values={"wer": 0.25, "cer": 0.123456789},
            tier="smoke",
            weights="sha256:cd",
            commit=COMMIT,
            versions={"python": "3.12.1"},
            settings={"device": "cpu", "beam_size": 5},
        )
        return dataclasses.replace(made, **changes)

    return entry


KEY = {
    "task": "asr",
    "dataset": "asr_smoke_v1",
    "model": "faster_whisper",
    "variant": "lab",
    "device": "cpu",
    "precision": "int8",
}


@pytest.fixture
def session(make: Make) -> list[Entry]:
    """Four entries that make three runs in two experiments; one is red, one has no result."""
    return [
        make(),
        make(dataset="asr_lab_v1", status=Status.REGRESSED, verdicts=(RED,)),
        make(model="whisper", result=None, values={}, verdicts=(), status=Status.ERROR, error="no weights"),
        make(task="vad", dataset="vad_smoke_v1", model="silero_vad"),
    ]


@pytest.fixture
def mlruns(tmp_path: Path, session: list[Entry]) -> Path:
    """An mlruns folder with that session in its ledger."""
    book = Ledger(tmp_path / "mlruns", "s1")
    for entry in session:
        book.append(entry)
    return tmp_path / "mlruns"


@pytest.fixture(scope="session")
def client_class() -> Any:
    """MLflow, imported once: seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store.import_mlflow()
        from mlflow import MlflowClient

    return MlflowClient


@pytest.fixture(scope="session")
def empty_database(client_class, tmp_path_factory) -> Path:
    """A database with MLflow's tables and nothing in them: seconds to make, milliseconds to copy."""
    folder = tmp_path_factory.mktemp("store")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert sqlite.ensure(folder / "mlflow.db", folder / "artifacts")
    assert not sqlite.ensure(folder / "mlflow.db", folder / "artifacts"), "made once"
    assert [path.name for path in folder.glob("*mlflow.db*") if not path.name.endswith(".lock")] == ["mlflow.db"]
    return Path(folder) / "mlflow.db"


@pytest.fixture
def ready(mlruns: Path, empty_database) -> Path:
    """The mlruns folder of the session, with a database to send it to."""
    shutil.copy(empty_database, mlruns / "mlflow.db")
    return mlruns


@pytest.fixture
def everything() -> Callable[[Path], dict[str, Any]]:
    """A function that reads all of an mlruns folder's database and tables."""
    return _everything


def _everything(folder: Path) -> dict[str, Any]:
    """What the database says, less what differs from one time to the next: run ids and the time of creation."""
    with contextlib.closing(sqlite3.connect(folder / "mlflow.db")) as db:
        names = dict(db.execute("SELECT run_uuid, name FROM runs WHERE lifecycle_stage = 'active'"))
        runs = db.execute("SELECT name, status, start_time, end_time FROM runs WHERE lifecycle_stage = 'active'")
        found: dict[str, Any] = {"runs": sorted(runs)}
        for table, columns in {
            "metrics": "key, value, timestamp, step",
            "params": "key, value",
            "tags": "key, value",
        }.items():
            rows = db.execute(f"SELECT run_uuid, {columns} FROM {table}")
            found[table] = sorted((names[id], *rest) for id, *rest in rows if id in names)
        inputs = db.execute(
            "SELECT i.destination_id, d.name, d.digest FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id"
        )
        found["inputs"] = sorted((names[id], *rest) for id, *rest in inputs if id in names)
    tables = sorted(folder.glob("artifacts/*/*/artifacts/utterances/*.json"))
    found["tables"] = sorted((path.name, path.read_text()) for path in tables if path.parts[-4] in names)
    return found


class Gate:
    """Stands before MLflow's own server: asks for a password, is slow, and counts what is asked of it."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.url = ""
        self.folder = Path()
        self.password = ""
        self.pause_s = 0.0
        self.refused = ""  # what a path holds that is answered with 507
        self.asked: list[str] = []
        self.resting = threading.Event()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        self.resting.wait(self.pause_s)
        expected = "Basic " + base64.b64encode(f"me:{self.password}".encode()).decode()
        allowed = environ.get("HTTP_AUTHORIZATION") in {expected, f"Bearer {self.password}"}
        if self.password and not allowed:
            start_response("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="mlflow"')])
            return [b"who are you?"]
        if self.refused and self.refused in environ["PATH_INFO"]:
            start_response("507 Insufficient Storage", [])
            return [b"no room"]
        return self.app(environ, start_response)


@pytest.fixture(scope="session")
def whole_server(client_class, empty_database, tmp_path_factory) -> Iterator[Gate]:
    """MLflow's server with a remote artifact store, in a thread."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(empty_database, folder / "mlflow.db")
    place = (folder / "artifacts").as_uri()
    variables = {
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{folder / 'mlflow.db'}",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": place,
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
    }
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, text in variables.items():
            patch.setenv(name, text)
        from mlflow.server import app
        from werkzeug.serving import WSGIRequestHandler, make_server

        patch.setattr(WSGIRequestHandler, "log", lambda *_: None)
        gate = Gate(app)
        running = make_server("127.0.0.1", 0, gate, threaded=True)
        gate.url = f"http://127.0.0.1:{running.server_port}"
        gate.folder = folder
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield gate
        running.shutdown()
        thread.join()
        running.server_close()


@pytest.fixture
def server(whole_server, monkeypatch) -> Iterator[Gate]:
    """The server, empty, open and quick."""
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")  # a loaded machine is no slow server
    client = MlflowClient(f"sqlite:///{whole_server.folder / 'mlflow.db'}")
    for experiment in client.search_experiments():
        if experiment.name != "Default":
            client.rename_experiment(experiment.experiment_id, f"old-{experiment.experiment_id}")
            client.delete_experiment(experiment.experiment_id)
    whole_server.password, whole_server.pause_s, whole_server.refused = "", 0.0, ""
    whole_server.asked.clear()
    whole_server.resting.clear()
    yield whole_server
    whole_server.resting.set()
