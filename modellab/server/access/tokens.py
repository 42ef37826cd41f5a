"""Tokens: `mlab_<id>_<43 characters>`. The database has the id, to find one by, and the SHA-256 of the whole."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from modellab.server.access import accounts, audit, names, tables
from modellab.server.access.names import digest
from modellab.server.askers import SCOPES, Who
from modellab.server.errors import ApiError

FORM = re.compile(r"mlab_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
USED_EVERY_S = 60.0  # that its last use is written at most
SHOWN = [column for column in tables.tokens.c if column.name != "digest"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A token to be made; ApiError where it cannot be."""

    name: str
    scopes: frozenset[str]
    project: str | None = None
    account: str | None = None
    expires_s: float | None = None  # from now

    def __post_init__(self) -> None:
        names.checked(self.name)
        if self.expires_s is not None and not 0 < self.expires_s < 100 * 365 * 86_400:
            raise ApiError(400, "invalid_value", "a token may hold for up to a hundred years", "expires_s")


def new(connection: sa.Connection, who: Who, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    """(the token, which nobody can show again, what is known of it)."""
    if wanted.project is not None:
        accounts.project(connection, wanted.project)
    is_taken = sa.select(tables.tokens.c.id).where(tables.tokens.c.name == wanted.name, _live())
    if connection.execute(is_taken).first() or accounts.is_name(connection, wanted.name):
        raise ApiError(409, "name_taken", f"there is a token or an account {wanted.name!r} already", "name")
    owner = accounts.named(connection, wanted.account)["id"] if wanted.account else None
    number = secrets.token_hex(6)
    text = f"mlab_{number}_{secrets.token_urlsafe(32)}"
    now = time.time()
    row = {
        "id": number,
        "name": wanted.name,
        "account": owner,
        "project": wanted.project,
        "scopes": " ".join(scope for scope in SCOPES if scope in wanted.scopes),
        "made_by": who.name,
        "created_at": now,
        "expires_at": None if wanted.expires_s is None else now + wanted.expires_s,
    }
    connection.execute(sa.insert(tables.tokens).values(**row, digest=digest(text)))
    audit.note(connection, who, "token.new", number, name=wanted.name, scopes=row["scopes"], bound_to=wanted.project)
    return text, shown({**row, "revoked_at": None, "used_at": None}, wanted.account)


def given_id(given: str) -> str:
    """The id that a token names; '' where it has not the form of one."""
    form = FORM.fullmatch(given)
    return form[1] if form else ""


def find(connection: sa.Connection, number: str) -> dict[str, Any] | None:
    """The row of a token that holds now. Whoever gives one has to be held against its digest."""
    row = connection.execute(sa.select(tables.tokens).where(tables.tokens.c.id == number)).mappings().first()
    if row is None or row["revoked_at"] is not None:
        return None
    return dict(row) if row["expires_at"] is None or row["expires_at"] > time.time() else None


def is_one(given: str, known: str) -> bool:
    """Whether a secret is the one of a digest; how long that takes tells nothing."""
    return hmac.compare_digest(digest(given), known)


def note_use(connection: sa.Connection, row: dict[str, Any]) -> None:
    """Write that a token is in use, at most once in a minute."""
    now = time.time()
    if abs(now - (row["used_at"] or 0.0)) >= USED_EVERY_S:
        connection.execute(sa.update(tables.tokens).where(tables.tokens.c.id == row["id"]).values(used_at=now))


def every(connection: sa.Connection) -> list[dict[str, Any]]:
    """What is known of each token, the newest first."""
    names = tables.tokens.outerjoin(tables.accounts, tables.tokens.c.account == tables.accounts.c.id)
    asked = sa.select(*SHOWN, tables.accounts.c.name.label("owner")).select_from(names)
    rows = connection.execute(asked.order_by(tables.tokens.c.created_at.desc(), tables.tokens.c.id)).mappings()
    return [shown(dict(row), row["owner"]) for row in rows]


def revoke(connection: sa.Connection, who: Who, id_or_name: str) -> dict[str, Any]:
    """Revoke a token, by its id or its name; ApiError where there is none to revoke."""
    its = tables.tokens.c
    rows = connection.execute(
        sa.select(*SHOWN).where(_live(), (its.id == id_or_name) | (its.name == id_or_name))
    ).mappings()
    if (row := rows.first()) is None:
        raise ApiError(404, "not_found", f"there is no token {id_or_name[:80]!r} that holds")
    now = time.time()
    connection.execute(sa.update(tables.tokens).where(its.id == row["id"]).values(revoked_at=now))
    audit.note(connection, who, "token.revoke", row["id"], name=row["name"])
    return shown({**row, "revoked_at": now}, None)


def shown(row: dict[str, Any], owner: str | None) -> dict[str, Any]:
    """What may be told of a token."""
    about = {name: row[name] for name in ("id", "name", "project", "made_by", "created_at", "expires_at")}
    ends = {name: row[name] for name in ("revoked_at", "used_at")}
    return {**about, "account": owner, "scopes": row["scopes"].split(), **ends}


def _live() -> sa.ColumnElement[bool]:
    return tables.tokens.c.revoked_at.is_(None)
