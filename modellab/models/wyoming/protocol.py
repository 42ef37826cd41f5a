"""Events of Wyoming: a line of JSON, further JSON of `data_length` bytes, a payload of `payload_length` bytes."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from modellab.errors import ServerError
from modellab.models.remote.patience import Passing
from modellab.models.remote.wording import server_message

MOST_LINE_BYTES, MOST_BYTES = 2**20, 64 * 2**20
CONNECT_S = 10.0


@dataclass(frozen=True, slots=True)
class Event:
    """What either side says."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = b""


class Connection:
    """One connection, which ends when patience does."""

    def __init__(self, url: str, file: BinaryIO, sock: socket.socket, deadline_s: float) -> None:
        self.url, self.file, self.sock, self.deadline_s = url, file, sock, deadline_s

    def send(self, type: str, data: Mapping[str, Any], payload: bytes = b"") -> None:
        """Say something."""
        body = json.dumps(data).encode()
        head = {"type": type, "version": "1.0.0", "data_length": len(body)}
        if payload:
            head["payload_length"] = len(payload)
        self._until_deadline()
        self.sock.sendall(json.dumps(head).encode() + b"\n" + body + payload)

    def events(self) -> Iterator[Event]:
        """What the server says, up to the end of the connection. ServerError for what is no event, or an error."""
        while True:
            self._until_deadline()
            line = self.file.readline(MOST_LINE_BYTES)
            if not line:
                return
            event = self._event(line)
            if event.type == "error":
                raise ServerError(
                    f"{self.url} says: {server_message(json.dumps({'message': event.data.get('text')}).encode())}"
                )
            yield event

    def _event(self, line: bytes) -> Event:
        try:
            head = json.loads(line)
            data, lengths = head.get("data") or {}, (head.get("data_length") or 0, head.get("payload_length") or 0)
            if not isinstance(head["type"], str) or not all(0 <= int(length) <= MOST_BYTES for length in lengths):
                raise ValueError("no type, or too long")
            further, payload = (self._exactly(int(length)) for length in lengths)
            return Event(head["type"], {**data, **(json.loads(further) if further else {})}, payload)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ServerError(
                f"{self.url} sent no event of Wyoming ({server_message(line)}): is that its port?"
            ) from error

    def _exactly(self, length: int) -> bytes:
        parts, left = [], length
        while left:
            self._until_deadline()
            part = self.file.read(min(left, 2**16))
            if not part:
                raise ServerError(f"{self.url} broke off in the middle of an event")
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def _until_deadline(self) -> None:
        left_s = self.deadline_s - time.monotonic()
        if left_s <= 0:
            raise ServerError(f"{self.url} gave no whole answer in time")
        self.sock.settimeout(left_s)


@contextmanager
def connected(url: str, deadline_s: float) -> Iterator[Connection]:
    """A connection to tcp://HOST:PORT. Raises Passing where there is none, and where it breaks."""
    parts = urlsplit(url)
    if parts.scheme != "tcp" or not parts.hostname or not parts.port:
        raise ServerError(f"{url!r} is no address of a Wyoming server, expected tcp://HOST:PORT")
    left_s = max(0.1, min(CONNECT_S, deadline_s - time.monotonic()))
    try:
        sock = socket.create_connection((parts.hostname, parts.port), timeout=left_s)
    except OSError as error:
        raise Passing(f"{url} cannot be reached ({error}): does a server run there?") from error
    with sock, sock.makefile("rb") as file:
        try:
            yield Connection(url, file, sock, deadline_s)
        except TimeoutError as error:
            raise ServerError(f"{url} gave no answer in time") from error
        except OSError as error:
            raise Passing(f"the connection to {url} broke ({error})") from error
