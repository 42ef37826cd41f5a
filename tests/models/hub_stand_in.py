"""The hub's HTTP interface on loopback, as far as its client asks for it: one repository with some files."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

COMMIT, REPOSITORY = "c" * 40, "owner/name"


@dataclass
class Hub:
    """What the hub has and how it behaves; `asked` is what it was asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    address: str = ""
    refusal: tuple[int, str] = (0, "")  # status and X-Error-Code of every answer
    of_files: int = 0  # status of every answer about a file
    cut: int = 0  # bytes after which the next download ends
    pause_s: float = 0.0  # of silence in the middle of the next download of a large file
    stays_silent: bool = False  # about files, after the headers
    sent: dict[str, bytes] = field(default_factory=dict)  # in place of what it promises
    asked: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)


class Handler(BaseHTTPRequestHandler):
    """Answers for the hub that a subclass names."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        self.hub.tokens.add(self.headers.get("Authorization", ""))
        if self.hub.refusal[0]:
            self.say(
                self.hub.refusal[0],
                {"X-Error-Code": self.hub.refusal[1], "X-Error-Message": "no"} if self.hub.refusal[1] else {},
            )
        elif path.startswith(f"/api/models/{REPOSITORY}/"):
            self.describe(path)
        elif path.startswith(f"/{REPOSITORY}/resolve/"):
            self.give(path.removeprefix(f"/{REPOSITORY}/resolve/"))
        else:
            self.say(404, {"X-Error-Code": "RepoNotFound"})

    do_HEAD = do_GET  # noqa: N815 - a name of the standard library

    def describe(self, path: str) -> None:
        if COMMIT not in path:
            self.say(404, {"X-Error-Code": "RevisionNotFound"})
            return
        tree = [
            {
                "type": "file",
                "path": name,
                "size": len(held),
                "oid": hashlib.sha1(held, usedforsecurity=False).hexdigest(),
            }
            for name, held in self.hub.files.items()
        ]
        whole = {"id": REPOSITORY, "sha": COMMIT, "siblings": [{"rfilename": each} for each in self.hub.files]}
        self.say(200, {"Content-Type": "application/json"}, json.dumps(tree if "/tree/" in path else whole).encode())

    def give(self, place: str) -> None:
        commit, _, name = place.partition("/")
        if commit != COMMIT:
            self.say(404, {"X-Error-Code": "RevisionNotFound"})
        elif name not in self.hub.files:
            self.say(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        elif self.hub.of_files:
            self.say(self.hub.of_files, {})
        else:
            self.send_file(name)

    def send_file(self, name: str) -> None:
        held = self.hub.files[name]
        wanted = self.headers.get("Range", "")
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        etag = f'"{hashlib.sha256(held).hexdigest()}"'
        facts = {"ETag": etag, "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if self.command == "HEAD":
            self.say(200, {**facts, "Content-Length": str(len(held))})
            return
        body = self.hub.sent.get(name, held)[start:]
        if wanted:
            self.hub.ranges.append(wanted)
            facts["Content-Range"] = f"bytes {start}-{len(held) - 1}/{len(held)}"
        self.say(206 if wanted else 200, facts, body)

    def say(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if "X-Repo-Commit" in headers and self.hub.stays_silent:
            time.sleep(5)
        half = len(body) // 2
        if "X-Repo-Commit" in headers and self.hub.cut:
            self.wfile.write(body[: self.hub.cut])
            self.hub.cut = 0
            self.close_connection = True
            return
        self.wfile.write(body[:half])
        self.wfile.flush()
        if "X-Repo-Commit" in headers and half > 100:
            pause_s, self.hub.pause_s = self.hub.pause_s, 0.0
            time.sleep(pause_s)
        self.wfile.write(body[half:])

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Silent about clients that go away."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """The hub, while it answers."""

    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    hub.address = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
