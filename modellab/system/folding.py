"""Long lines of text for a terminal, broken at blanks."""

from __future__ import annotations

import re
import textwrap

QUOTED = re.compile(r"`[^`]*`")
HELD = "\ue000"  # a blank at which no line ends, for as long as lines are broken


def folded(text: str, width: int, column: int = 0) -> str:
    """Text with its long lines broken at blanks, and what follows set in; what may be copied stays in one piece.

    That is a command after an arrow and what stands in backticks; no word is broken. The first line is at `column`.

    >>> print(folded("  found: nothing that `modellab run` could judge", 30))
      found: nothing that
        `modellab run` could judge
    """
    lines = text.split("\n")
    return "\n".join(_folded(line, width, column if at == 0 else 0) for at, line in enumerate(lines))


def _folded(line: str, width: int, column: int) -> str:
    inside = line.lstrip(" ")
    if column + len(line) <= width or inside.startswith("-> "):
        return line
    held = QUOTED.sub(lambda match: match[0].replace(" ", HELD), line)
    indent = " " * min(column + len(line) - len(inside) + 2, width // 2)
    wrapped = textwrap.wrap(
        held,
        width,
        initial_indent=" " * column,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
    return "\n".join(wrapped)[column:].replace(HELD, " ")
