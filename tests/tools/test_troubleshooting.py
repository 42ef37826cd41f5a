"""docs/troubleshooting.md says what the code says: each sentence is one of modellab's, each class of error is there."""

from __future__ import annotations

import ast
import functools
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from modellab import errors

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
SHORTEST = 6  # characters of a piece between two `...` that have to be found


def sentences(tree: ast.AST) -> Iterator[str]:
    """Each text in a module; of one that is formatted the parts between the values."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@functools.cache
def said() -> str:
    modules = (path.read_text(encoding="utf-8") for path in (ROOT / "modellab").rglob("*.py"))
    return "\0".join(text for source in modules for text in sentences(ast.parse(source)))


def unsaid(message: str) -> list[str]:
    """The pieces of a message that no text of modellab holds."""
    pieces = (piece.strip() for piece in message.split("..."))
    return [piece for piece in pieces if len(piece) >= SHORTEST and piece not in said()]


def test_each_message_is_one_that_modellab_says() -> None:
    rows = [message for message in ROW.findall(PAGE.partition("## The server")[0]) if not message.isupper()]
    assert len(rows) > 30
    assert {message: unsaid(message) for message in rows if unsaid(message)} == {}
    assert unsaid("the worker died of boredom ...") == ["the worker died of boredom"]


def test_each_code_of_the_server_is_one_that_it_gives() -> None:
    codes = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", PAGE.partition("## The server")[2], re.M)))
    assert [code for code in codes if code not in {"code", *said().split("\0")}] == []


def test_each_kind_of_error_is_on_the_page() -> None:
    classes = [name for name, each in vars(errors).items() if inspect.isclass(each) and issubclass(each, Exception)]
    bases = {"ModellabError", "WorkerError"}
    assert [name for name in classes if name not in bases and name not in PAGE] == []
