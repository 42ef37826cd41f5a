"""Who waits for jobs hears of a new one at once: PostgreSQL's NOTIFY, in the transaction that made the job wait.

Nothing rests on it. A notice that is lost, with the connection that it went through, costs the second until the next
look at the queue; and a job that is heard of by many is taken by one. On SQLite there is no such thing: the server
wakes its own workers, and others look.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from modellab.server.database import Database

LOG = logging.getLogger("modellab.server")
CHANNEL = "modellab_jobs"
LOOK_S = 1.0  # between looks whether to end
AGAIN_S = 5.0  # before a connection that was lost is made again
DRIVER = "psycopg"  # the one whose connections tell notices


def tell(connection: sa.Connection, lane: str) -> None:
    """Say, once this transaction is kept, that a job waits in a lane."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_notify(CHANNEL, lane)))


class Listener:
    """Hears of jobs, in a thread of its own with a connection of its own. Does nothing where nobody tells."""

    def __init__(self, database: Database, wake: Callable[[str], None], again_s: float = AGAIN_S) -> None:
        self.database, self.wake, self.again_s = database, wake, again_s
        self.is_hearing, self.is_stopping = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._work, name="jobs notices", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        if self.database.engine.driver == DRIVER:
            self.thread.start()

    def stop(self) -> None:
        """Hear nothing any more."""
        self.is_stopping.set()
        if self.thread.ident is not None:
            self.thread.join(LOOK_S + self.again_s)

    def _work(self) -> None:
        while not self.is_stopping.is_set():
            try:
                self._listen()
            except sa.exc.SQLAlchemyError as error:
                LOG.info("notices of jobs are not heard: %s", str(error).splitlines()[0])
                self.is_stopping.wait(self.again_s)

    def _listen(self) -> None:
        with self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text(f"LISTEN {CHANNEL}"))
            heard: Any = connection.connection.driver_connection
            connection.detach()  # closed at the end, and given to nobody else
            self.is_hearing.set()
            while not self.is_stopping.is_set():
                try:
                    for notice in heard.notifies(timeout=LOOK_S):
                        self.wake(notice.payload)
                except heard_errors() as error:
                    raise sa.exc.OperationalError("LISTEN", None, error) from error


def heard_errors() -> type[Exception]:
    """What psycopg raises where a connection is lost; it is there where this is asked."""
    import psycopg

    return psycopg.Error
