"""Every example in a docstring is true."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WITH_EXAMPLES = [
    path.relative_to(ROOT)
    for path in sorted((ROOT / "modellab").rglob("*.py"))
    if re.search(r"^ *>>> ", path.read_text(encoding="utf-8"), re.MULTILINE)
]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=str)
def test_the_examples_are_true(path: Path) -> None:
    module = importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
    failed, run = doctest.testmod(module)
    assert run > 0
    assert failed == 0


def test_there_are_examples() -> None:
    assert len(WITH_EXAMPLES) >= 9
