"""`modellab tokens`, `users` and `projects`: who may ask `modellab serve`, also beside a server that runs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from modellab.cli import common, grouped

tokens = typer.Typer(
    cls=grouped.WholeSummaries,
    help="Tokens of `modellab serve`: list them, make one, revoke one.",
    no_args_is_help=True,
)
users = typer.Typer(
    cls=grouped.WholeSummaries,
    help="Accounts of `modellab serve`, their roles, and what they did.",
    no_args_is_help=True,
)
projects = typer.Typer(
    cls=grouped.WholeSummaries,
    help="Projects of `modellab serve`: who is in one sees nothing of others.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME")]
Place = Annotated[str, typer.Option("--project", metavar="PROJECT", help="Which one; default: default.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
DAY_S = 86_400.0


@tokens.command(name="list")
def list_tokens(json: AsJson = False) -> None:
    """Every token, the newest first, without what it is."""
    rows = _ask("tokens.list")
    if json:
        common.put_json(rows)
        return
    columns = ["name", "id", "project", "scopes", "of", "state", "used"]
    common.print_table(columns, ([*_token(row), _state(row), _when(row["used_at"])] for row in rows))


@tokens.command(name="new")
def new_token(
    name: Name,
    scope: Annotated[
        list[str] | None,
        typer.Option(metavar="SCOPE", help="infer, read, run, promote, rate or admin; default: infer and read."),
    ] = None,
    project: Annotated[str, typer.Option(metavar="PROJECT", help="That it is bound to; '' for any.")] = "default",
    account: Annotated[str, typer.Option(metavar="NAME", help="Whose it is: it may no more than they may.")] = "",
    days: Annotated[float | None, typer.Option(min=0.001, max=36_500, help="That it holds; default: for ever.")] = None,
) -> None:
    """Make a token, and show it this once."""
    made = _ask(
        "tokens.new", name=name, scopes=scope or ["infer", "read"], project=project or None, account=account or None,
        expires_s=None if days is None else days * DAY_S,
    )  # fmt: skip
    common.put(f"{made['token']}\n")  # said, it would be masked
    common.say(f"it is shown this once, and may {', '.join(made['scopes'])}; its id is {made['id']}", err=True)


@tokens.command()
def revoke(token: Annotated[str, typer.Argument(metavar="ID|NAME")]) -> None:
    """Revoke a token; a running server knows within seconds."""
    common.say(f"{_ask('tokens.revoke', which=token)['name']} is revoked")


@users.command(name="list")
def list_users(json: AsJson = False) -> None:
    """Every account, and its role in each project."""
    rows = _ask("users.list")
    if json:
        common.put_json(rows)
        return
    table = ([row["name"], _roles(row), row["signs_in"], "disabled" if row["disabled_at"] else ""] for row in rows)
    common.print_table(["name", "roles", "signs in by", "state"], table)


@users.command(name="new")
def new_user(
    name: Name,
    admin: Annotated[bool, typer.Option("--admin", help="May everything, everywhere.")] = False,
    role: Annotated[str, typer.Option(metavar="ROLE", help="viewer, rater, runner or maintainer.")] = "",
    project: Place = "default",
) -> None:
    """Make an account; its password is asked for, or read from the standard input."""
    row = _ask("users.new", _password(), name=name, is_admin=admin, role=role, project=project)
    common.say(f"{row['name']}: {_roles(row)}")


@users.command()
def role(
    name: Name,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="viewer, rater, runner, maintainer, or none.")],
    project: Place = "default",
) -> None:
    """Give an account a role in a project, or none there."""
    row = _ask("users.role", name=name, project=project, role="" if role == "none" else role)
    common.say(f"{row['name']}: {_roles(row)}")


@users.command()
def password(name: Name) -> None:
    """Give an account another password; its sessions end."""
    _ask("users.change", _password(), name=name, changes={}, new_password=True)
    common.say(f"{name} has another password")


@users.command()
def disable(name: Name) -> None:
    """Disable an account, with its tokens and sessions."""
    _ask("users.change", name=name, changes={"is_disabled": True})
    common.say(f"{name} is disabled")


@users.command()
def enable(name: Name) -> None:
    """Enable a disabled account again."""
    _ask("users.change", name=name, changes={"is_disabled": False})
    common.say(f"{name} may sign in")


@users.command()
def audit(most: Annotated[int, typer.Option(min=1, max=200, help="Lines.")] = 50, json: AsJson = False) -> None:
    """What people did to the server, the newest first."""
    rows = _ask("audit", most=most)
    if json:
        common.put_json(rows)
        return
    table = ([_when(row["at"]), row["who"], row["act"], row["target"], row["address"]] for row in rows)
    common.print_table(["when", "who", "what", "to", "from"], table)


@projects.command(name="list")
def list_projects(json: AsJson = False) -> None:
    """Every project, with its members."""
    rows = _ask("projects.list")
    if json:
        common.put_json(rows)
        return
    members = (", ".join(f"{name} ({role})" for name, role in row["members"].items()) for row in rows)
    common.print_table(["name", "members"], zip((row["name"] for row in rows), members, strict=True))


@projects.command(name="new")
def new_project(name: Name) -> None:
    """Make a project."""
    common.say(f"there is a project {_ask('projects.new', name=name)['name']}")


def _ask(do: str, secret: str = "", **order: Any) -> Any:
    """What a process that has the server's libraries says; it ends this one where it refuses."""
    import json
    import subprocess
    import sys

    from modellab.system import extras

    extras.need("serve", "`modellab serve`")
    here = str(Path.cwd())  # that process finds the project: its settings are not read twice
    command = [sys.executable, "-m", "modellab.server.access", here, json.dumps({"do": do, **order})]
    done = subprocess.run(command, input=f"{secret}\n", capture_output=True, text=True, check=False)
    if done.returncode:
        common.say(done.stderr.strip(), err=True)
        raise typer.Exit(done.returncode)
    return json.loads(done.stdout)


def _password() -> str:
    """From a person twice, from a program once."""
    import sys

    if sys.stdin.isatty():
        return str(typer.prompt("password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


def _token(row: dict[str, Any]) -> list[str]:
    return [row["name"], row["id"], row["project"] or "any", " ".join(row["scopes"]), row["account"] or ""]


def _state(row: dict[str, Any]) -> str:
    if row["revoked_at"]:
        return "revoked"
    if row["expires_at"] is None:
        return "holds"
    return "expired" if row["expires_at"] <= time.time() else f"until {_when(row['expires_at'])}"


def _roles(row: dict[str, Any]) -> str:
    if row["is_admin"]:
        return "admin"
    return ", ".join(f"{role} in {project}" for project, role in row["roles"].items()) or "none"


def _when(at: float | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at)) if at else "never"
