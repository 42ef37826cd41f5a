"""Webhooks: whom a server calls and whom it does not, what it sends, how often, and that none is forgotten."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from modellab.plan.serve_settings import JobSettings
from modellab.server.database import Database
from modellab.server.errors import ApiError
from modellab.server.jobs import webhooks
from modellab.server.jobs.store import Jobs, Wanted
from modellab.server.jobs.tables import CALL
from modellab.server.jobs.webhooks import Webhooks, check, signature
from modellab.system import outbound
from tests.server import environments

HERE = ("127.0.0.1",)


@contextmanager
def listener(*statuses: int) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """(URL, what came there) of somebody who wants to be called and answers so, then with 200."""
    came: list[tuple[dict[str, str], bytes]] = []
    answers = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(answers.pop(0) if answers else 200)
            self.send_header("location", f"http://127.0.0.1:{server.server_port}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook?a=1", came
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def hooks(database: Database, tmp_path: Path) -> Webhooks:
    return Webhooks(database, JobSettings(webhook_hosts=HERE), tmp_path)


def end_one(hooks: Webhooks, url: str) -> str:
    """The name of a job that has just ended and whose owner wants to be called."""
    jobs = Jobs(hooks.database, hooks.ended)
    row, _ = jobs.put(Wanted("default", "ada", "run", "runs", {}, "d", 1, callback_url=url), 10)
    claim = jobs.claim(["runs"], "w", 10)
    assert claim is not None
    assert jobs.finish(claim, {"much": "to tell"})
    return str(row.id)


def states(hooks: Webhooks) -> list[tuple[str, int]]:
    with hooks.database.begin() as connection:
        return [(row.state, row.tries) for row in connection.execute(sa.select(CALL).order_by(CALL.c.n))]


def test_who_asked_is_called_once_with_a_signature_of_the_body_and_the_moment(hooks: Webhooks) -> None:
    with listener() as (url, came):
        name = end_one(hooks, url)
        assert hooks.call_next()
        assert not hooks.call_next()
    ((headers, body),) = came
    told = json.loads(body)
    assert (told["type"], told["job"]["id"], told["job"]["state"]) == ("job.done", name, "done")
    id, at_s = headers["webhook-id"], int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == signature(hooks.secret, id, at_s, body.decode())
    assert headers["webhook-signature"] != signature(hooks.secret, id, at_s + 1, body.decode())
    assert hooks.secret.startswith("whsec_")
    assert (hooks.folder / webhooks.SECRET_FILE).stat().st_mode & 0o077 == 0
    assert states(hooks) == [("done", 1)]


CHECK = """
import json, sys
from standardwebhooks import Webhook, WebhookVerificationError
told = json.load(sys.stdin)
Webhook(told["secret"]).verify(told["body"], told["headers"])
try:
    Webhook(told["secret"]).verify(told["body"] + " ", told["headers"])
except WebhookVerificationError:
    print("ours, and no other")
