"""One caller of a server: a connection that it keeps, a file at a time, and what came of it. Nothing is raised."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from modellab.errors import ConfigError, shortened
from modellab.system.masking import masked

MOST_ANSWER_BYTES = 64 * 2**20
MOST_SAID = 300  # characters of a server's message
CUT = "cut"  # the fault of a request that was broken off because the run ended
NO_ANSWER = {TimeoutError: "timeout", ssl.SSLError: "tls", ConnectionRefusedError: "refused"}


@dataclass(frozen=True, slots=True)
class Target:
    """The server, the model, and what goes with each request."""

    url: str
    model: str
    key: str = ""
    timeout_s: float = 60.0
    form: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, url: str, model: str, **more: Any) -> Target:
        """ConfigError for what is no address; one without a path is that of `/v1`."""
        parts = urlsplit(url if "://" in url else f"http://{url}")
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
            raise ConfigError(f"{url!r} is no address of a server: expected one such as http://127.0.0.1:8000/v1")
        path = parts.path.rstrip("/") or "/v1"
        return cls(f"{parts.scheme}://{parts.netloc}{path}", model, **more)

    @property
    def place(self) -> tuple[str, str]:
        """Host with port, and the path."""
        parts = urlsplit(self.url)
        return parts.netloc.rpartition("@")[2], parts.path


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `status` is 0 where nothing did, then `code` says why; `retry_s` is what Retry-After asks for."""

    status: int
    code: str = ""
    said: str = ""
    text: str | None = None
    retry_s: float | None = None

    @property
    def is_ok(self) -> bool:
        return self.text is not None


class Caller:
    """Asks for transcriptions, one at a time. `cut` breaks off what it is at, from another thread."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.is_cut = False
        self._connection: http.client.HTTPConnection | None = None

    def transcribe(self, path: Path, content: bytes) -> Answer:
        """The transcription of a file, or what there was instead."""
        boundary = secrets.token_hex(16)
        body = _form(boundary, (("model", self.target.model), *self.target.form), path.name, content)
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._asked("POST", "/audio/transcriptions", body, headers)

    def _asked(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        key = {"Authorization": f"Bearer {self.target.key}"} if self.target.key else {}
        for is_again in (False, True):
            is_kept = self._connection is not None
            connection = self._connected()
            try:
                connection.request(method, self.target.place[1] + path, body, {**headers, **key})
                return self._read(connection.getresponse())
            except (http.client.HTTPException, OSError) as error:
                self.close()
                if self.is_cut:
                    return Answer(0, CUT, "the run ended")
                if is_kept and not is_again and isinstance(error, http.client.RemoteDisconnected | BrokenPipeError):
                    continue  # the server had closed a connection that nothing was asked on
                return Answer(0, _code(error), shortened(f"{type(error).__name__}: {error}", MOST_SAID))
        raise AssertionError

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            kind = http.client.HTTPSConnection if self.target.url.startswith("https:") else http.client.HTTPConnection
            self._connection = kind(self.target.place[0], timeout=self.target.timeout_s)
        return self._connection

    def _read(self, response: http.client.HTTPResponse) -> Answer:
        data = response.read(MOST_ANSWER_BYTES)
        if response.length:  # that did not come, or that is too much
            raise http.client.IncompleteRead(data, response.length)
        if response.will_close:
            self.close()
        retry_s = _seconds(response.getheader("Retry-After", ""))
        try:
            body = json.loads(data)
        except (ValueError, RecursionError):
            body = None
        if response.status == 200 and isinstance(body, dict) and isinstance(body.get("text"), str):
            return Answer(200, text=body["text"])
        error = body.get("error") if isinstance(body, dict) else None
        told = error if isinstance(error, dict) else {}
        whole = error if isinstance(error, str) else data[:MOST_SAID].decode(errors="replace")
        message = told.get("message") or whole
        code = str(told.get("code") or told.get("type") or ("no_transcription" if response.status == 200 else ""))
        return Answer(response.status, code[:60], shortened(masked(str(message)), MOST_SAID), retry_s=retry_s)

    def cut(self) -> None:
        """Break off what it waits for."""
        self.is_cut = True
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def is_listening(target: Target) -> bool:
    """Whether anybody takes connections there."""
    place = urlsplit(target.url)
    port = place.port or (443 if place.scheme == "https" else 80)
    try:
        socket.create_connection((place.hostname or "", port), timeout=min(target.timeout_s, 10.0)).close()
    except OSError:
        return False
    return True


def _code(error: Exception) -> str:
    return next((code for kind, code in NO_ANSWER.items() if isinstance(error, kind)), "connection")


def _seconds(given: str) -> float | None:
    """What a Retry-After asks for, in s; None for none, and for one that names a date."""
    try:
        return max(0.0, float(given))
    except ValueError:
        return None


def _form(boundary: str, fields: tuple[tuple[str, str], ...], name: str, content: bytes) -> bytes:
    """A form with a file, as multipart/form-data."""
    safe = name.encode("ascii", "replace").decode().replace('"', "_")
    head = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n' for field, value in fields
    )
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{safe}"\r\n'
    kind = "Content-Type: application/octet-stream\r\n\r\n"
    return (head + file + kind).encode() + content + f"\r\n--{boundary}--\r\n".encode()


def pause_s(answer: Answer, tries: int) -> float:
    """How long to wait before a request is made again: what the server asks for, else 0.5, 1, 2, ... 8 s."""
    return answer.retry_s if answer.retry_s is not None else min(8.0, 0.5 * 2**tries)
