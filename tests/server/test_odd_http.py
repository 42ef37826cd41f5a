"""HTTP as it is seldom spoken, over a socket of one's own: each is answered at once, and none with a 5xx."""

from __future__ import annotations

import json
import socket
import time

import numpy as np
import psutil
import pytest

from tests.server.conftest import Server
from tests.server.test_bad_input import GOOD, MODEL, form, wav
from tests.server.test_edge import MULTIPART

BODY = form(GOOD)
CHUNKED = b"%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n"


def request(
    body: bytes = BODY,
    *more: str,
    path: str = "/v1/audio/transcriptions",
    kind: str = MULTIPART,
    length: str | None = "",
    method: str = "POST",
) -> bytes:
    """A whole request; `length` '' is the right one, None: none is said."""
    said = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", *more]
    said += [] if length is None else [f"Content-Length: {length or len(body)}"]
    return "\r\n".join((*said, "", "")).encode("latin-1") + body


def as_json(text: str, path: str) -> bytes:
    return request(text.encode(), path=path, kind="application/json")


def get(path: str, *more: str) -> bytes:
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: localhost", *more, "", "")).encode("latin-1")


def part(about: str, data: bytes) -> bytes:
    return f"--x\r\nContent-Disposition: form-data; {about}\r\n\r\n".encode() + data + b"\r\n"


END = b"--x--\r\n"
UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
H2C = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
ODD: dict[str, tuple[bytes, int]] = {
    "a length that is too small": (request(length=str(len(BODY) - 100)), 400),
    "a length that is too large": (request(length=str(len(BODY) + 100)), 408),
    "two lengths": (request(BODY, "Content-Length: 5"), 400),
    "a length with a sign": (request(length=f"+{len(BODY)}"), 400),
    "a length beyond all numbers": (request(length="9" * 40), 400),
    "a length and chunks": (request(CHUNKED, "Transfer-Encoding: chunked"), 400),
    "chunks with a trailer": (request(CHUNKED + b"X-T: a\r\n\r\n", "Transfer-Encoding: chunked", length=None), 200),
    "a chunk of a negative size": (request(b"-5\r\nab\r\n", "Transfer-Encoding: chunked", length=None), 400),
    "a packed body": (request(b"\x1f\x8b" + bytes(50), "Content-Encoding: gzip"), 400),
    "curl --http2 and Java's client": (request(BODY, *H2C), 200),
    "HTTP/2 without asking": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a WebSocket by POST": (request(b"", *UPGRADE, KEY, length="0"), 400),
    "a WebSocket without a key": (get("/v1/realtime", *UPGRADE), 400),
    "a WebSocket where none is": (get("/nothing", *UPGRADE, KEY), 403),
    "a NUL in a header": (request(BODY, "X-A: a\0b"), 400),
    "a blank before a colon": (request(BODY, "X-A : b"), 400),
    "a folded header": (request(BODY, "X-A: b\r\n c"), 400),
    "a header in no encoding": (request(BODY, "X-A: \xff\xfe"), 200),
    "a path in no encoding": (get("/v1/models/%ff%fe"), 404),
    "a way up": (get("/samples/..%2f..%2f..%2fetc%2fpasswd"), 404),
    "a way up from an id": (get("/api/v1/blobs/..%2f..%2fserver.db"), 404),
    "a way up from another": (get("/api/v1/results/a/audio/..%2f..%2f..%2fetc%2fpasswd"), 404),
    "a NUL in a query": (get("/api/v1/results?model=%00&dataset=%ff"), 200),
    "four thousand filters": (get("/api/v1/results?" + "&".join(f"a{n}=1" for n in range(4000))), 400),
    "a token in no encoding": (get("/v1/models", "Authorization: Bearer \xff\xfe", "Authorization: Bearer b"), 200),
    "two files": (request(MODEL + part('name="file"; filename="a"', GOOD) + BODY), 200),
    "a name in no encoding": (request(BODY.replace(b"a.wav", b"\xff\xfe.wav")), 200),
    "a name of 100 kB": (request(BODY.replace(b"a.wav", b"a" * 100_000)), 400),
    "a model that is a file": (request(BODY.replace(b'name="model"', b'name="model"; filename="m"')), 400),
    "a part without a name": (request(MODEL + part("", b"a") + END), 400),
    "no boundary": (request(kind="multipart/form-data"), 400),
    "no sample": (request(form(wav(np.zeros(0, np.float32)))), 400),
    "NaN for a text": (as_json('{"model": "espeak:en-us", "input": NaN}', "/v1/audio/speech"), 400),
    "half a character": (as_json('{"model": "espeak:en-us", "input": "\\ud800"}', "/v1/audio/speech"), 400),
    "half a character as a name": (as_json('{"name": "\\ud800", "password": "\\ud800"}', "/login"), 400),
    "half a character in a job": (
        as_json('{"kind": "synthesize", "model": "espeak:en-us", "input": "\\ud800"}', "/api/v1/jobs"),
        400,
    ),
    "a number of 5,000 digits": (
        as_json('{"model": "espeak:en-us", "input": "a", "speed": ' + "9" * 5000 + "}", "/v1/audio/speech"),
        400,
    ),
    "a ticket for NaN seconds": (
        as_json('{"expires_after": {"seconds": NaN}}', "/v1/realtime/client_secrets"),
        400,
    ),
}


