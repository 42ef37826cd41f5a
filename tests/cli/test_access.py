"""`modellab tokens`, `users` and `projects`: what a person types and sees."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ..typed import modellab
from .conftest import Desk


def test_a_token_is_shown_once_listed_and_revoked(desk: Desk) -> None:
    made = desk.type("tokens", "new", "my-site", "--days", "30")
    assert made.exit_code == 0
    token = made.stdout.strip()
    assert token.startswith("mlab_")
    assert "may infer, read" in made.stderr
    listed = desk.type("tokens", "list").stdout
    assert "my-site" in listed
    assert token not in listed
    assert desk.type("tokens", "revoke", "my-site").stdout == "my-site is revoked\n"
    (row,) = json.loads(desk.type("tokens", "list", "--json").stdout)
    assert row["revoked_at"]
    again = desk.type("tokens", "revoke", "my-site")
    assert (again.exit_code, again.stderr) == (2, "modellab: there is no token 'my-site' that holds\n")


@pytest.mark.slow
def test_accounts_have_roles_in_projects_and_what_was_done_is_kept(desk: Desk) -> None:
    assert desk.type("projects", "new", "call-centre").exit_code == 0
    made = modellab("users", "new", "ann", "--role", "viewer", input="correct horse battery\n")
    assert made.stdout == "ann: viewer in default\n"
    changed = desk.type("users", "role", "ann", "runner", "--project", "call-centre")
    assert changed.stdout == "ann: runner in call-centre, viewer in default\n"
    assert "ann (runner)" in desk.type("projects", "list").stdout
    assert desk.type("users", "disable", "ann").exit_code == 0
    assert "disabled" in desk.type("users", "list").stdout
    assert desk.type("users", "enable", "ann").exit_code == 0
    acts = [row["act"] for row in json.loads(desk.type("users", "audit", "--json").stdout)]
    assert acts == ["account.change", "account.change", "member.change", "member.change", "account.new", "project.new"]
    assert "correct horse" not in desk.type("users", "audit", "--json").stdout


def test_one_process_reads_the_project_and_not_two() -> None:
    code = (
        "import sys; sys.argv = ['modellab', 'tokens', 'list', '--json']\n"
        "from modellab.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('numpy', 'sqlalchemy', 'modellab.plan.settings') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
