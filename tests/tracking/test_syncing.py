"""The ledger reaches a real MLflow database: whole, once, and with whatever it holds."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import sqlite3
from typing import Any

import pytest

from modellab import tracking
from modellab.errors import TrackingError
from modellab.results import ledger
from modellab.results.ledger import Ledger
from modellab.tracking import artifacts, store
from modellab.types import Status, Utterance

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own imports warn, and what it leaves open is its affair


def numbers(report: tracking.Report) -> tuple[int, int, int]:
    return report.new, report.resumed, report.skipped


def test_a_session_is_sent_once_and_says_what_it_should(everything, ready, session):
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


def test_a_sync_that_ends_early_leaves_views_and_a_later_one_the_rest(ready):
    def killed(name: str) -> None:
        raise KeyboardInterrupt(name)

    with pytest.raises(KeyboardInterrupt):
        tracking.sync(ready, reached=killed)
    database = sqlite3.connect(ready / "mlflow.db")
    tags = database.execute("select key, value from experiment_tags").fetchall()
    database.close()
    assert (
        tags.count(("mlflow.experimentKind", "custom_model_development")) == 2
    )  # else they look like language models'
    overviews = [text for key, text in tags if key == "mlflow.sharedViewState.overview"]
    assert sorted(name for text in overviews for name in ("wer/asr_smoke_v1", "wer/vad_smoke_v1") if name in text) == [
        "wer/asr_smoke_v1", "wer/vad_smoke_v1"
    ]  # fmt: skip
    assert numbers(tracking.sync(ready))[0] in (2, 3)  # of 4, one run of one or two results had gone


def test_a_damaged_database_names_the_way_out_and_the_way_out_works(everything, mlruns, session):
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


def test_hostile_text_is_stored_and_breaks_nothing(everything, tmp_path, empty_database, make):
    folder = tmp_path / "ml runs #1 100% 'q' ü"
    utterance = Utterance(HOSTILE, {HOSTILE: (1.0, 2.0)}, {"text": HOSTILE}, 0.1, 0.1, 1.0, error=HOSTILE)
    sample = make(model="other")  # names that cannot be a file's are refused when the line is read
    facts = dict.fromkeys(("dataset_digest", "normaliser"), HOSTILE)
    hostile = dataclasses.replace(
        sample,
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


def test_artifacts_that_find_no_place_are_told_once_and_tried_again(everything, ready, client_class, monkeypatch):
    def write(*_: Any) -> None:
        raise OSError("bucket unreachable")

    with monkeypatch.context() as patch:
        patch.setattr(artifacts, "write", write)
        reports = [tracking.sync(ready), tracking.sync(ready)]
    numbers_only = everything(ready)
    third, fourth = tracking.sync(ready), tracking.sync(ready)

    assert [numbers(report) for report in (*reports, third, fourth)] == [(4, 0, 0), *[(0, 0, 4)] * 3]
    assert [len(report.warnings) for report in (*reports, third, fourth)] == [2, 2, 0, 0], "it stops trying after two"
    assert "(bucket unreachable): its numbers are there, the next sync tries again" in reports[0].warnings[0]
    assert len(numbers_only["metrics"]) > 0
    assert len([row for row in numbers_only["tags"] if row[1] == "modellab.lacking"]) == 3
    whole = everything(ready)
    assert len(whole["tables"]) == 3
    assert whole["tags"] == [row for row in numbers_only["tags"] if row[1] != "modellab.lacking"]
    assert whole["metrics"] == numbers_only["metrics"]


def test_a_verdict_that_was_turned_later_is_turned_in_mlflow_too(everything, ready, session):
    """Another session's end may have sent the entries before the suite's test turned a verdict."""
    tracking.sync(ready)
    before = everything(ready)
    ledger.amend(ready, "s1", {session[0].key: (Status.REGRESSED, session[1].verdicts)})

    report = tracking.sync(ready)

    assert numbers(report) == (1, 1, 3)
    after = everything(ready)
    assert [len(after[part]) for part in after] == [len(before[part]) for part in after], "nothing came twice"
    assert sum(row[1].startswith("modellab.entry.") and "REGRESSED #" in row[2] for row in after["tags"]) == 2


def test_what_a_model_said_is_kept_with_its_run_once(ready, client_class, make, tmp_path):
    sound = tmp_path / "mlruns" / "audio" / "s9" / "01.flac"
    sound.parent.mkdir(parents=True)
    sound.write_bytes(b"fLaC")
    output = {"heard": "yes", "audio": {"audio": str(sound), "rate_hz": 16000, "duration_s": 1.0}}
    entry = make(task="tts", dataset="tts_v1", model="espeak", session="s9")
    utterance = Utterance("01", {"wer": (0.0, 1.0)}, output, 0.1, 0.1, 1.0)
    Ledger(ready, "s9").append(
        dataclasses.replace(entry, result=dataclasses.replace(entry.result, utterances=(utterance,)))
    )

    reports = [tracking.sync(ready), tracking.sync(ready)]

    assert [(report.new, report.warnings) for report in reports] == [(5, []), (0, [])]
    client = client_class(tracking_uri=store.own(ready))
    (run,) = client.search_runs([client.get_experiment_by_name("tts").experiment_id])
    assert [(item.path, item.file_size) for item in client.list_artifacts(run.info.run_id, "audio/tts_v1")] == [
        ("audio/tts_v1/01.flac", 4)
    ]


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


def test_a_run_that_a_repeated_request_made_twice_is_one_again(everything, ready, client_class, monkeypatch):
    real = client_class.create_run
    with monkeypatch.context() as patch:
        patch.setattr(client_class, "create_run", lambda *args: (real(*args), real(*args))[1])
        tracking.sync(ready)
    assert len(everything(ready)["runs"]) == 6
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
    tracking.sync(ready)
    Ledger(ready, "s2").append(make(session="s2", status=Status.IMPROVED))
    read = []
    real = ledger.read_file

    def noted(path, folder):
        read.append(path.name)
        return real(path, folder)

    monkeypatch.setattr(ledger, "read_file", noted)

    assert numbers(tracking.sync(ready)) == (1, 0, 4)
    assert read == ["s2.jsonl"]


def test_numbers_that_a_server_drops_are_told_and_sent_again(everything, ready, monkeypatch):
    from mlflow import MlflowClient

    real = MlflowClient.log_batch

    def without_wer(self, run_id, metrics=(), params=(), tags=(), **more):
        real(self, run_id, [each for each in metrics if not each.key.startswith("wer/")], params, tags, **more)

    with monkeypatch.context() as dropping:
        dropping.setattr(MlflowClient, "log_batch", without_wer)
        first = tracking.sync(ready)
    second, third = tracking.sync(ready), tracking.sync(ready)

    told = [line for line in first.warnings if "lacks" in line]
    assert re.search(r"^MLflow said yes to faster_whisper:lab .* and lacks 2 of \d+ numbers of it \(wer/", told[0])
    assert len(told) == 2, told
    assert (second.new, second.resumed, second.warnings) == (3, 3, [])
    assert numbers(third) == (0, 0, 4)
    assert sum(row[1].startswith("wer/") for row in everything(ready)["metrics"]) == 3
