"""What the commands share: the project around the current folder, files, and tables."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from modellab.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from modellab.matrix import Matrix
    from modellab.project import Project

UNWRAPPED = 10_000  # columns of an output that is no terminal: nothing is cut


def project() -> Project:
    """The project around the current folder, or ConfigError."""
    from modellab.project import Project

    return Project.around(Path.cwd())


def project_or_here() -> Project:
    """The project around; where there is none, the current folder as one: it has modellab's own models."""
    from modellab.project import Project, find_root

    here = Path.cwd()
    return Project.at(find_root(here) or here)


def write(path: Path, data: str | bytes) -> None:
    """A file that a command was asked for, with its folder; ConfigError where it cannot be written."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the system says about a file that is being written, as a ConfigError that names it."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror or error})") from error


def matrix(of: Project) -> Matrix:
    """The matrix of a project."""
    from modellab.matrix import Matrix

    return Matrix(of)


def console() -> Console:
    """Where answers go: wrapped to a terminal, never cut in a file or pipe."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else UNWRAPPED, highlight=False)


def printable(text: str) -> str:
    """Text from a result for a terminal: no escape sequence takes effect, none turns the direction or breaks a line."""
    from modellab.report.html import visible

    return visible(" ".join(text.splitlines()) if "\n" in text else text)


def print_table(columns: Iterable[str], rows: Iterable[Iterable[str | Text]]) -> None:
    """A table with a line of headings; text is taken as it is (no markup)."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for position, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=position == 0)  # the names stay whole: they get copied
    for row in rows:
        table.add_row(*(Text(printable(cell)) if isinstance(cell, str) else cell for cell in row))
    console().print(table)
