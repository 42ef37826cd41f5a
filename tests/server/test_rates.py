"""How much somebody may ask: in a minute, at once, and from one address."""

from __future__ import annotations

import http.client
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import RateLimitItemPerMinute

from modellab.plan.serve_settings import Serve
from modellab.server.auth import EVERYBODY, NOBODY, Who
from modellab.server.connections import Connections
from modellab.server.errors import ApiError
from modellab.server.rates import Rates
from modellab.server.windows import Windows
from tests.server.conftest import Server, project, serving
from tests.server.fleet.test_fleet import FAKE, clip
from tests.server.test_access import ask, new_token

ONE = Who("one", "default", frozenset({"infer"}), "token:1", "192.0.2.1")
TWO = Who("two", "default", frozenset({"infer"}), "token:2", "192.0.2.1")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A clock that the test sets; `monotonic` runs with it unless told otherwise."""

    class Clock:
        now = 1_000_000.0
        set_by = 0.0

    held = Clock()
    monkeypatch.setattr(time, "time", lambda: held.now + held.set_by)
    monkeypatch.setattr(time, "monotonic", lambda: held.now)
    return held


def test_what_is_said_of_when_there_is_room_is_true(clock: Any) -> None:
    windows, item = Windows(), RateLimitItemPerMinute(10)
    assert windows.hit(item, "a", cost=6) == 0
    clock.now += 20
    assert windows.hit(item, "a", cost=3) == 0
    assert windows.hit(item, "b", cost=10) == 0  # another's
    wait_s = windows.hit(item, "a", cost=4)
    assert 39 <= wait_s <= 41
    clock.now += wait_s - 2
    assert windows.hit(item, "a", cost=4) > 0
    clock.now += 3
    assert windows.hit(item, "a", cost=4) == 0


@given(costs=st.lists(st.tuples(st.integers(1, 30), st.floats(0, 40)), max_size=20))
def test_after_the_wait_there_is_room_always(costs: list[tuple[int, float]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        now = [1_000_000.0]
        patch.setattr(time, "time", lambda: now[0])
        patch.setattr(time, "monotonic", lambda: now[0])
        windows, item = Windows(), RateLimitItemPerMinute(20)
        for cost, pause_s in costs:
            if wait_s := windows.hit(item, "k", cost=cost):
                assert 1 <= wait_s <= 60
                now[0] += wait_s + 0.001
                assert windows.hit(item, "k", cost=cost) == 0
            now[0] += pause_s


def test_a_clock_that_is_set_back_shuts_nobody_out(clock: Any) -> None:
    windows, item = Windows(), RateLimitItemPerMinute(2)
    assert [windows.hit(item, "a") for _ in range(2)] == [0, 0]
    clock.set_by = -3600
    assert windows.hit(item, "a") == 0
    clock.set_by = 3600
    assert windows.hit(item, "a") == 0


def refused(rates: Rates, who: Who, method: str = "POST") -> str:
    """What is said to a request; '' where it may be."""
    try:
        with rates.request(who, method):
            return ""
    except ApiError as error:
        return error.message if error.status == 429 and int(error.headers["Retry-After"]) >= 1 else repr(error)


def test_each_token_has_its_own_minute_and_reading_counts_apart() -> None:
    rates = Rates(Serve(rates={"requests_per_min": 2, "reads_per_min": 3, "strangers_per_min": 1}))
    assert [refused(rates, ONE) for _ in range(2)] == ["", ""]
    assert "2 requests in a minute are allowed: there is room in " in refused(rates, ONE)
    assert refused(rates, TWO) == ""
    assert [bool(refused(rates, ONE, "GET")) for _ in range(4)] == [False, False, False, True]
    assert refused(rates, NOBODY, "GET") == ""
    assert "1 requests of this address" in refused(rates, NOBODY, "GET")


def test_seconds_of_audio_and_what_is_longer_than_a_minutes_allowance() -> None:
    rates = Rates(Serve(rates={"audio_s_per_min": 100}))
    rates.audio(ONE, 60.2)
    with pytest.raises(ApiError, match="100 seconds of audio in a minute"):
        rates.audio(ONE, 40)
    rates.audio(ONE, 39)
    rates.audio(TWO, 5000)  # takes all of one
    with pytest.raises(ApiError):
        rates.audio(TWO, 1)


def test_at_once_there_are_so_many_and_a_slot_is_given_back_however_it_ends() -> None:
    rates = Rates(Serve(rates={"in_flight": 1, "streams": 1}))
    with rates.request(ONE, "POST"), rates.socket(ONE):
        assert refused(rates, ONE) == "1 requests at once are allowed"
        assert refused(rates, ONE, "GET") == ""
        with pytest.raises(ApiError, match="1 streams at once"), rates.socket(ONE):
            pass
        assert refused(rates, TWO) == ""

    def failing() -> None:
        with rates.request(ONE, "POST"):
            raise RuntimeError

    for _ in range(3):
        with pytest.raises(RuntimeError):
            failing()
    assert not rates.open


def test_an_open_server_counts_where_it_is_told_to_alone() -> None:
    free, told = Rates(Serve()), Rates(Serve(rates={"requests_per_min": 1}))
    assert [refused(free, EVERYBODY) for _ in range(100)] == [""] * 100
    assert [bool(refused(told, EVERYBODY)) for _ in range(2)] == [False, True]


# ---------------------------------------------------------------------------- on a server


@pytest.mark.slow
def test_a_token_that_asks_too_much_is_told_when_it_may_and_others_are_not(tmp_path: Path) -> None:
    root = project(tmp_path)
    busy, calm = new_token(root, "busy", "infer"), new_token(root, "calm", "infer")
    with serving(root, rates={"requests_per_min": 3, "audio_s_per_min": 5}) as up:
        said = [ask(up, "/v1/audio/speech", busy, "POST", {}) for _ in range(4)]
        assert [status for status, _ in said] == [400, 400, 400, 429]
        assert said[-1][1]["error"] == {
            "message": said[-1][1]["error"]["message"], "type": "rate_limit_error", "param": None,
            "code": "rate_limit_exceeded",
        }  # fmt: skip
        assert ask(up, "/v1/models", busy)[0] == 200
        with openai.OpenAI(base_url=f"{up.address}/v1", api_key=calm, max_retries=0) as client:
            assert client.audio.transcriptions.create(model=FAKE, file=clip(40)).text == "40 tenths"
            with pytest.raises(openai.RateLimitError, match="seconds of audio") as limited:
                client.audio.transcriptions.create(model=FAKE, file=clip(41))
        assert 1 <= int(limited.value.response.headers["retry-after"]) <= 60
        wrong = [ask(up, "/v1/models", "mlab_wrong")[0] for _ in range(2)]
        assert wrong == [401, 401]


@pytest.mark.slow
def test_in_flight_is_counted_while_it_is_and_given_back_when_a_client_goes(tmp_path: Path) -> None:
    root = project(tmp_path)
    token = new_token(root, "t", "infer")
    with serving(root, rates={"in_flight": 2}) as up:

        def one(timeout_s: float = 60.0) -> str:
            with openai.OpenAI(base_url=f"{up.address}/v1", api_key=token, max_retries=0, timeout=timeout_s) as client:
                try:
                    return client.audio.transcriptions.create(model=FAKE, file=clip(20)).text
                except openai.RateLimitError as error:
                    return str(error.code)
                except openai.APITimeoutError:
                    return "gone"

        assert one() == "20 tenths"
        with ThreadPoolExecutor(6) as pool:
            said = list(pool.map(lambda _: one(), range(6)))
        assert set(said) == {"20 tenths", "rate_limit_exceeded"}
        assert one(0.3) in ("gone", "20 tenths")
        end = time.monotonic() + 30
        while one() != "20 tenths":
            assert time.monotonic() < end


@pytest.mark.slow
def test_one_address_has_so_many_connections_and_a_closed_one_is_free_again(tmp_path: Path) -> None:
    with serving(project(tmp_path), max_connections_per_address=3) as up:
        host, port = up.address.removeprefix("http://").split(":")
        lines = [socket.create_connection((host, int(port)), timeout=30) for _ in range(3)]
        for line in lines:
            line.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert line.recv(100).startswith(b"HTTP/1.1 200")
        fourth = http.client.HTTPConnection(host, int(port), timeout=30)
        fourth.request("GET", "/health")
        answer = fourth.getresponse()
        assert (answer.status, json.loads(answer.read())["error"]["code"]) == (503, "too_many_connections")
        assert answer.headers["retry-after"] == "5"
        fourth.close()
        for line in lines:
            line.close()
        end = time.monotonic() + 30
        while up.get("/health")[0] != 200:
            assert time.monotonic() < end


class Line:
    """A connection from somewhere."""

    def __init__(self, address: str) -> None:
        self.address, self.is_closed = address, False

    def get_extra_info(self, _: str) -> tuple[str, int]:
        return self.address, 1

    def is_closing(self) -> bool:
        return self.is_closed


def test_connections_are_counted_by_address_and_a_proxys_are_not() -> None:
    known = Connections(Serve(max_connections=40, proxies=["10.0.0.0/8"]))
    assert [bool(known.taken(Line("192.0.2.7"))) for _ in range(34)] == [False] * 32 + [True] * 2
    proxied = [Line("10.1.1.1") for _ in range(8)]
    assert [bool(known.taken(line)) for line in proxied] == [False] * 8
    assert "40 connections are allowed" in known.taken(Line("10.1.1.1"))
    proxied[0].is_closed = True
    assert known.taken(Line("192.0.2.8")) == ""


@pytest.mark.slow
def test_who_asks_is_whom_a_trusted_proxy_names_and_nobody_else(tmp_path: Path) -> None:
    root = project(tmp_path)
    admin = new_token(root, "admin", "admin")

    def seen(up: Server, name: str) -> str:
        ask(up, "/api/v1/projects", admin, "POST", {"name": name}, X_Forwarded_For="198.51.100.9")
        return str(ask(up, "/api/v1/audit?limit=1", admin)[1]["data"][0]["address"])

    with serving(root) as up:
        assert seen(up, "one") == "127.0.0.1"
    with serving(root, proxies=["127.0.0.1"]) as up:
        assert seen(up, "two") == "198.51.100.9"
