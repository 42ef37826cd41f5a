"""What the commands share: the project around the current folder, files, and tables."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modellab.errors import ConfigError, sentence

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from modellab.plan.matrix import Matrix
    from modellab.plan.settings import Project
    from modellab.results.entry import Entry

UNWRAPPED = 10_000  # columns of an output that is no terminal: nothing is cut
GAP = 2  # blanks between the columns of a table
MOST_PARTS = 2  # of a table that is too wide
WRAPPED, LAST = 30, 8  # to no less is the text in a column wrapped, and in the last one


def project() -> Project:
    """The project around the current folder, or ConfigError."""
    from modellab.plan.settings import Project

    return Project.around(Path.cwd())


def project_or_here() -> Project:
    """The project around; where there is none, the current folder as one: it has modellab's own models."""
    from modellab.plan.settings import Project, find_root

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


def number(value: float | None) -> float | None:
    """An option's number as it is; refused where it is NaN or infinite, to which no bound applies."""
    if value is not None and not math.isfinite(value):
        import typer

        raise typer.BadParameter(f"{value} is no number that anything can be held to")
    return value


def entries(of: Project, *, private: bool = False) -> list[Entry]:
    """All results of the ledger, oldest first; ConfigError where there is none. `private` as `ledger.read` has it."""
    from modellab.results import ledger

    results, warnings = ledger.read(of.mlruns, private=private)
    for warning in warnings:
        say(f"warning: {warning}", err=True)
    if not results:
        raise ConfigError(f"there are no results in {of.mlruns / 'ledger'}: `modellab run` makes some")
    return results


def matrix(of: Project) -> Matrix:
    """The matrix of a project."""
    from modellab.plan.matrix import Matrix

    return Matrix(of)


def console() -> Console:
    """Where answers go: wrapped to a terminal, never cut in a file or pipe."""
    from rich.console import Console

    plain = is_plain()
    width = None if sys.stdout.isatty() else UNWRAPPED
    return Console(width=width, highlight=False, no_color=plain, color_system=None if plain else "auto")


def is_plain() -> bool:
    """Whether text comes without colours and bold letters: NO_COLOR is set, or the terminal has none."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def say(text: object = "", *, err: bool = False, nl: bool = True, column: int = 0, **style: Any) -> None:
    """Text for a person, of one line or several, in which nothing takes effect; `style` is that of `typer.secho`.

    On a terminal what is longer than a line goes on in the next one; `column` is where the first one begins.
    Every command says what it says through this, and hands data to `put`: tests/cli/test_say.py holds them to it.
    """
    import typer

    from modellab.system import escape, folding

    safe = escape.lines(str(text))
    if (sys.stderr if err else sys.stdout).isatty():
        safe = folding.folded(safe, shutil.get_terminal_size().columns, column)
    typer.secho(safe, err=err, nl=nl, color=False if is_plain() else None, **style)


def put(data: str) -> None:
    """Data for a program to stdout (JSON, CSV, Markdown, RTTM); what made it has escaped it for its form."""
    import typer

    typer.echo(data, nl=False)


def put_json(value: Any) -> None:
    """One JSON document to stdout; a number that is none is null."""
    from modellab.system import escape

    put(escape.document(value))


def printable(text: str) -> str:
    """Text from a result for a terminal: no escape sequence takes effect, none turns the direction or breaks a line."""
    from modellab.system import escape

    return escape.line(text)


def say_failed(file: Path, error: Exception) -> str:
    """One sentence to stderr about a file that could not be used, with its name; the sentence without that."""
    message = sentence(error)
    say(f"modellab: {printable(message if str(file) in message else f'{file}: {message}')}", err=True)
    return message


def print_table(columns: Iterable[str], rows: Iterable[Iterable[str | Text]]) -> None:
    """A table with a line of headings; text is taken as it is (no markup).

    One too wide for the terminal comes in two parts, or a row below the other where that would take more.
    """
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    headings = list(columns)
    body = [[Text(printable(cell)) if isinstance(cell, str) else _safe(cell) for cell in row] for row in rows]
    out = console()
    lines = [[Text(heading) for heading in headings], *body]
    widths = [max(cell_len(line[at].plain) for line in lines if at < len(line)) for at in range(len(headings))]
    parts = _parts(widths, out.width)
    if len(parts) > MOST_PARTS:
        _print_folded(headings, body, out)
        return
    for part in parts:
        table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
        for at in part:  # the names stay whole: they get copied
            table.add_column(headings[at], overflow="fold", no_wrap=at == 0)
        for row in body:
            table.add_row(*(row[at] for at in part if at < len(row)))
        _print_without_edge(table, out)


def _print_without_edge(table: Table, out: Console) -> None:
    """A table; in a file or pipe no line of it ends in blanks."""
    if sys.stdout.isatty():
        out.print(table)
        return
    with out.capture() as captured:
        out.print(table)
    put("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def _print_folded(headings: Sequence[str], body: Sequence[Sequence[Text]], out: Console) -> None:
    """Each row as its name, and below it what the columns say, wrapped to the terminal."""
    from rich.padding import Padding
    from rich.text import Text

    for row in body:
        out.print(Text.assemble((row[0].plain, "bold")), soft_wrap=True)
        told = [
            Text.assemble((f"{heading}: ", "dim"), cell)
            for heading, cell in zip(headings[1:], row[1:], strict=False)
            if cell.plain
        ]
        if told:
            out.print(Padding(Text(" · ").join(told), (0, 0, 0, GAP)))


def _safe(cell: Text) -> Text:
    """A coloured cell in which nothing takes effect."""
    from rich.text import Text

    shown = printable(cell.plain)
    return cell if shown == cell.plain else Text(shown, cell.style)


def _parts(widths: Sequence[int], room: int) -> list[list[int]]:
    """The columns of each part of a table: the names, and as many others as fit without being cut to pieces.

    Long texts may wrap, and the last column, which mostly is one, down to less.

    >>> _parts([20, 10, 10, 10], 80), _parts([20, 10, 10, 10], 45)
    ([[0, 1, 2, 3]], [[0, 1, 2], [0, 3]])
    """
    needs = [min(width, WRAPPED) for width in widths]
    needs[-1:] = [min(width, LAST) for width in needs[-1:]]
    parts, used = [[0]], sum(widths[:1])
    for at, need in enumerate(needs[1:], start=1):
        if used + GAP + need > room and len(parts[-1]) > 1:
            parts.append([0])
            used = widths[0]
        parts[-1].append(at)
        used += GAP + need
    return parts
