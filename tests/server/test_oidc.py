"""Signing in elsewhere: what a browser goes through, and each way in which what comes back must not be believed."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey

from tests.server.conftest import Server, project, serving
from tests.server.issuer import CLIENT, SECRET, Issuer, issuing
from tests.server.test_access import do, until

pytestmark = pytest.mark.slow


class Browser:
    """Keeps cookies; goes where it is sent, one step at a time."""

    def __init__(self, server: Server) -> None:
        self.host = server.address.removeprefix("http://")
        self.cookies: dict[str, str] = {}

    def go(self, address: str, **more: str) -> tuple[int, str, str]:
        """(status, where it leads, what is said)."""
        parts = urlsplit(address)
        line = http.client.HTTPConnection(parts.netloc or self.host, timeout=60)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        line.request("GET", f"{parts.path}?{parts.query}", headers={**(headers if self.cookies else {}), **more})
        answer = line.getresponse()
        said = answer.read().decode()
        line.close()
        for given in answer.headers.get_all("set-cookie") or []:
            name, value = re.match(r"([^=]+)=([^;]*)", given).groups()  # type: ignore[union-attr]
            self.cookies[name] = value
        return answer.status, answer.headers.get("location", ""), said

    def sign_in(self) -> tuple[int, str, str]:
        """All of it."""
        _, there, _ = self.go("/login/oidc?next=/runs")
        _, back, _ = self.go(there)
        return self.go(back)

    @property
    def is_in(self) -> bool:
        return self.go("/stats")[0] == 200


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as up:
        yield up


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer) -> Iterator[Server]:
    settings = {"issuer": issuer.address, "client_id": CLIENT, "allow": ["@example.com", "eve@other.example"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELLAB_OIDC_SECRET", SECRET)
        with serving(project(tmp_path_factory.mktemp("oidc")), oidc=settings, rates={"strangers_per_min": 0}) as up:
            yield up


@pytest.fixture(autouse=True)
def truthful(issuer: Issuer) -> None:
    issuer.claims = {"sub": "1", "email": "ann@example.com", "email_verified": True}
    issuer.lies, issuer.signs_with, issuer.unsigned, issuer.broken = {}, None, False, {}


def test_somebody_signs_in_there_and_is_the_same_the_next_time(server: Server, issuer: Issuer) -> None:
    browser = Browser(server)
    assert not browser.is_in
    assert "/login/oidc" in browser.go("/login")[2]
    assert browser.sign_in()[:2] == (303, "/runs")
    assert browser.is_in
    assert issuer.faults == []
    assert Browser(server).sign_in()[0] == 303
    rows = do(server.root, "users.list")
    assert [(row["name"], row["roles"], row["signs_in"]) for row in rows if row["name"].startswith("ann")] == [
        ("ann@example.com", {"default": "viewer"}, issuer.address)
    ]
    acts = [row["act"] for row in do(server.root, "audit", most=200) if row["who"] == "ann@example.com"]
    assert acts[::-1] == ["account.new", "account.came", "member.change", "login", "login"]
    do(server.root, "users.change", name="ann@example.com", changes={"is_disabled": True})
    until(lambda: not browser.is_in)
    assert Browser(server).sign_in()[0] == 403
    do(server.root, "users.change", name="ann@example.com", changes={"is_disabled": False})


@pytest.mark.parametrize(
    ("lies", "status"),
    [
        ({"nonce": "another"}, 401),
        ({"nonce": None}, 401),
        ({"aud": "another-client"}, 401),
        ({"aud": [CLIENT, "another-client"]}, 401),
        ({"aud": [CLIENT, "another-client"], "azp": "another-client"}, 401),
        ({"nbf": int(time.time()) + 3600}, 401),
        ({"iat": int(time.time()) + 3600}, 401),
        ({"iss": "http://127.0.0.1:1"}, 401),
        ({"exp": int(time.time()) - 3600}, 401),
        ({"exp": None}, 401),
        ({"sub": None}, 401),
        ({"email": "ann@elsewhere.example"}, 403),
        ({"email": "ann@example.com.evil.example"}, 403),
        ({"email_verified": False}, 403),
        ({"email_verified": "true"}, 403),
        ({"email": ""}, 403),
    ],
)
def test_what_it_says_falsely_is_not_believed(
    server: Server, issuer: Issuer, lies: dict[str, object], status: int
) -> None:
    issuer.lies = lies
    browser = Browser(server)
    assert browser.sign_in()[0] == status
    assert not browser.is_in


def test_a_token_that_it_has_not_signed_is_not_believed(server: Server, issuer: Issuer) -> None:
    issuer.unsigned = True
    assert Browser(server).sign_in()[0] == 401
    issuer.unsigned, issuer.signs_with = False, RSAKey.generate_key(2048, {"kid": "one"})
    assert Browser(server).sign_in()[0] == 401


def test_a_state_is_good_once_and_in_its_own_browser(server: Server) -> None:
    browser, thief = Browser(server), Browser(server)
    _, there, _ = browser.go("/login/oidc")
    _, back, _ = browser.go(there)
    status, _, said = thief.go(back)
    assert (status, "wrong_state" in said) == (403, True)
    assert browser.go(back)[0] == 403  # it was given away
    _, there, _ = browser.go("/login/oidc")
    _, back, _ = browser.go(there)
    assert browser.go(back)[0] == 303
    assert browser.go(back)[0] == 403
    forged = back.replace(parse_qs(urlsplit(back).query)["state"][0], "a" * 43)
    assert browser.go(forged)[0] == 403
    assert browser.go("/login/oidc/back")[0] == 403


def test_a_code_is_of_no_use_without_the_verifier(server: Server) -> None:
    """A code that was stolen is put into the thief's own sign-in."""
    browser, thief = Browser(server), Browser(server)
    _, there, _ = browser.go("/login/oidc")
    stolen = parse_qs(urlsplit(browser.go(there)[1]).query)["code"][0]
    _, there, _ = thief.go("/login/oidc")
    own = thief.go(there)[1]
    mine = parse_qs(urlsplit(own).query)["code"][0]
    assert thief.go(own.replace(mine, stolen))[0] == 401
    assert not thief.is_in


