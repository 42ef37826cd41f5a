"""The table of rooms in docs/architecture.md, made from the layers in tests/test_layers.py and the rooms' docstrings.

    python -m tools.architecture            writes it
    python -m tools.architecture --check    exit status 1 where it is another one

A room is a package or module right under `modellab/`; what it is for is the first line of its docstring.
"""

from __future__ import annotations

import ast
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
LAYERS = ROOT / "tests" / "test_layers.py"
BEGIN, END = "<!-- rooms: made by `python -m tools.architecture` -->", "<!-- end of rooms -->"


def purpose(room: str) -> str:
    """The first line of a room's docstring."""
    path = ROOT / "modellab" / room
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def lines() -> Iterator[str]:
    """The table, layer by layer from the top."""
    namespace = runpy.run_path(str(LAYERS))
    layers: dict[str, set[str]] = namespace["LAYERS"]
    yield from ("| layer | room | is |", "|---|---|---|")
    for number, (name, rooms) in zip(range(len(layers), 0, -1), layers.items(), strict=True):
        for i, room in enumerate(sorted(rooms)):
            yield f"| {f'**{number} {name}**' if i == 0 else ''} | {_link(room)} | {purpose(room)} |"
    for i, room in enumerate(sorted(namespace["GROUND"])):
        yield f"| {'**the ground**' if i == 0 else ''} | {_link(room)} | {purpose(room)} |"


def _link(room: str) -> str:
    is_package = (ROOT / "modellab" / room).is_dir()
    return f"`modellab/{room}/`" if is_package else f"`modellab/{room}.py`"


def page() -> str:
    """The whole page, with the table as it is now."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return "\n".join((before + BEGIN, "", *lines(), "", END + after))


def main() -> int:
    """Write the page, or say whether it is the right one."""
    new = page()
    if "--check" in sys.argv[1:]:
        return int(new != PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
