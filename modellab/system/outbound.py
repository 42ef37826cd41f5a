"""Calls to addresses that somebody else named: only ones that everybody on the internet may reach.

A name is resolved once, each address that it leads to is looked at, and the connection goes to the one that was looked
at. Only https to port 443. Hosts that are allowed by name are excepted from all of this. Redirects are not followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from urllib.parse import SplitResult, urlsplit

from modellab.errors import RefusedUrlError

TIMEOUT_S = 10.0


def check(url: str, allowed: Sequence[str]) -> SplitResult:
    """The parts of a URL that may be called; RefusedUrlError for one that may not."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused("it is no URL") from None
    if parts.username is not None or parts.password is not None:
        raise _refused("it holds a name or a password")
    if not host or not url.isascii() or any(character <= " " for character in url):
        raise _refused("it is no URL with a host")
    is_known = host in allowed
    if parts.scheme != "https" and not (is_known and parts.scheme == "http"):
        raise _refused(f"expected https, it is {parts.scheme[:20] or 'nothing'}")
    if not is_known:
        if port not in (None, 443):
            raise _refused("expected port 443")
        address = written(host)
        if is_this_machine(host) or (address is not None and not is_public(address)):
            raise _refused("its address is not public")
    return parts  # a name is looked at when it is called


def _refused(why: str) -> RefusedUrlError:
    return RefusedUrlError(why)


def written(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is, in any form that resolvers take for one; None for a name.

    >>> [str(written(host)) for host in ("0x7f.1", "017700000001", "2130706433", "[::1]", "example.org", "1.2.3.4.5")]
    ['127.0.0.1', '127.0.0.1', '127.0.0.1', '::1', 'None', 'None']
    """
    plain = host.strip("[]").partition("%")[0]
    try:
        return ipaddress.ip_address(plain)
    except ValueError:
        pass
    try:  # octal, hexadecimal, fewer than four parts
        return ipaddress.IPv4Address(socket.inet_aton(plain.removesuffix(".")))
    except OSError:
        return None


def is_this_machine(host: str) -> bool:
    """Whether a name is one of those that always lead here (RFC 6761)."""
    return host.rstrip(".").rpartition(".")[2].lower() == "localhost"


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether everybody on the internet may reach an address; those within others are looked at, too.

    >>> [is_public(ipaddress.ip_address(text)) for text in ("9.9.9.9", "10.0.0.1", "::ffff:127.0.0.1")]
    [True, False, False]
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return is_public(inner)
        if address in ipaddress.ip_network("64:ff9b::/96") or address in ipaddress.ip_network("64:ff9b:1::/48"):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def addresses(host: str, port: int, *, is_allowed: bool) -> list[str]:
    """What a name leads to; OSError where one of it is not public: such a name is not to be trusted in the rest."""
    texts = list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    for text in texts:
        if not is_allowed and not is_public(ipaddress.ip_address(text.partition("%")[0])):
            raise OSError(f"{host} leads to an address that is not public")
    return texts


def post(url: str, body: str, headers: Mapping[str, str], allowed: Sequence[str]) -> int:
    """The status that one call gets. OSError, RefusedUrlError or http.client.HTTPException where it gets none."""
    parts = check(url, allowed)
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    (address, *_) = addresses(host, port, is_allowed=host in allowed)
    connection = _Pinned(host, port, address, is_tls)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body.encode(), dict(headers))
        answer = connection.getresponse()
        answer.read(1024)
        return answer.status
    finally:
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was looked at; the certificate and the Host header are those of the name."""

    def __init__(self, host: str, port: int, address: str, is_tls: bool) -> None:
        super().__init__(host, port, timeout=TIMEOUT_S)
        self.address, self.is_tls = address, is_tls
        self.default_port = 443 if is_tls else 80

    def connect(self) -> None:
        self.sock = socket.create_connection((self.address, self.port), TIMEOUT_S)
        if self.is_tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
