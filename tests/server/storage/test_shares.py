"""Shares of a running server: frozen, open to whoever has the link, revoked and expired, harmless."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests import make
from tests.server.conftest import Server, project, serving
from tests.server.results.conftest import entry, write
from tests.server.storage.test_uploads import Answer, ask, sound, upload

EVIL = "<script>alert(1)</script>"


def share(server: Server, **asked: Any) -> Answer:
    return ask(server, "/api/v1/shares", json.dumps(asked).encode(), Content_Type="application/json")


def opened(server: Server, made: Answer, more: str = "", **headers: str) -> Answer:
    assert made.status == 201, made.body
    return ask(server, f"/s/{made.json['id']}{more}", **headers)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = project(tmp_path_factory.mktemp("shares"))
    said = (make.utterance("u1", make.asr_counts(1.0), {"text": f"said {EVIL}"}),)
    first = entry(1, session="s1", result=make.result(said, key=entry(1).key))
    write(root / "mlruns", first, entry(2, session="s1"), entry(3, session="s12"))
    with serving(root) as server:
        yield server


def entry_id(server: Server) -> str:
    return next(
        str(each["id"])
        for each in ask(server, "/api/v1/results").json["data"]
        if each["variant"] and each["model"] == "m1"
    )


def test_a_result_is_shared_as_it_was(up: Server) -> None:
    made = share(up, entry=entry_id(up))
    page = opened(up, made)
    text = page.body.decode()
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "m1:one on short_v1" in text
    assert EVIL not in text
    assert made.json["title"] == "m1:one on short_v1"
    for path in (up.root / "mlruns" / "ledger").glob("*.jsonl"):
        path.rename(path.with_suffix(".gone"))
    try:
        assert opened(up, made).body == page.body  # what happens to the result afterwards changes nothing
    finally:
        for path in (up.root / "mlruns" / "ledger").glob("*.gone"):
            path.rename(path.with_suffix(".jsonl"))


def test_a_shared_page_can_do_little_and_says_nothing_to_others(up: Server) -> None:
    page = opened(up, share(up, entry=entry_id(up)))
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[\w+/=]+'", policy["script-src"])
    assert policy["frame-ancestors"] == "'none'"
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "set-cookie" not in page.headers
    assert page.headers["x-content-type-options"] == "nosniff"


def test_a_sound_is_shared_with_a_player_and_outlives_its_upload(up: Server) -> None:
    data = sound(0.7)
    blob = upload(up, data).json["blob"]
    made = share(up, blob=blob, title=f"my {EVIL}")
    assert ask(up, f"/api/v1/blobs/{blob}", method="DELETE").status == 204
    page = opened(up, made).body.decode()
    assert EVIL not in page
    assert f'src="/s/{made.json["id"]}/sound"' in page
    heard = opened(up, made, "/sound", Range="bytes=4-9")
    assert (heard.status, heard.body) == (206, data[4:10])
    assert hashlib.sha256(data).hexdigest() in page


@pytest.mark.slow
def test_the_report_of_a_run_is_shared(up: Server) -> None:
    made = share(up, run="s1")
    page = opened(up, made)
    assert page.status == 200
    assert "m1:one" in page.body.decode()
    assert "m0:one" not in page.body.decode()  # of s12, which begins alike
    assert "said 2" not in page.body.decode()


def test_a_share_that_is_revoked_is_over(up: Server) -> None:
    made = share(up, blob=upload(up, sound(0.6)).json["blob"])
    address = f"/api/v1/shares/{made.json['id']}"
    assert made.json["id"] in [each["id"] for each in ask(up, "/api/v1/shares").json["data"]]
    assert ask(up, address, method="DELETE").status == 204
    for more in ("", "/sound"):
        over = opened(up, made, more)
        assert (over.status, over.code) == (410, "share_over")
    assert ask(up, address, method="DELETE").status == 404
    assert made.json["id"] not in [each["id"] for each in ask(up, "/api/v1/shares").json["data"]]


@pytest.mark.slow
def test_one_that_has_expired_is_over_and_what_it_pinned_goes(tmp_path: Path) -> None:
    root = project(tmp_path)
    with serving(root) as server:
        blob = upload(server, sound()).json["blob"]
        made = share(server, blob=blob, expires_in_s=3600)
        assert opened(server, made).status == 200
    folder = root / "mlruns" / "server"
    with sqlite3.connect(folder / "server.db") as raw:
        raw.execute("update share set expires_at = 1")
    with serving(root) as server:
        assert opened(server, made).status == 410
        assert [each["kind"] for each in ask(server, "/api/v1/blobs").json["data"]] == ["upload"]
    assert not list(folder.glob("blobs/p/default/kept/*"))


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({}, 400, "missing_field"),
        ({"entry": "x", "blob": "y"}, 400, "missing_field"),
        ({"run": "none"}, 404, "not_found"),
        ({"run": "s"}, 404, "not_found"),
        ({"entry": "none"}, 404, "not_found"),
        ({"blob": "none"}, 404, "blob_not_found"),
        ({"blob": "none", "expires_in_s": 0}, 400, "invalid_value"),
        ({"blob": "none", "expires_in_s": 1e9}, 400, "invalid_value"),
        ({"blob": 7}, 400, "invalid_value"),
        ({"blob": "none", "colour": "red"}, 400, "invalid_value"),
        ({"blob": "none", "title": "x" * 121}, 400, "invalid_value"),
    ],
)
def test_what_cannot_be_shared(up: Server, asked: dict[str, Any], status: int, code: str) -> None:
    said = share(up, **asked)
    assert (said.status, said.code) == (status, code)


@pytest.mark.parametrize("id", ["none", "..%2f..", "%00", "a" * 5000])
def test_a_link_that_nobody_made(up: Server, id: str) -> None:
    assert ask(up, f"/s/{id}").status == 404
    assert ask(up, f"/s/{id}/sound").status == 404


def test_a_link_needs_no_token_and_gives_no_other_way_in(tmp_path: Path) -> None:
    token = "mlab_secret"
    digest = hashlib.sha256(token.encode()).hexdigest()
    with serving(project(tmp_path, f'tokens = {{website = "sha256:{digest}"}}')) as server:
        known = {"Authorization": f"Bearer {token}"}
        blob = ask(server, "/api/v1/uploads", sound(), **known).json["blob"]
        body = json.dumps({"blob": blob}).encode()
        made = ask(server, "/api/v1/shares", body, Content_Type="application/json", **known)
        assert opened(server, made).status == 200
        assert share(server, blob=blob).status == 401
        line = HTTPConnection(server.address.removeprefix("http://"), timeout=30)  # which tidies no path
        line.request("GET", "/s/../api/v1/blobs")
        assert line.getresponse().status in (401, 404)
        line.close()
