"""uvicorn's protocol of HTTP, with what it lacks: how long a head may take, how much may come after an answer, and how
many connections there may be.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
import resource
from collections import defaultdict
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from modellab.plan.serve_settings import Serve
from modellab.server.errors import ApiError

RETRY_S = 5
HEAD_BYTES = 65_536  # of a request
H2C = re.compile(rb"\r\nupgrade:(\s*h2c\s*\r\n)", re.IGNORECASE)  # as curl --http2 and Java's client say it
# Of a body that still comes when it is answered, as by a refusal: some clients read nothing before they have sent all
REST_BYTES, REST_S = 64 * 2**20, 60.0
SPARE_FILES = 256  # besides those of connections
STALE = 1024  # addresses without a connection that are kept at most


class Connections:
    """Which connections there are, by address. Those of a proxy that is trusted count for none."""

    def __init__(self, settings: Serve) -> None:
        self.settings = settings
        self.proxies = [ipaddress.ip_network(proxy, strict=False) for proxy in settings.proxies]
        self.open: defaultdict[str, set[asyncio.Transport]] = defaultdict(set)

    def taken(self, transport: asyncio.Transport) -> str:
        """Why a new connection cannot be taken; '' where it is."""
        address = str((transport.get_extra_info("peername") or [""])[0])
        own = self.open[address] = {other for other in self.open[address] if not other.is_closing()}
        if len(self.open) > STALE:
            self._forget_closed()
        if self.most_of(address) and len(own) >= self.most_of(address):
            return f"{self.most_of(address)} connections of one address are allowed"
        if sum(map(len, self.open.values())) >= self.settings.max_connections:
            self._forget_closed()
            if sum(map(len, self.open.values())) >= self.settings.max_connections:
                return f"{self.settings.max_connections} connections are allowed"
        self.open[address].add(transport)
        return ""

    def most_of(self, address: str) -> int:
        """How many connections an address may have; 0 for any number: this machine's own, unless told, and proxies."""
        try:
            named = ipaddress.ip_address(address)
        except ValueError:  # a socket in a file
            return 0
        if any(named in network for network in self.proxies):
            return 0
        most = self.settings.max_connections_per_address
        return most if most is not None else 0 if named.is_loopback else 32

    def _forget_closed(self) -> None:
        for address, transports in list(self.open.items()):
            left = {transport for transport in transports if not transport.is_closing()}
            if left:
                self.open[address] = left
            else:
                del self.open[address]


class Guarded(HttpToolsProtocol):
    """One connection."""

    counted: ClassVar[Connections]
    head_s: ClassVar[float]
    guard: asyncio.TimerHandle | None = None
    head_bytes = 0
    fields_bytes = 0  # of the address and the fields of a request, trailers too, however few reads they came in
    is_refused = False
    is_in_body = False
    rest: asyncio.TimerHandle | None = None
    rest_bytes = 0
    aside_bytes = 0  # that came since the last part of a body: extensions of chunks, trailers

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if why := self.counted.taken(transport):
            self.refuse(503, "too_many_connections", why)
            return
        self.watch()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():  # refused, or given up
            return
        self.aside_bytes += len(data)
        super().data_received(data if self.is_in_body else without_h2c(data))
        if self.guard is not None:  # the head is not whole yet
            self.head_bytes += len(data)
        if max(self.head_bytes, self.aside_bytes if self.is_in_body else 0) > HEAD_BYTES:
            self.refuse_head()

    def refuse_head(self) -> None:
        """Say once that a head is too large."""
        if not self.is_refused:
            self.unwatch()
            self.refuse(431, "head_too_large", f"the head of a request may have {HEAD_BYTES:,} bytes")

    def refuse(self, status: int, code: str, why: str) -> None:
        """Answer before there is a request, and hang up."""
        self.is_refused = True
        self.transport.write(refusal(ApiError(status, code, why, headers={"Retry-After": str(RETRY_S)})))
        self.transport.close()

    def watch(self) -> None:
        """Give the head of a request its time."""
        self.head_bytes = 0
        self.guard = asyncio.get_running_loop().call_later(self.head_s, self.transport.abort)

    def unwatch(self) -> None:
        """The head is there, or the connection is gone."""
        if self.guard is not None:
            self.guard.cancel()
            self.guard = None

    def on_message_begin(self) -> None:
        if self.guard is None:  # a further request on this connection
            self.watch()
        self.fields_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        if self.has_room(len(url)):
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.has_room(len(name) + len(value)):
            super().on_header(name, value)

    def has_room(self, more_bytes: int) -> bool:
        """Whether so much more may be in a head; where not, the connection is refused."""
        self.fields_bytes += more_bytes
        if self.fields_bytes > HEAD_BYTES:
            self.refuse_head()
        return not self.is_refused

    def on_headers_complete(self) -> None:
        self.unwatch()
        if self.is_refused:
            return
        self.is_in_body, self.head_bytes = True, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.aside_bytes = 0
        if self.cycle is not None and self.cycle.response_complete:
            self.leave(len(body))
        elif not self.is_refused:
            super().on_body(body)

    def leave(self, more_bytes: int) -> None:
        """What comes of a body after its answer is nobody's; one that does not end is cut off."""
        self.rest_bytes += more_bytes
        if self.rest is None:
            self.rest = asyncio.get_running_loop().call_later(REST_S, self.transport.abort)
        if self.rest_bytes > REST_BYTES:
            self.transport.abort()

    def left(self) -> None:
        """Nothing more comes of the body."""
        if self.rest is not None:
            self.rest.cancel()
        self.rest, self.rest_bytes = None, 0

    def on_message_complete(self) -> None:
        self.left()
        self.is_in_body = False
        if not self.is_refused:
            super().on_message_complete()

    def _should_upgrade(self) -> bool:
        """Whether it becomes a WebSocket: one begins with GET, and for anything else the handshake never ends."""
        return not self.is_refused and self.scope["method"] == "GET" and super()._should_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        self.unwatch()
        self.left()
        super().connection_lost(exc)


def without_h2c(data: bytes) -> bytes:
    r"""The head of a request that also offers to go on in HTTP/2, without that: the parser would take its body for it.

    >>> without_h2c(b"POST / HTTP/1.1\r\nUpgrade: h2c\r\nContent-Length: 7\r\n\r\nbody")
    b'POST / HTTP/1.1\r\nx-asked: h2c\r\nContent-Length: 7\r\n\r\nbody'
    """
    if b"h2c" not in data:
        return data
    head, end, rest = data.partition(b"\r\n\r\n")
    return H2C.sub(rb"\r\nx-asked:\1", head + b"\r\n", count=1)[:-2] + end + rest


def protocol(settings: Serve) -> type[HttpToolsProtocol]:
    """The protocol for one server."""

    class Own(Guarded):
        counted = Connections(settings)
        head_s = settings.head_s

    return Own


def refusal(error: ApiError) -> bytes:
    """A whole answer."""
    body = json.dumps(error.body()).encode()
    head = (
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        *(f"{name.lower()}: {value}" for name, value in error.headers.items()),
        "connection: close",
    )
    return "\r\n".join((*head, "", "")).encode() + body


def allow_files(connections: int) -> None:
    """Let this process have as many files open as its connections need, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE_FILES
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def trusted(proxies: Sequence[str]) -> dict[str, Any]:
    """uvicorn's settings for X-Forwarded-For and -Proto: believed of these proxies alone."""
    return {"proxy_headers": bool(proxies), "forwarded_allow_ips": list(proxies)}
