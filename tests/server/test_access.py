"""Who may ask: tokens, roles, projects, in a server that was told of them while it ran."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from modellab.plan.settings import Project
from modellab.server import app, auth
from modellab.server.access import __main__ as access
from modellab.server.access import roles
from modellab.server.live.streams import Streams
from tests.server.conftest import Server, project, serving


def do(root: Path, act: str, secret: str = "", **order: Any) -> Any:
    """What `modellab tokens`, `users` and `projects` have done; in this process, which has imported it once."""
    status, said, wrong = carried_out(root, {"do": act, **order}, secret)
    assert status == 0, wrong
    return json.loads(said)


def carried_out(root: Path, order: dict[str, Any], secret: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of an order."""
    given = mock.patch.object(sys, "stdin", io.StringIO(f"{secret}\n"))
    with given, redirect_stdout(io.StringIO()) as said, redirect_stderr(io.StringIO()) as wrong:
        status = access.main(str(root), json.dumps(order))
    return status, said.getvalue(), wrong.getvalue()


def new_token(root: Path, name: str, *scopes: str, of: str | None = "default", **more: Any) -> str:
    """A token of some scopes in a project, or in any."""
    order = {"account": None, "expires_s": None, **more}
    return str(do(root, "tokens.new", name=name, scopes=list(scopes), project=of, **order)["token"])


def ask(
    server: Server, path: str, token: str = "", method: str = "GET", body: Any = None, **headers: str
) -> tuple[int, Any]:
    """(status, what was said) of a request."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(f"{server.address}{path}", data, method=method)
    for name, value in headers.items():
        asked.add_header(name.replace("_", "-"), value)
    if data is not None:
        asked.add_header("Content-Type", "application/json")
    if token:
        asked.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, _read(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, _read(error.read())


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def code(answer: tuple[int, Any]) -> tuple[int, str]:
    """(status, code) of an error."""
    return answer[0], answer[1]["error"]["code"]


def until(said: Any, *, within_s: float = 30.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + within_s
    while not said():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two projects, whose database has a token of each scope."""
    root = project(tmp_path_factory.mktemp("guarded"))
    do(root, "projects.new", name="other")
    do(root, "tokens.list")
    tokens = {scope: new_token(root, scope, scope) for scope in auth.SCOPES}
    tokens["any"] = new_token(root, "any", "infer", of=None)
    with serving(root) as up:
        up.tokens = tokens
        yield up


def test_every_route_says_who_may_ask_it(tmp_path: Path) -> None:
    made = Project.at(project(tmp_path))
    database, guard = app.opened(made)
    api: Any = app.application(made, database, guard, Streams(1)).app
    found = list(auth.declared(api))
    assert len(found) > 10
    assert [path for _, path, scope in found if scope is None] == []
    assert {path for _, path, scope in found if scope == ""} <= {
        "/listen/{invitation}",
        "/listen/{invitation}/{rater}",
        "/listen/{invitation}/{rater}/{place}/{side}",
        "/health",
        "/ready",
        "/login",
        "/logout",
        "/assets/{name}",
        "/s/{id}",
        "/s/{id}/sound",
    }

    api.add_api_route("/forgotten", lambda: None)
    with pytest.raises(RuntimeError, match="GET /forgotten"):
        auth.check_declared(api)
    api.router.routes.pop()


ROUTES = [
    ("GET", "/v1/models", "infer"),
    ("GET", "/models", "infer"),
    ("POST", "/v1/audio/transcriptions", "infer"),
    ("POST", "/v1/audio/translations", "infer"),
    ("POST", "/v1/audio/speech", "infer"),
    ("POST", "/v1/realtime/client_secrets", "infer"),
    ("GET", "/stats", "read"),
    ("GET", "/metrics", "read"),
    ("POST", "/api/v1/models/nothing/load", "admin"),
    ("DELETE", "/api/v1/models/nothing/load", "admin"),
]


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_a_token_may_what_its_scope_says_and_no_more(guarded: Server, method: str, path: str, scope: str) -> None:
    for held in auth.SCOPES:
        body: Any = {} if method == "POST" else None
        status, said = ask(guarded, path, guarded.tokens[held], method, body)
        if held in (scope, "admin"):
            assert status in (200, 400, 404), (held, said)
        else:
            assert (status, said["error"]["code"]) == (403, "insufficient_scope")
            assert f"this needs {scope}; {held} may {held}" in said["error"]["message"]
    assert code(ask(guarded, path, "", method)) == (401, "invalid_api_key")
    wrong = f"{guarded.tokens['admin'][:-1]}_"
    assert code(ask(guarded, path, wrong, method)) == (401, "invalid_api_key")


def test_the_project_is_the_tokens_or_the_one_that_a_request_names(guarded: Server) -> None:
    bound, free = guarded.tokens["infer"], guarded.tokens["any"]
    assert ask(guarded, "/v1/models", bound, OpenAI_Project="default")[0] == 200
    assert code(ask(guarded, "/v1/models", bound, OpenAI_Project="other")) == (403, "wrong_project")
    assert ask(guarded, "/v1/models", free, OpenAI_Project="other")[0] == 200
    assert ask(guarded, "/v1/models", free)[0] == 200
    unknown = ask(guarded, "/v1/models", free, OpenAI_Project="nobodys")
    assert code(unknown) == (403, "wrong_project")


