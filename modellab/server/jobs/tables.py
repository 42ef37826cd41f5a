"""The tables of jobs: a row for each job, one for each thing that happened to it, one for each call of a webhook."""

from __future__ import annotations

import sqlalchemy as sa

from modellab.server.database import METADATA

QUEUED, RUNNING, DONE, FAILED, CANCELLED = STATES = ("queued", "running", "done", "failed", "cancelled")
ENDED = (DONE, FAILED, CANCELLED)
INFERENCE, RUNS, ALERTS = LANES = ("inference", "runs", "alerts")  # who takes it: a server, or for runs an executor
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite counts up only what is called INTEGER

JOB = sa.Table(
    "job",
    METADATA,
    sa.Column("n", _NUMBER, primary_key=True, autoincrement=True),  # in the order in which they came
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("lane", sa.Text, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),  # of what was asked, to tell a repeated request from another one
    sa.Column("idempotency_key", sa.Text),
    sa.Column("callback_url", sa.Text, nullable=False, default=""),
    sa.Column("state", sa.Text, nullable=False, default=QUEUED),
    sa.Column("priority", sa.Integer, nullable=False, default=0),  # among the jobs of one owner
    sa.Column("tries", sa.Integer, nullable=False, default=0),  # begun so far; the number of the attempt
    sa.Column("most_tries", sa.Integer, nullable=False),
    sa.Column("worker", sa.Text, nullable=False, default=""),
    sa.Column("beats", sa.Integer, nullable=False, default=0),
    sa.Column("turn", _NUMBER, nullable=False, default=0),  # when it was claimed, counted over all claims
    sa.Column("progress", sa.JSON),
    sa.Column("result", sa.JSON),
    sa.Column("error", sa.JSON),
    sa.Column("created", sa.Float, nullable=False),  # s since 1970, to be shown: nothing is decided by it
    sa.Column("started", sa.Float),
    sa.Column("ended", sa.Float),
    sa.UniqueConstraint("project", "owner", "idempotency_key", name="job_once"),
    sa.Index("job_turn", "project", "owner", "turn"),
    sa.Index("job_last_turn", "turn"),
    sa.Index("job_state", "state", "lane"),
    sa.Index("job_project", "project", "n"),
)

EVENT = sa.Table(
    "job_event",
    METADATA,
    sa.Column("n", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("job", _NUMBER, sa.ForeignKey("job.n", ondelete="CASCADE"), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Index("job_event_of", "job", "n"),
)

CALL = sa.Table(
    "job_call",
    METADATA,
    sa.Column("n", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("job", _NUMBER, sa.ForeignKey("job.n", ondelete="CASCADE"), nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, default=0),
    sa.Column("due", sa.Float, nullable=False),
    sa.Column("state", sa.Text, nullable=False, default="waiting"),  # waiting, done, failed
    sa.Column("said", sa.Text, nullable=False, default=""),  # what came of the last try
    sa.Index("job_call_due", "state", "due"),
)
