"""`/api/v1/tokens`, `/users`, `/projects`, `/audit`: for admins."""

from __future__ import annotations

from typing import Annotated, Any

import pydantic
from fastapi import APIRouter, Depends, Query

from modellab.schema import Strict
from modellab.server.access import accounts, audit, passwords, roles, tokens
from modellab.server.access.guard import Guard
from modellab.server.auth import Who, needs
from modellab.server.errors import ApiError

Admin = Annotated[Who, Depends(needs("admin"))]
Text = Annotated[str, pydantic.Field(max_length=1024)]
Rows = dict[str, Any]


class NewToken(Strict):
    """A token to be made. `project` null: each request names one with the header OpenAI-Project."""

    name: Text
    scopes: list[Text] = pydantic.Field(default=["infer", "read"], max_length=16)
    project: Text | None = "default"
    account: Text | None = None
    expires_s: float | None = pydantic.Field(default=None, gt=0)


class NewUser(Strict):
    """An account to be made."""

    name: Text
    password: Text
    is_admin: bool = False


class UserChange(Strict):
    """What of an account is to change."""

    password: Text | None = None
    is_admin: bool | None = None
    is_disabled: bool | None = None


class Role(Strict):
    """viewer, rater, runner or maintainer."""

    role: Text


class NewProject(Strict):
    """A project to be made."""

    name: Text


def router(guard: Guard) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1", tags=["access"])
    _tokens(routes, guard)
    _users(routes, guard)
    _projects(routes, guard)
    return routes


def _tokens(routes: APIRouter, guard: Guard) -> None:
    @routes.get("/tokens")
    def listed(_: Admin) -> Rows:
        """Every token, the newest first, without what it is."""
        with guard.database.begin() as connection:
            return _list(tokens.every(connection))

    @routes.post("/tokens", status_code=201)
    def new(who: Admin, body: NewToken) -> Rows:
        """Make a token; `token` is in this answer and nowhere else."""
        wanted = tokens.Wanted(body.name, roles.scopes(body.scopes), body.project, body.account, body.expires_s)
        text, row = guard.act(lambda connection: tokens.new(connection, who, wanted))
        return {**row, "token": text}

    @routes.delete("/tokens/{token}")
    def revoke(who: Admin, token: str) -> Rows:
        """Revoke a token, by its id or its name."""
        return guard.act(lambda connection: tokens.revoke(connection, who, token))


def _users(routes: APIRouter, guard: Guard) -> None:
    @routes.get("/users")
    def listed(_: Admin) -> Rows:
        """Every account with its roles."""
        with guard.database.begin() as connection:
            return _list(accounts.every(connection))

    @routes.post("/users", status_code=201)
    def new(who: Admin, body: NewUser) -> Rows:
        """Make an account."""
        kept = passwords.kept(body.password)
        return guard.act(
            lambda connection: accounts.new(connection, who, body.name, is_admin=body.is_admin, password=kept)
        )

    @routes.patch("/users/{name}")
    def change(who: Admin, name: str, body: UserChange) -> Rows:
        """Give an account another password, make it an admin or none, disable it."""
        changes = body.model_dump(exclude_none=True)
        if not changes:
            raise ApiError(400, "missing_field", "expected password, is_admin or is_disabled")
        if body.password is not None:
            changes["password"] = passwords.kept(body.password)
        return guard.act(lambda connection: accounts.change(connection, who, name, **changes))

    @routes.put("/users/{name}/roles/{project}")
    def give(who: Admin, name: str, project: str, body: Role) -> Rows:
        """Give an account a role in a project."""
        return guard.act(lambda connection: accounts.set_role(connection, who, name, project, body.role))

    @routes.delete("/users/{name}/roles/{project}")
    def take(who: Admin, name: str, project: str) -> Rows:
        """Take an account out of a project."""
        return guard.act(lambda connection: accounts.set_role(connection, who, name, project, None))


def _projects(routes: APIRouter, guard: Guard) -> None:
    @routes.get("/projects")
    def listed(_: Admin) -> Rows:
        """Every project with its members."""
        with guard.database.begin() as connection:
            return _list(accounts.every_project(connection))

    @routes.post("/projects", status_code=201)
    def new(who: Admin, body: NewProject) -> Rows:
        """Make a project."""
        return guard.act(lambda connection: accounts.new_project(connection, who, body.name))

    @routes.get("/audit")
    def log(
        _: Admin,
        act: str = "",
        who: str = "",
        before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
        limit: Annotated[int, Query(ge=1, le=audit.MOST)] = 50,
    ) -> Rows:
        """What people did, the newest first; `before` is the id of the last line of the page before."""
        with guard.database.begin() as connection:
            return _list(audit.read(connection, act=act, who=who, before=before, most=limit))


def _list(rows: list[Rows]) -> Rows:
    return {"object": "list", "data": rows}
