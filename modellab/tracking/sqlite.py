"""MLflow's SQLite database as a file: made whole, written quickly, moved aside."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sqlite3
import time
from pathlib import Path
from typing import Any

LOCK_S = 120.0


@functools.cache
def write_quickly() -> None:
    """Let SQLite leave the disk's pace to the system: MLflow commits ten times per run.

    A kill loses nothing by that. A power cut in these seconds may damage the database, which the ledger makes again;
    `settle` puts it on the disk before anybody relies on it.
    """
    from sqlalchemy import Engine, event

    def pragma(connection: Any, _: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF").close()

    event.listen(Engine, "connect", pragma)


def settle(path: Path) -> None:
    """Wait until the database is on the disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def ensure(path: Path, artifacts: Path) -> bool:
    """Make the SQLite database at `path` if there is none; True if this call made it.

    MLflow makes its tables without a lock, and two processes that do so at once break the database for good.
    So it is built beside its place, and moved there when complete.
    """
    import filelock

    if path.is_file() and path.stat().st_size:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(path.with_name(f".{path.name}.lock"), timeout=LOCK_S):
        if path.is_file() and path.stat().st_size:
            return False
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        draft = path.with_name(f".{path.name}.{os.getpid()}")
        drop_drafts(path)
        try:
            make: Any = SqlAlchemyStore
            make(f"sqlite:///{draft}", artifacts.absolute().as_uri()).engine.dispose()
            os.replace(draft, path)
        finally:
            drop_drafts(path, os.getpid())
    return True


def drop_drafts(path: Path, process: int | None = None) -> None:
    """Remove what a process has begun to make for `path`; without its number what any has, none being at it now."""
    theirs = re.compile(rf"\.{re.escape(path.name)}\.{process or '[0-9]+'}(-[a-z]+)?")
    with contextlib.suppress(OSError):
        for draft in [file for file in path.parent.iterdir() if theirs.fullmatch(file.name)]:
            draft.unlink(missing_ok=True)


def move_aside(folder: Path) -> Path | None:
    """Move the project's own database and artifacts into a folder of their own; None if there is nothing."""
    names = ["mlflow.db", "mlflow.db-wal", "mlflow.db-shm", "mlflow.db-journal", "artifacts"]
    present = [folder / name for name in names if (folder / name).exists()]
    if not present:
        return None
    aside = folder / time.strftime("aside-%Y%m%d-%H%M%S")
    aside.mkdir()
    for path in present:
        path.rename(aside / path.name)
    return aside


def experiment_ids(path: Path) -> dict[str, str]:
    """Name -> id of the experiments in a database, read without MLflow; {} if it cannot be read."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            rows = connection.execute("SELECT name, experiment_id FROM experiments WHERE lifecycle_stage = 'active'")
            return {str(name): str(id) for name, id in rows if name != "Default"}
    except sqlite3.Error:
        return {}
