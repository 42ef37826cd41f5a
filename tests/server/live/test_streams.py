"""Live streams at their limits: who may open one, how many, how long, how fast, and what becomes of them in the end."""

from __future__ import annotations

import hashlib
import json
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
from websockets.exceptions import InvalidStatus

from tests import processes
from tests.server.conftest import Server, project, serving
from tests.server.talking import CLIPS, COMPLETED, FAKE, Talk, streams, talking, tone, wait_for
from tests.server.test_access import do, new_token
from tools.serve_benchmark import streams as latency

TOKEN = "mlab_secret"
DIGEST = f"sha256:{hashlib.sha256(TOKEN.encode()).hexdigest()}"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with room for two streams, which may be silent for 2 s."""
    settings = 'max_streams = 2\nstream_idle_s = 2\naliases = {"default" = "fake:one"}'
    with serving(project(tmp_path_factory.mktemp("small"), settings), preload=[FAKE]) as up:
        yield up


def heard(talk: Talk) -> str:
    """What is said of 0.7 s: the stream works."""
    talk.append(tone(0.7))
    talk.say("input_audio_buffer.commit")
    return str(talk.hear(COMPLETED)["transcript"])


def test_no_room_is_told_and_there_is_when_one_has_gone(small: Server) -> None:
    before = streams(small)["refused"]
    with talking(small) as first, talking(small) as second, talking(small) as third:
        first.update()
        second.update()
        assert third.rest()[1:] == (1013, "the server has as many streams as it takes: try again later")
        with talking(small, "/v1/whisperlive") as fourth:
            fourth.send('{"uid": "me"}')
            assert fourth.rest() == ([{"uid": "me", "status": "WAIT", "message": 1}], 1013, "no room")
        assert [heard(first), heard(second)] == ["7 tenths"] * 2
    wait_for(lambda: streams(small)["live"] == 0, "a place was not given back")
    assert streams(small)["refused"] == before + 2
    with talking(small) as again:
        again.update()
        assert heard(again) == "7 tenths"


def test_who_sends_no_audio_is_not_waited_for(small: Server) -> None:
    with talking(small) as talk:
        talk.update()
        events, code, reason = talk.rest()
    assert (code, reason, events[-1]["error"]["code"]) == (1008, "no_audio", "no_audio")
    assert events[-1]["error"]["message"] == "no audio came for 2 s"


def test_what_was_said_before_the_silence_is_not_lost(small: Server) -> None:
    with talking(small) as talk:
        talk.update()
        talk.append(tone(0.4))
        events, code, _ = talk.rest()
    assert code == 1008
    assert [event["transcript"] for event in events if event["type"] == COMPLETED] == ["4 tenths"]


def test_audio_that_comes_too_fast_for_too_long_is_cut(small: Server) -> None:
    with talking(small) as talk:
        talk.update()
        for _ in range(12):
            talk.append(tone(5.0))
        events, code, reason = talk.rest()
    assert (code, reason) == (1008, "audio_too_fast")
    assert "faster than 2 times real time" in events[-1]["error"]["message"]
    assert [event["type"] for event in events].count(COMPLETED) == 1


def test_a_message_of_more_than_a_megabyte_is_cut(small: Server) -> None:
    with talking(small) as talk:
        talk.send("x" * 2**21)
        assert talk.rest()[1] == 1009


def test_a_client_that_goes_leaves_nothing_behind(small: Server) -> None:
    restarts = small.get("/stats")[1]["models"][FAKE]["restarts"]
    (small.fake / "begun").unlink(missing_ok=True)
    with talking(small) as talk:
        talk.update()
        talk.append(tone(2.1))  # the fake takes 30 s
        wait_for((small.fake / "begun").exists, "the model was not asked")
    wait_for(lambda: streams(small)["live"] == 0, "a place was not given back")
    wait_for(lambda: small.get("/stats")[1]["models"][FAKE]["restarts"] > restarts, "the call went on for nobody")
    with talking(small) as talk:
        talk.update()
        assert heard(talk) == "7 tenths"


@pytest.mark.slow
def test_many_sockets_come_and_go(tmp_path: Path) -> None:
    with serving(project(tmp_path, "max_streams = 40"), preload=[FAKE]) as up:
        barrier = threading.Barrier(40)

        def one(number: int) -> str:
            with talking(up) as talk:
                talk.update()
                barrier.wait(timeout=60)
                return heard(talk) if number % 4 else ""  # every fourth goes without a word

        with ThreadPoolExecutor(40) as pool:
            said = list(pool.map(one, range(40)))
        assert said.count("7 tenths") == 30
        wait_for(lambda: streams(up)["live"] == 0, "a place was not given back")
        assert streams(up)["opened"] == 40


@pytest.mark.slow
def test_told_to_end_it_says_the_last_words_of_each_stream(tmp_path: Path) -> None:
    with serving(project(tmp_path), preload=[FAKE]) as up, ExitStack() as stack:
        talks = [stack.enter_context(talking(up)) for _ in range(4)]
        for talk in talks:
            talk.update()
            talk.hear("session.updated")
            talk.append(tone(0.4))
        wait_for(lambda: streams(up)["live"] == 4, "not all came")
        below = psutil.Process(up.process.pid).children(recursive=True)
        up.process.send_signal(signal.SIGTERM)
        for talk in talks:
            events, code, _ = talk.rest()
            assert code == 1001
            assert [event["transcript"] for event in events if event["type"] == COMPLETED] == ["4 tenths"]
        assert up.process.wait(timeout=30) == 0
        assert processes.alive(below) == []


@pytest.mark.slow
def test_a_process_that_is_lost_costs_a_stream_nothing(small: Server) -> None:
    with talking(small) as talk:
        talk.update()
        talk.append(tone(1.1))  # the fake's process dies at it, once
        talk.say("input_audio_buffer.commit")
        assert talk.hear(COMPLETED)["transcript"] == "11 tenths"


@pytest.mark.slow
def test_latency_is_measured_over_several_streams(small: Server) -> None:
    found = latency.measure(small.address, FAKE, CLIPS / "12.flac", streams=2, rounds=1)
    assert found.texts == ("22 tenths",)
    assert 0 <= found.final_median_s <= found.final_p95_s == found.final_max_s < 60
    with pytest.raises(RuntimeError, match="as many streams as it takes"):
        latency.measure(small.address, FAKE, CLIPS / "12.flac", streams=3, rounds=1)


# ---------------------------------------------------------------------------- who may


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(project(tmp_path_factory.mktemp("guarded"), f'tokens = {{a = "{DIGEST}"}}')) as up:
        yield up


def refusal(server: Server, **options: Any) -> tuple[int, str]:
    """(status, code) that a connection gets instead of a stream."""
    with pytest.raises(InvalidStatus) as refused, talking(server, **options):
        pass
    return refused.value.response.status_code, json.loads(refused.value.response.body)["error"]["code"]


def secret(server: Server, token: str, body: str = "{}") -> dict[str, Any]:
    asked = urllib.request.Request(
        f"{server.address}/v1/realtime/client_secrets",
        body.encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return dict(json.load(answer))


def test_a_stream_needs_a_token_in_a_header_a_protocol_or_a_ticket(guarded: Server) -> None:
    assert refusal(guarded) == (401, "invalid_api_key")
    assert refusal(guarded, additional_headers={"Authorization": "Bearer mlab_other"}) == (401, "invalid_api_key")
    assert refusal(guarded, path=f"/v1/realtime?token={TOKEN}&api_key={TOKEN}") == (401, "invalid_api_key")
    with talking(guarded, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as talk:
        talk.hear("session.created")
    offered = ["realtime", f"openai-insecure-api-key.{TOKEN}"]
    with talking(guarded, subprotocols=offered) as talk:
        assert talk.socket.subprotocol == "realtime"
        talk.hear("session.created")
    assert secret(guarded, TOKEN, '{"expires_after": {"seconds": 600}}')["expires_at"] > time.time() + 500
    ticket = secret(guarded, TOKEN, '{"session": {"audio": {"input": {"transcription": {"model": "fake:one"}}}}}')
    assert 50 < ticket["expires_at"] - time.time() <= 60
    with talking(guarded, subprotocols=["realtime", f"openai-insecure-api-key.{ticket['value']}"]) as talk:
        assert talk.hear("session.created")["session"]["audio"]["input"]["transcription"]["model"] == FAKE
        talk.update()
        assert heard(talk) == "7 tenths"
    asked = urllib.request.Request(
        f"{guarded.address}/v1/models", headers={"Authorization": f"Bearer {ticket['value']}"}
    )
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(asked, timeout=30)  # it opens streams and nothing else


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ('{"expires_after": {"seconds": 5}}', "expires_after"),
        ('{"expires_after": "long"}', "expires_after"),
        ('{"session": {"type": "realtime"}}', "session.type"),
        ('{"session": {"audio": {"input": {"transcription": {"model": "none"}}}}}', "model"),
        ("[]", None),
    ],
)
def test_a_ticket_that_cannot_be(guarded: Server, body: str, param: str | None) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        secret(guarded, TOKEN, body)
    assert json.load(refused.value)["error"]["param"] == param


def test_pages_of_other_sites_are_refused_where_no_token_is_asked_for(small: Server) -> None:
    for origin in ("http://evil.example", "null"):
        assert refusal(small, origin=origin) == (403, "cross_site")
    with talking(small, origin=small.address) as talk:
        talk.hear("session.created")


@pytest.mark.slow
def test_a_token_that_is_revoked_ends_its_streams(tmp_path: Path) -> None:
    root = project(tmp_path)
    token, other = (new_token(root, name, name) for name in ("infer", "read"))
    with serving(root, preload=[FAKE]) as up:
        assert refusal(up, additional_headers={"Authorization": f"Bearer {other}"}) == (403, "insufficient_scope")
        with talking(up, additional_headers={"Authorization": f"Bearer {token}"}) as talk:
            talk.update()
            talk.append(tone(0.4))
            do(root, "tokens.revoke", which="infer")
            events, code, _ = talk.rest()
    assert (code, events[-1]["error"]["code"]) == (1008, "invalid_api_key")
    assert [event["transcript"] for event in events if event["type"] == COMPLETED] == ["4 tenths"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/realtime?intent=transcription&model=nobody", 404, "model_not_found"),
        ("/v1/realtime?model=espeak:en-us", 400, "unsupported_task"),
        ("/v1/realtime?intent=conversation", 400, "invalid_value"),
    ],
)
def test_an_address_that_cannot_be(small: Server, path: str, status: int, code: str) -> None:
    assert refusal(small, path=path) == (status, code)
