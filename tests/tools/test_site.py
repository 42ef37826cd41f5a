"""The documentation as a site: what its pages are made from, and the whole of it, built as `make docs` does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from modellab.cli.app import app
from tools.site import commands, docstrings, repository

ROOT = Path(__file__).parents[2]
LOADED = re.compile(
    r"""<(?:script|img|iframe|audio|source)[^>]*\ssrc=["']?([^"'\s>]+)|<link[^>]*\shref=["']?([^"'\s>]+)"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site; a broken link, anchor or name in the navigation is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return folder


def pages(site: Path) -> dict[str, str]:
    return {path.relative_to(site).as_posix(): path.read_text(encoding="utf-8") for path in site.rglob("*.html")}


@pytest.mark.slow
def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    found = [(name, "".join(each)) for name, text in pages(site).items() for each in LOADED.findall(text)]
    assert len(found) > 500
    assert [(name, url) for name, url in found if "//" in url] == []
    sheets = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"url\(\s*['\"]?(?:https?:)?//", sheets) == []


@pytest.mark.slow
def test_everything_on_the_site_is_found_by_its_search(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    places = {entry["location"].partition("#")[0] for entry in index["docs"]}
    built = {name.removesuffix("index.html") for name in pages(site)} - {"404.html"}
    assert built - places == set()
    assert len(built) > 90
    texts = {entry["location"]: entry["text"] for entry in index["docs"]}
    assert "loads nothing" not in texts["reference/commands/#modellab-run"]
    assert "--tier" in texts["reference/commands/#modellab-run"]


@pytest.mark.slow
def test_no_list_or_fence_is_left_as_text(site: Path) -> None:
    """Where GitHub and Python-Markdown differ, the site shows the marks."""
    left = {name: re.findall(r"<p>[^<]*\n(?:- |\d+\. |```)[^\n]*", text) for name, text in pages(site).items()}
    assert {name: found for name, found in left.items() if found} == {}


def test_every_command_is_on_the_page_of_commands() -> None:
    page = commands.page()
    known = list(commands.paths(typer.main.get_command(app)))
    assert ("run",) in known
    assert ("baselines", "accept") in known
    assert [path for path in known if f"`{' '.join(('modellab', *path))}`\n" not in page] == []


@pytest.mark.parametrize(
    ("text", "page", "expected"),
    [
        pytest.param("[gate](gate.md#speed)", "serve.md", "[gate](gate.md#speed)", id="a page beside"),
        pytest.param("[c](../CONTRIBUTING.md)", "gate.md", "[c](repository/CONTRIBUTING.md)", id="out of docs"),
        pytest.param("[g](docs/gate.md)", "repository/README.md", "[g](../gate.md)", id="into docs"),
        pytest.param(
            "![p](docs/images/report.png)", "repository/README.md", "![p](../images/report.png)", id="picture"
        ),
        pytest.param("[code](../pyproject.toml)", "gate.md", "code", id="a file that is no page"),
        pytest.param("[x](https://example.org/a.md)", "gate.md", "[x](https://example.org/a.md)", id="elsewhere"),
        pytest.param("[no](nothing.md)", "gate.md", "[no](nothing.md)", id="wrong, which mkdocs tells"),
        pytest.param("a:\n- b", "gate.md", "a:\n\n- b", id="a list after a paragraph"),
        pytest.param("- a\n  b\n- c", "gate.md", "- a\n  b\n- c", id="a list"),
        pytest.param("```\n[c](../CONTRIBUTING.md)\n```", "gate.md", "```\n[c](../CONTRIBUTING.md)\n```", id="fenced"),
        pytest.param("```console no-run\n$ a\n```", "gate.md", "```console\n$ a\n```", id="words of a fence"),
    ],
)
def test_links_hold_on_the_site(text: str, page: str, expected: str) -> None:
    assert repository.relinked(text, page) == expected


def test_an_example_in_a_docstring_becomes_code() -> None:
    text = "A sum.\n\n>>> 1 + 1\n2\n\nMore."
    assert docstrings.fenced(text) == "A sum.\n\n\n```pycon\n>>> 1 + 1\n2\n```\n\nMore."
