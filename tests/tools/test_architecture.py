"""docs/architecture.md is made from the layers and the rooms' docstrings, and they hold what they promise."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path

import pytest

from tools import architecture

ROOT = Path(__file__).parents[2]
LAYERS = runpy.run_path(str(architecture.LAYERS))["LAYERS"]
NUMBER = {
    room: number for number, rooms in zip(range(len(LAYERS), 0, -1), LAYERS.values(), strict=True) for room in rooms
}
PACKAGES = sorted(room for room in NUMBER if (ROOT / "modellab" / room).is_dir())


def test_the_page_is_the_one_that_is_made() -> None:
    assert architecture.page() == architecture.PAGE.read_text(encoding="utf-8"), "run python -m tools.architecture"


def test_the_root_is_small() -> None:
    assert len(list((ROOT / "modellab").glob("*.py"))) <= 8
    assert len(LAYERS) == 7


@pytest.mark.parametrize("room", PACKAGES)
def test_a_room_says_its_layer_and_where_to_start(room: str) -> None:
    folder = ROOT / "modellab" / room
    said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    first, _, _ = said.partition("\n")
    assert first.endswith((".", "?")), "the first line is a sentence"
    match = re.search(r"Layer (\d): may import .*\. Start reading at `([^`]+)`\.$", said)
    assert match is not None
    assert int(match[1]) == NUMBER[room]
    assert (folder / match[2]).is_file()
