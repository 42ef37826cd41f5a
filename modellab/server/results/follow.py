"""The index after the ledger: what is new in its files since they were last looked at.

A file is known by its path, its inode and how far it was read, always to the end of a line: a last line that is still
being written, or was cut by a kill, waits. One that is another file than it was, or shorter, is read anew; of one that
is gone the rows go. Each batch of rows is put there together with how far its file was read: after a kill nothing is
missing and nothing is twice.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from modellab.errors import NewerError
from modellab.results import ledger
from modellab.server.database import make_tables
from modellab.server.results import line as lines
from modellab.server.results import newest
from modellab.server.results.tables import ABOUT, ENTRIES, FILES, NEWEST, SESSIONS, VERSION

BATCH_LINES, BATCH_BYTES = 500, 8 * 2**20
MOST_COMPLAINTS = 5  # of a file, that are kept
TABLES = (ABOUT, FILES, ENTRIES, NEWEST, SESSIONS)
Sessions = set[tuple[str, str]]  # project and session


@dataclass(frozen=True, slots=True)
class Behind:
    """A file with something new: from where on it is to be read, as far as it goes now."""

    path: Path
    inode: int
    begin: int
    end: int
    is_other: bool = False  # not the one that was read: what is known of it goes


@dataclass(slots=True)
class Batch:
    """Lines of one file, as rows."""

    end: int
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: int = 0
    newer: int = 0
    damaged: int = 0
    complaints: list[str] = field(default_factory=list)


def behind(engine: sa.Engine, mlruns: Path) -> tuple[list[Behind], list[str]]:
    """The files with something new, and the paths of those that are gone."""
    with engine.connect() as connection:
        known = {row.path: row for row in connection.execute(sa.select(FILES.c.path, FILES.c.inode, FILES.c.size))}
    changed, there = [], set()
    for path, about in _files(mlruns):
        there.add(path)
        before = known.get(path)
        is_other = before is not None and (before.inode != about.st_ino or about.st_size < before.size)
        begin = 0 if before is None or is_other else before.size
        if is_other or about.st_size > begin:
            changed.append(Behind(Path(path), about.st_ino, begin, about.st_size, is_other))
    return changed, [path for path in known if path not in there]


def sizes(mlruns: Path) -> tuple[int, int]:
    """(how many files the ledger has, their bytes): another pair once something was added."""
    sizes_bytes = [about.st_size for _, about in _files(mlruns)]
    return len(sizes_bytes), sum(sizes_bytes)


def _files(mlruns: Path) -> Iterator[tuple[str, os.stat_result]]:
    """The paths of `ledger.files` with what the system knows of each: before every answer, so without more ado."""
    for place in ledger.places(mlruns):
        try:
            with os.scandir(place) as entries:
                there = sorted((file for file in entries if file.name.endswith(".jsonl")), key=lambda file: file.name)
        except OSError:  # there is none yet
            continue
        for file in there:
            try:
                about = file.stat()
            except OSError:  # removed just now: next time
                continue
            if stat.S_ISREG(about.st_mode):
                yield file.path, about


def follow(engine: sa.Engine, mlruns: Path, row: Callable[[bytes], dict[str, Any]] = lines.row) -> int:
    """Read what is new; how many lines that were. `row` makes a row of a line."""
    check_version(engine)
    changed, gone = behind(engine, mlruns)
    for path in (*gone, *(str(file.path) for file in changed if file.is_other)):
        forget(engine, path)
    count = 0
    for file in changed:
        for batch in batches(file, row):
            _keep(engine, file, batch)
            count += batch.lines
    return count


def check_version(engine: sa.Engine) -> None:
    """Throw away an index of another version of modellab."""
    with engine.connect() as connection:
        versions = connection.execute(sa.select(ABOUT.c.version)).scalars().all()
    if versions != [VERSION]:
        clear(engine)


def clear(engine: sa.Engine) -> None:
    """An empty index: the tables are made anew."""
    with engine.begin() as connection:
        for table in TABLES:
            table.drop(connection, checkfirst=True)
        make_tables(connection, TABLES)
        connection.execute(sa.insert(ABOUT).values(version=VERSION))


def forget(engine: sa.Engine, path: str) -> None:
    """Take out what was read of a file."""
    with engine.begin() as connection:
        asked = sa.select(ENTRIES.c.project, ENTRIES.c.session).where(ENTRIES.c.path == path).distinct()
        sessions = {(row.project, row.session) for row in connection.execute(asked)}
        cases = newest.cases(connection, ENTRIES.c.path == path)
        connection.execute(sa.delete(ENTRIES).where(ENTRIES.c.path == path))
        connection.execute(sa.delete(FILES).where(FILES.c.path == path))
        _sum_up(connection, sessions)
        newest.again(connection, cases)


def batches(new: Behind, row: Callable[[bytes], dict[str, Any]] = lines.row) -> Iterator[Batch]:
    """The whole lines of a file from where it was left, some at a time."""
    with new.path.open("rb") as file:
        file.seek(new.begin)
        place, batch, begun = new.begin, Batch(new.begin), new.begin
        for line in file:
            if not line.endswith(b"\n"):
                break
            _take(batch, line, row, new.path, place)
            place += len(line)
            batch.end = place
            if batch.lines >= BATCH_LINES or place - begun >= BATCH_BYTES:
                yield batch
                batch, begun = Batch(place), place
        if batch.end > begun:
            yield batch


def _take(batch: Batch, line: bytes, of: Callable[[bytes], dict[str, Any]], path: Path, place: int) -> None:
    """One line into a batch: as a row, or as what is wrong with it."""
    batch.lines += 1
    if not line.strip():
        return
    try:
        row = of(line)
    except NewerError as problem:
        batch.newer += 1
        batch.complaints[:] = [*batch.complaints[-MOST_COMPLAINTS:], f"{path.name}: a result {problem}"[:200]]
    except ledger.TOO_DEEP as problem:
        batch.damaged += 1
        message = f"{path.name}, at byte {place}: no result ({type(problem).__name__})"
        batch.complaints[:] = [*batch.complaints[-MOST_COMPLAINTS:], message[:200]]
    else:
        batch.rows[row["id"]] = {**row, "path": str(path), "offset": place, "length": len(line)}


def _keep(engine: sa.Engine, new: Behind, batch: Batch) -> None:
    """A batch and how far its file was read, both or neither."""
    insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
    with engine.begin() as connection:
        before = connection.execute(sa.select(FILES).where(FILES.c.path == str(new.path))).mappings().first()
        held: dict[str, Any] = dict(before) if before else {"lines": 0, "newer": 0, "damaged": 0, "complaints": "[]"}
        complaints = [*json.loads(held["complaints"]), *batch.complaints][:MOST_COMPLAINTS]
        counts = {name: held[name] + getattr(batch, name) for name in ("lines", "newer", "damaged")}
        file = {"inode": new.inode, "size": batch.end, "complaints": json.dumps(complaints), **counts}
        upsert = insert(FILES).values(path=str(new.path), **file)
        connection.execute(upsert.on_conflict_do_update(index_elements=["path"], set_=file))
        if batch.rows:
            asked = insert(ENTRIES)
            columns = {column.name: asked.excluded[column.name] for column in ENTRIES.c if column.name != "id"}
            replaced = ENTRIES.c.id.in_(list(batch.rows))
            known = set(connection.execute(sa.select(ENTRIES.c.id).where(replaced)).scalars())
            changed = newest.cases(connection, replaced)
            same_file = ENTRIES.c.path == asked.excluded.path  # of two files the first holds, as in `ledger.read`
            connection.execute(
                asked.on_conflict_do_update(index_elements=["id"], set_=columns, where=same_file),
                list(batch.rows.values()),
            )
            newest.add(connection, [row for id, row in batch.rows.items() if id not in known])
            newest.again(connection, changed | newest.cases(connection, ENTRIES.c.id.in_(known)) if known else set())
        _sum_up(connection, {(row["project"], row["session"]) for row in batch.rows.values()})


def _sum_up(connection: sa.Connection, sessions: Sessions) -> None:
    """The rows of sessions, from those of their entries."""
    for project, session in sorted(sessions):
        theirs = (ENTRIES.c.project == project) & (ENTRIES.c.session == session)
        connection.execute(sa.delete(SESSIONS).where((SESSIONS.c.project == project) & (SESSIONS.c.session == session)))
        row = _session(list(connection.execute(_parts().where(theirs)).mappings()))
        if row is not None:
            connection.execute(sa.insert(SESSIONS).values(project=project, session=session, **row))


def _parts() -> sa.Select[Any]:
    """A session's entries by status."""
    texts = ("commit", "branch", "machine", "host", "person", "experiment")
    status = ENTRIES.c.status + sa.literal_column("''")  # the bare column makes SQLite read the whole index by status
    return sa.select(
        status.label("status"),
        sa.func.count().label("cases"),
        sa.func.sum(sa.cast(ENTRIES.c.red, sa.Integer)).label("red"),
        sa.func.max(sa.cast(ENTRIES.c.dirty, sa.Integer)).label("dirty"),
        sa.func.min(ENTRIES.c.started_at).label("started_at"),
        sa.func.max(ENTRIES.c.finished_at).label("finished_at"),
        *(sa.func.max(ENTRIES.c[name]).label(name) for name in texts),
    ).group_by(status)


def _session(parts: Iterable[Any]) -> dict[str, Any] | None:
    rows = list(parts)
    if not rows:
        return None
    texts = ("commit", "branch", "machine", "host", "person", "experiment", "finished_at")
    return {
        **{name: max(row[name] for row in rows) for name in texts},
        "started_at": min(row["started_at"] for row in rows),
        "dirty": any(row["dirty"] for row in rows),
        "cases": sum(row["cases"] for row in rows),
        "red": sum(row["red"] for row in rows),
        "statuses": json.dumps({row["status"]: row["cases"] for row in rows}, sort_keys=True),
    }
