"""Webhooks: who asked to be called when a job ends is called, five times at most, with a signature.

The body is JSON: {"type": "job.done", "job": {...}}. `webhook-id` is the same for each try of a call,
`webhook-timestamp` the moment of the try, and `webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over
`ID.TIMESTAMP.BODY`, with the key that the server's secret means: the form of standardwebhooks.com, which its libraries
check.

Where a call may go is `modellab/system/outbound.py`'s: not to this network, and nowhere by a redirect. Hosts of
`webhook_hosts` are excepted.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import secrets
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import SplitResult

import sqlalchemy as sa

import modellab
from modellab.errors import RefusedUrlError
from modellab.plan.serve_settings import JobSettings
from modellab.server.database import Database
from modellab.server.errors import ApiError
from modellab.server.jobs.store import Row
from modellab.server.jobs.tables import CALL, JOB
from modellab.server.outages import Outage
from modellab.system import outbound
from modellab.system.outbound import TIMEOUT_S, post

WAITS_S = (5.0, 30.0, 120.0, 600.0)  # before the second try, the third, ...
TRIES = len(WAITS_S) + 1
POLL_S = 2.0
HELD_S = 60.0  # that a call belongs to who took it
SECRET_FILE = "webhook-secret"
PREFIX, KEY_BYTES = "whsec_", 32  # of a secret as standardwebhooks.com writes it
SHOWN = 200  # characters of an error
WAITING, DONE, FAILED = "waiting", "done", "failed"


def check(url: str, allowed: Sequence[str]) -> SplitResult:
    """The parts of a URL that may be called; ApiError 400 for one that may not."""
    try:
        return outbound.check(url, allowed)
    except RefusedUrlError as error:
        raise ApiError(400, "invalid_callback_url", f"callback_url: {error}", "callback_url") from None


def key(secret: str) -> bytes:
    """The bytes that a secret means: those of the base64 after `whsec_`, else its text."""
    text = secret.removeprefix(PREFIX)
    if text != secret:
        with contextlib.suppress(ValueError):  # one of an older server, which was no base64
            return base64.b64decode(text, validate=True)
    return secret.encode()


def signature(secret: str, id: str, at_s: int, body: str) -> str:
    """What proves that a call is ours and of this moment."""
    signed = hmac.new(key(secret), f"{id}.{at_s}.{body}".encode(), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


class Webhooks:
    """Calls who wants to be called: a call is a row from the moment in which its job ends."""

    def __init__(self, database: Database, settings: JobSettings, folder: Path) -> None:
        self.database, self.settings, self.folder = database, settings, folder
        self.is_stopping, self.outage = threading.Event(), Outage("webhooks wait")
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
            made = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
            new.write_text(f"{PREFIX}{made}\n", encoding="ascii")
            with contextlib.suppress(FileExistsError):  # somebody else was first
                path.hardlink_to(new)
            new.unlink()
        return path.read_text(encoding="ascii").strip()

    def _work(self) -> None:
        while not self.is_stopping.is_set():
            try:
                did = self.call_next()
            except (sa.exc.SQLAlchemyError, OSError) as error:
                self.outage.tell(error)
                did = False
            else:
                self.outage.over()
            if not did:
                self.is_stopping.wait(self.outage.pause_s(POLL_S))

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
            outcome, is_done = f"it answered {status}", 200 <= status < 300
        except (OSError, RefusedUrlError, http.client.HTTPException, ValueError) as error:
            outcome, is_done = f"{type(error).__name__}: {error}"[:SHOWN], False
        state = DONE if is_done else WAITING if taken.tries < TRIES else FAILED
        due = now_s + WAITS_S[min(taken.tries, len(WAITS_S)) - 1]
        with self.database.begin() as connection:
            same = (CALL.c.n == taken.n, CALL.c.tries == taken.tries)
            connection.execute(sa.update(CALL).where(*same).values(state=state, said=outcome, due=due))
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
