"""The reference of the command line: what `--help` says of each command, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer
from typer.testing import CliRunner

from modellab.cli.app import app

COLUMNS = 86
INTRODUCTION = """# Commands

What `modellab COMMAND --help` says, made from the commands when this site is built. `modellab run` takes every option
of pytest too.
"""


def paths(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of each command that can be given: `()`, `("baselines",)`, `("baselines", "accept")`, ..."""
    yield path
    for name, subcommand in getattr(command, "commands", {}).items():
        if not subcommand.hidden:
            yield from paths(subcommand, (*path, name))


def help_text(path: tuple[str, ...]) -> str:
    """What `--help` prints of a command."""
    result = CliRunner().invoke(app, [*path, "--help"], prog_name="modellab", terminal_width=COLUMNS)
    if result.exit_code:
        raise RuntimeError(f"modellab {' '.join(path)} --help ended with status {result.exit_code}: {result.output}")
    return result.output.rstrip()


def page() -> str:
    """All of it: a heading for each command, its help below."""
    return "\n".join([INTRODUCTION, *map(section, paths(typer.main.get_command(app)))])


def section(path: tuple[str, ...]) -> str:
    """A command's heading and help: `modellab run` stands at the second level, `modellab models show` at the third."""
    return f"{'#' * (1 + max(len(path), 1))} `{' '.join(('modellab', *path))}`\n\n```text\n{help_text(path)}\n```\n"
