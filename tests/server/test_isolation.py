"""Every route, asked for what another project has: one that is new is asked for each thing that there is."""

from __future__ import annotations

import http.client
import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from modellab.plan.settings import Project
from modellab.server import app, auth
from modellab.server.database import Database
from modellab.server.jobs.store import Jobs, Wanted
from modellab.server.listening.records import ListeningTests
from modellab.server.live.streams import Streams
from tests import make
from tests.integration.conftest import write_dataset, write_model
from tests.results.test_running import start_run
from tests.server.conftest import Server, project, serving
from tests.server.fleet.test_fleet import FAKE, clip
from tests.server.listening.test_blocks import a_test
from tests.server.results.conftest import entry, write
from tests.server.test_access import ask, do, new_token, until

pytestmark = pytest.mark.slow

CANARY, CALM = "swordfish", "fake_calm"
PARAMETER = re.compile(r"\{[^}]*\}")
OWN = ("infer", "read", "run", "promote", "rate")  # an admin is one in every project
FOR_ALL = {  # what no project has for itself: models, what the server is, oneself; and what a link opens
    "/", "/assets/{name}", "/samples/{name:path}", "/health", "/ready", "/stats", "/metrics", "/login", "/logout",
    "/v1/models", "/v1/models/{name:path}", "/models", "/v1/audio/transcriptions", "/v1/audio/translations",
    "/v1/audio/speech", "/asr/transcribe", "/tts/synthesize", "/v1/realtime", "/v1/whisperlive",
    "/v1/realtime/client_secrets", "/api/v1/me", "/api/v1/me/project",
    "/api/v1/me/password", "/api/v1/me/sessions", "/s/{id}", "/s/{id}/sound",
    "/listen/{invitation}", "/listen/{invitation}/{rater}", "/listen/{invitation}/{rater}/{place}/{side}",
}  # fmt: skip
ADMINISTERED = {  # by an admin, who is one in every project: `routes` leaves them out by their scope
    "/api/v1/models/{name}/load", "/api/v1/tokens", "/api/v1/tokens/{token}", "/api/v1/users", "/api/v1/users/{name}",
    "/api/v1/users/{name}/roles/{project}", "/api/v1/projects", "/api/v1/audit",
}  # fmt: skip
PARAMETERS = (  # the first that a path begins with says what of the owner's stands for its parameters
    ("/api/v1/blobs/", {"{id}": "blob"}),
    ("/api/v1/jobs/", {"{id}": "job"}),
    ("/api/v1/shares/", {"{id}": "share"}),
    ("/api/v1/experiments/", {"{experiment}": "experiment"}),
    ("/experiments/", {"{experiment}": "experiment"}),
    ("/api/v1/results/", {"{entry}": "entry", "{utterance:path}": "utterance"}),
    ("/results/", {"{entry}": "entry"}),
    ("/api/v1/runs/", {"{session}": "session"}),
    ("/runs/", {"{session}": "session"}),
    ("/workbench/", {"{job}": "job"}),
    ("/api/v1/lifecycle/", {"{model}": "model", "{variant}": "variant"}),
    ("/candidates/", {"{model}": "model", "{variant}": "variant"}),
    ("/api/v1/listening-tests/", {"{test}": "test"}),
    ("/listening/", {"{test}": "test"}),
)
BODIES: dict[tuple[str, str], list[dict[str, Any]]] = {  # that name something of the owner's
    ("POST", "/api/v1/jobs"): [{"kind": "transcribe", "model": FAKE, "file": "BLOB"}],
    ("POST", "/api/v1/shares"): [
        {"entry": "ENTRY"}, {"run": "SESSION"}, {"blob": "BLOB"}, {"page": "/experiments/EXPERIMENT"},
        {"page": "/results/ENTRY/history"}, {"page": "/listening/TEST"},
    ],
    ("POST", "/api/v1/listening-tests"): [
        {"name": "theirs", "kind": "acr", "entries": ["ENTRY"]},
    ],
}  # fmt: skip
NAMES_NOTHING = {  # what they make is of whoever asks, and names nothing of anybody's: tests below say what it shows
    ("POST", "/api/v1/experiments"), ("POST", "/api/v1/runs"), ("POST", "/api/v1/uploads"),
}  # fmt: skip
BODIES_OF_PATHS = {
    "/api/v1/experiments/{experiment}": {"name": "mine now"},
    "/api/v1/runs/{session}/accept": {"because": "I say so"},
    "/api/v1/lifecycle/{model}/{variant}": {"to": "candidate", "because": "I say so"},
}


