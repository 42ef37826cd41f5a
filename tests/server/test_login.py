"""Signing in: sessions, their cookies, what other sites' pages may not, and how often one may try."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.server.conftest import Server, project, serving
from tests.server.test_access import ask, do, new_token, until

PASSWORD = "correct horse battery"


class Browser:
    """Keeps the cookie that it is given, and says which page it is on."""

    def __init__(self, server: Server) -> None:
        self.host = server.address.removeprefix("http://")
        self.cookie = self.csrf = ""
        self.set_cookie = ""

    def send(
        self, method: str, path: str, form: dict[str, str] | None = None, body: Any = None, **headers: str
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        line = http.client.HTTPConnection(self.host, timeout=60)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            sent["Cookie"] = self.cookie
        data = None
        if form is not None:
            data, sent["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        if body is not None:
            data, sent["Content-Type"] = json.dumps(body), "application/json"
        line.request(method, path, data, sent)
        answer = line.getresponse()
        text = answer.read().decode()
        line.close()
        if given := answer.headers.get("set-cookie"):
            self.set_cookie, self.cookie = given, given.partition(";")[0]
        is_json = answer.headers.get_content_type() == "application/json"
        return answer.status, json.loads(text) if is_json else text, answer.headers

    def sign_in(self, name: str, password: str = PASSWORD) -> int:
        status = self.send("POST", "/login", {"name": name, "password": password})[0]
        if status == 200:
            self.csrf = self.send("GET", "/api/v1/me")[1]["csrf"]
        return status


@pytest.fixture(scope="module")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an admin, a viewer and a runner, in two projects."""
    root = project(tmp_path_factory.mktemp("peopled"))
    do(root, "projects.new", name="other")
    do(root, "users.new", PASSWORD, name="ann", is_admin=True, role="", project="default")
    do(root, "users.new", PASSWORD, name="vic", is_admin=False, role="viewer", project="default")
    do(root, "users.role", name="vic", project="other", role="runner")
    with serving(root, rates={"strangers_per_min": 0, "requests_per_min": 0}) as up:
        yield up


def test_a_session_begins_with_the_password_and_ends_with_logout(peopled: Server) -> None:
    browser = Browser(peopled)
    assert browser.send("GET", "/stats")[0] == 401
    status, _, headers = browser.send("POST", "/login", {"name": "ann", "password": PASSWORD, "next": "/runs"})
    assert status == 200
    assert re.fullmatch(
        r"modellab_session=[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=lax", browser.set_cookie
    )
    assert headers["cache-control"] == "no-store"
    me = browser.send("GET", "/api/v1/me")[1]
    assert (me["name"], me["project"], "admin" in me["scopes"]) == ("ann", "default", True)
    old = browser.cookie
    assert browser.send("POST", "/logout")[0] == 403  # without the form's token
    assert browser.send("POST", "/logout", {"csrf": me["csrf"]})[0] == 200
    browser.cookie = old
    assert browser.send("GET", "/stats")[0] == 401


def test_signing_in_again_is_another_session_and_the_first_is_over(peopled: Server) -> None:
    browser = Browser(peopled)
    browser.sign_in("vic")
    first = browser.cookie
    browser.sign_in("vic")
    assert browser.cookie != first
    browser.cookie = first
    assert browser.send("GET", "/stats")[0] == 401


def test_the_page_asks_and_leads_back_here_and_nowhere_else(peopled: Server) -> None:
    browser = Browser(peopled)
    status, page, headers = browser.send("GET", "/login?next=/runs%22%3E", Accept="text/html")
    assert status == 200
    assert 'value="/runs&#34;&gt;"' in page
    assert "default-src 'none'" in headers["content-security-policy"]
    html = {"Accept": "text/html"}
    status, page, _ = browser.send("POST", "/login", {"name": "<b>", "password": "x"}, **html)
    assert (status, "name or password is wrong" in page) == (401, True)
    for where, leads in (("/runs?x=1", "/runs?x=1"), ("//evil.example", "/"), ("https://evil.example", "/")):
        form = {"name": "ann", "password": PASSWORD, "next": where}
        status, _, headers = browser.send("POST", "/login", form, **html)
        assert (status, headers["location"]) == (303, leads)
        browser.cookie = ""


def test_a_write_of_a_page_bears_its_sessions_token_and_comes_from_here(peopled: Server) -> None:
    browser = Browser(peopled)
    assert browser.sign_in("ann") == 200
    body = {"name": "made-in-a-page"}
    assert browser.send("POST", "/api/v1/projects", body=body)[1]["error"]["code"] == "wrong_form_token"
    wrong = {"X_CSRF_Token": "guessed"}
    assert browser.send("POST", "/api/v1/projects", body=body, **wrong)[1]["error"]["code"] == "wrong_form_token"
    right = {"X_CSRF_Token": browser.csrf}
    for evil in ({"Origin": "http://evil.example"}, {"Sec_Fetch_Site": "same-site"}):
        status, said, _ = browser.send("POST", "/api/v1/projects", body=body, **right, **evil)
        assert (status, said["error"]["code"]) == (403, "cross_site")
    ours = {"Origin": peopled.address, "Sec_Fetch_Site": "same-origin"}
    assert browser.send("POST", "/api/v1/projects", body=body, **right, **ours)[0] == 201
    evil = {"Origin": "http://evil.example"}
    status, said, _ = browser.send("POST", "/login", {"name": "ann", "password": PASSWORD}, **evil)
    assert said["error"]["code"] == "cross_site"


