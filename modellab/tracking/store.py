"""Where MLflow's data lies and how to open it: the only place, with `send.py`, that imports mlflow.

The default is a SQLite database `mlruns/mlflow.db` with its artifacts in `mlruns/artifacts/<task>`;
MLFLOW_TRACKING_URI names another place, usually a server.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import re
import socket
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from modellab.errors import TrackingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

CONNECT_S = 5.0
LOCK_S = 120.0
ENVIRONMENT = {  # unless the user has set them
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # MLflow's own 7 retries take four minutes to say that a server is down
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # saves the page server a second process of 240 MB
    "GIT_PYTHON_REFRESH": "quiet",
}


def address(folder: Path, uri: str | None = None) -> str:
    """The tracking URI in force: the one given, else MLFLOW_TRACKING_URI, else the project's own database."""
    return uri or os.environ.get("MLFLOW_TRACKING_URI", "").strip() or own(folder)


def own(folder: Path) -> str:
    """The URI of the project's own database."""
    return f"sqlite:///{database(folder)}"


def database(folder: Path) -> Path:
    """The project's own database."""
    return folder.absolute() / "mlflow.db"


def is_server(uri: str) -> bool:
    """The store is reached through a network."""
    return not uri.startswith(("sqlite:", "file:", "/", "."))


def shown(uri: str) -> str:
    """An address for a sentence: no password, and a local file as seen from here."""
    if uri.startswith("sqlite:///"):
        path = Path(uri.removeprefix("sqlite:///"))
        here = Path.cwd()
        return str(path.relative_to(here) if path.is_relative_to(here) else path)
    return masked(uri)


def local_folder(artifact_uri: str) -> Path | None:
    """Where the artifacts of a run lie on this computer; None for a store that is reached otherwise.

    >>> local_folder("file:///tmp/a%20b"), local_folder("mlflow-artifacts:/1/2")
    (PosixPath('/tmp/a b'), None)
    """
    parts = urlsplit(artifact_uri)
    return Path(url2pathname(parts.path)) if parts.scheme in {"", "file"} and parts.path else None


def masked(text: str) -> str:
    """Text without the user and password of an address."""
    return re.sub(r"//[^/@\s]*@", "//", text)


def check_installed() -> None:
    """TrackingError where there is no MLflow."""
    if find_spec("mlflow") is None:
        raise TrackingError(
            "MLflow is not installed, so nothing was logged to it (nothing is lost: the results are in the ledger);"
            " pip install mlflow, then `modellab sync`"
        )


def check(uri: str) -> None:
    """TrackingError at once for what MLflow would need minutes to say, at no cost: import no MLflow here."""
    check_installed()
    if uri.startswith("sqlite:///"):
        _check_database(uri)
    else:
        _check_answers(uri)


def _check_database(uri: str) -> None:
    """An existing database can be opened and read; MLflow tries ten times, for 100 s."""
    path = _path(uri)
    if unquote(str(path)) != str(path) or "?" in uri:
        raise TrackingError(
            f"MLflow cannot open a database whose path has a % or ? ({path}): nothing is lost, set MLFLOW_TRACKING_URI"
            " to another place and run `modellab sync`"
        )
    if path.is_file() and path.stat().st_size:
        reading = f"{path.absolute().as_uri()}?mode=ro"
        with explained(uri), contextlib.closing(sqlite3.connect(reading, uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _path(uri: str) -> Path:
    return Path(uri.removeprefix("sqlite:///").partition("?")[0])


def _check_answers(uri: str) -> None:
    """Somebody listens at a server's address."""
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"} or not parts.hostname or urllib.request.getproxies():
        return
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname, port), timeout=CONNECT_S).close()
    except (OSError, ValueError) as problem:
        raise TrackingError(
            f"MLflow at {shown(uri)} does not answer ({problem}): nothing is lost, `modellab sync` sends the rest"
        ) from problem


