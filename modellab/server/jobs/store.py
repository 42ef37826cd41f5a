"""What becomes of a job: put, claimed, at work, ended, cancelled, tried again. Each step is one transaction.

queued -> running -> done | failed          its worker says how it ended
running -> queued                           given back by its worker, or its worker was lost and it has a try left
queued, running -> cancelled                somebody asked for it
failed, cancelled -> queued                 somebody wants it tried again
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from modellab.server.database import Database
from modellab.server.errors import ApiError
from modellab.server.jobs import notices, turns
from modellab.server.jobs.tables import CANCELLED, DONE, ENDED, EVENT, FAILED, JOB, QUEUED, RUNNING

LOST = {"code": "worker_lost", "message": "the process that was at it was lost"}
Row = sa.Row[Any]
Ended = Callable[[sa.Connection, Row], None]  # told within the transaction that ends a job


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job that somebody asks for."""

    project: str
    owner: str
    kind: str
    lane: str
    body: Mapping[str, Any]
    digest: str
    most_tries: int
    priority: int = 0
    idempotency_key: str | None = None
    callback_url: str = ""
    id: str = field(default_factory=lambda: f"job_{secrets.token_hex(10)}")


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt at a job that a worker was given: nobody else writes to it as long as the worker lives."""

    n: int
    id: str
    project: str
    owner: str
    kind: str
    body: Mapping[str, Any]
    worker: str
    attempt: int
    most_tries: int


class Jobs:
    """The queue on a database. Safe for several threads, processes and machines."""

    def __init__(self, database: Database, ended: Ended | None = None) -> None:
        self.database = database
        self.ended = ended

    # ------------------------------------------------------------------------ of those who ask

    def put(self, wanted: Wanted, most_queued: int) -> tuple[Row, bool]:
        """(the job, whether it is new). ApiError 429 where the owner has too many, 409 for a key of another request."""
        values = {name: getattr(wanted, name) for name in Wanted.__slots__}
        values |= {"body": dict(wanted.body), "created": time.time()}
        try:
            with self.database.begin() as connection:
                if known := self._known(connection, wanted):
                    return known, False
                self._check_room(connection, wanted, most_queued)
                row = connection.execute(sa.insert(JOB).values(values).returning(*JOB.c)).one()
                _note(connection, row.n, QUEUED, {})
                notices.tell(connection, row.lane)
                return row, True
        except sa.exc.IntegrityError:  # the same key came twice at once
            with self.database.begin() as connection:
                known = self._known(connection, wanted)
            if known is None:
                raise
            return known, False

    def _known(self, connection: sa.Connection, wanted: Wanted) -> Row | None:
        if wanted.idempotency_key is None:
            return None
        same = (JOB.c.project == wanted.project, JOB.c.owner == wanted.owner)
        asked = sa.select(JOB).where(*same, JOB.c.idempotency_key == wanted.idempotency_key)
        earlier = connection.execute(asked).one_or_none()
        if earlier is not None and earlier.digest != wanted.digest:
            message = f"Idempotency-Key {wanted.idempotency_key!r} was used for another request, job {earlier.id}"
            raise ApiError(409, "idempotency_key_reused", message, "Idempotency-Key")
        return earlier

    def _check_room(self, connection: sa.Connection, wanted: Wanted, most_queued: int) -> None:
        own = (JOB.c.project == wanted.project, JOB.c.owner == wanted.owner, JOB.c.state == QUEUED)
        if connection.execute(sa.select(sa.func.count()).where(*own)).scalar_one() >= most_queued:
            message = f"{most_queued} of your jobs are waiting, which is as many as may: come back when some are done"
            raise ApiError(429, "quota_exceeded", message, headers={"Retry-After": "60"})

    def find(self, project: str, id: str) -> Row:
        """The job of a project; ApiError 404 where it has none of this name."""
        with self.database.begin() as connection:
            return _find(connection, project, id)

    def position(self, row: Row) -> int | None:
        """Its place in the queue, 1 for the next; None where it does not wait."""
        if row.state != QUEUED:
            return None
        with self.database.begin() as connection:
            return turns.position(connection, row)

    def newest(
        self, project: str, *, states: Sequence[str] = (), lane: str = "", before: int = 0, most: int = 50
    ) -> list[Row]:
        """The jobs of a project, newest first: those in `states`, of a lane, with a number below `before`."""
        asked = sa.select(JOB).where(JOB.c.project == project)
        if states:
            asked = asked.where(JOB.c.state.in_(states))
        if lane:
            asked = asked.where(JOB.c.lane == lane)
        if before:
            asked = asked.where(JOB.c.n < before)
        with self.database.begin() as connection:
            return list(connection.execute(asked.order_by(JOB.c.n.desc()).limit(most)))

    def events(self, n: int, after: int = 0, most: int = 200) -> list[Row]:
        """What happened to a job after an event, oldest first."""
        asked = sa.select(EVENT).where(EVENT.c.job == n, EVENT.c.n > after).order_by(EVENT.c.n).limit(most)
        with self.database.begin() as connection:
            return list(connection.execute(asked))

    def cancel(self, project: str, id: str) -> Row:
        """End a job that waits or is at work: its worker sees it at its next beat. ApiError 409 where it has ended."""
        with self.database.begin() as connection:
            values = {"state": CANCELLED, "ended": time.time(), "error": sa.null()}
            row = _changed(connection, (JOB.c.id == id, JOB.c.project == project, JOB.c.state.not_in(ENDED)), values)
            if row is None:
                existing = _find(connection, project, id)
                raise ApiError(409, "job_ended", f"{id} is {existing.state} already")
            self._end(connection, row, {})
            return row

    def retry(self, project: str, id: str, more: int) -> Row:
        """Let a job that failed or was cancelled wait again, with so `more` tries; ApiError 409 for any other."""
        with self.database.begin() as connection:
            values = {"state": QUEUED, "most_tries": JOB.c.tries + more, "ended": None, "result": sa.null()}
            is_over = (JOB.c.id == id, JOB.c.project == project, JOB.c.state.in_((FAILED, CANCELLED)))
            row = _changed(connection, is_over, {**values, "error": sa.null(), "progress": sa.null(), "worker": ""})
            if row is None:
                existing = _find(connection, project, id)
                raise ApiError(
                    409, "job_not_ended", f"{id} is {existing.state}: only what failed or was cancelled can be"
                )
            _note(connection, row.n, QUEUED, {"again": True})
            notices.tell(connection, row.lane)
            return row

    # ------------------------------------------------------------------------ of workers

    def claim(self, lanes: Sequence[str], worker: str, most_running: int) -> Claim | None:
        """The next job, which is this worker's from now on; None where there is none."""
        with self.database.begin() as connection:
            if not turns.is_waiting(connection, lanes):
                return None
            turns.alone(connection)
            row = connection.execute(turns.claim(lanes, worker, time.time(), most_running)).one_or_none()
            if row is None:
                return None
            _note(connection, row.n, RUNNING, {"try": row.tries})
            body = dict(row.body)
        return Claim(
            row.n, row.id, row.project, row.owner, row.kind, body, row.worker, row.tries, row.most_tries
        )  # fmt: skip

    def beat(self, worker: str) -> set[tuple[int, int]]:
        """This worker lives: the (number, attempt) of each job that is still its own."""
        alive = sa.update(JOB).where(JOB.c.worker == worker, JOB.c.state == RUNNING).values(beats=JOB.c.beats + 1)
        with self.database.begin() as connection:
            return {(row.n, row.tries) for row in connection.execute(alive.returning(JOB.c.n, JOB.c.tries))}

    def progress(self, claim: Claim, data: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> bool:
        """Keep how far it is; False where the job is not this worker's any more. `more` is for who follows alone."""
        with self.database.begin() as connection:
            row = _changed(connection, _own(claim), {"progress": dict(data), "beats": JOB.c.beats + 1})
            if row is not None:
                _note(connection, row.n, "progress", {**data, **(more or {})})
            return row is not None

    def finish(self, claim: Claim, result: Mapping[str, Any]) -> bool:
        """It is done; False where it is not this worker's any more, and nothing changes."""
        with self._ending(claim, {"state": DONE, "result": dict(result)}) as row:
            return row is not None

    def fail(self, claim: Claim, error: Mapping[str, Any], result: Mapping[str, Any] | None = None) -> bool:
        """It cannot be done."""
        values = {"state": FAILED, "error": dict(error), "result": dict(result) if result else sa.null()}
        with self._ending(claim, values) as row:
            return row is not None

    def give_back(self, claim: Claim, why: str, *, is_counted: bool = False) -> bool:
        """Let another have it: the try counts where the job may be to blame, and is its last one where none is left."""
        if is_counted and claim.attempt >= claim.most_tries:
            return self.fail(claim, {"code": "worker_lost", "message": why})
        values = {"state": QUEUED, "worker": "", "most_tries": JOB.c.most_tries + int(not is_counted)}
        with self.database.begin() as connection:
            row = _changed(connection, _own(claim), values)
            if row is not None:
                _note(connection, row.n, QUEUED, {"why": why})
                notices.tell(connection, row.lane)
            return row is not None

    @contextmanager
    def _ending(self, claim: Claim, values: dict[str, Any]) -> Iterator[Row | None]:
        with self.database.begin() as connection:
            row = _changed(connection, _own(claim), {**values, "ended": time.time()})
            if row is not None:
                self._end(connection, row, dict(row.error or {}))
            yield row

    def _end(self, connection: sa.Connection, row: Row, data: Mapping[str, Any]) -> None:
        _note(connection, row.n, row.state, data)
        if self.ended is not None:
            self.ended(connection, row)

    # ------------------------------------------------------------------------ of whoever watches

    def at_work(self) -> list[Row]:
        """Every job that a worker is at, with how often that worker has said that it lives."""
        asked = sa.select(JOB.c.n, JOB.c.lane, JOB.c.worker, JOB.c.tries, JOB.c.beats).where(JOB.c.state == RUNNING)
        with self.database.begin() as connection:
            return list(connection.execute(asked))

    def lost(self, seen: Row) -> bool:
        """Take a job from a worker that is gone; False where it has shown a sign of life since it was `seen`."""
        same = (JOB.c.n == seen.n, JOB.c.worker == seen.worker, JOB.c.tries == seen.tries, JOB.c.beats == seen.beats)
        with self.database.begin() as connection:
            again = {"state": QUEUED, "worker": ""}
            row = _changed(connection, (*same, JOB.c.state == RUNNING, JOB.c.tries < JOB.c.most_tries), again)
            if row is not None:
                _note(connection, row.n, QUEUED, {"why": LOST["message"]})
                notices.tell(connection, row.lane)
                return True
            over = {"state": FAILED, "error": LOST, "ended": time.time()}
            row = _changed(connection, (*same, JOB.c.state == RUNNING), over)
            if row is not None:
                self._end(connection, row, LOST)
            return row is not None

    def names(self) -> set[str]:
        """The name of every job."""
        with self.database.begin() as connection:
            return set(connection.execute(sa.select(JOB.c.id)).scalars())

    def forget(self, before_s: float) -> list[str]:
        """Remove the jobs that ended before a moment; their names."""
        old = sa.delete(JOB).where(JOB.c.state.in_(ENDED), JOB.c.ended < before_s)
        with self.database.begin() as connection:
            return list(connection.execute(old.returning(JOB.c.id)).scalars())


def _find(connection: sa.Connection, project: str, id: str) -> Row:
    row = connection.execute(sa.select(JOB).where(JOB.c.id == id, JOB.c.project == project)).one_or_none()
    if row is None:
        raise ApiError(404, "job_not_found", f"there is no job {id[:80]!r} here", "id")
    return row


def _own(claim: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    """That a job is still the one that was claimed."""
    same = (JOB.c.n == claim.n, JOB.c.worker == claim.worker, JOB.c.tries == claim.attempt)
    return (*same, JOB.c.state == RUNNING)


def _changed(
    connection: sa.Connection, conditions: Sequence[sa.ColumnElement[bool]], values: Mapping[str, Any]
) -> Row | None:
    """The one job that was changed, as it is now."""
    return connection.execute(sa.update(JOB).where(*conditions).values(values).returning(*JOB.c)).one_or_none()


def _note(connection: sa.Connection, n: int, kind: str, data: Mapping[str, Any]) -> None:
    """An event of a job, in the transaction that changed its row: so they come in their order."""
    connection.execute(sa.insert(EVENT).values(job=n, at=time.time(), kind=kind, data=dict(data)))