def test_a_session_has_the_role_of_the_project_that_it_shows(peopled: Server) -> None:
    browser = Browser(peopled)
    browser.sign_in("vic")
    assert browser.send("GET", "/stats")[0] == 200
    assert browser.send("GET", "/v1/models")[1]["error"]["code"] == "insufficient_scope"
    chosen = {"project": "other"}
    right = {"X_CSRF_Token": browser.csrf}
    assert browser.send("PUT", "/api/v1/me/project", body=chosen, **right)[0] == 200
    assert browser.send("GET", "/v1/models")[0] == 200
    assert browser.send("GET", "/api/v1/users")[0] == 403
    assert browser.send("PUT", "/api/v1/me/project", body={"project": "nobodys"}, **right)[0] == 404


def test_another_password_or_none_ends_what_is_open(peopled: Server) -> None:
    do(peopled.root, "users.new", PASSWORD, name="ned", is_admin=False, role="viewer", project="default")
    browser = Browser(peopled)
    assert browser.sign_in("ned") == 200
    do(peopled.root, "users.change", "another long password", name="ned", changes={}, new_password=True)
    until(lambda: browser.send("GET", "/stats")[0] == 401)
    assert browser.sign_in("ned", "another long password") == 200
    do(peopled.root, "users.change", name="ned", changes={"is_disabled": True})
    until(lambda: browser.send("GET", "/stats")[0] == 401)
    assert browser.sign_in("ned", "another long password") == 401


def test_ones_own_password_takes_the_present_one_and_ends_every_other_session(peopled: Server) -> None:
    do(peopled.root, "users.new", PASSWORD, name="pat", is_admin=False, role="viewer", project="default")
    here, there, bare = Browser(peopled), Browser(peopled), Browser(peopled)
    assert here.sign_in("pat") == there.sign_in("pat") == 200
    right = {"X_CSRF_Token": here.csrf}

    def change(present: str, password: str, **headers: str) -> tuple[int, Any]:
        return here.send("PUT", "/api/v1/me/password", body={"present": present, "password": password}, **headers)[:2]

    assert change(PASSWORD, "one that is new")[1]["error"]["code"] == "wrong_form_token"
    status, said = change("not this one", "one that is new", **right)
    assert (status, said["error"]["code"]) == (403, "wrong_password")
    status, said = change(PASSWORD, "short", **right)
    assert (status, said["error"]["param"]) == (400, "password")
    assert there.send("GET", "/api/v1/me")[0] == 200
    assert change(PASSWORD, "one that is new", **right) == (200, {"name": "pat", "sessions_ended": 1})
    assert here.send("GET", "/api/v1/me")[0] == 200
    until(lambda: there.send("GET", "/api/v1/me")[0] == 401)
    assert bare.sign_in("pat") == 401
    assert bare.sign_in("pat", "one that is new") == 200
    ended = here.send("DELETE", "/api/v1/me/sessions", **right)
    assert ended[:2] == (200, {"name": "pat", "sessions_ended": 1})
    until(lambda: bare.send("GET", "/api/v1/me")[0] == 401)
    assert here.send("GET", "/api/v1/me")[0] == 200
    admin = Browser(peopled)
    admin.sign_in("ann")
    lines = admin.send("GET", "/api/v1/audit?who=pat")[1]["data"]
    assert [(each["act"], each["about"]["sessions_ended"]) for each in lines if each["act"].startswith("account.")] == [
        ("account.sessions", 1),
        ("account.password", 1),
    ]
    assert "one that is new" not in json.dumps(lines)


def test_who_changes_a_password_may_not_guess_for_ever(peopled: Server) -> None:
    do(peopled.root, "users.new", PASSWORD, name="sly", is_admin=False, role="viewer", project="default")
    browser = Browser(peopled)
    assert browser.sign_in("sly") == 200
    body = {"present": "a guess of mine", "password": "one that is new"}
    right = {"X_CSRF_Token": browser.csrf}
    tried = [browser.send("PUT", "/api/v1/me/password", body=body, **right)[0] for _ in range(6)]
    assert tried == [403] * 5 + [429]
    assert Browser(peopled).sign_in("sly") == 429  # signing in is another way to guess


def test_a_token_has_no_password_and_no_sessions(peopled: Server) -> None:
    token = new_token(peopled.root, "program", "admin")
    for method, path, body in (("PUT", "password", {"present": "x", "password": "y"}), ("DELETE", "sessions", None)):
        status, said = ask(peopled, f"/api/v1/me/{path}", token, method, body)
        assert (status, said["error"]["code"]) == (400, "no_session")


