"""Where MLflow's data lies and how to open it: the only place, with `sender.py`, that imports mlflow.

The default is a SQLite database `mlruns/mlflow.db` with its artifacts in `mlruns/artifacts/<task>`;
MLFLOW_TRACKING_URI names another place, usually a server.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import sqlite3
import ssl
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from modellab.errors import ExtraError, ModellabError, TrackingError
from modellab.system import extras, masking
from modellab.tracking import sqlite

if TYPE_CHECKING:
    from mlflow import MlflowClient

CONNECT_S = 3.0
SECRETS = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")
ENVIRONMENT = {  # unless the user has set them
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
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
    return uri or given() or own(folder)


def given() -> str:
    """The tracking URI of the environment; '' where there is none."""
    return os.environ.get("MLFLOW_TRACKING_URI", "").strip()


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
    """Text without the user and password of an address, and without the credentials of MLFLOW_TRACKING_*."""
    for name in SECRETS:
        secret = os.environ.get(name, "")
        text = text.replace(secret, "***") if len(secret) > 3 else text
    return re.sub(r"//[^/@\s]*@", "//", masking.masked(text))


def python_path() -> str:
    """PYTHONPATH for a child process: ours, and modellab before all."""
    home = str(Path(__file__).parents[2])
    return os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)


def check_installed(uri: str = "", *, reading: bool = False) -> None:
    """TrackingError where there is no MLflow."""
    if problem := why_missing(uri, reading=reading):
        raise TrackingError(problem)


def why_missing(uri: str = "", *, reading: bool = False) -> str:
    """What to say, and to do, where there is no MLflow; '' where there is. `reading` is of the store at `uri`."""
    if not extras.missing("mlflow"):
        return ""
    command = extras.install("mlflow")
    if reading:
        return f"reading results from MLflow at {shown(uri)} needs MLflow, which is not installed: {command}"
    meant = f", though MLFLOW_TRACKING_URI names {shown(given())}" if given() else ""
    return (
        f"MLflow is not installed{meant}: nothing was sent to it, and nothing is lost, the ledger has the results;"
        f" to send them later: {command}, then `modellab sync`"
    )


def check_pages() -> None:
    """ExtraError where there is no MLflow that has pages: mlflow-skinny sends and reads, and cannot show."""
    extras.need("mlflow", "`modellab ui`")
    if find_spec("flask") is None:
        raise ExtraError(
            f"`modellab ui` needs all of MLflow, and only mlflow-skinny is installed, which has no pages:"
            f" {extras.install('mlflow')}"
        )


def check(uri: str, *, reading: bool = False, connect_s: float = CONNECT_S) -> None:
    """TrackingError at once for what MLflow would need minutes to say, at no cost: import no MLflow here."""
    check_installed(uri, reading=reading)
    if uri.startswith("sqlite:///"):
        _check_database(uri)
    else:
        _check_answers(uri, reading=reading, connect_s=connect_s)


def _check_database(uri: str) -> None:
    """An existing database can be opened and read; MLflow tries ten times, for 100 s."""
    place = path(uri)
    if unquote(str(place)) != str(place) or "?" in uri:
        raise TrackingError(
            f"MLflow cannot open a database whose path has a % or ? ({place}): nothing is lost, set MLFLOW_TRACKING_URI"
            " to another place and run `modellab sync`"
        )
    if place.is_file() and place.stat().st_size:
        reading = f"{place.absolute().as_uri()}?mode=rw"
        with explained(uri), contextlib.closing(sqlite3.connect(reading, uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def path(uri: str) -> Path:
    """The file of a SQLite URI."""
    return Path(uri.removeprefix("sqlite:///").partition("?")[0])


def _check_answers(uri: str, *, reading: bool, connect_s: float) -> None:
    """Somebody at a server's address says something, whatever it is, within a few seconds. Sends no password."""
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"} or not parts.hostname or urllib.request.getproxies():
        return
    request = f"GET {parts.path.rstrip('/')}/health HTTP/1.0\r\nHost: {parts.hostname}\r\n\r\n"
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((parts.hostname, port), timeout=connect_s) as plain:
            connection = _encrypted(plain, parts.hostname) if parts.scheme == "https" else plain
            connection.sendall(request.encode())
            if not connection.recv(1):
                raise OSError("it closes the connection")
    except (OSError, ValueError) as problem:
        later = "" if reading else ": nothing is lost, `modellab sync` sends the rest"
        raise TrackingError(f"MLflow at {shown(uri)} does not answer ({problem}){later}") from problem


