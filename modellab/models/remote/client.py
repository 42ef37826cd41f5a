"""Requests to a server that runs a model: with patience, and with a sentence for each way in which that fails.

Whatever says nothing of the model (outage, rate limit, wrong address or key, an answer that is not the API's) is a
`ServerError`: its case is not judged. That the server refuses this very input (400, 413, 415, 422) is a `ModelError`,
as of a model that raises.
"""

from __future__ import annotations

import json
import os
import ssl
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from modellab.errors import ModelError, ServerError
from modellab.models.remote.cassette import PATH, Cassettes
from modellab.models.remote.meter import Meter
from modellab.models.remote.patience import PATIENCE_S, Passing, tried
from modellab.models.remote.wording import QUOTED, cause, kind, retry_after_s, server_message, tls
from modellab.models.servers import Server
from modellab.system import escape
from modellab.system.masking import masked
from modellab.types import Setting

AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})  # may be answered another time
REFUSED = frozenset({400, 413, 415, 422})  # this input, by the model's server
CONNECT_S = 10.0
MOST_BYTES = 64 * 2**20
BOUNDARY = "modellab-3f1c9d4e7a2b4c58-part"  # the same each time, so that the same request has the same bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; ServerError with what it is instead."""
        if not self.body.strip():
            raise ServerError(f"{self.url} answered 200 with nothing in it, where JSON was expected")
        try:
            return json.loads(self.body)
        except ValueError:
            raise ServerError(self.odd("JSON")) from None

    def mapping(self) -> dict[str, Any]:
        """The body as a JSON object; ServerError for anything else."""
        value = self.json()
        if not isinstance(value, dict):
            raise ServerError(self.odd("an object in JSON"))
        if isinstance(value.get("error"), dict | str) and value["error"]:  # with the status 200, by some proxies
            raise ServerError(f"{self.url} answered 200 with an error: {server_message(self.body)}")
        return value

    def odd(self, expected: str) -> str:
        """That the body is something else, in a sentence."""
        form = self.headers.get("content-type", "no content type").partition(";")[0]
        hint = ": is that the address of the API, with /v1 at its end?" if "html" in form else ""
        return f"{self.url} answered 200 with {form} ({server_message(self.body)}), where {expected} was expected{hint}"


