"""Docstrings on the site: examples of doctest become code, which Markdown would take for a quotation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import griffe


def fenced(text: str) -> str:
    """Markdown with each example, `>>>` up to the next blank line, in a fence."""
    return "\n".join(_lines(text))


def _lines(text: str) -> Iterator[str]:
    inside = False
    for line in text.splitlines():
        begins, ends = line.startswith(">>> "), not line.strip()
        if begins and not inside:
            yield from ("", "```pycon")
            inside = True
        elif inside and ends:
            yield "```"
            inside = False
        yield line
    if inside:
        yield "```"


class Examples(griffe.Extension):
    """Fences the examples of every docstring that griffe collects."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:  # noqa: ARG002
        """Called by griffe for each module, class, function and attribute."""
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)