def _encrypted(connection: socket.socket, host: str) -> socket.socket:
    """TLS, whoever is there: MLflow's own client checks the certificate before it says anything of ours."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(connection, server_hostname=host)


def import_mlflow() -> None:
    """Import MLflow without its telemetry, progress bars and log lines. Takes seconds."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import mlflow

    for logger in ("mlflow", "alembic"):
        logging.getLogger(logger).setLevel(logging.ERROR)
    assert mlflow


@contextlib.contextmanager
def locked(folder: Path, patience_s: float = sqlite.LOCK_S) -> Iterator[None]:
    """One process at a time writes to MLflow from this mlruns folder; TrackingError when the other takes long."""
    import filelock

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / ".sync.lock", timeout=patience_s)
        lock.acquire()
    except filelock.Timeout as problem:
        raise TrackingError(
            f"another process has been sending from {folder} for {patience_s:g} s: `modellab sync` sends the rest"
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
        sqlite.ensure(path(uri), folder / "artifacts")
        sqlite.write_quickly()
    client = MlflowClient(tracking_uri=uri)
    client.search_experiments(max_results=1)  # opens the connection: what is wrong shows here
    return client


@contextlib.contextmanager
def explained(uri: str, *, reading: bool = False) -> Iterator[None]:
    """Whatever MLflow, its database driver or its HTTP client raise becomes one sentence: a TrackingError."""
    try:
        yield
    except ModellabError:
        raise
    except Exception as problem:  # MLflow lets errors of SQLAlchemy, alembic, requests and the OS through as they are
        raise TrackingError(_sentence(uri, problem, reading)) from problem


def no_server(uri: str, lacks: str) -> TrackingError:
    """What to say of a server that answers, and not as MLflow does: what it was given is not there."""
    return TrackingError(
        f"MLflow at {shown(uri)} did not take the results (its answer names no {lacks}: is it an MLflow server?):"
        " nothing is lost, `modellab sync` sends the results later"
    )


def _sentence(uri: str, problem: Exception, reading: bool) -> str:
    message = masked(" ".join(str(problem).split()))[:300] or type(problem).__name__
    place = shown(uri)
    if re.search(r"malformed|not a database|no such table|can't locate revision", message, re.IGNORECASE):
        return (
            f"{place} is not a database that this MLflow can read ({_core(message)}): `modellab sync --rebuild` moves"
            " it aside and writes a new one from the ledger; nothing is lost"
        )
    later = "" if reading else ": nothing is lost, `modellab sync` sends the results later"
    if re.search(r"disk is full|No space left on device", message):  # SQLite's words, and the system's
        return f"the disk that {place} is on is full, make room{later}"
    if "locked" in message and uri.startswith("sqlite"):
        return f"{place} is locked by another program{later}"
    if match := re.search(r"error code (401|403)|\b(401|403) (Unauthorized|Forbidden|Client Error)", message):
        code = match[1] or match[2]
        need = "wants to know who you are" if code == "401" else "does not allow this to the user it was given"
        return (
            f"MLflow at {place} {need} ({code}): set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or"
            f" MLFLOW_TRACKING_TOKEN{later}"
        )
    return f"MLflow at {place} {'gave' if reading else 'took'} no results ({_core(message)}){later}"


def _core(message: str) -> str:
    """The part of an SQLAlchemy message that people read."""
    match = re.search(r"\(sqlite3\.\w+\) (.*?)(?: \[SQL|\(Background|$)", message)
    return (match[1] if match else message).strip()
