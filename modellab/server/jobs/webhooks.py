"""Webhooks: who asked to be called when a job ends is called, five times at most, with a signature.

The body is JSON: {"type": "job.done", "job": {...}}. `webhook-id` is the same for each try of a call,
`webhook-timestamp` the moment of the try, and `webhook-signature` is `v1,` and the base64 of HMAC-SHA256 with the
server's secret over `ID.TIMESTAMP.BODY`: the form of standardwebhooks.com, whose libraries check it.

Only https, and only addresses that everybody on the internet may reach: a name is resolved once, each address that it
leads to is looked at, and the connection goes to the one that was looked at. Hosts of `webhook_hosts` are excepted from
both. Redirects are not followed.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import ipaddress
import json
import logging
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import sqlalchemy as sa

import modellab
from modellab.plan.serve_settings import JobSettings
from modellab.server.database import Database
from modellab.server.errors import ApiError
from modellab.server.jobs.store import Row
from modellab.server.jobs.tables import CALL, JOB

LOG = logging.getLogger("modellab.server")
WAITS_S = (5.0, 30.0, 120.0, 600.0)  # before the second try, the third, ...
TRIES = len(WAITS_S) + 1
TIMEOUT_S = 10.0
POLL_S = 2.0
HELD_S = 60.0  # that a call belongs to who took it
SECRET_FILE = "webhook-secret"
SHOWN = 200  # characters of an error
WAITING, DONE, FAILED = "waiting", "done", "failed"


def check(url: str, allowed: Sequence[str]) -> SplitResult:
    """The parts of a URL that may be called; ApiError 400 for one that may not."""
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
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return parts  # a name: looked at when it is called
        if not is_public(address):
            raise _refused("its address is not public")
    return parts


def _refused(why: str) -> ApiError:
    return ApiError(400, "invalid_callback_url", f"callback_url: {why}", "callback_url")


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
    found = list(dict.fromkeys(str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    for text in found:
        if not is_allowed and not is_public(ipaddress.ip_address(text.partition("%")[0])):
            raise OSError(f"{host} leads to an address that is not public")
    return found


def signature(secret: str, id: str, at_s: int, body: str) -> str:
    """What proves that a call is ours and of this moment."""
    signed = hmac.new(secret.encode(), f"{id}.{at_s}.{body}".encode(), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def post(url: str, body: str, headers: dict[str, str], allowed: Sequence[str]) -> int:
    """The status that one call gets. OSError, ApiError or http.client.HTTPException where it gets none."""
    parts = check(url, allowed)
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    (address, *_) = addresses(host, port, is_allowed=host in allowed)
    connection = _Pinned(host, port, address, is_tls)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body.encode(), headers)
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


class Webhooks:
    """Calls who wants to be called: a call is a row from the moment in which its job ends."""

    def __init__(self, database: Database, settings: JobSettings, folder: Path) -> None:
        self.database, self.settings, self.folder = database, settings, folder
        self.is_stopping = threading.Event()
        self.thread = threading.Thread(target=self._work, name="webhooks", daemon=True)

    def ended(self, connection: sa.Connection, row: Row) -> None:
        """A job has ended: who asked for it will be called, if this transaction is kept."""
        if row.callback_url:
            job = {"id": row.id, "kind": row.kind, "state": row.state, "error": row.error, "tries": row.tries}
            job |= {"url": f"/api/v1/jobs/{row.id}", "ended": row.ended}
            body = json.dumps({"type": f"job.{row.state}", "job": job})
            connection.execute(sa.insert(CALL).values(job=row.n, url=row.callback_url, body=body, due=time.time()))

    def start(self) -> None:
        """Begin to call."""
        self.thread.start()

    def stop(self) -> None:
        """Call nobody any more; what is due stays so."""
        self.is_stopping.set()
        if self.thread.ident is not None:
            self.thread.join(TIMEOUT_S + POLL_S)

    @property
    def secret(self) -> str:
        """What calls are signed with: that of the settings, or one made at the first call and kept in the folder."""
        if self.settings.webhook_secret:
            return self.settings.webhook_secret
        path = self.folder / SECRET_FILE
        if not path.is_file():
            new = path.with_suffix(f".{secrets.token_hex(4)}")
            new.touch(mode=0o600)
            new.write_text(f"whsec_{secrets.token_urlsafe(32)}\n", encoding="ascii")
            with contextlib.suppress(FileExistsError):  # somebody else was first
                path.hardlink_to(new)
            new.unlink()
        return path.read_text(encoding="ascii").strip()

    def _work(self) -> None:
        while not self.is_stopping.is_set():
            try:
                did = self.call_next()
            except (sa.exc.SQLAlchemyError, OSError) as error:
                LOG.warning("webhooks wait: %s", str(error).splitlines()[0])
                did = False
            if not did:
                self.is_stopping.wait(POLL_S)

    def call_next(self) -> bool:
        """Make the call that is due, if one is. Whoever dies over it leaves it to be made again after a minute."""
        now_s = time.time()
        taken = self._take(now_s)
        if taken is None:
            return False
        id, at_s = f"call_{taken.n}", round(now_s)
        headers = {
            "content-type": "application/json",
            "user-agent": f"modellab/{modellab.__version__}",
            "webhook-id": id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": signature(self.secret, id, at_s, taken.body),
        }
        try:
            status = post(taken.url, taken.body, headers, self.settings.webhook_hosts)
            said, is_done = f"it answered {status}", 200 <= status < 300
        except (OSError, ApiError, http.client.HTTPException, ValueError) as error:
            said, is_done = f"{type(error).__name__}: {error}"[:SHOWN], False
        state = DONE if is_done else WAITING if taken.tries < TRIES else FAILED
        due = now_s + WAITS_S[min(taken.tries, len(WAITS_S)) - 1]
        with self.database.begin() as connection:
            same = (CALL.c.n == taken.n, CALL.c.tries == taken.tries)
            connection.execute(sa.update(CALL).where(*same).values(state=state, said=said, due=due))
        return True

    def _take(self, now_s: float) -> Row | None:
        """The call that is due for longest, which nobody else takes for a minute. A clock set back delays none."""
        waits = sa.or_(CALL.c.due <= now_s, CALL.c.due > now_s + WAITS_S[-1] + HELD_S)
        next_one = (
            sa.select(CALL.c.n)
            .where(CALL.c.state == WAITING, waits)
            .order_by(CALL.c.due, CALL.c.n)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self.database.begin() as connection:
            n = connection.execute(next_one).scalar()
            if n is None:
                return None
            taking = sa.update(CALL).where(CALL.c.n == n, CALL.c.state == WAITING, waits)
            taking = taking.values(tries=CALL.c.tries + 1, due=now_s + HELD_S)
            return connection.execute(taking.returning(*CALL.c)).one_or_none()

    def calls(self, n: int) -> list[Row]:
        """The calls for a job."""
        with self.database.begin() as connection:
            return list(connection.execute(sa.select(CALL).join(JOB).where(JOB.c.n == n)))
