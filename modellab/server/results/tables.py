"""The tables of the index: ledger files as far as they were read, an entry a row, a session a row.

Nothing is here that the ledger has not. `VERSION` is that of these tables and of what is put into them: an index of
another one is thrown away and made again.
"""

from __future__ import annotations

import sqlalchemy as sa

from modellab.server.database import METADATA

VERSION = 4
CASE = ("task", "dataset", "model", "variant", "device", "precision", "preprocessing")
ESTIMATES = ("low", "high", "rtf", "rtf_low", "rtf_high")  # NULL where there is none
MISSING = 1e308  # in place of a number that is not there, where rows are sorted by it: after all others

ABOUT = sa.Table("index_about", METADATA, sa.Column("version", sa.Integer, primary_key=True))

FILES = sa.Table(
    "index_file",
    METADATA,
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("inode", sa.BigInteger, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),  # as far as whole lines were read, in bytes
    sa.Column("lines", sa.Integer, nullable=False),
    sa.Column("newer", sa.Integer, nullable=False),  # lines that only a newer modellab reads
    sa.Column("complaints", sa.Text, nullable=False),  # the first sentences about lines that are no results, as JSON
    sa.Column("damaged", sa.Integer, nullable=False),  # how many such lines there are
)

TEXTS = (
    "project", "session", "task", "dataset", "model", "variant", "device", "precision", "preprocessing", "machine",
    "host", "commit", "branch", "started_at", "finished_at", "status", "tier", "metric", "person", "experiment",
    "error", "data", "measurement", "thing",
)  # fmt: skip

ENTRIES = sa.Table(
    "index_entry",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("offset", sa.BigInteger, nullable=False),
    sa.Column("length", sa.BigInteger, nullable=False),
    *(sa.Column(name, sa.Text, nullable=False) for name in TEXTS),
    sa.Column("dirty", sa.Boolean, nullable=False),
    sa.Column("red", sa.Boolean, nullable=False),
    sa.Column("private", sa.Boolean, nullable=False),
    sa.Column("utterances", sa.Integer, nullable=False),
    sa.Column("value", sa.Float, nullable=False),  # of the task's first metric, MISSING where there is none
    sa.Column("facts", sa.Text, nullable=False),  # as JSON: values, verdicts, readings, labels
    sa.Column("measured", sa.Boolean, nullable=False),  # whether there is a result
    sa.Column("estimated", sa.Boolean, nullable=False),  # whether what follows is known (`estimates.py`)
    *(sa.Column(name, sa.Float) for name in ESTIMATES),  # ends of the value's interval, real-time factor and its ends
    sa.Column("counted", sa.Integer, nullable=False),  # utterances that the value rests on
    sa.Column("doubt", sa.Text, nullable=False),  # why its times prove little
    sa.Index("index_entry_newest", "project", "finished_at", "id"),
    sa.Index("index_entry_session", "project", "session", "finished_at", "id"),
    sa.Index("index_entry_model", "project", "model", "finished_at", "id"),
    sa.Index("index_entry_dataset", "project", "dataset", "finished_at", "id"),
    sa.Index("index_entry_task_value", "project", "task", "value", "id"),
    sa.Index("index_entry_status", "project", "status", "finished_at", "id"),
    sa.Index("index_entry_red", "project", "red", "finished_at", "id"),
    sa.Index("index_entry_experiment", "project", "experiment", "finished_at", "id"),
    sa.Index("index_entry_commit", "project", "commit", "finished_at", "id"),
    sa.Index("index_entry_machine", "project", "machine", "finished_at", "id"),
    sa.Index("index_entry_path", "path"),
    sa.Index("index_entry_case", "project", *CASE, "finished_at", "id"),
    sa.Index("index_entry_estimated", "estimated"),
)

NEWEST = sa.Table(
    "index_newest",
    METADATA,
    sa.Column("project", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Text, primary_key=True) for name in CASE),
    sa.Column("measured", sa.Boolean, primary_key=True),  # of each case the newest result, and the newest without one
    sa.Column("entry", sa.Text, nullable=False),
    sa.Column("finished_at", sa.Text, nullable=False),
)

SESSIONS = sa.Table(
    "index_session",
    METADATA,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("session", sa.Text, primary_key=True),
    *(
        sa.Column(name, sa.Text, nullable=False)
        for name in ("started_at", "finished_at", "commit", "branch", "machine", "host", "person", "experiment")
    ),
    sa.Column("dirty", sa.Boolean, nullable=False),
    sa.Column("cases", sa.Integer, nullable=False),
    sa.Column("red", sa.Integer, nullable=False),
    sa.Column("statuses", sa.Text, nullable=False),  # status -> how many, as JSON
    sa.Index("index_session_newest", "project", "started_at", "session"),
)
