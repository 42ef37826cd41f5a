"""The ledger reaches a real MLflow database: whole, once, and whatever is killed on the way."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

from modellab import tracking
from modellab.errors import TrackingError
from modellab.ledger import Ledger
from modellab.tracking import store
from modellab.types import Status, Utterance

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own imports warn, and what it leaves open is its affair


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
        assert store.ensure(folder / "mlflow.db", folder / "artifacts")
    assert not store.ensure(folder / "mlflow.db", folder / "artifacts"), "made once"
    assert [path.name for path in folder.glob("*mlflow.db*") if not path.name.endswith(".lock")] == ["mlflow.db"]
    return folder / "mlflow.db"


@pytest.fixture
def ready(mlruns, empty_database) -> Path:
    """The mlruns folder of the session, with a database to send it to."""
    shutil.copy(empty_database, mlruns / "mlflow.db")
    return mlruns


def everything(folder: Path) -> dict[str, Any]:
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


def numbers(report: tracking.Report) -> tuple[int, int, int]:
    return report.new, report.resumed, report.skipped


def test_a_session_is_sent_once_and_says_what_it_should(ready, session):
    first = tracking.sync(ready)
    sent = everything(ready)
    second = tracking.sync(ready)
    (ready / "ledger" / ".sent.json").unlink()
    third = tracking.sync(ready)

    assert [numbers(report) for report in (first, second, third)] == [(4, 0, 0), (0, 0, 4), (0, 0, 4)]
    assert first.warnings == second.warnings == third.warnings == []
    assert everything(ready) == sent
    red, green, error = (f"{model}:lab cpu-int8 @ 1a2b3c4" for model in ("faster_whisper", "silero_vad", "whisper"))
    statuses = {name: status for name, status, *_ in sent["runs"]}
    assert statuses == {red: "FAILED", green: "FINISHED", error: "FAILED"}
    assert [row[1:3] + row[4:] for row in sent["metrics"] if row[0] == red and row[1].startswith("wer/")] == [
        ("wer/asr_lab_v1", 0.25, 7),
        ("wer/asr_smoke_v1", 0.25, 7),
    ]
    assert (red, "verdict", "REGRESSED") in sent["tags"]
    assert (red, "beam_size", "5") in sent["params"]
    assert (red, "asr_smoke_v1", "abababababab") in sent["inputs"]
    assert [name for name, _ in sent["tables"]] == ["asr_lab_v1.json", "asr_smoke_v1.json", "vad_smoke_v1.json"]
    assert json.loads(sent["tables"][0][1])["data"][0][:3] == ["002", "stop", "2/4"]
    assert sorted(first.links) == ["asr", "vad"]
    assert tracking.ui_links(ready)["asr"]["overview"].endswith(first.links["asr"]["overview"])


class Killed(BaseException):
    """Stands for SIGKILL: no handler of ours catches it."""


WRITES = ("create_experiment", "create_run", "log_batch", "log_inputs", "log_text", "set_tag", "set_terminated",
          "set_experiment_tag")  # fmt: skip


def kill_at(patch: pytest.MonkeyPatch, client_class: Any, moment: int, *, after: bool) -> None:
    """The `moment`-th write of the client is the last thing that happens, before or `after` it takes effect."""
    left = moment

    def deadly(real: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0 and not after:
                raise Killed
            answer = real(*args, **kwargs)
            if left < 0:
                raise Killed
            return answer

        return call

    for name in WRITES:
        patch.setattr(client_class, name, deadly(getattr(client_class, name)))


def empty(database: Path, template: Path) -> None:
    """Put the template's content into a database that MLflow has open: opening another one takes it a second."""
    with contextlib.closing(sqlite3.connect(template)) as source, contextlib.closing(sqlite3.connect(database)) as goal:
        source.backup(goal)


@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after it"])
def test_killed_at_any_write_the_next_sync_completes_it_without_duplicates(
    ready, make, empty_database, client_class, monkeypatch, after
):
    shutil.rmtree(ready / "ledger")
    for dataset in ("asr_smoke_v1", "asr_lab_v1"):
        Ledger(ready, "s1").append(make(dataset=dataset))
    tracking.sync(ready)
    wanted = everything(ready)
    moment = 0
    while True:
        (ready / "ledger" / ".sent.json").unlink(missing_ok=True)
        shutil.rmtree(ready / "artifacts")
        empty(ready / "mlflow.db", empty_database)
        with monkeypatch.context() as patch:
            kill_at(patch, client_class, moment, after=after)
            try:
                tracking.sync(ready)
            except Killed:
                pass
            else:
                break
        report = tracking.sync(ready)
        assert report.new + report.skipped == 2, f"write {moment}"
        assert everything(ready) == wanted, f"write {moment}"
        moment += 1

    assert moment > 15, "that many places to be killed at"


