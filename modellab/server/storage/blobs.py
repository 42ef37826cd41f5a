"""Blobs: bytes in a store (objects.py), and what the database knows of them.

    p/<project>/<kind>/<sha256>

A row is written before the bytes are, not yet whole, with an end an hour away; it becomes whole when they are there. So
whoever reads sees all of a blob or none, and what a killed process left half done expires like everything else. A sweep
holds the row that it removes until the bytes are gone, and whoever puts the same again waits for that.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from modellab.plan.serve_settings import Serve
from modellab.server.database import Database
from modellab.server.errors import ApiError
from modellab.server.storage import media, objects, tables
from modellab.server.storage.incoming import MB, Received, Spool, parts_of, too_much
from modellab.server.storage.objects import GoneError

LOG = logging.getLogger("modellab.server")
UPLOAD, OUTPUT, KEPT = "upload", "output", "kept"
H_S, D_S = 3600.0, 86_400.0
HALF_DONE_S = H_S  # that putting a blob may take
PROJECT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Blob:
    """One of them; `expires_at` is None while something pins it."""

    id: str
    project: str
    kind: str
    sha256: str
    bytes: int
    content_type: str
    duration_s: float | None
    rate_hz: int | None
    created_at: float
    expires_at: float | None

    @property
    def key(self) -> str:
        return _key(self.project, self.kind, self.sha256)


class Blobs:
    """All of them, of all projects; safe to use from several threads and processes."""

    def __init__(self, settings: Serve, folder: Path, database: Database) -> None:
        self.settings, self.database = settings, database
        self.objects = objects.opened(settings.blobs, folder / "blobs")
        self.spool = Spool(folder / "spool", settings.min_free_mb)

    # ------------------------------------------------------------------------ in

    def put(self, project: str, kind: str, received: Received, content_type: str, **facts: float | None) -> Blob:
        """Keep a file; its project has it already where the digest is the same. ApiError 413, 503.

        `facts` are `duration_s` and `rate_hz` of audio. What was received is moved away.
        """
        assert PROJECT.fullmatch(project), project
        assert content_type in media.KNOWN, content_type
        id = self._begin(project, kind, received, content_type, facts)
        key = _key(project, kind, received.sha256)
        if not self._is_whole(id) or not self.objects.has(key):
            named = media.disposition(content_type, received.sha256[:12])
            self.objects.put(key, received.path, {"Content-Type": content_type, "Content-Disposition": named})
        end = self._end_of(kind)
        there = tables.blobs.c.expires_at
        is_later = tables.blobs.c.is_whole & sa.or_(there.is_(None), there > end)
        values: dict[str, Any] = {"is_whole": True, "expires_at": sa.case((is_later, there), else_=end)}
        with self.database.begin() as connection:
            connection.execute(sa.update(tables.blobs).where(tables.blobs.c.id == id).values(**values))
        return self.find(project, id)

    def _begin(
        self, project: str, kind: str, received: Received, content_type: str, facts: dict[str, float | None]
    ) -> str:
        """The row of what is about to be there; one that is there stays for long enough."""
        now = time.time()
        row = {
            "id": f"blob_{secrets.token_urlsafe(16)}", "project": project, "kind": kind, "sha256": received.sha256,
            "bytes": received.bytes, "content_type": content_type, "created_at": now, "expires_at": now + HALF_DONE_S,
            "is_whole": False, **facts,
        }  # fmt: skip
        held = sa.func.coalesce(sa.func.sum(tables.blobs.c.bytes), 0)
        insert: Any = (sqlite if self.database.is_sqlite else postgresql).insert(tables.blobs)
        with self.database.begin() as connection:
            asked = sa.select(held).where(tables.blobs.c.project == project, tables.blobs.c.sha256 != received.sha256)
            if connection.execute(asked).scalar_one() + received.bytes > self.settings.quota_mb * MB:
                raise too_much(self.settings.quota_mb)
            there = tables.blobs.c.expires_at
            later = sa.case((there < now + HALF_DONE_S, now + HALF_DONE_S), else_=there)
            asked = insert.values(**row).on_conflict_do_update(
                index_elements=["project", "kind", "sha256"], set_={"expires_at": later}
            )
            return str(connection.execute(asked.returning(tables.blobs.c.id)).scalar_one())

    def _is_whole(self, id: str) -> bool:
        with self.database.begin() as connection:
            is_whole = connection.execute(sa.select(tables.blobs.c.is_whole).where(tables.blobs.c.id == id)).scalar()
        return bool(is_whole)

    def _end_of(self, kind: str) -> float:
        lasts = {UPLOAD: self.settings.keep_uploads_h * H_S, OUTPUT: self.settings.keep_outputs_d * D_S}
        return time.time() + lasts.get(kind, HALF_DONE_S)  # the third kind lives by its pins

    # ------------------------------------------------------------------------ out

    def find(self, project: str, id: str) -> Blob:
        """A blob of a project; ApiError 404, also for one of another project or one that has expired."""
        asked = self._shown(project).where(tables.blobs.c.id == id)
        with self.database.begin() as connection:
            row = connection.execute(asked).mappings().one_or_none()
        if row is None:
            raise missing(id)
        return Blob(**row)

    def listed(self, project: str, limit: int, before: str = "") -> list[Blob]:
        """The blobs of a project, newest first; those before the one that `before` names."""
        newest = (tables.blobs.c.created_at.desc(), tables.blobs.c.id.desc())
        asked = self._shown(project).order_by(*newest).limit(limit)
        if before:
            last = self.find(project, before)
            place = sa.tuple_(tables.blobs.c.created_at, tables.blobs.c.id)
            asked = asked.where(place < sa.tuple_(sa.literal(last.created_at), sa.literal(last.id)))
        with self.database.begin() as connection:
            return [Blob(**row) for row in connection.execute(asked).mappings()]

    def _shown(self, project: str) -> sa.Select[Any]:
        shown = [column for column in tables.blobs.c if column.name != "is_whole"]
        lives = sa.or_(tables.blobs.c.expires_at.is_(None), tables.blobs.c.expires_at > time.time())
        return sa.select(*shown).where(tables.blobs.c.project == project, tables.blobs.c.is_whole, lives)

    def stream(self, blob: Blob, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end`."""
        return self.objects.stream(blob.key, start, end)

    def link(self, blob: Blob) -> str:
        """An address from which anybody gets the bytes for five minutes; '' where they come from here."""
        return self.objects.link(blob.key) if self.settings.blob_links else ""

    @contextmanager
    def local(self, blob: Blob) -> Iterator[Path]:
        """A file of this machine with the bytes, only to be read, while the block lasts; it has no suffix."""
        try:
            path = self.objects.local(blob.key)
            if path is not None:
                yield path
                return
            with self.spool.written(self.objects.parts(blob.key)) as copy:
                if copy.sha256 != blob.sha256:
                    raise ApiError(503, "storage_damaged", f"{blob.id} is not what was kept: its digest differs")
                yield copy.path
        except GoneError:
            raise gone(blob.id) from None

    # ------------------------------------------------------------------------ gone

    def pin(self, blob: Blob, by: str) -> Blob:
        """Keep a blob without an end, for a reason, as a blob of its own; whoever put it may delete theirs."""
        if blob.kind != KEPT:
            facts = {"duration_s": blob.duration_s, "rate_hz": blob.rate_hz}
            with (
                self.local(blob) as path,
                path.open("rb") as file,
                self.spool.written(parts_of(file)) as copy,
            ):
                blob = self.put(blob.project, KEPT, copy, blob.content_type, **facts)
        with self.database.begin() as connection:
            connection.execute(sa.insert(tables.pins).values(blob=blob.id, by=by))
            never = {"expires_at": None}
            connection.execute(sa.update(tables.blobs).where(tables.blobs.c.id == blob.id).values(**never))
        return blob

    def unpin(self, by: str) -> None:
        """Let go of what was kept for a reason; what nothing else pins expires now."""
        with self.database.begin() as connection:
            held = connection.execute(sa.select(tables.pins.c.blob).where(tables.pins.c.by == by)).scalars().all()
            connection.execute(sa.delete(tables.pins).where(tables.pins.c.by == by))
            others = sa.select(tables.pins.c.blob)
            free = tables.blobs.c.id.in_(held) & tables.blobs.c.id.not_in(others)
            connection.execute(sa.update(tables.blobs).where(free).values(expires_at=time.time()))

    def delete(self, project: str, id: str) -> None:
        """Delete a blob; ApiError 404, 409 while something pins it."""
        blob = self.find(project, id)
        with self.database.begin() as connection:
            if connection.execute(sa.select(tables.pins.c.by).where(tables.pins.c.blob == id)).first():
                raise ApiError(409, "in_use", f"{id} is pinned: delete what shows it first")
            connection.execute(sa.delete(tables.blobs).where(tables.blobs.c.id == id))
            self.objects.delete(blob.key)

    def sweep(self) -> int:
        """Delete what has expired; how many. One that cannot be deleted now stays for the next time."""
        asked = sa.select(tables.blobs.c.id).where(tables.blobs.c.expires_at <= time.time())
        with self.database.begin() as connection:
            expired = connection.execute(asked).scalars().all()
        return sum(map(self._expire, expired))

    def _expire(self, id: str) -> bool:
        over = (tables.blobs.c.id == id) & (tables.blobs.c.expires_at <= time.time())
        returned = (tables.blobs.c.project, tables.blobs.c.kind, tables.blobs.c.sha256)
        with self.database.begin() as connection:
            row = connection.execute(sa.delete(tables.blobs).where(over).returning(*returned)).one_or_none()
            if row is not None:
                self.objects.delete(_key(*row))
        return row is not None

    def close(self) -> None:
        """Remove what was not kept."""
        self.spool.close()


def _key(project: str, kind: str, sha256: str) -> str:
    return f"p/{project}/{kind}/{sha256}"


def missing(id: str) -> ApiError:
    """There is no such blob, or not in this project, or no more."""
    return ApiError(404, "blob_not_found", f"there is no blob {id[:80]!r} here; uploads are kept for a day", "blob")


def gone(id: str) -> ApiError:
    """The database knows it and the store does not."""
    return ApiError(410, "blob_gone", f"the bytes of {id} are no longer in the storage: upload them again", "blob")
