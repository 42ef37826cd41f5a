"""Wyoming against a stand-in: what is sent, what is read, and what is no event."""

from __future__ import annotations

import json
import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any, BinaryIO

import numpy as np
import pytest

from modellab import models
from modellab.errors import ServerError
from modellab.models import adapter_code
from modellab.types import Audio, Setting

from ..stand_in import silent_port

FOLDER = models.FOLDER / "wyoming"
SOUND = Audio(np.sin(np.arange(8_000) / 10).astype(np.float32) / 2, 16_000, "de")
FORM = {"rate": 22_050, "width": 2, "channels": 1}
Event = dict[str, Any]


def event(type: str, payload: bytes = b"", **data: Any) -> bytes:
    body = json.dumps(data).encode()
    head = {"type": type, "data_length": len(body), "payload_length": len(payload)}
    return json.dumps(head).encode() + b"\n" + body + payload


def asked(file: BinaryIO, last: str) -> list[Event]:
    """What a client says, up to an event of the type `last`."""
    found: list[Event] = []
    while not found or found[-1]["type"] != last:
        head = json.loads(file.readline())
        data = json.loads(file.read(head["data_length"]) or b"{}")
        found.append({"type": head["type"], **data, "payload": file.read(head.get("payload_length", 0))})
    return found


@contextmanager
def serving(answer: Callable[[list[Event]], bytes], last: str) -> Iterator[str]:
    """A server that hears a client up to `last`, and gives the bytes of `answer`."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(answer(asked(self.rfile, last)))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def adapter(url: str, **options: Any) -> Any:
    given = {"server": {"url": url}, "model": "default", "patience_s": 1, **options}
    return adapter_code.load(FOLDER, "adapter").load(Setting("wyoming", "one", None, "server", "unknown", 1, given))


def test_a_transcript() -> None:
    heard: list[list[Event]] = []

    def answer(events: list[Event]) -> bytes:
        heard.append(events)
        return event("transcript-start") + event("transcript", text=" guten Tag ", language="de")

    with serving(answer, "audio-stop") as url:
        said = adapter(url, model="tiny").transcribe(SOUND)
    assert (said.text, said.language) == ("guten Tag", "de")
    first, start, *chunks, _ = heard[0]
    assert (first["type"], first["name"], first["language"]) == ("transcribe", "tiny", "de")
    assert {key: start[key] for key in ("rate", "width", "channels")} == {"rate": 16_000, "width": 2, "channels": 1}
    assert [len(chunk["payload"]) for chunk in chunks] == [3200] * 5
    samples = np.frombuffer(b"".join(chunk["payload"] for chunk in chunks), "<i2") / 2**15
    assert np.abs(samples - SOUND.samples).max() <= 2**-15


def test_the_servers_own_model() -> None:
    heard: list[list[Event]] = []

    def answer(events: list[Event]) -> bytes:
        heard.append(events)
        return event("transcript", text="a")

    with serving(answer, "audio-stop") as url:
        adapter(url, language="fr").transcribe(Audio(SOUND.samples, 16_000))
    assert "name" not in heard[0][0]
    assert heard[0][0]["language"] == "fr"


@pytest.mark.parametrize(("width", "channels"), [(1, 1), (2, 1), (2, 2), (4, 1)])
def test_speech_in_pieces(width: int, channels: int) -> None:
    half = np.full(100 * channels, 2 ** (8 * width - 2), f"<i{width}").tobytes()
    form = {"rate": 22_050, "width": width, "channels": channels}
    heard: list[list[Event]] = []

    def answer(events: list[Event]) -> bytes:
        heard.append(events)
        return event("audio-start", **form) + 2 * event("audio-chunk", half, **form) + event("audio-stop")

    with serving(answer, "synthesize") as url:
        pieces = list(adapter(url).speak("hello", "ann"))
    assert heard[0][0]["text"] == "hello"
    assert heard[0][0]["voice"] == {"name": "ann"}
    assert [(len(piece.samples), piece.rate_hz) for piece in pieces] == [(100, 22_050)] * 2
    assert np.allclose(pieces[0].samples, 0.5)


ODD = {
    "http": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "sent no event of Wyoming .*: is that its port"),
    "nothing": (b"", "closed the connection without a transcript"),
    "an error": (event("error", text="no such model"), "says: no such model"),
    "no text": (event("transcript"), "sent a transcript without a text"),
    "cut": (b'{"type": "transcript", "data_length": 50}\n{"text"', "broke off in the middle of an event"),
    "too long": (b'{"type": "transcript", "data_length": 99999999999}\n', "sent no event of Wyoming"),
    "no type": (b"{}\n", "sent no event of Wyoming"),
    "a list": (b"[]\n", "sent no event of Wyoming"),
    "no JSON within": (b'{"type": "transcript", "data_length": 2}\nxx', "sent no event of Wyoming"),
}


@pytest.mark.parametrize(("answer", "sentence"), ODD.values(), ids=ODD)
def test_what_is_no_transcript(answer: bytes, sentence: str) -> None:
    with serving(lambda _: answer, "audio-stop") as url, pytest.raises(ServerError, match=sentence) as raised:
        adapter(url).transcribe(SOUND)
    assert len(str(raised.value).splitlines()) == 1


ODD_SOUNDS = {
    "at its end too soon": (event("audio-chunk", b"\0\0", **FORM), "closed the connection before the sound was at its"),
    "none at all": (event("audio-stop"), "sent no sound for 'hello'"),
    "of no rate": (event("audio-chunk", b"\0\0", width=2, channels=1), "sent sound of 0 Hz"),
    "cut in a sample": (event("audio-chunk", b"\0\0\0", **FORM), "which is none"),
}


@pytest.mark.parametrize(("answer", "sentence"), ODD_SOUNDS.values(), ids=ODD_SOUNDS)
def test_what_is_no_sound(answer: bytes, sentence: str) -> None:
    with serving(lambda _: answer, "synthesize") as url, pytest.raises(ServerError, match=sentence):
        list(adapter(url).speak("hello"))


def test_nobody_listens() -> None:
    with silent_port() as port:
        model = adapter(f"tcp://127.0.0.1:{port}", patience_s=0.2)
        with pytest.raises(ServerError, match=r"cannot be reached .*: does a server run there\?; given up after"):
            model.transcribe(SOUND)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "tcp://127.0.0.1"])
def test_no_address_of_such_a_server(url: str) -> None:
    with pytest.raises(ServerError, match="is no address of a Wyoming server, expected tcp://HOST:PORT"):
        adapter(url).transcribe(SOUND)


def test_nothing_to_hear_asks_nobody() -> None:
    assert adapter("tcp://127.0.0.1:1").transcribe(Audio(np.zeros(0, np.float32), 16_000)).text == ""


def test_options_that_are_none() -> None:
    with pytest.raises(ValueError, match="no option 'voice_name': known"):
        adapter("tcp://127.0.0.1:1", voice_name="x")
