"""The documentation as a site: what its pages are made from, and the whole of it, built as `make docs` does."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import typer
from mkdocs.config.defaults import MkDocsConfig
from playwright.sync_api import expect

import modellab
from modellab.cli.app import app
from tests.server import browser
from tools.site import commands, docstrings, hooks, names, repository

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
def test_an_option_is_found_by_its_name(site: Path) -> None:
    """A dash in front of a word is a word's own here, and not the search's "without"."""
    handler = functools.partial(Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, browser.chromium() as opened:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = opened.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.get_by_role("textbox", name="Search").fill("--inconclusive")
        found = page.locator(".md-search-result__item", has_text="--inconclusive fail")
        expect(found.first).to_be_visible()
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    """Files of a folder, without a line for each."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.mark.slow
def test_no_list_or_fence_is_left_as_text(site: Path) -> None:
    """Where GitHub and Python-Markdown differ, the site shows the marks."""
    left = {name: re.findall(r"<p>[^<]*\n(?:- |\d+\. |```)[^\n]*", text) for name, text in pages(site).items()}
    assert {name: found for name, found in left.items() if found} == {}


@pytest.mark.slow
def test_a_folder_of_pages_has_a_page_itself(site: Path) -> None:
    """Who cuts an address at its last slash is not told that nothing is there."""
    named = {name.rsplit("/", 2)[0] for name in pages(site) if name.count("/") > 1 and "repository/" not in name}
    assert {folder for folder in named if not (site / folder / "index.html").exists()} == set()
    assert {"reference", "performance", "decisions", "notebooks"} <= named


SMALL = "site_name: small\ntheme: material\n"


@pytest.mark.slow
def test_versions_lie_beside_each_other(tmp_path: Path) -> None:
    """What `make docs-version` does with the branch, of a site of one page."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Small\n")
    (tmp_path / "mkdocs.yml").write_text(SMALL)
    scripts = Path(sys.executable).parent
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "MAKE"))},
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        **{f"GIT_{who}_{what}": "a@b.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }

    def ran(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    ran("git", "init", "--quiet")
    ran("git", "commit", "--quiet", "--allow-empty", "--message", "Begin")
    make = ("make", "-f", str(ROOT / "Makefile"), f"BIN={scripts}", "-o", "setup", "docs-version")
    ran(*make, "VERSION=0.2", "ALIAS=latest")
    ran(*make, "VERSION=dev")
    known = json.loads(ran("git", "show", "gh-pages:docs/versions.json"))
    assert {each["version"]: each["aliases"] for each in known} == {"0.2": ["latest"], "dev": []}
    for page, leads_to in (("index.html", "latest/"), ("latest/index.html", "../0.2/")):
        assert f"url={leads_to}" in ran("git", "show", f"gh-pages:docs/{page}")
    for version in ("0.2", "dev"):
        assert "Small" in ran("git", "show", f"gh-pages:docs/{version}/index.html")


def configured() -> MkDocsConfig:
    config = MkDocsConfig()
    config.load_dict({"site_name": "small"})
    config.validate()
    return config


def test_pages_list_versions_only_where_there_are_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIKE_DOCS_VERSION", raising=False)
    assert "version" not in hooks.on_config(configured()).extra
    monkeypatch.setenv("MIKE_DOCS_VERSION", "{}")
    assert hooks.on_config(configured()).extra["version"]["provider"] == "mike"


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
            "![p](docs/images/pages/site.webp)", "repository/README.md", "![p](../images/pages/site.webp)", id="picture"
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


def test_every_public_name_is_on_the_page_of_names() -> None:
    """A name may be a module, too, as `modellab.events` is."""
    page = names.python()
    assert [name for name in modellab.__all__ if f".{name}\n" not in page] == []


def test_an_example_in_a_docstring_becomes_code() -> None:
    text = "A sum.\n\n>>> 1 + 1\n2\n\nMore."
    assert docstrings.fenced(text) == "A sum.\n\n\n```pycon\n>>> 1 + 1\n2\n```\n\nMore."
