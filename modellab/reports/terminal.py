"""pytest's terminal behind `escape.lines`: the only way in which this package writes to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modellab.system import escape

Write = Callable[..., None]


def writer(terminal: Any) -> Write:
    """`write_line` of the reporter, in which nothing of the text takes effect; keywords paint it."""

    def write(text: str, **paint: bool) -> None:
        terminal.write_line(escape.lines(text), **paint)

    return write


def width(config: Any) -> int:
    """The columns of the terminal; 0 where nobody watches, and a line may be as long as it is."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return int(reporter._tw.fullwidth) if reporter and reporter.isatty else 0


def command(terminal: Any, text: str) -> None:
    """A workflow command of GitHub Actions, which has to take effect; `github.errors` has escaped its fields."""
    terminal.write_line(text)
