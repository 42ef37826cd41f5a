"""`modellab ...` typed in this process. The tree of its commands, half of what a short one takes, is built once."""

from __future__ import annotations

import functools

import typer.testing
from typer.main import get_command
from typer.testing import CliRunner, Result

from modellab.cli.app import app

typer.testing._get_command = functools.cache(get_command)  # type: ignore[attr-defined]  # there is no way to hand one in


def modellab(*arguments: str, input: str | None = None) -> Result:
    """What a command says, and its exit status; whatever else it raises is raised here."""
    return CliRunner().invoke(app, arguments, input=input, catch_exceptions=False)
