"""pytest's terminal behind `escape.lines`: the only way in which this package writes to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modellab.system import escape, folding

Write = Callable[..., None]


def writer(terminal: Any) -> Write:
    """`write_line` of the reporter, in which nothing of the text takes effect; keywords paint it.

    On a terminal sentences longer than a line are broken at blanks; what is set in is a table's or an alignment's.
    """
    columns = int(terminal._tw.fullwidth) if getattr(terminal, "isatty", False) else 0

    def write(text: str, **paint: bool) -> None:
        safe = escape.lines(text)
        is_sentence = columns and not safe.startswith(" ")
        terminal.write_line(folding.folded(safe, columns) if is_sentence else safe, **paint)

    return write


def width(config: Any) -> int:
    """The columns of the terminal; 0 where nobody watches, and a line may be as long as it is."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return int(reporter._tw.fullwidth) if reporter and reporter.isatty else 0


def command(terminal: Any, text: str) -> None:
    """A workflow command of GitHub Actions, which has to take effect; `github.errors` has escaped its fields."""
    terminal.write_line(text)
