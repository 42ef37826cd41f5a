"""The client of OpenAI's realtime transcription against a stand-in that answers as other servers do."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import numpy as np
import pytest
from websockets.sync.server import ServerConnection, serve

from modellab.errors import ModelError, ServerError
from modellab.models.openai_api.realtime import Place, Stream, Words
from modellab.models.remote.meter import Meter

OF = "conversation.item.input_audio_transcription"
Say = Callable[[dict[str, Any]], list[dict[str, Any]]]


@contextmanager
def standing_in(say: Say, **more: Any) -> Iterator[Place]:
    """A server that says something to each event."""

    def talk(connection: ServerConnection) -> None:
        for message in connection:
            for event in say(json.loads(message)):
                if event["type"] == "gone":
                    return
                connection.send(event.get("raw") or json.dumps(event))

    with serve(talk, "127.0.0.1", 0, **more) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.socket.getsockname()[1]}/v1"
        try:
            yield Place(url, {"authorization": "Bearer x"}, "whisper-9", "", 24_000, 10.0, "MY_KEY")
        finally:
            server.shutdown()
            thread.join()


def theirs(deltas: list[str], transcript: str) -> Say:
    """A server that knows no partials, and whose deltas come when all was said."""

    def say(event: dict[str, Any]) -> list[dict[str, Any]]:
        if event["type"] == "session.update":
            assert event["session"]["audio"]["input"]["transcription"]["model"] == "whisper-9"
            bad = {"type": "error", "error": {"type": "invalid_request_error", "message": "no such include"}}
            return [bad] if "include" in event["session"] else [{"type": "session.updated"}]
        if event["type"] != "input_audio_buffer.commit":
            return []
        parts = [{"type": f"{OF}.delta", "delta": delta} for delta in deltas]
        return [{"type": "rate_limits.updated"}, *parts, {"type": f"{OF}.completed", "transcript": transcript}]

    return say


def streamed(place: Place, meter: Meter | None = None) -> list[tuple[str, str]]:
    stream = Stream(place, 16_000, meter or Meter())
    try:
        fed = [stream.feed(np.zeros(8_000, np.float32)) for _ in range(3)]
        return [(event.kind, event.text) for events in [*fed, stream.finish()] for event in events]
    finally:
        stream.close()


def test_deltas_that_are_parts_of_words_are_put_together() -> None:
    meter = Meter()
    with standing_in(theirs(["tu", "rn ", "on the", " light"], "turn on the light")) as place:
        events = streamed(place, meter)
    assert [text for kind, text in events if kind == "final"] == ["turn", "on", "the", "light"]
    assert ("partial", "tu") in events
    assert meter.audio_s == pytest.approx(1.5, abs=0.01)


def test_a_transcript_without_deltas_is_one_final() -> None:
    with standing_in(theirs([], "turn on the light")) as place:
        assert streamed(place) == [("final", "turn on the light")]


def test_who_promises_whole_words_is_believed() -> None:
    def say(event: dict[str, Any]) -> list[dict[str, Any]]:
        if event["type"] == "session.update":
            return [{"type": "session.updated", "session": {"include": event["session"]["include"]}}]
        if event["type"] != "input_audio_buffer.commit":
            return []
        partial: dict[str, Any] = {"type": "modellab.partial", "text": "lights", "audio_end_ms": 1500}
        parts = [partial, {**partial, "audio_end_ms": None}, {"type": f"{OF}.delta", "delta": "turn on"}]
        return [*parts, {"type": f"{OF}.completed", "transcript": "turn on the light"}]

    with standing_in(say) as place:
        stream = Stream(place, 24_000, Meter())
        stamps = noting(stream)
        events = stream.finish()
    assert [event[:2] for event in events] == [
        ("partial", "lights"), ("partial", "lights"), ("final", "turn on"), ("final", "the light"),
    ]  # fmt: skip
    assert events[0].audio_s == 1.5
    assert np.isnan(events[1].audio_s)
    then = [stamp + event.waited_s for stamp, event in zip(stamps, events, strict=True)]
    assert then == pytest.approx([then[0]] * 4, abs=1e-6), "each is as old as it is when the stream hands it over"


def noting(stream: Stream) -> list[float]:
    """When each message came, once it has been taken."""
    stamps: list[float] = []
    get = stream.came.get

    def noted(*given: Any, **more: Any) -> Any:
        came = get(*given, **more)
        stamps.append(came.at_s)
        return came

    stream.came.get = noted  # type: ignore[method-assign]
    return stamps


def ends_with(*answer: dict[str, Any]) -> Say:
    """A server that takes any session, and says this to a commit."""

    def say(event: dict[str, Any]) -> list[dict[str, Any]]:
        if event["type"] == "session.update":
            return [{"type": "session.updated"}]
        return list(answer) if event["type"] == "input_audio_buffer.commit" else []

    return say


NONSENSE = "said '<html>', expected an event of the realtime API"


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        ({"type": f"{OF}.failed", "error": {"message": "too noisy"}}, ModelError, "too noisy"),
        ({"type": f"{OF}.failed", "error": "too noisy"}, ModelError, "too noisy"),
        ({"type": f"{OF}.failed", "error": {"type": "server_error", "message": "oh"}}, ServerError, "realtime: oh"),
        ({"type": "error", "error": {"message": "you are late"}}, ServerError, "you are late"),
        ({"type": "gone"}, ServerError, "broke off in the middle of a stream"),
        ({"type": "", "raw": "<html>"}, ServerError, NONSENSE),
        ({"type": "", "raw": b"<html>"}, ServerError, NONSENSE),
        ({"type": "", "raw": "[1]"}, ServerError, "said '\\[1]', expected an event"),
        ({"type": "", "raw": '{"type": 5}'}, ServerError, "expected an event"),
        ({"type": f"{OF}.delta", "delta": 5}, ServerError, "delta with delta 5, expected a text"),
        ({"type": f"{OF}.completed"}, ServerError, "completed with transcript None, expected a text"),
    ],
)
def test_what_goes_wrong_is_one_sentence(answer: dict[str, Any], error: type[Exception], says: str) -> None:
    with standing_in(ends_with(answer, {"type": "gone"})) as place, pytest.raises(error, match=says) as raised:
        streamed(place)
    assert len(str(raised.value).splitlines()) == 1


def test_a_transcript_that_never_ends_is_not_waited_for_for_ever() -> None:
    with standing_in(ends_with({"type": f"{OF}.delta", "delta": "turn"})) as place:
        stream = Stream(place, 16_000, Meter())
        stream.place = replace(place, patience_s=0.2)
        with pytest.raises(ServerError, match=r"did not end its transcript within 0.2 s"):
            stream.finish()


def test_a_server_that_goes_while_somebody_speaks_is_one_sentence() -> None:
    def say(event: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"type": "session.updated" if event["type"] == "session.update" else "gone"}]

    with standing_in(say) as place:
        stream = Stream(place, 16_000, Meter())
        with pytest.raises(ServerError, match="broke off in the middle of a stream"):
            speak_on(stream)


def speak_on(stream: Stream) -> None:
    """Send audio until somebody notices."""
    for _ in range(10_000):
        stream.feed(np.zeros(1_600, np.float32))


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, '{"error": {"message": "who?"}}', r"answered 401 \(who\?\): is the key in the variable MY_KEY the right"),
        (403, "", "answered 403, where a live stream was expected: does the server have them, and is the key in the"),
        (429, "", "answered 429: it has no room for one more stream"),
        (200, "<html>", r"answered 200 \(<html>\), where a live stream was expected"),
    ],
)
def test_a_connection_that_is_refused_is_one_sentence(status: int, body: str, says: str) -> None:
    def refuse(connection: ServerConnection, request: Any) -> Any:
        return connection.respond(HTTPStatus(status), body)

    with standing_in(ends_with(), process_request=refuse) as place, pytest.raises(ServerError, match=says):
        streamed(place)


def test_a_server_of_something_else_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = Place(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", {}, "whisper-9", "", 24_000, 10.0)

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ServerError, match="does not speak WebSocket"):
            streamed(place)
        thread.join()


@pytest.mark.parametrize(
    ("are_whole", "deltas", "transcript", "finals"),
    [
        (True, ["a b", " c"], "a b c", ["a b", "c"]),
        (False, ["a b", " c"], "a b c", ["a", "b", "c"]),
        (False, ["a", "b"], "ab", ["ab"]),
        (False, ["a ", "b"], "another text", ["a", "b"]),  # what was final stays so
        (True, [], "a", ["a"]),
        (True, ["a"], "a", ["a"]),
        (True, [], "", []),
        (False, ["a b"], "", ["a", "b"]),
    ],
)
def test_words_from_deltas(are_whole: bool, deltas: list[str], transcript: str, finals: list[str]) -> None:
    words = Words(are_whole)
    events = [each for delta in deltas for each in words.delta(delta)] + words.completed(transcript)
    assert [text for kind, text in events if kind == "final"] == finals
