"""Which page of a browser a request comes from: what another site's page sends is not done in its visitor's name."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from modellab.server.askers import SAFE
from modellab.server.errors import ApiError

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

OURS = ("same-origin", "none")  # of Sec-Fetch-Site: a page of ours, or typed by hand


def check_same(connection: HTTPConnection) -> None:
    """ApiError 403 for a write or a socket that a page of another site has begun. Programs say nothing of sites."""
    if connection.scope["type"] == "http" and connection.scope["method"] in SAFE:
        return
    site, origin = connection.headers.get("sec-fetch-site", ""), connection.headers.get("origin", "")
    if (site and site not in OURS) or (origin and urlsplit(origin).netloc != connection.headers.get("host", "")):
        raise ApiError(403, "cross_site", "a page of another site may not do this")


def check_local(connection: HTTPConnection) -> None:
    """The same for a server that asks nobody who they are: its name has to be this machine's, or a page that has
    its own name lead here could ask it."""
    check_same(connection)
    host = connection.headers.get("host", "")
    if host and not is_local(host):
        message = f"this server is open to this machine alone, and is not called {host[:80]!r}: make tokens first"
        raise ApiError(403, "wrong_host", message)


def is_local(host: str) -> bool:
    """Whether a Host header names this machine.

    >>> [is_local(host) for host in ("localhost:8000", "127.0.0.1", "[::1]:80", "a.localhost", "evil.com", "1.2.3.4")]
    [True, True, True, True, False, False]
    """
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