class Client:
    """One server, as a variant's config.yaml and the environment describe it. Not for several threads."""

    def __init__(
        self,
        server: Server,
        name: str = "server",
        authorise: Callable[[str], Mapping[str, str]] = lambda key: {"authorization": f"Bearer {key}"},
        patience_s: float = PATIENCE_S,
        again: bool = True,
        meter: Meter | None = None,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx2.BaseTransport | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.most_bytes = most_bytes
        cassettes = Cassettes.asked()
        self.server, self.patience_s, self.again, self.sleep = server, patience_s, again, sleep
        self.meter = meter or Meter(server.price)
        self.facts = {"server": server.url or f"${server.url_from}", "answers": "of a server"}
        self.url = server.address() or ("http://replayed/v1" if cassettes and cassettes.replays else "")
        key = os.environ.get(server.key_from, "").strip() if server.key_from else ""
        if not key.isascii() or not key.isprintable():
            raise ServerError(f"the key in the variable {server.key_from} holds characters that no header may have")
        if cassettes:
            self.facts["answers"] = "replayed" if cassettes.replays else "of a server, recorded"
            transport = cassettes.transport(name, transport or httpx2.HTTPTransport())
        timeout = httpx2.Timeout(patience_s, connect=CONNECT_S)
        headers = {"user-agent": "modellab", **(authorise(key) if key else {})}
        self.http = httpx2.Client(headers=headers, timeout=timeout, transport=transport)
        weakref.finalize(self, self.http.close)

    @classmethod
    def of(cls, setting: Setting, **more: Any) -> Client:
        """The client of a variant; `patience_s` among its options."""
        patience_s = float(setting.options.get("patience_s", PATIENCE_S))
        server = Server.model_validate(setting.options["server"])
        return cls(server, f"{setting.model}-{setting.variant}", **{"patience_s": patience_s, **more})

    def post(self, path: str, **content: Any) -> Answer:
        """Ask until it is answered, or patience ends. `content` is httpx2's: data, files, json, content, params."""
        return self.ask("POST", path, **content)

    def ask(self, method: str, path: str, **content: Any) -> Answer:
        """One request with its answer. Raises ServerError, and ModelError where the input is refused."""
        with self.opened(method, path, **content) as (response, deadline_s):
            begun_s = time.monotonic() - response.elapsed_s
            body = b"".join(self.chunks(response, deadline_s))
            self.meter.answered(time.monotonic() - begun_s, response.headers)
            return Answer(response.url, response.headers, body)

    @contextmanager
    def opened(self, method: str, path: str, **content: Any) -> Iterator[tuple[Opened, float]]:
        """An answer whose body is still to come (`chunks`), and when patience ends."""
        deadlines: list[float] = []

        def attempt(deadline_s: float) -> httpx2.Response:
            deadlines.append(deadline_s)
            return self._sent(method, path, content, deadline_s)

        response, begun_s = tried(attempt, self.meter, self.patience_s, self.sleep, again=self.again)
        try:
            yield Opened(response, time.monotonic() - begun_s), deadlines[0]
        finally:
            response.close()

    def chunks(self, opened: Opened, deadline_s: float) -> Iterator[bytes]:
        """The body as it comes; ServerError where it breaks off, has no end, or takes longer than patience."""
        size_bytes = 0
        try:
            for chunk in opened.response.iter_bytes():
                size_bytes += len(chunk)
                if size_bytes > self.most_bytes:
                    raise ServerError(f"{opened.url} answered with more than {self.most_bytes // 2**20} MiB")
                if time.monotonic() > deadline_s:
                    raise ServerError(f"{opened.url} gave no whole answer within {self.patience_s:g} s")
                yield chunk
        except httpx2.HTTPError as error:
            raise ServerError(f"{opened.url} broke off in the middle of its answer ({kind(error)})") from error

    def _sent(self, method: str, path: str, content: Mapping[str, Any], deadline_s: float) -> httpx2.Response:
        url = f"{self.url}{path}"
        if not self.url:
            raise ServerError(f"the variable {self.server.url_from} is not set: it holds the address of the server")
        form = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"} if content.get("files") else {}
        own = {"headers": form, **content}
        left_s = max(0.1, deadline_s - time.monotonic())
        timeout = httpx2.Timeout(left_s, connect=min(CONNECT_S, left_s))
        try:
            request = self.http.build_request(method, url, timeout=timeout, extensions={PATH: path}, **own)
            response = self.http.send(request, stream=True)
        except httpx2.TimeoutException as error:
            raise Passing(f"{masked(url)} gave no answer in time ({kind(error)})") from error
        except httpx2.ConnectError as error:
            if isinstance(fault := cause(error), ssl.SSLError):
                raise ServerError(tls(masked(url), fault)) from error
            raise Passing(f"{masked(url)} cannot be reached ({kind(error)}): does a server run there?") from error
        except httpx2.HTTPError as error:
            raise Passing(f"the connection to {masked(url)} broke ({kind(error)})") from error
        except (httpx2.InvalidURL, UnicodeError) as error:
            raise ServerError(f"{masked(url)!r} is no address ({error})") from error
        if response.is_success:
            return response
        try:
            response.read()
            body = response.content
        except httpx2.HTTPError:
            body = b""
        finally:
            response.close()
        raise self._refused(masked(url), response, body)

    def _refused(self, url: str, response: httpx2.Response, body: bytes) -> Exception:
        """What a status that is no success means."""
        status, text = response.status_code, server_message(body)
        answered = f"{url} answered {status}{f' ({text})' if text else ''}"
        if status == 429 and b"insufficient_quota" in body:
            return ServerError(f"{answered}: its account has no money left")
        if status in AGAIN:
            return Passing(answered, retry_after_s(response.headers.get("retry-after", "")))
        if status in REFUSED:
            return ModelError(f"the server refused this input: {answered}")
        if status in {401, 403}:
            right = f"is the key in the variable {self.server.key_from} the right one?"
            return ServerError(
                f"{answered}: {right if self.server.key_from else 'key_from names no variable with a key'}"
            )
        if response.is_redirect:
            to = escape.visible(masked(response.headers.get("location", "")))[:QUOTED]
            return ServerError(f"{answered} and points to {to!r}: expected the address where the API is itself")
        if status in {404, 405}:
            return ServerError(
                f"{answered}: is the model's name right, and does the address end in /v1, as the API's does?"
            )
        return ServerError(answered)


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer whose head has come, `elapsed_s` after it was asked for."""

    response: httpx2.Response
    elapsed_s: float

    @property
    def headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.response.headers.items()}

    @property
    def url(self) -> str:
        return masked(str(self.response.request.url).partition("?")[0])