def _start(folder: Path, *options: str, **variables: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "modellab.tracking", str(folder), *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, env=os.environ | variables, **pipes)


def test_two_processes_make_one_database_at_once_and_both_are_killed_as_they_send(mlruns, session, make):
    """Real processes, a real SIGKILL: a third one finishes what they began."""
    book = Ledger(mlruns, "s2")
    many = [make(session="s2", variant=f"v{number}") for number in range(60)]
    for entry in many:
        book.append(entry)
    children = [_start(mlruns) for _ in range(2)]
    while not _runs(mlruns):
        assert None in [child.poll() for child in children], [child.communicate() for child in children]
        time.sleep(0.02)
    for child in children:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    begun = _runs(mlruns)
    report = tracking.sync(mlruns)

    assert 0 < begun < 63
    assert report.new + report.skipped == len(many) + len(session)
    found = everything(mlruns)
    assert len(found["runs"]) == len({row[0] for row in found["runs"]}) == 60 + 3
    entry_tags = [row for row in found["tags"] if row[1].startswith("modellab.entry.")]
    assert len(entry_tags) == len(many) + len(session)
    assert {row[1] for row in found["runs"]} == {"FINISHED", "FAILED"}


def _runs(folder: Path) -> int:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{folder / 'mlflow.db'}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM runs").fetchone()[0])
    except sqlite3.Error:
        return 0


def test_a_server_that_accepts_and_never_answers_is_left_after_the_limit(mlruns):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        said = tracking.push(mlruns, timeout_s=0.5, uri=uri)

    assert said == f"MLflow at {uri} did not answer within 0.5 s: nothing is lost, `modellab sync` sends the rest"


def test_a_session_pushes_through_a_child_and_reads_its_report(ready, monkeypatch):
    monkeypatch.chdir(ready.parent)

    said = tracking.push(ready)

    assert said.startswith("logged 4 results to mlruns/mlflow.db in ")
    assert said.endswith("; see them: modellab ui")
    assert _runs(ready) == 3


def test_a_child_that_dies_is_a_sentence(ready, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ready))
    (ready / "mlflow.py").write_text("import os; print('out of memory', flush=True); os._exit(9)")

    said = tracking.push(ready)

    assert said == "sending to MLflow broke off (out of memory): nothing is lost, `modellab sync` sends the rest"


def test_a_damaged_database_names_the_way_out_and_the_way_out_works(mlruns, session):
    (mlruns / "mlflow.db").write_bytes(b"this is no database" * 500)
    way_out = r"mlflow.db is not a database .* `modellab sync --rebuild`"

    assert re.search(way_out, tracking.push(mlruns))
    with pytest.raises(TrackingError, match=way_out):
        tracking.sync(mlruns)
    report = tracking.rebuild(mlruns)

    assert report.new == len(session)
    assert len(everything(mlruns)["runs"]) == 3
    assert "the former database and artifacts lie in" in report.warnings[0]
    assert [path.read_bytes()[:7] for path in mlruns.glob("aside-*/mlflow.db")] == [b"this is"]


def test_a_database_made_anew_by_hand_gets_everything_again(ready, session, empty_database):
    tracking.sync(ready)
    moved = ready.rename(ready.with_name("elsewhere"))
    shutil.copy(empty_database, moved / "mlflow.db")

    assert tracking.sync(moved).new == len(session)


def test_a_moved_database_says_where_its_tables_stayed(ready, make):
    tracking.sync(ready)
    moved = ready.rename(ready.with_name("elsewhere"))
    Ledger(moved, "s2").append(make(session="s2"))

    report = tracking.sync(moved)

    assert numbers(report) == (1, 0, 4)
    assert any("was it moved? `modellab sync --rebuild`" in warning for warning in report.warnings)


HOSTILE = "a'b\"c`d%e\\f\n<g>|h\0i\ud800j ../../k {l} 日本語 " + "x" * 9000


