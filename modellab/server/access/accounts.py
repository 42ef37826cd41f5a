"""People and projects, and who has which role in which. Nobody is deleted, but disabled."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from modellab.server.access import audit, names, roles, sessions, tables
from modellab.server.askers import Who
from modellab.server.errors import ApiError

Scopes = dict[str, frozenset[str]]  # by project

# ---------------------------------------------------------------------------- projects


def ensure_default(connection: sa.Connection) -> None:
    """The project that is always there."""
    if tables.PROJECT not in project_names(connection):
        connection.execute(sa.insert(tables.projects).values(name=tables.PROJECT, created_at=time.time()))


def project_names(connection: sa.Connection) -> list[str]:
    """Every project."""
    return list(connection.execute(sa.select(tables.projects.c.name).order_by(tables.projects.c.name)).scalars())


def project(connection: sa.Connection, name: object) -> str:
    """The name of a project that is there; ApiError 404."""
    if name not in project_names(connection):
        raise ApiError(404, "not_found", f"there is no project {str(name)[:80]!r}", "project")
    return str(name)


def new_project(connection: sa.Connection, who: Who, name: object) -> dict[str, Any]:
    """Make a project."""
    if not isinstance(name, str) or not names.PROJECT.fullmatch(name):
        message = f"name is {str(name)[:60]!r}, expected up to 64 small letters, digits, _ and -"
        raise ApiError(400, "invalid_value", message, "name")
    if name in project_names(connection):
        raise ApiError(409, "name_taken", f"there is a project {name!r} already", "name")
    connection.execute(sa.insert(tables.projects).values(name=name, created_at=(now := time.time())))
    audit.note(connection, who, "project.new", name)
    return {"name": name, "created_at": now, "members": {}}


def every_project(connection: sa.Connection) -> list[dict[str, Any]]:
    """Each project with its members."""
    asked = sa.select(tables.members.c.project, tables.accounts.c.name, tables.members.c.role)
    rows = connection.execute(asked.join(tables.accounts, tables.accounts.c.id == tables.members.c.account)).all()
    return [
        {**row, "members": {name: role for place, name, role in rows if place == row["name"]}}
        for row in map(dict, connection.execute(sa.select(tables.projects).order_by("name")).mappings())
    ]


# ---------------------------------------------------------------------------- people


def is_name(connection: sa.Connection, name: str) -> bool:
    """Whether an account has this name."""
    return connection.execute(sa.select(tables.accounts.c.id).where(tables.accounts.c.name == name)).first() is not None


def named(connection: sa.Connection, name: object) -> dict[str, Any]:
    """An account by its name; ApiError 404."""
    row = connection.execute(sa.select(tables.accounts).where(tables.accounts.c.name == str(name))).mappings().first()
    if row is None:
        raise ApiError(404, "not_found", f"there is no account {str(name)[:80]!r}")
    return dict(row)


def new(connection: sa.Connection, who: Who, name: str, *, is_admin: bool = False, **kept: Any) -> dict[str, Any]:
    """Make an account; `kept` is how its owner signs in: `password`, or `issuer` and `subject`."""
    names.checked(name)
    is_token = sa.select(tables.tokens.c.id).where(tables.tokens.c.name == name)
    if is_name(connection, name) or connection.execute(is_token).first():
        raise ApiError(409, "name_taken", f"there is a token or an account {name!r} already", "name")
    row = {"id": secrets.token_hex(8), "name": name, "is_admin": is_admin, "created_at": time.time(), **kept}
    connection.execute(sa.insert(tables.accounts).values(**row))
    audit.note(connection, who, "account.new", name, is_admin=is_admin)
    return shown(connection, row)


def change(connection: sa.Connection, who: Who, name: str, **changes: Any) -> dict[str, Any]:
    """Change `password`, `is_admin` or `is_disabled` of an account; its sessions end with the first and the last."""
    row = named(connection, name)
    values = {key: value for key, value in changes.items() if key in ("password", "is_admin")}
    if "is_disabled" in changes:
        values["disabled_at"] = time.time() if changes["is_disabled"] else None
    if row["is_admin"] and (values.get("is_admin") is False or values.get("disabled_at")):
        _check_others(connection, row["id"])
    connection.execute(sa.update(tables.accounts).where(tables.accounts.c.id == row["id"]).values(**values))
    if "password" in values or values.get("disabled_at"):
        sessions.end_others(connection, row["id"])
    details = {key: value for key, value in changes.items() if key != "password"}
    audit.note(connection, who, "account.change", name, changed=sorted(changes), **details)
    return shown(connection, {**row, **values})


def set_own_password(connection: sa.Connection, who: Who, number: str, kept: str, session: str) -> int:
    """Give one's account another password, kept as argon2id; how many other sessions ended with the old one."""
    connection.execute(sa.update(tables.accounts).where(tables.accounts.c.id == number).values(password=kept))
    ended = sessions.end_others(connection, number, session)
    audit.note(connection, who, "account.password", who.name, sessions_ended=ended)
    return ended