@dataclass
class Owned:
    """What one project has on a server."""

    server: Server
    mine: str  # the token of its owner
    theirs: str  # that of somebody in another project
    things: dict[str, str]

    def paths(self, form: str) -> list[str]:
        """A route's path with what the owner has; with each thing in turn where nobody has said what it is about."""
        known = next((each for start, each in PARAMETERS if form.startswith(start)), {})
        for name, kind in known.items():
            form = form.replace(name, self.things[kind])
        return [PARAMETER.sub(value, form) for value in self.things.values()] if "{" in form else [form]

    def body(self, given: Any) -> Any:
        """A body with what the owner has in place of the names of things."""
        text = json.dumps(given)
        for kind, value in self.things.items():
            text = re.sub(rf"\b{kind.upper()}\b", value, text)
        return json.loads(text)


def sent(server: Server, path: str, data: bytes, token: str) -> dict[str, Any]:
    asked = urllib.request.Request(f"{server.address}{path}", data, {"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return dict(json.load(answer))


@pytest.fixture(scope="module")
def owned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    root = project(tmp_path_factory.mktemp("isolation"))
    said = (make.utterance("u1", make.asr_counts(1.0), {"text": CANARY}),)
    mine = {"labels": {"project": "mine", "by": CANARY}, "session": "s-mine"}
    stored = write(root / "mlruns", entry(1, result=make.result(said, key=entry(1).key), **mine), entry(2, **mine))
    test = a_test(id="heard", project="mine", name=CANARY, invitation=f"invited-{CANARY}")
    ListeningTests(root / "mlruns").keep(test)
    write_dataset(root / "golden" / "short_v1")
    write_model(root / "models" / CALM)
    for name in ("mine", "theirs"):
        do(root, "projects.new", name=name)
    tokens = {name: new_token(root, name, *OWN, of=name) for name in ("mine", "theirs")}
    with serving(root, rates={"requests_per_min": 0, "reads_per_min": 0, "audio_s_per_min": 0}) as up:
        blob = sent(up, "/api/v1/uploads", clip(4)[1], tokens["mine"])["blob"]
        asked = {"kind": "transcribe", "model": FAKE, "file": blob}
        job = ask(up, "/api/v1/jobs", tokens["mine"], "POST", asked)[1]["id"]
        until(lambda: ask(up, f"/api/v1/jobs/{job}", tokens["mine"])[1]["state"] == "done")
        share = ask(up, "/api/v1/shares", tokens["mine"], "POST", {"entry": stored[0].id})[1]["id"]
        record = {"name": "Mine", "hypothesis": CANARY, "members": ["m1:one", "m2:one"]}
        experiment = ask(up, "/api/v1/experiments", tokens["mine"], "POST", record)[1]["id"]
        yield Owned(
            up, tokens["mine"], tokens["theirs"],
            {"blob": blob, "job": job, "share": share, "experiment": experiment, "entry": stored[0].id,
             "session": "s-mine", "utterance": "u1", "model": "fake", "variant": "one", "test": test.id},
        )  # fmt: skip


def routes(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """(method, path) of every route that is about what a project has."""
    made = Project.at(project(tmp_path))
    database, guard = app.opened(made)
    api: Any = app.application(made, database, guard, Streams(1)).app
    for methods, path, scope in auth.declared(api):
        for method in methods.split():
            if path not in FOR_ALL and scope != "admin" and method not in ("WEBSOCKET", "HEAD"):
                yield method, path
    database.close()


def test_nobody_reaches_what_another_project_has(owned: Owned, tmp_path: Path) -> None:
    all_routes = list(routes(tmp_path))
    assert len(all_routes) > 30
    ids = [value for name, value in owned.things.items() if name not in ("utterance", "model", "variant")]
    asked = set()
    for method, form in sorted(all_routes):
        paths = owned.paths(form)
        asked.add((method, form))
        if "{" in form:
            assert any(form.startswith(start) for start, _ in PARAMETERS), f"PARAMETERS: what is {form} about?"
            body = BODIES_OF_PATHS.get(form, {}) if method in ("POST", "PATCH", "PUT") else None
            for path in paths:
                status, said = ask(owned.server, path, owned.theirs, method, body)
                assert status == 404 or (len(paths) > 1 and status in (400, 403, 410)), (method, path, said)
        elif (method, form) in BODIES:
            for body in BODIES[method, form]:
                status, said = ask(owned.server, form, owned.theirs, method, owned.body(body))
                assert status == 404, (method, form, body, said)
        elif method == "GET":
            status, said = ask(owned.server, form, owned.theirs)
            assert status in (200, 400, 404), (form, said)
            text = json.dumps(said)
            assert not [each for each in [CANARY, *ids] if each in text], form
        else:
            assert (method, form) in NAMES_NOTHING, f"BODIES: what of somebody's may {method} {form} name?"
        status, said = ask(owned.server, paths[0], owned.theirs, method, {}, OpenAI_Project="mine")
        assert (status, said["error"]["code"]) == (403, "wrong_project"), (method, form, said)
    document = ask(owned.server, "/openapi.json", owned.theirs)[1]
    told = {(method.upper(), path) for path, of in document["paths"].items() for method in of if method != "head"}
    shared = {each.replace(":path", "") for each in FOR_ALL | ADMINISTERED}
    left = told - {(method, path.replace(":path", "")) for method, path in asked}
    assert not {(method, path) for method, path in left if path not in shared}, "routes that nobody tried"


def test_an_experiment_of_mine_shows_nothing_of_the_members_it_names(owned: Owned) -> None:
    record = {"name": "theirs", "members": ["m1:one", "m2:one"]}
    status, made = ask(owned.server, "/api/v1/experiments", owned.theirs, "POST", record)
    assert status == 201
    place = f"/api/v1/experiments/{made['id']}"
    status, said = ask(owned.server, f"{place}/comparison", owned.theirs)
    assert status in (400, 404, 409), said
    assert CANARY not in json.dumps(said)
    assert ask(owned.server, place, owned.theirs)[1]["runs"] == []


def test_runs_of_the_command_line_and_what_the_server_tells_are_of_the_first_project_alone(owned: Owned) -> None:
    """An open server's, and that of whoever administers it: nobody of another project sees that there is one."""
    database = Database("", owned.server.root / "mlruns" / "server")
    wanted = Wanted("default", "server", "digest", "alerts", {"to": CANARY}, "d", 1)
    job = Jobs(database).put(wanted, 10)[0].id
    database.close()
    child = start_run(owned.server.root / "mlruns", "shell")
    try:
        first = new_token(owned.server.root, "first", "read")
        assert [each["id"] for each in ask(owned.server, "/api/v1/runs", first)[1]["data"]] == ["shell"]
        assert ask(owned.server, f"/api/v1/jobs/{job}", first)[0] == 200
        for token in (owned.mine, owned.theirs):
            for path in ("/api/v1/runs", "/api/v1/runs?state=running", "/api/v1/jobs", "/runs"):
                assert "shell" not in json.dumps(ask(owned.server, path, token)[1]), path
                assert job not in json.dumps(ask(owned.server, path, token)[1]), path
            for path in ("/api/v1/runs/shell", "/runs/shell", f"/api/v1/jobs/{job}", f"/api/v1/jobs/{job}/events"):
                assert ask(owned.server, path, token)[0] == 404, path
    finally:
        child.communicate("end\n")


@pytest.mark.parametrize(("token", "status"), [("mine", 200), ("theirs", 404)])
def test_nobody_compares_with_what_another_project_has(owned: Owned, token: str, status: int) -> None:
    assert ask(owned.server, f"/compare?entry={owned.things['entry']}", getattr(owned, token))[0] == status


@pytest.mark.parametrize(("token", "status"), [("mine", 200), ("theirs", 404)])
def test_nobody_learns_by_head_that_there_is_something(owned: Owned, token: str, status: int) -> None:
    said = {"Authorization": f"Bearer {getattr(owned, token)}"}
    connection = http.client.HTTPConnection(owned.server.address.removeprefix("http://"), timeout=60)
    connection.request("HEAD", f"/api/v1/blobs/{owned.things['blob']}", headers=said)
    assert connection.getresponse().status == status
    connection.close()


@pytest.mark.parametrize("kind", ["blob", "job", "experiment", "entry", "session"])
def test_its_owner_reaches_it_and_nobody_changed_it(owned: Owned, kind: str) -> None:
    """The other test asks for what there is."""
    paths = {"blob": "blobs", "job": "jobs", "experiment": "experiments", "entry": "results", "session": "runs"}
    status, said = ask(owned.server, f"/api/v1/{paths[kind]}/{owned.things[kind]}", owned.mine)
    assert status == 200
    if kind == "experiment":
        assert (said["name"], said["version"]) == ("Mine", 1)
    if kind == "job":
        assert (said["state"], said["tries"]) == ("done", 1)
    shares = ask(owned.server, "/api/v1/shares", owned.mine)[1]["data"]
    assert [each["id"] for each in shares] == [owned.things["share"]]


def test_what_was_shared_is_in_the_log_of_what_people_did_and_its_link_is_not(owned: Owned) -> None:
    lines = do(owned.server.root, "audit", most=200)
    (made,) = [line for line in lines if line["act"] == "share.new"]
    assert (made["who"], made["project"], made["about"]["of"]) == ("mine", "mine", owned.things["entry"])
    assert owned.things["share"] not in json.dumps(lines)


def test_what_a_run_measures_belongs_to_the_project_of_whoever_asked(owned: Owned) -> None:
    status, job = ask(owned.server, "/api/v1/runs", owned.mine, "POST", {"models": [CALM], "datasets": ["short_v1"]})
    assert status == 202, job
    until(lambda: ask(owned.server, f"/api/v1/jobs/{job['id']}", owned.mine)[1]["state"] == "done", within_s=300)
    until(lambda: ask(owned.server, f"/api/v1/runs/{job['id']}", owned.mine)[0] == 200)
    elsewhere = new_token(owned.server.root, "elsewhere", "read")
    for token in (owned.theirs, elsewhere):
        assert ask(owned.server, f"/api/v1/runs/{job['id']}", token)[0] == 404
        assert job["id"] not in json.dumps(ask(owned.server, "/api/v1/results", token)[1])


def test_a_server_without_what_was_asked_for_says_no_more_than_with_it(owned: Owned) -> None:
    """Whether another project has something is not to be told from the answer."""
    for path in ("/api/v1/results/", "/api/v1/runs/", "/api/v1/jobs/", "/api/v1/blobs/", "/api/v1/experiments/"):
        kind = next(each for start, each in PARAMETERS if start == path)
        real = owned.things[next(iter(kind.values()))]
        other = real[:-4] + ("0000" if not real.endswith("0000") else "1111")
        there = ask(owned.server, path + real, owned.theirs)
        absent = ask(owned.server, path + other, owned.theirs)
        assert (there[0], json.dumps(there[1]).replace(real, "X")) == (
            absent[0],
            json.dumps(absent[1]).replace(other, "X"),
        )
