"""The server's database: what has no other home (tokens, jobs, shares) and indexes that can be made again.

SQLite in the server's folder unless `[tool.modellab.serve] database` names another (`postgresql+psycopg://...`). Each
room declares its tables on METADATA in a module named in ROOMS; they are made when the database is opened.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from modellab.errors import ConfigError

METADATA = sa.MetaData()
ROOMS: tuple[str, ...] = (  # modules that declare tables
    "modellab.server.access.tables",
    "modellab.server.jobs.tables",
    "modellab.server.results.tables",
    "modellab.server.storage.tables",
)
VERSION = 1  # of the tables' shape
FILE = "server.db"
BUSY_MS = 30_000

_about = sa.Table("about", METADATA, sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text))


class Database:
    """An open database; safe to use from several threads. ConfigError where it cannot be opened or is a newer one."""

    def __init__(self, url: str, folder: Path) -> None:
        _make(folder)
        for room in ROOMS:
            importlib.import_module(room)
        place = "" if url else str(folder / FILE)
        try:
            where = sa.make_url(url or f"sqlite:///{place}")
            place = place or where.render_as_string(hide_password=True)
            # PostgreSQL would take the encoding that the database was made with, in some of which not all text is told
            encoded = {"client_encoding": "utf8"} if where.get_backend_name() == "postgresql" else {}
            self.engine = sa.create_engine(where, pool_pre_ping=True, hide_parameters=True, **encoded)
            if self.is_sqlite:
                sa.event.listen(self.engine, "connect", _durable)
            make_tables(self.engine)
            self._check_version()
        except (sa.exc.SQLAlchemyError, ImportError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(f"the server's database {place or 'of that URL'} cannot be opened: {reason}") from error

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A transaction: kept when the block ends, undone where it raises."""
        with self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def _check_version(self) -> None:
        asked = sa.select(_about.c.value).where(_about.c.name == "version")
        with self.begin() as connection:
            version = connection.execute(asked).scalar()
            if version is None:
                connection.execute(sa.insert(_about).values(name="version", value=str(VERSION)))
            elif int(version) > VERSION:
                raise ConfigError(f"the server's database is of a newer modellab (version {version}, here {VERSION})")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = f"{error.filename}: {error.strerror}: may user {os.geteuid()} write there?"
        raise ConfigError(f"the server's folder {folder} cannot be made: {why}") from error


def make_tables(where: sa.Engine | sa.Connection, tables: Sequence[sa.Table] | None = None) -> None:
    """Make those of the tables (all of them) that are missing; another process may do the same at this moment."""
    for is_last in (False, False, True):
        try:
            METADATA.create_all(where, tables)
        except (sa.exc.OperationalError, sa.exc.ProgrammingError, sa.exc.IntegrityError) as error:
            if is_last or "exists" not in str(error):
                raise
        else:
            return


def _durable(connection: Any, _: Any) -> None:
    """Committed is on disk; readers and a writer go on beside each other."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
