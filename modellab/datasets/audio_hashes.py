"""What audio files hold, as hashes that are computed once: a file with the size and time it had then is not read again.

    $MODELLAB_CACHE or ~/.cache/modellab
    └── digests.sqlite     place, stamp and SHA-256 of each file that was ever hashed here

A stamp is the file's size, its time of change and its number on the disk; of something elsewhere the server's tag. Any
number of processes share the file. Where it cannot be read or written nothing is remembered, and all is hashed anew.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from modellab.system import cache

NAME = "digests.sqlite"
WAIT_S = 30.0  # for another process that writes
TOGETHER = 500  # hashes written at once
RECENT_NS = 2_000_000_000  # who changed a file just now may change it again within a tick of the disk's clock
TABLE = "CREATE TABLE IF NOT EXISTS hashes (place TEXT PRIMARY KEY, stamp TEXT, hash TEXT) WITHOUT ROWID"


def stamp(file: Path) -> str:
    """What changes with a file, told without reading it: size, time, inode. OSError where there is no file."""
    state = file.stat()
    return f"{state.st_size} {state.st_mtime_ns} {state.st_ino}"


class AudioHashes:
    """The hashes that are known on this machine. New ones are on the disk when the `with` block ends."""

    def __init__(self) -> None:
        self._new: dict[str, tuple[str, str]] = {}
        self._connection: sqlite3.Connection | None = None
        with suppress(OSError, sqlite3.Error):
            self._connection = _opened(cache.home() / NAME)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Write what is new."""
        self._write()
        if self._connection:
            self._connection.close()
            self._connection = None

    def of(self, file: Path) -> str:
        """SHA-256 of the bytes of a file; OSError for one that cannot be read."""

        def hashed() -> str:
            with file.open("rb") as data:
                return hashlib.file_digest(data, "sha256").hexdigest()

        return self.remembered(str(file.absolute()), stamp(file), hashed, keep=not is_recent(file))

    def keep(self, file: Path, sha256: str) -> None:
        """Remember a hash that was computed just now."""
        if not is_recent(file):
            self._new[str(file.absolute())] = stamp(file), sha256

    def remembered(self, place: str, stamp: str, make: Callable[[], str], *, keep: bool = True) -> str:
        """What was made for a place when it had this stamp, else what `make` gives now."""
        if known := self._known(place, stamp):
            return known
        made = make()
        if keep:
            self._new[place] = stamp, made
            if len(self._new) >= TOGETHER:
                self._write()
        return made

    def _known(self, place: str, stamp: str) -> str:
        row = self._new.get(place)
        if row is None and self._connection:
            with suppress(sqlite3.Error):
                row = self._connection.execute("SELECT stamp, hash FROM hashes WHERE place = ?", (place,)).fetchone()
        return row[1] if row and row[0] == stamp else ""

    def _write(self) -> None:
        rows = [(place, *values) for place, values in self._new.items()]
        self._new = {}
        if rows and self._connection:
            with suppress(sqlite3.Error), self._connection:
                self._connection.executemany("INSERT OR REPLACE INTO hashes VALUES (?, ?, ?)", rows)


def _opened(file: Path) -> sqlite3.Connection:
    """The file's connection; a file that is no database of ours is replaced."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _connected(file)
    except sqlite3.OperationalError:  # locked for long, or a disk without room: it may be sound
        raise
    except sqlite3.DatabaseError:
        os.replace(file, file.with_name(f"{NAME}.damaged"))
        return _connected(file)


def _connected(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=WAIT_S, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = OFF")  # a hash that is lost is computed again
        with closing(connection.execute(TABLE)):
            connection.commit()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def is_recent(file: Path) -> bool:
    """Whether a file was changed so shortly ago that it may yet change without its time showing it."""
    return time.time_ns() - file.stat().st_mtime_ns < RECENT_NS