def told(server: Server, sent: bytes, for_s: float = 60.0) -> tuple[int, str]:
    """(status, body) of the answer to what is sent on a connection of its own."""
    host, port = server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=for_s) as line:
        line.sendall(sent)
        head = b""
        while b"\r\n\r\n" not in head and (got := line.recv(65_536)):
            head += got
        head, _, body = head.partition(b"\r\n\r\n")
        lengths = [each for each in head.lower().split(b"\r\n") if each.startswith(b"content-length:")]
        while lengths and len(body) < int(lengths[0].partition(b":")[2]) and (got := line.recv(65_536)):
            body += got
    return int(head.split()[1]), body.decode(errors="replace")


@pytest.mark.parametrize("what", ODD)
def test_what_is_odd_gets_an_answer(server: Server, what: str) -> None:
    sent, wanted = ODD[what]
    status, said = told(server, sent)
    assert status == wanted, said
    assert "root:" not in said
    assert "Traceback" not in said
    if status >= 400 and said.startswith("{"):
        assert "\n" not in json.loads(said)["error"]["message"]
    assert server.get("/health")[0] == 200


@pytest.mark.parametrize("stray", [b"X-A: " + b"a" * 1000 + b"\r\n", b"a" * 1007], ids=["trailers", "one trailer"])
def test_what_follows_a_body_without_end_is_cut_off(server: Server, stray: bytes) -> None:
    host, port = server.address.removeprefix("http://").split(":")
    memory = psutil.Process(server.process.pid).memory_info().rss
    sent, end = 0, time.monotonic() + 60
    with socket.create_connection((host, int(port)), timeout=60) as line:
        line.sendall(request(CHUNKED + b"X-B: ", "Transfer-Encoding: chunked", length=None))
        try:
            while sent < 500e6 and time.monotonic() < end:
                line.sendall(stray * 1000)
                sent += 1000 * len(stray)
        except OSError:  # it has hung up
            pass
    assert sent < 500e6
    assert psutil.Process(server.process.pid).memory_info().rss < memory + 50e6
    assert server.get("/health")[0] == 200


def test_a_client_that_leaves_before_its_body_is_whole_is_counted_and_no_traceback(server: Server) -> None:
    host, port = server.address.removeprefix("http://").split(":")
    before = left(server)
    with socket.create_connection((host, int(port)), timeout=60) as line:
        line.sendall(request()[:-100])
    end = time.monotonic() + 60
    while left(server) == before:
        assert time.monotonic() < end, "nobody noticed that it left"
        time.sleep(0.02)
    assert "Traceback" not in "".join(server.log)


def left(server: Server) -> list[str]:
    """How many clients left, as the server counts them."""
    _, said = server.get("/metrics")
    return [line for line in said.splitlines() if 'status="499"' in line]