def test_five_wrong_tries_and_one_has_to_wait(peopled: Server) -> None:
    browser = Browser(peopled)
    said = [browser.sign_in("nobody-here", "wrong") for _ in range(6)]
    assert said == [401] * 5 + [429]
    _, error, headers = browser.send("POST", "/login", {"name": "nobody-here", "password": "x"})
    assert error["error"]["code"] == "rate_limit_exceeded"
    assert 600 < int(headers["retry-after"]) <= 900
    assert browser.sign_in("vic") == 200  # another account may


@pytest.mark.parametrize("body", [b"", b"name=ann", b"\xff\xfe", b"[1]"])
def test_what_is_no_login(peopled: Server, body: bytes) -> None:
    said: list[http.client.HTTPResponse] = []
    line = http.client.HTTPConnection(peopled.address.removeprefix("http://"), timeout=60)
    for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        line.request("POST", "/login", body, {"Content-Type": kind})
        said.append(line.getresponse())
        assert json.loads(said[-1].read())["error"]["type"] == "invalid_request_error"
    line.close()
    assert [each.status for each in said] == [400] * 3


# ---------------------------------------------------------------------------- what admins do


def test_admins_make_and_revoke_over_http_and_all_of_it_is_kept(peopled: Server) -> None:
    root = peopled.root
    admin = new_token(root, "admins", "admin", of=None)
    status, made = ask(peopled, "/api/v1/tokens", admin, "POST", {"name": "ci", "scopes": ["read"], "expires_s": 60})
    assert (status, made["scopes"], made["project"]) == (201, ["read"], "default")
    assert ask(peopled, "/stats", made["token"])[0] == 200
    listed = ask(peopled, "/api/v1/tokens", admin)[1]["data"]
    assert made["token"] not in json.dumps(listed)
    assert ask(peopled, f"/api/v1/tokens/{made['id']}", admin, "DELETE")[1]["revoked_at"]
    assert ask(peopled, "/stats", made["token"])[0] == 401  # at once: it was done here
    assert ask(peopled, "/api/v1/tokens/nothing", admin, "DELETE")[0] == 404
    user = {"name": "zoe", "password": PASSWORD}
    assert ask(peopled, "/api/v1/users", admin, "POST", user)[0] == 201
    assert ask(peopled, "/api/v1/users", admin, "POST", user)[1]["error"]["code"] == "name_taken"
    given = ask(peopled, "/api/v1/users/zoe/roles/other", admin, "PUT", {"role": "rater"})
    assert given[1]["roles"] == {"other": "rater"}
    assert ask(peopled, "/api/v1/users/zoe/roles/other", admin, "PUT", {"role": "king"})[0] == 400
    assert ask(peopled, "/api/v1/users/zoe/roles/other", admin, "DELETE")[1]["roles"] == {}
    assert ask(peopled, "/api/v1/users/ann", admin, "PATCH", {"is_disabled": True})[1]["error"]["code"] == "last_admin"
    assert ask(peopled, "/api/v1/projects", admin)[0] == 200
    log = ask(peopled, "/api/v1/audit?limit=200", admin)[1]["data"]
    acts = [line["act"] for line in log if line["who"] == "admins"]
    assert acts[::-1] == ["token.new", "token.revoke", "account.new", "member.change", "member.change"]
    assert all(line["address"] == "127.0.0.1" for line in log if line["who"] == "admins")
    for password, status in (("no", 401), (PASSWORD, 200)):
        assert Browser(peopled).send("POST", "/login", {"name": "zoe", "password": password})[0] == status
    log = ask(peopled, "/api/v1/audit?limit=200", admin)[1]["data"]
    newest = [(line["act"], line["who"], line["target"]) for line in log[:2]]
    assert newest == [("login", "zoe", ""), ("login.failed", "", "zoe")]
    assert made["token"] not in json.dumps(log)
    assert PASSWORD not in json.dumps(log)
    newest = ask(peopled, f"/api/v1/audit?limit=1&before={log[0]['id']}", admin)[1]["data"]
    assert newest == [log[1]]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v1/tokens", None),
        ("POST", "/api/v1/tokens", {"name": "mine", "scopes": ["admin"]}),
        ("GET", "/api/v1/users", None),
        ("POST", "/api/v1/users", {"name": "me2", "password": PASSWORD, "is_admin": True}),
        ("PATCH", "/api/v1/users/vic", {"is_admin": True}),
        ("PUT", "/api/v1/users/vic/roles/default", {"role": "maintainer"}),
        ("DELETE", "/api/v1/users/vic/roles/default", None),
        ("GET", "/api/v1/projects", None),
        ("POST", "/api/v1/projects", {"name": "mine"}),
        ("GET", "/api/v1/audit", None),
    ],
)
def test_nobody_else_administers(peopled: Server, method: str, path: str, body: Any) -> None:
    browser = Browser(peopled)
    browser.sign_in("vic")
    status, said, _ = browser.send(method, path, body=body, X_CSRF_Token=browser.csrf)
    assert (status, said["error"]["code"]) == (403, "insufficient_scope")