def end_other_sessions(connection: sa.Connection, who: Who, number: str, session: str) -> int:
    """End the sessions of one's account but this one; how many there were."""
    ended = sessions.end_others(connection, number, session)
    audit.note(connection, who, "account.sessions", who.name, sessions_ended=ended)
    return ended


def _check_others(connection: sa.Connection, number: str) -> None:
    """ApiError where this account is the last admin."""
    its = tables.accounts.c
    others = sa.select(its.id).where(its.is_admin, its.disabled_at.is_(None), its.id != number)
    if connection.execute(others).first() is None:
        raise ApiError(409, "last_admin", "this is the only admin that is left: make another one first")


def set_role(connection: sa.Connection, who: Who, name: str, place: str, role: str | None) -> dict[str, Any]:
    """Give an account a role in a project; None takes it out."""
    row, place = named(connection, name), project(connection, place)
    theirs = (tables.members.c.account == row["id"]) & (tables.members.c.project == place)
    connection.execute(sa.delete(tables.members).where(theirs))
    if role is not None:
        connection.execute(sa.insert(tables.members).values(account=row["id"], project=place, role=roles.role(role)))
    audit.note(connection, who, "member.change", name, in_project=place, role=role)
    return shown(connection, row)


def every(connection: sa.Connection) -> list[dict[str, Any]]:
    """Each account."""
    rows = connection.execute(sa.select(tables.accounts).order_by(tables.accounts.c.name)).mappings().all()
    return [shown(connection, dict(row)) for row in rows]


def name_of(connection: sa.Connection, number: str | None) -> str:
    """The name of an account; '' for none."""
    return connection.execute(sa.select(tables.accounts.c.name).where(tables.accounts.c.id == number)).scalar() or ""


def has_password(connection: sa.Connection, number: str) -> bool:
    """Whether an account signs in with a password of this server."""
    asked = sa.select(tables.accounts.c.password).where(tables.accounts.c.id == number)
    return connection.execute(asked).scalar() is not None


def roles_of(connection: sa.Connection, number: str) -> dict[str, str]:
    """The role that an account has in each of its projects."""
    asked = sa.select(tables.members.c.project, tables.members.c.role).where(tables.members.c.account == number)
    return {str(place): str(role) for place, role in connection.execute(asked)}


def scopes_of(connection: sa.Connection, number: str) -> Scopes | None:
    """What an account may in each project; None where it is disabled or not there."""
    row = connection.execute(sa.select(tables.accounts).where(tables.accounts.c.id == number)).mappings().first()
    if row is None or row["disabled_at"] is not None:
        return None
    if row["is_admin"]:
        return dict.fromkeys(project_names(connection), roles.ALL)
    return {place: roles.ROLES[role] for place, role in roles_of(connection, number).items()}


def shown(connection: sa.Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    """What may be told of an account."""
    about = {name: row[name] for name in ("id", "name", "is_admin", "created_at")}
    signs_in = "password" if row.get("password") else row.get("issuer") or "not at all"
    ends = {"disabled_at": row.get("disabled_at"), "signs_in": signs_in}
    return {**about, "roles": roles_of(connection, row["id"]), **ends}