def test_a_token_that_is_revoked_or_over_holds_no_more(guarded: Server) -> None:
    short = new_token(guarded.root, "short", "infer", expires_s=3600)
    assert ask(guarded, "/v1/models", short)[0] == 200
    do(guarded.root, "tokens.revoke", which="short")
    begun = time.monotonic()
    until(lambda: ask(guarded, "/v1/models", short)[0] == 401)
    assert time.monotonic() - begun < 30
    again = new_token(guarded.root, "short", "infer", expires_s=1.0)  # its name is free again
    until(lambda: ask(guarded, "/v1/models", again)[0] == 401)
    rows = {row["name"]: row for row in do(guarded.root, "tokens.list")}
    assert rows["any"]["used_at"]
    assert again not in json.dumps(rows)


def test_an_accounts_token_may_no_more_than_its_owner(guarded: Server) -> None:
    root = guarded.root
    do(root, "users.new", "a long password", name="vera", is_admin=False, role="viewer", project="other")
    token = new_token(root, "veras", "admin", of=None, account="vera")
    assert ask(guarded, "/stats", token)[0] == 200  # in her only project
    assert code(ask(guarded, "/v1/models", token)) == (403, "insufficient_scope")
    assert code(ask(guarded, "/stats", token, OpenAI_Project="default")) == (403, "wrong_project")
    do(root, "users.role", name="vera", project="other", role="runner")
    until(lambda: ask(guarded, "/v1/models", token)[0] == 200)
    do(root, "users.change", name="vera", changes={"is_disabled": True})
    until(lambda: ask(guarded, "/stats", token)[0] == 401)


def test_an_open_server_asks_who_one_is_as_soon_as_there_is_anybody(tmp_path: Path) -> None:
    root = project(tmp_path)
    with serving(root) as up:
        assert up.get("/v1/models")[0] == 200
        token = new_token(root, "first", "infer")
        until(lambda: up.get("/v1/models")[0] == 401)
        assert ask(up, "/v1/models", token)[0] == 200
        do(root, "tokens.revoke", which="first")
        until(lambda: ask(up, "/v1/models", token)[0] == 401)
        assert up.get("/v1/models")[0] == 401  # and it is not open again


@pytest.mark.slow
def test_an_open_server_does_nothing_for_a_page_of_another_site(tmp_path: Path) -> None:
    with serving(project(tmp_path)) as up:
        port = up.address.rpartition(":")[2]
        assert code(ask(up, "/v1/models", Host="evil.example")) == (403, "wrong_host")
        assert ask(up, "/v1/models", Host=f"localhost:{port}")[0] == 200
        for headers in ({"Origin": "http://evil.example"}, {"Sec_Fetch_Site": "cross-site"}, {"Origin": "null"}):
            assert code(ask(up, "/v1/audio/speech", "", "POST", {}, **headers)) == (403, "cross_site")
        own = {"Origin": up.address, "Sec_Fetch_Site": "same-origin"}
        assert code(ask(up, "/v1/audio/speech", "", "POST", {}, **own)) == (400, "missing_field")


@pytest.mark.slow
def test_tokens_of_the_settings_may_all_but_administer(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"mlab_secret").hexdigest()
    with serving(project(tmp_path, f'tokens = {{website = "sha256:{digest}"}}')) as up:
        assert ask(up, "/stats", "mlab_secret")[0] == 200
        refused = ask(up, "/api/v1/models/fake:one/load", "mlab_secret", "POST")
        assert code(refused) == (403, "insufficient_scope")


def test_a_person_who_has_not_signed_in_is_sent_to_where_one_does(guarded: Server) -> None:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    asked = urllib.request.Request(f"{guarded.address}/runs?x=1", headers={"Accept": "text/html"})
    with pytest.raises(urllib.error.HTTPError) as sent:
        urllib.request.build_opener(Stay).open(asked, timeout=30)
    sent.value.close()
    assert (sent.value.code, sent.value.headers["location"]) == (303, "/login?next=/runs%3Fx%3D1")


def test_roles_hold_what_is_said() -> None:
    assert roles.ROLES["viewer"] < roles.ROLES["runner"] < roles.ROLES["maintainer"] < roles.ROLES["admin"]
    assert roles.ROLES["rater"] - roles.ROLES["viewer"] == {"rate"}


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ({"do": "tokens.new", "name": "a b", "scopes": ["infer"]}, "name is 'a b', expected up to 64"),
        ({"do": "tokens.new", "name": "a", "scopes": []}, "expected a list of scopes"),
        ({"do": "tokens.new", "name": "a", "scopes": ["infer"], "project": "no"}, "there is no project 'no'"),
        ({"do": "tokens.new", "name": "a", "scopes": ["infer"], "account": "no"}, "there is no account 'no'"),
        ({"do": "tokens.new", "name": "a", "scopes": ["infer"], "expires_s": -1}, "may hold for up to"),
        ({"do": "tokens.revoke", "which": "no"}, "there is no token 'no' that holds"),
        ({"do": "projects.new", "name": "A/b"}, "name is 'A/b', expected"),
        ({"do": "projects.new", "name": "default"}, "there is a project 'default' already"),
        ({"do": "users.new", "name": "a", "is_admin": False, "role": "", "project": "x"}, "a password has 12"),
        ({"do": "users.role", "name": "no", "project": "default", "role": "viewer"}, "there is no account 'no'"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path: Path, order: dict[str, Any], says: str) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.modellab]\n")
    given = {"project": None, "account": None, "expires_s": None, **order}
    status, _, told = carried_out(tmp_path, given, "short")
    assert status == 2
    assert says in told
    assert len(told.splitlines()) == 1
