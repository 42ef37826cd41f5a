"""A real PostgreSQL for tests: Debian's package, in a temporary folder, on a socket of that folder, by no root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

USER = "postgres"
MISSING = "PostgreSQL is not installed: apt-get install postgresql"
FAST = "-c fsync=off -c full_page_writes=off -c max_connections=40 -c shared_buffers=16MB"


def programs() -> Path | None:
    """The folder of its programs, the newest version's; None where there are none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def cluster() -> Iterator[str]:
    """The URL of a database of its own; without the package a failure in CI, else a skip that says so."""
    there = programs()
    if there is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    place = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # short: a socket's path has 107 characters at most
    try:
        place.chmod(0o700)
        as_user = _unprivileged(place)
        data = place / "data"
        _run([*as_user, there / "initdb", "-D", data, "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8"], place)
        _start(place, there)
        try:
            yield f"postgresql+psycopg://{USER}@/postgres?host={place}"
        finally:
            _stop(place, there)
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def stopped(url: str) -> Iterator[None]:
    """A cluster that is not there while the block lasts."""
    place, there = Path(url.rpartition("=")[2]), programs()
    assert there is not None
    _stop(place, there)
    try:
        yield
    finally:
        _start(place, there)


def _start(place: Path, there: Path) -> None:
    options = f"-c listen_addresses= -c unix_socket_directories={place} {FAST}"
    how: list[str | Path] = ["-w", "-t", "120", "-l", place / "log", "-o", options, "start"]
    _run([*_unprivileged(place), there / "pg_ctl", "-D", place / "data", *how], place)


def _stop(place: Path, there: Path) -> None:
    how: list[str | Path] = ["-m", "immediate", "-w", "stop"]
    _run([*_unprivileged(place), there / "pg_ctl", "-D", place / "data", *how], place)


def _unprivileged(place: Path) -> list[str]:
    """How to start its programs: it refuses to run as root."""
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam(USER)
    os.chown(place, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _run(command: list[str | Path], place: Path) -> None:
    said = place / "said"
    with said.open("ab") as out:
        done = subprocess.run(command, stdout=out, stderr=out, cwd=place, timeout=240, check=False)
    if done.returncode:
        log = (place / "log").read_text() if (place / "log").exists() else ""
        pytest.fail(f"PostgreSQL does not start: {said.read_text()[-600:]}{log[-600:]}")