def test_whom_the_issuer_knows_is_not_whoever_has_that_name_here(server: Server, issuer: Issuer) -> None:
    do(server.root, "users.new", "a long password", name="eve@other.example", is_admin=True, role="", project="default")
    issuer.claims = {"sub": "7", "email": "eve@other.example", "email_verified": True}
    assert Browser(server).sign_in()[0] == 409


BROKEN = {
    "no token": ("/token", (200, {"access_token": "x", "token_type": "Bearer"}), 401),
    "a token of another type": ("/token", (200, {"id_token": 1}), 401),
    "junk as a token": ("/token", (200, {"id_token": "a.b.c"}), 401),
    "a list": ("/token", (200, [1]), 401),
    "no JSON": ("/token", (200, b"<html>"), 401),
    "an error": ("/token", (500, {}), 401),
    "a refusal": ("/token", (400, {"error": "invalid_client", "error_description": "no\nno"}), 401),
}


@pytest.mark.parametrize("what", BROKEN)
def test_an_answer_that_is_none_is_one_sentence_and_no_session(server: Server, issuer: Issuer, what: str) -> None:
    path, issuer.broken[path], status = BROKEN[what][0], *BROKEN[what][1:]  # type: ignore[misc]
    browser = Browser(server)
    found, _, said = browser.sign_in()
    assert (found, json.loads(said)["error"]["code"] in ("not_signed_in", "wrong_token")) == (status, True)
    assert not browser.is_in


def test_people_read_why_on_the_page_where_they_sign_in(server: Server, issuer: Issuer) -> None:
    issuer.lies = {"email": "ann@elsewhere.example"}
    browser = Browser(server)
    _, back, _ = browser.go(browser.go("/login/oidc")[1])
    status, _, said = browser.go(back, Accept="text/html")
    assert (status, "do not let this address in" in said, 'href="/login/oidc' in said) == (403, True, True)
    newest = do(server.root, "audit", most=1)[0]
    assert (newest["act"], newest["about"]["code"]) == ("login.failed", "not_allowed")


def test_the_groups_that_it_tells_decide_who_comes_in_and_with_which_role(
    tmp_path: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELLAB_OIDC_SECRET", SECRET)
    settings = {
        "issuer": issuer.address, "client_id": CLIENT, "groups_claim": "teams", "groups": ["speech", "guests"],
        "roles": {"speech": "runner", "leads": "maintainer"}, "role": "viewer",
    }  # fmt: skip
    issuer.claims = {"sub": "9", "preferred_username": "joe"}
    with serving(project(tmp_path), oidc=settings, rates={"strangers_per_min": 0}) as up:
        browser = Browser(up)
        for teams, role in (
            (["speech"], "runner"),
            (["speech", "leads"], "maintainer"),
            ("guests", "viewer"),
        ):
            issuer.lies = {"teams": teams}
            assert browser.sign_in()[0] == 303
            assert do(up.root, "users.list")[0]["roles"] == {"default": role}, teams
        for none in (["leads"], [], None, {"speech": True}, [["speech"]]):
            issuer.lies = {"teams": none}
            assert Browser(up).sign_in()[0] == 403, none


def test_an_issuer_that_is_gone_or_lies_about_itself(tmp_path: Path, issuer: Issuer) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELLAB_OIDC_SECRET", SECRET)
        for address in ("http://127.0.0.1:1", f"{issuer.address}/"):
            settings = {"issuer": address, "client_id": CLIENT, "allow": ["@example.com"]}
            with serving(project(tmp_path / str(len(address))), oidc=settings) as up:
                status, _, said = Browser(up).go("/login/oidc")
                assert (status, "issuer_failed" in said) == (502, True)
                assert up.get("/v1/models")[0] == 401  # an issuer is a way to say who one is


def test_without_its_secret_the_server_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODELLAB_OIDC_SECRET", raising=False)
    settings = {"issuer": "https://id.example.com", "client_id": CLIENT, "allow": ["@example.com"]}
    with (
        pytest.raises(RuntimeError, match="needs the client's secret in MODELLAB_OIDC_SECRET"),
        serving(project(tmp_path), oidc=settings),
    ):
        pass
