"""docs/settings.md names everything that can be set, with the defaults of the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from modellab.plan.serve_settings import JobSettings, Oidc, Rates, Serve
from modellab.plan.settings import Judging, Project

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
VARIABLE = re.compile(r"\bMODELLAB_[A-Z0-9_]*[A-Z0-9]\b")
BETWEEN_PROCESSES = {"MODELLAB_CHILD_OF", "MODELLAB_SCRATCH", "MODELLAB_SO_FAR"}  # nobody sets them but modellab
EXAMPLES = {"MODELLAB_EXAMPLE_URL", "MODELLAB_EXAMPLE_KEY", "MODELLAB_M", "MODELLAB_EXAMPLE", "MODELLAB_STREAMING"}


def cells(part: str) -> list[list[list[str]]]:
    """Of each row of the tables of a part: what is in backticks, cell by cell."""
    text = PAGE.partition(part)[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return [[re.findall(r"`([^`]+)`", cell) for cell in row] for row in rows]


def test_every_key_of_the_project_is_there() -> None:
    named = {key for row in cells("## `pyproject.toml`") for key in row[0]}
    assert named == set(Project.__slots__) - {"root", "judging"} | set(Judging.model_fields) | set(Serve.model_fields)


@pytest.mark.parametrize(
    ("key", "model"), [pytest.param("rates", Rates), pytest.param("oidc", Oidc), pytest.param("jobs", JobSettings)]
)
def test_every_key_of_a_table_is_there(key: str, model: type[BaseModel]) -> None:
    (row,) = (row for row in cells("## `pyproject.toml`") if row[0] == [key])
    assert set(model.model_fields) <= set(row[2])


def test_defaults_are_those_of_the_code() -> None:
    rows = [line.split(" | ")[:2] for line in PAGE.splitlines() if line.startswith("| `")]
    told = {
        key.strip("|` "): number[1]
        for keys, defaults, *_ in rows
        for key, default in zip(keys.split(", "), defaults.split(", "), strict=False)
        if (number := re.fullmatch(r"`([\d.]+|true|false)`", default))
    }
    fields = {**Serve.model_fields, **Judging.model_fields}
    compared = {key: fields[key].default for key in told if key in fields}
    assert {key: type(default)(json.loads(told[key])) for key, default in compared.items()} == compared
    assert len(compared) > 20


def test_every_variable_is_there() -> None:
    sources = [*(ROOT / "modellab").rglob("*.py"), *(ROOT / "modellab").rglob("*.yaml")]
    used = {name for path in sources for name in VARIABLE.findall(path.read_text(encoding="utf-8"))}
    used = {name for name in used if not name.startswith("MODELLAB_SERVE_")} - BETWEEN_PROCESSES - EXAMPLES
    named = set(VARIABLE.findall(PAGE))
    assert used - named == set(), "a row of docs/settings.md, or BETWEEN_PROCESSES"
    assert {name for name in named if not name.startswith("MODELLAB_SERVE")} - used == set()
