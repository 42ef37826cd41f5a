"""Help and arguments as a person meets them: what stands in a usage, and a case copied from pytest's output."""

from __future__ import annotations

import re
from typing import Any

import pytest
from typer.main import get_command

from modellab.cli.app import app

from ..typed import modellab
from .conftest import Desk
from .finished import CASE, measure

NODE = f"benchmarks/test_asr.py::test_asr[{CASE}]"


def leaves(command: Any, names: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command that does something, by the words that are typed."""
    groups = getattr(command, "commands", {})
    return [leaf for name, each in groups.items() for leaf in leaves(each, (*names, name))] or [names]


def test_no_help_shows_python() -> None:
    odd = {}
    for names in leaves(get_command(app)):
        shown = modellab(*names, "--help").stdout
        usage = " ".join(shown.split("\n\n")[0].split())
        assert usage.startswith(f"Usage: modellab {' '.join(names)} [OPTIONS]"), usage
        if found := re.search(r"[{}]|\[\[|\.\.\.\S*\.\.\.", usage) or re.search(r"<(str|int|float|path|list)\b", shown):
            odd[names] = found[0]
    assert odd == {}


@pytest.mark.parametrize(
    "arguments",
    [("explain",), ("history",), ("results",), ("rescore",), ("power", "--case"), ("export", "--as", "ctm")],
    ids=" ".join,
)
def test_a_case_may_be_named_as_pytest_prints_it(desk: Desk, arguments: tuple[str, ...]) -> None:
    measure(desk)
    by_id, by_node = (desk.type(*arguments, name) for name in (CASE, NODE))
    assert (by_node.exit_code, by_node.output) == (by_id.exit_code, by_id.output)
    assert "unknown" not in by_id.output
    assert "::" not in by_id.output