def test_hostile_text_is_stored_and_breaks_nothing(tmp_path, empty_database, make):
    folder = tmp_path / "ml runs #1 100% 'q' ü"
    fields = dict.fromkeys(("dataset", "model", "variant", "device", "precision"), HOSTILE)
    utterance = Utterance(HOSTILE, {HOSTILE: (1.0, 2.0)}, {"text": HOSTILE}, 0.1, 0.1, 1.0, error=HOSTILE)
    sample = make(**fields)
    facts = dict.fromkeys(("dataset_digest", "normaliser"), HOSTILE)
    hostile = dataclasses.replace(
        sample,
        session=HOSTILE,
        error=HOSTILE,
        weights=HOSTILE,
        values={HOSTILE: 0.5, "../..": 1.0, "": 2.0},
        versions={HOSTILE: HOSTILE},
        settings={HOSTILE: HOSTILE, "/": {"deep": [HOSTILE]}},
        result=dataclasses.replace(sample.result, utterances=(utterance,), provenance=facts),
    )
    plain = make()
    book = Ledger(folder, "s1")
    book.append(hostile)
    book.append(plain)
    shutil.copy(empty_database, folder / "mlflow.db")

    report = tracking.sync(folder)

    assert (numbers(report), report.warnings) == ((2, 0, 0), [])
    assert numbers(tracking.sync(folder)) == (0, 0, 2)
    found = everything(folder)
    assert len(found["runs"]) == 2
    assert len(found["tables"]) == 2, "both inside the folder"
    assert {path.name for path in tmp_path.iterdir()} == {folder.name, "tmp"}


def test_what_mlflow_refuses_is_a_warning_and_costs_that_run_only(ready, session, client_class, monkeypatch):
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

    real = client_class.log_inputs

    def log_inputs(client: Any, run_id: str, datasets: Any) -> None:
        if datasets[0].dataset.name == "vad_smoke_v1":
            raise MlflowException("no such thing", INVALID_PARAMETER_VALUE)
        real(client, run_id, datasets)

    with monkeypatch.context() as patch:
        patch.setattr(client_class, "log_inputs", log_inputs)
        first = tracking.sync(ready)
    second = tracking.sync(ready)

    assert (first.new, second.new, second.resumed) == (3, 1, 1)
    assert first.warnings == ["MLflow refused silero_vad:lab cpu-int8 @ 1a2b3c4: no such thing"]


def test_a_table_that_finds_no_place_is_a_warning_and_the_metrics_stay(ready, client_class, monkeypatch):
    def log_text(*_: Any) -> None:
        raise OSError("bucket unreachable")

    monkeypatch.setattr(client_class, "log_text", log_text)
    report = tracking.sync(ready)

    assert report.new == 4
    assert len(report.warnings) == 3
    assert "bucket unreachable" in report.warnings[0]
    assert len(everything(ready)["metrics"]) > 0


def test_what_somebody_deleted_in_mlflow_stays_deleted(ready, client_class, make):
    tracking.sync(ready)
    client = client_class(tracking_uri=store.own(ready))
    asr, vad = (client.get_experiment_by_name(name).experiment_id for name in ("asr", "vad"))
    for run in client.search_runs([asr], "tags.model = 'whisper:lab'"):
        client.delete_run(run.info.run_id)
    client.delete_experiment(vad)
    Ledger(ready, "s1").append(make(model="whisper"))
    Ledger(ready, "s1").append(make(task="vad", session="s2"))

    report = tracking.sync(ready)

    assert report.new == 1, "the second session's; the first belongs to a run that was thrown away"
    assert report.warnings == ["experiment vad had been deleted in MLflow and was restored"]
    assert client.search_runs([asr], "tags.model = 'whisper:lab'") == []


def test_a_run_that_a_repeated_request_made_twice_is_one_again(ready, client_class, monkeypatch):
    real = client_class.create_run
    monkeypatch.setattr(client_class, "create_run", lambda *args: (real(*args), real(*args))[1])
    tracking.sync(ready)
    monkeypatch.undo()
    (ready / "ledger" / ".sent.json").unlink()

    tracking.sync(ready)

    assert len(everything(ready)["runs"]) == 3


def test_a_damaged_ledger_line_is_told_and_the_rest_is_sent(ready, session):
    next((ready / "ledger").glob("*.jsonl")).open("ab").write(b"torn {")

    report = tracking.sync(ready)

    assert report.new == len(session)
    assert len(report.warnings) == 1
    assert "was cut off" in report.warnings[0]


@pytest.mark.parametrize("content", ["", "[]", '{"x": 1}', "{"])
def test_a_broken_shortcut_costs_nothing(ready, content):
    (ready / "ledger" / ".sent.json").write_text(content)

    assert numbers(tracking.sync(ready)) == (4, 0, 0)
    assert numbers(tracking.sync(ready)) == (0, 0, 4)


def test_a_second_session_is_sent_without_reading_the_first(ready, make, monkeypatch):
    from modellab import ledger

    tracking.sync(ready)
    Ledger(ready, "s2").append(make(session="s2", status=Status.IMPROVED))
    read = []
    real = ledger.read_file
    monkeypatch.setattr(ledger, "read_file", lambda path: (read.append(path.name), real(path))[1])

    assert numbers(tracking.sync(ready)) == (1, 0, 4)
    assert read == ["s2.jsonl"]
