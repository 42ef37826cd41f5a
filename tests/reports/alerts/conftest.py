"""Made-up results in order of time, and who receives messages: a mail server and a webhook on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from modellab.results.entry import Entry
from modellab.types import CaseId, Status
from tests import make

DAY = "2026-11-{day:02}T10:00:00.000000+00:00"
VERSIONS = {"python": "3.12.1", "faster-whisper": "1.1.0"}
WORSE = make.verdict("wer", Status.REGRESSED, 0.2, baseline=0.1, change=0.1, why="not chance", red=True)


def entry(day: int, status: Status = Status.PASS, model: str = "fake", **changes: Any) -> Entry:
    """A result of one day; a REGRESSED one has a red verdict."""
    key = CaseId(changes.pop("task", "asr"), changes.pop("dataset", "short_v1"), model, "one", "cpu", "float32")
    moment = DAY.format(day=day)
    fields: dict[str, Any] = {
        "verdicts": (WORSE,) if status is Status.REGRESSED else (),
        "error": "CrashError: signal 11\nat line 3" if status is Status.ERROR else "",
        "versions": VERSIONS,
        "started_at": moment,
        "finished_at": moment,
    }
    return Entry(key, status, f"s{day}", **{**fields, **changes})


class Mailbox:
    """A mail server that keeps what comes, or refuses it."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refuses = False
        self.on_receipt: Callable[[], None] = lambda: None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuses:
            return "451 try again later"
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.on_receipt()
        return "250 OK"


class OnAnyPort(Controller):  # type: ignore[misc]
    """Looks whether it answers at the port that it got."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    """The mail server, and its HOST:PORT."""
    box = Mailbox()
    controller = OnAnyPort(box, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield box, f"{controller.hostname}:{controller.port}"
    finally:
        controller.stop()


class Hook:
    """A receiver of webhooks."""

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[Any] = []
        self.ids: list[str] = []
        self.on_receipt: Callable[[], None] = lambda: None  # after what came is kept, before the answer
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                hook.ids.append(self.headers["webhook-id"])
                hook.on_receipt()
                with suppress(ConnectionError):  # of who was killed
                    self.send_response(hook.status)
                    self.send_header("content-length", "0")
                    self.end_headers()

            def do_GET(self) -> None:
                """An index of packages, whose every package has the release 9.0, but one that is not there."""
                said = json.dumps({"info": {"version": "9.0"}}).encode()
                self.send_response(404 if "missing" in self.path else 200)
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/secret-path"


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked() as made:
        yield made


@contextmanager
def hooked() -> Iterator[Hook]:
    """A receiver of webhooks that answers as long as the block lasts."""
    made = Hook()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        thread.join()
        made.server.server_close()
