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


def command(terminal: Any, text: str) -> None:
    """A workflow command of GitHub Actions, which has to take effect; `github.errors` has escaped its fields."""
    terminal.write_line(text)
