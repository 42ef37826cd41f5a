"""A real MLflow server: its password, its artifact store, its moods."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from modellab import tracking
from modellab.errors import TrackingError
from modellab.results import ledger
from modellab.tracking import fetch, store
from modellab.tracking.pushing import Patience

from .test_fetch import encoded

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own imports warn, and what it leaves open is its affair
SECRET = "pass-word-7%"


def test_what_goes_to_a_server_comes_back_as_the_ledger_has_it(mlruns, server):
    sent = tracking.sync(mlruns, server.url)
    asked = len(server.asked)
    again = tracking.sync(mlruns, server.url)

    assert (sent.new, sent.warnings) == (4, [])
    assert (again.new, again.skipped) == (0, 4)
    assert asked < 60
    warnings: list[str] = []
    assert encoded(fetch.entries(server.url, warn=warnings.append)) == encoded(ledger.read(mlruns)[0])
    assert warnings == []


CREDENTIALS = [
    {"MLFLOW_TRACKING_USERNAME": "me", "MLFLOW_TRACKING_PASSWORD": SECRET},
    {"MLFLOW_TRACKING_TOKEN": SECRET},
]


@pytest.mark.parametrize("credentials", CREDENTIALS, ids=["password", "token"])
def test_credentials_open_a_server(mlruns, server, monkeypatch, credentials):
    server.password = SECRET
    for name, text in credentials.items():
        monkeypatch.setenv(name, text)

    assert tracking.sync(mlruns, server.url).new == 4
    assert len(fetch.entries(server.url)) == 4
    stored = [path.read_bytes() for path in mlruns.rglob("*") if path.is_file()]
    stored += [path.read_bytes() for path in server.folder.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in content for content in stored)


def test_without_credentials_a_server_says_what_it_wants(mlruns, server, monkeypatch):
    server.password = SECRET
    wants = rf"^MLflow at {server.url} wants to know who you are \(401\): set MLFLOW_TRACKING_USERNAME and .*PASSWORD"

    with pytest.raises(TrackingError, match=wants):
        tracking.sync(mlruns, server.url)
    with pytest.raises(TrackingError, match=wants):
        fetch.entries(server.url)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "wrong" + SECRET)
    said = tracking.push(mlruns, uri=server.url.replace("//", f"//me:wrong{SECRET}@"))
    assert re.match(wants, said)
    assert "pass-word" not in said


@pytest.mark.slow
def test_an_artifact_store_that_refuses_costs_no_number_and_is_tried_again(mlruns, server):
    server.refused = "mlflow-artifacts"
    first = tracking.sync(mlruns, server.url)
    warnings: list[str] = []
    without = fetch.entries(server.url, warn=warnings.append)
    server.refused = ""
    second = tracking.sync(mlruns, server.url)

    assert (first.new, second.new, second.warnings) == (4, 0, [])
    assert first.warnings
    assert all("its numbers are there, the next sync tries again" in warning for warning in first.warnings)
    assert without == []
    assert len(warnings) == 3
    assert encoded(fetch.entries(server.url)) == encoded(ledger.read(mlruns)[0])


def test_a_server_whose_artifacts_lie_in_a_folder_of_its_own_says_so(mlruns, server, client_class):
    client_class(server.url).create_experiment("vad", "file:///srv/elsewhere/vad")

    report = tracking.sync(mlruns, server.url)

    assert report.new == 4
    assert ["a folder that is not on this computer" in warning for warning in report.warnings] == [True]


@pytest.mark.slow
def test_a_slow_server_is_left_when_its_time_is_over(mlruns, server):
    server.pause_s = 0.5

    said = tracking.push(mlruns, timeout_s=99, uri=server.url, patience=Patience(server_s=0.1, least_s=1.0))

    assert said == f"MLflow at {server.url} is slow (0 runs in 1 s): nothing is lost, `modellab sync` sends the rest"


def test_a_server_is_asked_for_all_runs_of_a_session_at_once(mlruns, server):
    tracking.sync(mlruns, server.url)
    (mlruns / "ledger" / ".sent.json").unlink()
    server.asked.clear()

    assert tracking.sync(mlruns, server.url).skipped == 4

    searches = [line for line in server.asked if line.endswith("runs/search")]
    assert len(searches) == 1
    assert not any("log-batch" in line or "runs/create" in line for line in server.asked)


def test_what_is_stored_is_what_the_ledger_has_but_no_address(mlruns, server):
    uri = server.url.replace("//", f"//me:{SECRET.replace('%', '')}@")

    report = tracking.sync(mlruns, uri)

    assert report.store == server.url
    assert "me:" not in json.dumps(json.loads((mlruns / "ledger" / ".sent.json").read_text()))
    assert store.is_server(uri)


class Empty(BaseHTTPRequestHandler):
    """Answers `{}` to everything, and to creating an experiment with an id where `knows` has it."""

    knows: ClassVar[dict[str, dict[str, str]]] = {}

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps(next((self.knows[end] for end in self.knows if end in self.path), {})).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, *_: object) -> None:
        pass


KNOWN = {"experiments/get-by-name": {"experiment": {"experiment_id": "3"}}}


@pytest.mark.parametrize(("knows", "lacks"), [pytest.param({}, "experiment", marks=pytest.mark.slow), (KNOWN, "run")])
def test_a_server_that_answers_nothing_has_taken_nothing(mlruns, monkeypatch, knows, lacks):
    monkeypatch.setattr(Empty, "knows", knows)
    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as empty:
        threading.Thread(target=empty.serve_forever, kwargs={"poll_interval": 0.01}).start()
        said = tracking.push(mlruns, uri=f"http://127.0.0.1:{empty.server_port}")
        empty.shutdown()
    assert f"did not take the results (its answer names no {lacks}: is it an MLflow server?)" in said
    assert "logged" not in said
