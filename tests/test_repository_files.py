"""The files that GitHub and citation managers read: issue forms, dependabot, CITATION.cff."""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FORMS = sorted(path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
FIELDS = {"markdown", "input", "textarea", "dropdown", "checkboxes"}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_is_one_that_github_shows(path: Path) -> None:
    form = load(path)
    assert form.keys() == {"name", "description", "body"}
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert fields
    assert {field["type"] for field in form["body"]} <= FIELDS
    assert len({field["id"] for field in fields}) == len(fields)
    assert len({field["attributes"]["label"] for field in fields}) == len(fields)
    for field in fields:
        assert field["attributes"].keys() <= {"label", "description", "render", "options", "multiple"}
        assert ("options" in field["attributes"]) == (field["type"] == "dropdown")


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_asks_what_this_machine_can_run(path: Path) -> None:
    assert "modellab doctor" in path.read_text(encoding="utf-8")


def test_the_citation_is_of_this_version_and_names_no_person() -> None:
    citation = load(ROOT / "CITATION.cff")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    assert [author.keys() for author in citation["authors"]] == [{"name"}], "an entity: persons have family-names"


def test_dependabot_watches_actions_and_python_weekly_in_groups() -> None:
    updates = load(ROOT / ".github/dependabot.yml")["updates"]
    assert {update["package-ecosystem"] for update in updates} == {"github-actions", "pip"}
    for update in updates:
        assert update["schedule"]["interval"] == "weekly"
        assert [group["patterns"] for group in update["groups"].values()] == [["*"]]


@pytest.mark.parametrize(("ci", "left_out"), [({}, True), ({"CI": "true"}, False)], ids=["here", "in CI"])
def test_slow_tests_are_left_out_only_outside_ci(ci: dict[str, str], left_out: bool) -> None:
    outside = {name: text for name, text in os.environ.items() if name not in {"CI", "ARGS", "MAKEFLAGS"}}
    command = ["make", "--dry-run", "test", f"STAMP={ROOT / 'Makefile'}", "ARGS=-x", "TESTERS=7"]
    recipe = subprocess.run(command, cwd=ROOT, env={**outside, **ci}, capture_output=True, text=True, check=True).stdout
    assert "/pytest tests -ra -n 7 " in recipe
    assert ('-m "not slow" -x' in recipe) is left_out
    assert "export CI=" in (ROOT / ".ci/run").read_text(encoding="utf-8")