"""


def test_the_library_of_the_standard_takes_what_the_server_signs(hooks: Webhooks) -> None:
    with listener() as (url, came):
        end_one(hooks, url)
        assert hooks.call_next()
    ((headers, body),) = came
    told = json.dumps({"secret": hooks.secret, "body": body.decode(), "headers": headers})
    command = [str(environments.python("webhooks")), "-c", CHECK]
    done = subprocess.run(command, input=told, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "ours, and no other\n", done.stderr


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("whsec_YWJjZA==", b"abcd"),
        ("a text", b"a text"),
        ("YWJjZA==", b"YWJjZA=="),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
        ("whsec_x-_yMVfOCMNuvVN8T0Uq0oA7bTtAVWzDZ3m3P2iDBcY", b"whsec_x-_yMVfOCMNuvVN8T0Uq0oA7bTtAVWzDZ3m3P2iDBcY"),
    ],
    ids=["padded", "text", "no prefix", "the standard's example", "of an older server"],
)
def test_what_a_secret_means(secret: str, key: bytes) -> None:
    assert webhooks.key(secret) == key


def test_it_is_tried_five_times_and_no_redirect_is_followed(hooks: Webhooks, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr("time.time", lambda: now)
    waited = []
    with listener(500, 302, 404, 500, 503) as (url, came):
        end_one(hooks, url)
        while states(hooks) != [("failed", 5)]:
            if not hooks.call_next():
                now += 1
                waited.append(now)
                assert now < 9_000
    assert len(came) == 5
    assert len({headers["webhook-id"] for headers, _ in came}) == 1
    assert len({headers["webhook-signature"] for headers, _ in came}) == 5
    assert len(waited) == sum(webhooks.WAITS_S)
    now = 0.0
    assert not hooks.call_next()


def test_a_call_whose_caller_died_is_made_again(hooks: Webhooks, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> int:
        raise KeyboardInterrupt

    now = 1_000.0
    monkeypatch.setattr("time.time", lambda: now)
    with listener() as (url, came):
        end_one(hooks, url)
        with monkeypatch.context() as patched:
            patched.setattr(webhooks, "post", die)
            with pytest.raises(KeyboardInterrupt):
                hooks.call_next()
        assert not hooks.call_next()  # it may be on its way
        now = 900.0  # a clock that is set back
        assert not hooks.call_next()
        now += 200
        assert hooks.call_next()
    assert len(came) == 1
    assert states(hooks) == [("done", 2)]


def test_nobody_there_is_tried_again(hooks: Webhooks) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"http://127.0.0.1:{held.getsockname()[1]}/"
        end_one(hooks, url)
        held.close()
        assert hooks.call_next()
    assert states(hooks) == [("waiting", 1)]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.org/", "expected https, it is http"),
        ("ftp://127.0.0.1/", "expected https"),
        ("file:///etc/passwd", "no URL with a host"),
        ("https://me:secret@example.org/", "a name or a password"),
        ("https://10.0.0.1/", "not public"),
        ("https://[::1]/", "not public"),
        ("https://[::ffff:169.254.169.254]/", "not public"),
        ("https://169.254.169.254/latest", "not public"),
        *(
            (f"https://{host}/", "not public")
            for host in (
                "127.1",
                "2130706433",
                "0x7f000001",
                "0x7f.0.0.1",
                "017700000001",
                "0177.0.0.01",
                "0xa9fea9fe",
                "10.1",
                "0",
                "127.0.0.1.",
                "[::ffff:7f00:1]",
                "[0:0:0:0:0:ffff:10.0.0.1]",
                "[::127.0.0.1]",
                "[64:ff9b::7f00:1]",
                "[2002:7f00:1::]",
                "[fe80::1%25eth0]",
                "localhost",
                "LOCALHOST.",
                "a.localhost",
            )
        ),
        ("https://example.org:22/", "expected port 443"),
        ("https://exämple.org/", "no URL"),
        ("https://example.org/a b", "no URL"),
        ("https://[", "no URL"),
        ("https://example.org\r\nx: y/", "no URL"),
        ("nonsense", "no URL"),
    ],
)
def test_urls_that_nobody_may_have_called(url: str, said: str) -> None:
    with pytest.raises(ApiError, match=said) as refused:
        check(url, HERE)
    assert (refused.value.status, refused.value.param) == (400, "callback_url")
    assert "secret" not in str(refused.value)


def test_urls_that_may_be_called() -> None:
    for url in ("https://example.org", "https://example.org:443/a?b=c", "https://9.9.9.9/", "http://127.0.0.1:8080/"):
        assert check(url, HERE).hostname


def test_a_name_that_leads_here_is_not_called_whatever_it_led_to_before(
    hooks: Webhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is resolved once for each try, and the connection goes to the address that was looked at."""
    real = socket.getaddrinfo
    answers = [["93.184.216.34", "127.0.0.1"], ["10.1.2.3"], ["::ffff:127.0.0.1"], ["fe80::1%lo"]]
    asked = []

    def resolve(host: str, port: int, *given: Any, **named: Any) -> Any:
        if host != "rebinding.example":
            return real(host, port, *given, **named)
        asked.append(host)
        return [(0, 0, 0, "", (address, port)) for address in answers[len(asked) - 1]]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", lambda *_: pytest.fail("it was called"))
    for _ in answers:
        with pytest.raises(OSError, match="not public"):
            outbound.post("https://rebinding.example/", "{}", {}, ())
    assert len(asked) == len(answers)


def test_the_connection_goes_to_the_address_that_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    went = []

    def connect(address: tuple[str, int], timeout_s: float) -> socket.socket:
        went.append(address)
        raise OSError("nobody there")

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("93.184.216.34", 443))])
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(OSError, match="nobody there"):
        outbound.post("https://example.org/", "{}", {}, ())
    assert went == [("93.184.216.34", 443)]
