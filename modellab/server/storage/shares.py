"""Shares: a page that is frozen when it is shared, for whoever has its link, until it expires or is revoked."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa

from modellab.server.access import audit
from modellab.server.auth import Who
from modellab.server.errors import ApiError
from modellab.server.storage import media, tables
from modellab.server.storage.api import iso
from modellab.server.storage.blobs import HALF_DONE_S, KEPT, Blob, Blobs
from modellab.server.storage.drawing import Drawing, Drawn
from modellab.server.storage.incoming import parts_of

ID_BYTES = 16
SHOWN = 6  # characters of a link that the log of what people did has: the whole of it opens the page
NONE = ApiError(404, "share_not_found", "there is no share of that link")
OVER = ApiError(410, "share_over", "what was shared here has expired or was revoked")


@dataclass(frozen=True, slots=True)
class Share:
    """One of them; `id` is its link."""

    id: str
    project: str
    owner: str
    kind: str
    target: str
    title: str
    page: str
    policy: str
    sound: str
    created_at: float
    expires_at: float
    revoked_at: float | None

    @property
    def reason(self) -> str:
        """By what its blobs are pinned."""
        return f"share:{self.id}"

    @property
    def is_over(self) -> bool:
        return self.revoked_at is not None or self.expires_at <= time.time()


class Shares:
    """All of them, of all projects."""

    def __init__(self, blobs: Blobs, drawing: Drawing) -> None:
        self.blobs, self.drawing, self.database = blobs, drawing, blobs.database

    def new(self, who: Who, kind: str, target: str, title: str, expires_at: float, copy: str = "") -> Share:
        """Freeze what a target shows now; ApiError 404 where this project has no such thing.

        `copy`: of the kind `page`, which is drawn in the name of whoever asks, the page.
        """
        id = secrets.token_urlsafe(ID_BYTES)
        sound = self.blobs.find(who.project, target) if kind == "blob" else None
        with self._drawn(who, kind, target, title, id, sound, copy) as drawn:
            with drawn.path.open("rb") as file, self.blobs.spool.written(parts_of(file)) as received:
                page = self.blobs.put(who.project, KEPT, received, media.HTML)
            now = time.time()
            share = Share(
                id, who.project, who.name, kind, target, title or drawn.title, page.id, drawn.policy, "", now,
                expires_at, now,
            )  # fmt: skip
        with self.database.begin() as connection:  # over until all is pinned: what is killed here is swept
            connection.execute(sa.insert(tables.shares).values(**asdict(share)))
        pinned = [self.blobs.pin(blob, share.reason).id for blob in (page, sound) if blob is not None]
        changes: dict[str, Any] = {"page": pinned[0], "sound": "".join(pinned[1:]), "revoked_at": None}
        with self.database.begin() as connection:
            connection.execute(sa.update(tables.shares).where(tables.shares.c.id == id).values(**changes))
            audit.note(connection, who, "share.new", id[:SHOWN], kind=kind, of=target)
        return replace(share, **changes)

    @contextmanager
    def _drawn(
        self, who: Who, kind: str, target: str, title: str, id: str, sound: Blob | None, copy: str
    ) -> Iterator[Drawn]:
        if sound is not None:
            made = self.drawing.sound(sound, title or "a recording", f"/s/{id}/sound")
        elif kind == "page":
            made = self.drawing.copy(copy)
        elif kind == "entry":
            made = self.drawing.entry(who.project, target)
        else:
            made = self.drawing.run(who.project, target)
        with made as drawn:
            yield drawn

    def open(self, id: str) -> Share:
        """The share of a link; ApiError 404 where there never was one, 410 where it is over."""
        with self.database.begin() as connection:
            row = connection.execute(sa.select(tables.shares).where(tables.shares.c.id == id)).mappings().one_or_none()
        if row is None:
            raise NONE
        share = Share(**row)
        if share.is_over:
            raise OVER
        return share

    def blob(self, share: Share, id: str) -> Blob:
        """A blob that a share shows."""
        if not id:
            raise ApiError(404, "not_found", "this share plays nothing")
        return self.blobs.find(share.project, id)

    def listed(self, project: str) -> list[Share]:
        """Those of a project that are not over, newest first."""
        lives = tables.shares.c.revoked_at.is_(None) & (tables.shares.c.expires_at > time.time())
        asked = sa.select(tables.shares).where(tables.shares.c.project == project, lives)
        newest = asked.order_by(tables.shares.c.created_at.desc(), tables.shares.c.id)
        with self.database.begin() as connection:
            return [Share(**row) for row in connection.execute(newest).mappings()]

    def revoke(self, who: Who, id: str) -> None:
        """End a share now; ApiError 404 where their project has none of that link."""
        its = tables.shares.c
        mine = (its.id == id) & (its.project == who.project) & its.revoked_at.is_(None)
        with self.database.begin() as connection:
            updated = connection.execute(sa.update(tables.shares).where(mine).values(revoked_at=time.time()))
            if updated.rowcount != 1:
                raise NONE
            audit.note(connection, who, "share.revoke", id[:SHOWN])
        self.blobs.unpin(f"share:{id}")

    def sweep(self) -> None:
        """Let go of what shares show that have expired, and of those that were never finished."""
        now = time.time()
        over = sa.or_(tables.shares.c.expires_at <= now, tables.shares.c.revoked_at <= now - HALF_DONE_S)
        pinned = sa.select(tables.pins.c.by).where(tables.pins.c.by.startswith("share:")).distinct()
        with self.database.begin() as connection:
            reasons = set(connection.execute(pinned).scalars())
            ended = connection.execute(sa.select(tables.shares.c.id).where(over)).scalars()
            held = {f"share:{id}" for id in ended} & reasons
        for reason in held:
            self.blobs.unpin(reason)


def described(share: Share, address: str) -> dict[str, Any]:
    """A share as the API shows it."""
    return {
        "id": share.id,
        "url": f"{address}/s/{share.id}",
        "kind": share.kind,
        "target": share.target,
        "title": share.title,
        "owner": share.owner,
        "created_at": iso(share.created_at),
        "expires_at": iso(share.expires_at),
    }