def import_mlflow() -> None:
    """Import MLflow without its telemetry, progress bars and log lines. Takes seconds."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import mlflow

    for logger in ("mlflow", "alembic"):
        logging.getLogger(logger).setLevel(logging.ERROR)
    assert mlflow


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time writes to MLflow from this mlruns folder; TrackingError when the other takes long."""
    import filelock

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / ".sync.lock", timeout=LOCK_S)
        lock.acquire()
    except filelock.Timeout as problem:
        raise TrackingError(
            f"another process has been sending from {folder} for {LOCK_S:g} s: `modellab sync` sends the rest"
        ) from problem
    except OSError as problem:  # a read-only folder: nobody else can write to it from here either
        if os.access(folder, os.W_OK):
            raise TrackingError(f"{folder} cannot be locked ({problem.strerror}): is the disk full?") from problem
        yield
        return
    try:
        yield
    finally:
        lock.release()


def connect(folder: Path, uri: str) -> MlflowClient:
    """A client of the store. A missing SQLite database is made first, whole or not at all."""
    import_mlflow()
    from mlflow import MlflowClient

    if uri.startswith("sqlite:///"):
        ensure(_path(uri), folder / "artifacts")
        _write_quickly()
    client = MlflowClient(tracking_uri=uri)
    client.search_experiments(max_results=1)  # opens the connection: what is wrong shows here
    return client


@functools.cache
def _write_quickly() -> None:
    """Let SQLite leave the disk's pace to the system: MLflow commits ten times per run.

    A kill loses nothing by that. A power cut in these seconds may damage the database, which the ledger makes again;
    `settled` puts it on the disk before anybody relies on it.
    """
    from sqlalchemy import Engine, event

    def pragma(connection: Any, _: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF").close()

    event.listen(Engine, "connect", pragma)


def settled(uri: str) -> None:
    """Put a SQLite database on the disk."""
    if uri.startswith("sqlite:///"):
        file = os.open(_path(uri), os.O_RDONLY)
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
        draft.unlink(missing_ok=True)
        try:
            make: Any = SqlAlchemyStore
            make(f"sqlite:///{draft}", artifacts.absolute().as_uri()).engine.dispose()
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    return True


@contextlib.contextmanager
def explained(uri: str) -> Iterator[None]:
    """Whatever MLflow, its database driver or its HTTP client raise becomes one sentence: a TrackingError."""
    try:
        yield
    except TrackingError:
        raise
    except Exception as problem:  # MLflow lets errors of SQLAlchemy, alembic, requests and the OS through as they are
        raise TrackingError(_sentence(uri, problem)) from problem


def _sentence(uri: str, problem: Exception) -> str:
    said = masked(" ".join(str(problem).split()))[:300] or type(problem).__name__
    place = shown(uri)
    if re.search(r"malformed|not a database|no such table|can't locate revision", said, re.IGNORECASE):
        return (
            f"{place} is not a database that this MLflow can read ({_core(said)}): `modellab sync --rebuild` moves it"
            " aside and writes a new one from the ledger; nothing is lost"
        )
    if "locked" in said and uri.startswith("sqlite"):
        return f"{place} is locked by another program: nothing is lost, `modellab sync` sends the results later"
    return f"MLflow at {place} took no results ({_core(said)}): nothing is lost, `modellab sync` sends them later"


def _core(said: str) -> str:
    """The part of an SQLAlchemy message that people read."""
    found = re.search(r"\(sqlite3\.\w+\) (.*?)(?: \[SQL|\(Background|$)", said)
    return (found[1] if found else said).strip()


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


def experiment_ids(folder: Path) -> dict[str, str]:
    """Name -> id of the experiments in the project's own database, read without MLflow; {} if it cannot be read."""
    try:
        with contextlib.closing(sqlite3.connect(f"{database(folder).as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT name, experiment_id FROM experiments WHERE lifecycle_stage = 'active'")
            return {str(name): str(id) for name, id in rows if name != "Default"}
    except sqlite3.Error:
        return {}
