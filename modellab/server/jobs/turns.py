"""Who is next: owners take turns, and of one owner's jobs the one with the highest priority, then the oldest.

The claim is one statement. On PostgreSQL claims wait for each other: two at once would both see that a project has
room, and both give the turn to the same owner.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from modellab.server.jobs.tables import JOB, QUEUED, RUNNING

CLAIMING = 0x6D6C6162  # the number of PostgreSQL's lock that claims take


_IS_WAITING = (  # made once: workers with nothing to do ask it every second
    sa.select(sa.true()).where(JOB.c.state == QUEUED, JOB.c.lane.in_(sa.bindparam("lanes", expanding=True))).limit(1)
)


def is_waiting(connection: sa.Connection, lanes: Sequence[str]) -> bool:
    """Whether these lanes have a job that nobody has, whoever's turn it is: a look that writes and locks nothing."""
    return connection.execute(_IS_WAITING, {"lanes": list(lanes)}).first() is not None


def alone(connection: sa.Connection) -> None:
    """No other claim until this transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CLAIMING)))


def claim(lanes: Sequence[str], worker: str, now_s: float, most_running: int) -> sa.Update:
    """The statement that gives `worker` the next job of these lanes, and returns it."""
    every = JOB.alias("every")
    newest = sa.select(sa.func.coalesce(sa.func.max(every.c.turn), 0)).scalar_subquery()
    return (
        sa.update(JOB)
        .where(JOB.c.n == _next(lanes, most_running), JOB.c.state == QUEUED)
        .values(
            state=RUNNING, worker=worker, tries=JOB.c.tries + 1, beats=JOB.c.beats + 1, turn=newest + 1,
            started=now_s, ended=None, error=sa.null(), progress=sa.null(),
        )
        .returning(*JOB.c)
    )  # fmt: skip


def _next(lanes: Sequence[str], most_running: int) -> sa.ScalarSelect[int]:
    waiting, others, going = JOB.alias("waiting"), JOB.alias("others"), JOB.alias("going")
    last_turn = (
        sa.select(sa.func.coalesce(sa.func.max(others.c.turn), 0))
        .where(others.c.project == waiting.c.project, others.c.owner == waiting.c.owner)
        .scalar_subquery()
    )
    running = (
        sa.select(sa.func.count())
        .where(going.c.state == RUNNING, going.c.lane == waiting.c.lane, going.c.project == waiting.c.project)
        .scalar_subquery()
    )
    return (
        sa.select(waiting.c.n)
        .where(waiting.c.state == QUEUED, waiting.c.lane.in_(lanes), running < most_running)
        .order_by(last_turn, waiting.c.priority.desc(), waiting.c.n)
        .limit(1)
        .with_for_update(of=waiting, skip_locked=True)
        .scalar_subquery()
    )


def position(connection: sa.Connection, job: sa.Row[tuple[object, ...]]) -> int:
    """How many jobs of its lane come first, and itself: 1 is next."""
    same_lane = (JOB.c.state == QUEUED, JOB.c.lane == job.lane)
    is_before = sa.or_(JOB.c.priority > job.priority, sa.and_(JOB.c.priority == job.priority, JOB.c.n < job.n))
    own = (JOB.c.project == job.project, JOB.c.owner == job.owner)
    before = connection.execute(sa.select(sa.func.count()).where(*same_lane, *own, is_before)).scalar_one()
    turns = sa.select(JOB.c.project, JOB.c.owner, sa.func.max(JOB.c.turn).label("turn")).group_by(
        JOB.c.project, JOB.c.owner
    )
    last = {(row.project, row.owner): row.turn for row in connection.execute(turns)}
    waiting = sa.select(JOB.c.project, JOB.c.owner, sa.func.count().label("jobs"), sa.func.min(JOB.c.n).label("first"))
    mine = (last[job.project, job.owner], job.n)
    ahead = 0
    for row in connection.execute(waiting.where(*same_lane).group_by(JOB.c.project, JOB.c.owner)):
        if (row.project, row.owner) != (job.project, job.owner):
            is_earlier = (last[row.project, row.owner], row.first) < mine
            ahead += min(row.jobs, before + is_earlier)
    return int(before) + ahead + 1
