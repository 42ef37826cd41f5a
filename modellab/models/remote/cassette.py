"""Answers of a server, recorded once and played back: MODELLAB_CASSETTES=record:FOLDER, then replay:FOLDER.

A file for each variant, `<model>-<variant>.jsonl`, a line for each request. Of a request it holds a sha256 and a few
words, so no audio and no key; of an answer its status, the headers below and the body, secrets in it masked. The same
request has one answer, the last that was recorded. Only answers are recorded: no outage, no refusal for being too many.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from modellab.errors import MALFORMED, ConfigError, ServerError
from modellab.models.remote.meter import TOLD
from modellab.models.servers import CASSETTES
from modellab.system.masking import masked

VARIABLE = CASSETTES
PATH = "modellab_path"  # of a request's extensions: what is asked, without where the API is
MODES = ("record", "replay")
KEPT_HEADERS = frozenset({"content-type", "server", "server-timing", *TOLD})
TEXTS = ("text/", "application/json", "application/x-ndjson")
PASSING = frozenset({408, 409, 425, 429, *range(500, 600)})  # says nothing of the request, and another time no more


@dataclass(frozen=True, slots=True)
class Cassettes:
    """A folder of recordings, and what is done with it."""

    mode: str
    folder: Path

    @classmethod
    def asked(cls, environment: Mapping[str, str] = os.environ) -> Cassettes | None:
        """What the variable says; None where it is not set."""
        text = environment.get(VARIABLE, "").strip()
        if not text:
            return None
        mode, _, folder = text.partition(":")
        if mode not in MODES or not folder:
            raise ConfigError(f"{VARIABLE} is {text!r}, expected record:FOLDER or replay:FOLDER")
        return cls(mode, Path(folder).expanduser())

    @property
    def replays(self) -> bool:
        """Whether no server is asked."""
        return self.mode == "replay"

    def transport(self, name: str, inner: httpx2.BaseTransport) -> httpx2.BaseTransport:
        """In place of `inner`, for the variant of this name."""
        path = self.folder / f"{name}.jsonl"
        return Replaying(path) if self.replays else Recording(path, inner)


class Recording(httpx2.BaseTransport):
    """Asks, and writes down what was answered."""

    def __init__(self, path: Path, inner: httpx2.BaseTransport) -> None:
        self.path, self.inner = path, inner
        path.parent.mkdir(parents=True, exist_ok=True)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        answer = self.inner.handle_request(request)
        body = b"".join(answer.stream)  # type: ignore[arg-type]  # a transport that is not async gives bytes
        answer.close()
        if answer.status_code not in PASSING:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line(request, answer, body), ensure_ascii=True) + "\n")
        return httpx2.Response(answer.status_code, headers=answer.headers, content=body)

    def close(self) -> None:
        self.inner.close()


class Replaying(httpx2.BaseTransport):
    """Answers from a file, and asks nobody."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = read(path)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        recorded = self.lines.get(digest(request))
        if recorded is None:
            raise ServerError(
                f"{self.path} holds no answer to {about(request)}: the audio, the options or the adapter changed since"
                f" it was recorded; record it anew with {VARIABLE}=record:{self.path.parent}"
            )
        body = base64.b64decode(recorded["base64"]) if "base64" in recorded else recorded["body"].encode()
        return httpx2.Response(recorded["status"], headers=recorded["headers"], content=body)


def line(request: httpx2.Request, answer: httpx2.Response, body: bytes) -> dict[str, Any]:
    """What is kept of a request and its answer."""
    headers = {name: masked(value) for name, value in answer.headers.items() if name.lower() in KEPT_HEADERS}
    kind = answer.headers.get("content-type", "")
    content: dict[str, str] = {"base64": base64.b64encode(body).decode()}
    if kind.startswith(TEXTS) or not body:
        with suppress(UnicodeDecodeError):
            content = {"body": masked(body.decode())}
    told = {"request": digest(request), "about": about(request)}
    return {**told, "status": answer.status_code, "headers": headers, **content}


def read(path: Path) -> dict[str, dict[str, Any]]:
    """The lines of a file by what was asked; ServerError for a file that is none."""
    try:
        lines = [json.loads(row) for row in path.read_text(encoding="utf-8").splitlines() if row.strip()]
        return {row["request"]: {**row, "status": int(row["status"])} for row in lines if _is_sound(row)}
    except FileNotFoundError:
        raise ServerError(f"{path} does not exist: record it with {VARIABLE}=record:{path.parent}") from None
    except (OSError, *MALFORMED) as error:
        raise ServerError(f"{path} is no recording of answers ({error}): record it anew") from error


def _is_sound(row: Any) -> bool:
    """Whether a line has what an answer needs; ValueError where it has not."""
    if not isinstance(row, dict) or not isinstance(row.get("body", row.get("base64")), str):
        raise ValueError("a line has no answer in it")
    return isinstance(row["headers"], dict)


def digest(request: httpx2.Request) -> str:
    """What tells one request from another: what is asked, not whom and with which key."""
    sums = hashlib.sha256()
    path = str(request.extensions.get(PATH, request.url.path))
    for data in (request.method.encode(), path.encode(), request.url.query, request.content):
        sums.update(len(data).to_bytes(8, "big") + data)
    return sums.hexdigest()


def about(request: httpx2.Request) -> str:
    """A request in a few words, for a person."""
    return f"{request.method} {request.url.path} with {len(request.content):,} bytes"
