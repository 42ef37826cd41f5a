"""Requests to a server: what is tried again, what is the server's fault and what the input's, in one sentence each."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import ModelError, ModellabError, ServerError
from modellab.models.remote.client import Client
from modellab.models.remote.wording import retry_after_s, server_message
from modellab.models.servers import Price, Server

from ...stand_in import Given, StandIn, serving, silent_port

OK = Given({"text": "a b"})
HTML = {"content-type": "text/html; charset=utf-8"}


@pytest.fixture
def server() -> Iterator[StandIn]:
    with serving() as found:
        yield found


def client(server: StandIn, patience_s: float = 5.0, **more: object) -> tuple[Client, list[float]]:
    """A client that does not sleep; what it would have waited."""
    waited: list[float] = []
    return Client(Server(url=server.url, **more), patience_s=patience_s, sleep=waited.append), waited


def sequence(server: StandIn, *answers: Given) -> None:
    """One answer after the other; the last goes on for ever."""
    left = list(answers)
    server.answers = lambda _: left.pop(0) if len(left) > 1 else left[0]


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(server: StandIn, status: int) -> None:
    sequence(server, Given("busy", status), Given("busy", status), OK)
    asking, waited = client(server)
    assert asking.post("/x", json={}).mapping() == {"text": "a b"}
    assert len(server.asked) == 3
    assert asking.meter.retries == 2
    assert 0.3 < waited[0] <= 0.5
    assert waited[0] < waited[1] <= 1.0


@pytest.mark.parametrize(("header", "waits"), [("2", [2.0]), ("0", [0.0])])
def test_a_server_says_how_long_to_wait(server: StandIn, header: str, waits: list[float]) -> None:
    sequence(server, Given("later", 429, {"retry-after": header}), OK)
    asking, waited = client(server)
    asking.post("/x", json={})
    assert waited == waits


def test_it_is_given_up_where_more_is_asked_than_there_is_patience(server: StandIn) -> None:
    sequence(server, Given("later", 429, {"retry-after": "3600"}))
    asking, waited = client(server)
    with pytest.raises(
        ServerError, match=r"answered 429 \(later\); given up after 1 try in 0 s; it asks to wait 3600 s"
    ):
        asking.post("/x", json={})
    assert waited == []


def test_too_many_requests_for_ever_end(server: StandIn) -> None:
    sequence(server, Given({"error": {"message": "slow down"}}, 429))
    asking = Client(Server(url=server.url), patience_s=1.5)
    with pytest.raises(ServerError, match=r"answered 429 \(slow down\); given up after [23] tries in [01] s"):
        asking.post("/x", json={})


FAULTS = {
    "html": (
        Given("<html><body>Login", headers=HTML),
        r"answered 200 with text/html \(<html><body>Login\), where JSON was expected: is that the",
    ),
    "empty": (Given(""), "answered 200 with nothing in it, where JSON was expected"),
    "no JSON": (Given("Internal error"), r"answered 200 with text/plain \(Internal error\), where JSON was expected"),
    "a list": (Given([1]), r"answered 200 with application/json \(\[1\]\), where an object in JSON was expected"),
    "an error with 200": (Given({"error": {"message": "no GPU"}}), "answered 200 with an error: no GPU"),
    "no money": (Given({"error": {"code": "insufficient_quota", "message": "x"}}, 429), "account has no money left"),
    "no key": (
        Given({"error": "who?"}, 401),
        r"answered 401 \(who\?\): is the key in the variable A_KEY the right one",
    ),
    "not for you": (Given("", 403), "answered 403: is the key in the variable A_KEY the right one"),
    "wrong path": (Given({"detail": "Not Found"}, 404), r"answered 404 \(Not Found\): .* does the address end in /v1"),
    "elsewhere": (Given("", 307, {"location": "https://b.example"}), "answered 307 and points to 'https://b.example'"),
    "a teapot": (Given("tea", 418), r"answered 418 \(tea\)$"),
    "cut": (Given({"text": "a b"}, cut=True), "broke off in the middle of its answer"),
}


@pytest.mark.parametrize(("answer", "sentence"), FAULTS.values(), ids=FAULTS)
def test_what_says_nothing_of_the_model(server: StandIn, answer: Given, sentence: str) -> None:
    server.answers = lambda _: answer
    asking, _ = client(server, key_from="A_KEY")
    with pytest.raises(ServerError, match=sentence) as raised:
        asking.post("/audio/transcriptions", json={}).mapping()
    assert "\n" not in str(raised.value)
    assert server.url in str(raised.value)
    assert asking.meter.retries == 0


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_an_input_that_is_refused_is_the_models_answer(server: StandIn, status: int) -> None:
    server.answers = lambda _: Given({"error": {"message": "this is no sound"}}, status)
    asking, _ = client(server)
    with pytest.raises(ModelError, match=rf"the server refused this input: .* answered {status} \(this is no sound\)"):
        asking.post("/x", json={})
    assert len(server.asked) == 1


def test_nobody_listens() -> None:
    with silent_port() as port:
        asking = Client(Server(url=f"http://127.0.0.1:{port}/v1"), patience_s=0.2)
        with pytest.raises(
            ServerError, match=rf"127.0.0.1:{port}/v1/x cannot be reached .*: does a server run there\?; given"
        ):
            asking.post("/x", json={})


def test_an_answer_that_never_comes(server: StandIn) -> None:
    server.answers = lambda _: Given({"text": "late"}, wait_s=3)
    asking, _ = client(server, patience_s=0.3)
    with pytest.raises(ServerError, match=r"gave no answer in time .*; given up after 1 try"):
        asking.post("/x", json={})


def test_an_answer_that_drips_for_ever(server: StandIn) -> None:
    server.answers = lambda _: Given({"text": "x" * 200}, drip_s=0.05)
    asking, _ = client(server, patience_s=0.6)
    with pytest.raises(ServerError, match=r"gave no whole answer within 0\.6 s"):
        asking.post("/x", json={})


def test_an_answer_without_end(server: StandIn) -> None:
    server.answers = lambda _: Given(b"x" * (2**20 + 1))
    asking = Client(Server(url=server.url), most_bytes=2**20)
    with pytest.raises(ServerError, match="answered with more than 1 MiB"):
        asking.post("/x", json={})


def test_tls_that_is_none(server: StandIn) -> None:
    asking = Client(Server(url=server.url.replace("http:", "https:")), patience_s=1)
    with pytest.raises(ServerError, match=r"has no TLS connection that can be trusted \(.+\): is https right"):
        asking.post("/x", json={})


def test_a_certificate_that_nobody_knows_is_not_tried_again() -> None:
    def fails(request: httpx2.Request) -> httpx2.Response:
        fault = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
        raise httpx2.ConnectError(str(fault)) from fault

    asking = Client(Server(url="https://a.example/v1"), sleep=lambda _: None, transport=httpx2.MockTransport(fails))
    with pytest.raises(
        ServerError, match=r"a\.example/v1/x has no TLS connection that can be trusted .* SSL_CERT_FILE"
    ):
        asking.post("/x", json={})


def test_the_key_goes_into_the_header_and_nowhere_else(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "s3cr3t-key")
    server.answers = lambda _: Given({"error": {"message": "unknown key s3cr3t-key"}}, 401)
    asking, _ = client(server, key_from="A_KEY")
    with pytest.raises(ServerError) as raised:
        asking.post("/x", json={})
    assert server.asked[0].headers["authorization"] == "Bearer s3cr3t-key"
    assert "s3cr3t" not in str(raised.value)
    assert "unknown key ***" in str(raised.value)
    assert "s3cr3t" not in repr(asking.facts)


def test_without_a_key_no_header_is_sent(server: StandIn) -> None:
    asking, _ = client(server, key_from="A_KEY", key_optional=True)
    asking.post("/x", json={})
    assert "authorization" not in server.asked[0].headers


def test_a_key_that_no_header_may_have(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "käse")
    with pytest.raises(
        ServerError, match="the key in the variable A_KEY holds characters that no header may have"
    ) as raised:
        client(server, key_from="A_KEY")
    assert "käse" not in str(raised.value)


def test_what_was_lost_is_no_time_of_the_answer(server: StandIn) -> None:
    sequence(
        server, Given("busy", 503, {"retry-after": "0.2"}), Given({"text": "a"}, headers={"openai-processing-ms": "7"})
    )
    asking = Client(Server(url=server.url, price=Price(usd_per_audio_min=0.6)), patience_s=5)
    asking.post("/x", json={})
    assert asking.meter.taken() >= 0.2
    assert asking.meter.taken() == 0
    assert asking.meter.walls_s[0] < 0.2
    assert asking.meter.readings()["server_p50_s"] == 0.007


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error": {"message": "no such model"}}', "no such model"),
        (b'{"error": "flat"}', "flat"),
        (b'{"detail": [{"loc": ["file"], "msg": "missing"}]}', '[{"loc": ["file"], "msg": "missing"}]'),
        (b'{"message": "x"}', "x"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"a\x1b[31mb", "a\u241b[31mb"),
        (b"x" * 300, "x" * 200 + "..."),
        (b"", ""),
    ],
)
def test_what_a_server_says(body: bytes, expected: str) -> None:
    assert server_message(body) == expected


@given(st.binary(max_size=300))
def test_whatever_it_says_is_one_line(body: bytes) -> None:
    found = server_message(body)
    assert len(found.splitlines()) <= 1
    assert not any(ord(each) < 32 or each == "\x7f" for each in found)


def test_a_date_to_wait_for() -> None:
    now = datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC)
    assert retry_after_s("Sun, 29 Nov 2026 12:00:30 GMT", now) == 30
    assert retry_after_s("Sun, 29 Nov 2026 11:00:00 GMT", now) == 0


@given(st.text(max_size=40))
def test_any_retry_after_is_a_time_or_none(text: str) -> None:
    found = retry_after_s(text)
    assert found is None or 0 <= found < float("inf")


def test_a_variable_that_is_not_set() -> None:
    with pytest.raises(ModellabError, match="the variable NO_SUCH_URL is not set"):
        Client(Server(url_from="NO_SUCH_URL")).post("/x", json={})
