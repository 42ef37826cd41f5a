"""A server on loopback that answers as a test says: well, badly, slowly, or not at all."""

from __future__ import annotations

import io
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import soundfile


@dataclass
class Asked:
    """One request, taken apart."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, Any]:
        """The parts of a multipart form; of files their bytes, of names that come twice the last."""
        head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + self.body)
        parts: dict[str, Any] = {}
        for part in message.iter_parts():
            content = part.get_payload(decode=True)
            name = part.get_param("name", header="content-disposition")
            parts[str(name)] = content if part.get_filename() else bytes(content).decode()
        return parts

    @property
    def n_samples(self) -> int:
        """Of the audio in its form."""
        return len(soundfile.read(io.BytesIO(self.form["file"]))[0])


@dataclass
class Given:
    """What is answered: a status, a body, and how."""

    body: bytes | str | dict[str, Any] | list[Any] = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0  # before anything is said
    drip_s: float = 0.0  # between bytes
    cut: bool = False  # the connection breaks off in the middle


Answers = Callable[[Asked], Given]


@dataclass
class StandIn:
    """A running server; `answers` may be changed while it runs."""

    url: str
    answers: Answers
    asked: list[Asked] = field(default_factory=list)
    stop: Callable[[], None] = lambda: None


@contextmanager
def serving(answers: Answers | None = None) -> Iterator[StandIn]:
    """A server that answers until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    stand_in = StandIn(f"http://127.0.0.1:{server.server_port}/v1", answers or (lambda _: Given({"text": "a b"})))
    server.stand_in = stand_in  # type: ignore[attr-defined]
    stopped: list[bool] = []

    def stop() -> None:
        if not stopped:
            stopped.append(True)
            server.shutdown()
            server.server_close()

    stand_in.stop = stop
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield stand_in
    finally:
        stop()


@contextmanager
def silent_port() -> Iterator[int]:
    """A port at which nobody listens, and at which nobody else can meanwhile: other tests run beside this one."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "StandIn/1", ""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        asked = Asked(self.command, self.path, {name.lower(): text for name, text in self.headers.items()}, body)
        stand_in: StandIn = self.server.stand_in  # type: ignore[attr-defined]
        stand_in.asked.append(asked)
        try:
            self._give(stand_in.answers(asked))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def do_GET(self) -> None:
        self.do_POST()

    def _give(self, given: Given) -> None:
        time.sleep(given.wait_s)
        is_json = isinstance(given.body, dict | list)
        text = json.dumps(given.body) if is_json else given.body
        body = text.encode() if isinstance(text, str) else bytes(text)
        headers = {"content-type": "application/json" if is_json else "text/plain", **given.headers}
        self.send_response(given.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if given.cut:
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif given.drip_s:
            for at in range(len(body)):
                self.wfile.write(body[at : at + 1])
                self.wfile.flush()
                time.sleep(given.drip_s)
        else:
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass
