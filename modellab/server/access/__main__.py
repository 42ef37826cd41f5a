"""`python -m modellab.server.access FOLDER ORDER`: tokens, accounts and projects from the command line.

FOLDER is in the project, or stands for one. ORDER is JSON, `{"do": "tokens.new", ...}`; a password comes on the
standard input. Whoever can write the database's file may do all of it, also beside a server that runs, which believes
it within seconds. Prints JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from modellab.errors import ModellabError, refused
from modellab.plan.settings import Project, find_root
from modellab.server.access import accounts, audit, passwords, roles, tokens
from modellab.server.askers import Who
from modellab.server.database import Database
from modellab.server.errors import ApiError
from modellab.system import escape

SHELL = Who(audit.SHELL, "", roles.ALL)


def _new_token(connection: sa.Connection, order: Mapping[str, Any]) -> dict[str, Any]:
    wanted = tokens.Wanted(
        order["name"], roles.scopes(order["scopes"]), order["project"], order["account"], order["expires_s"]
    )
    text, row = tokens.new(connection, SHELL, wanted)
    return {**row, "token": text}


def _new_account(connection: sa.Connection, order: Mapping[str, Any]) -> dict[str, Any]:
    kept = passwords.kept(sys.stdin.readline().rstrip("\n"))
    accounts.new(connection, SHELL, order["name"], is_admin=order["is_admin"], password=kept)
    if order["role"]:
        accounts.set_role(connection, SHELL, order["name"], order["project"], order["role"])
    return accounts.shown(connection, accounts.named(connection, order["name"]))


def _change_account(connection: sa.Connection, order: Mapping[str, Any]) -> dict[str, Any]:
    changes = dict(order["changes"])
    if order.get("new_password"):
        changes["password"] = passwords.kept(sys.stdin.readline().rstrip("\n"))
    return accounts.change(connection, SHELL, order["name"], **changes)


DO: dict[str, Callable[[sa.Connection, Mapping[str, Any]], Any]] = {
    "tokens.list": lambda connection, _: tokens.every(connection),
    "tokens.new": _new_token,
    "tokens.revoke": lambda connection, order: tokens.revoke(connection, SHELL, order["which"]),
    "users.list": lambda connection, _: accounts.every(connection),
    "users.new": _new_account,
    "users.change": _change_account,
    "users.role": lambda connection, order: accounts.set_role(
        connection, SHELL, order["name"], order["project"], order["role"] or None
    ),
    "projects.list": lambda connection, _: accounts.every_project(connection),
    "projects.new": lambda connection, order: accounts.new_project(connection, SHELL, order["name"]),
    "audit": lambda connection, order: audit.read(connection, most=order["most"]),
}


def main(folder: str, order: str) -> int:
    """Do what was ordered; 2 for what cannot be."""
    try:
        here = Path(folder)
        project = Project.at(find_root(here) or here)
        given = json.loads(order)
        database = Database(project.serve.database, project.root / project.serve.folder)
        try:
            with database.begin() as connection:
                accounts.ensure_default(connection)
                answer = DO[given["do"]](connection, given)
        finally:
            database.close()
    except (ModellabError, ApiError) as error:
        sys.stderr.write(f"modellab: {escape.lines(str(error))}\n")
        return 2
    except OSError as error:  # a folder that may not be read
        sys.stderr.write(f"modellab: {escape.lines(refused(error, "the server's folder"))}\n")
        return 2
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
