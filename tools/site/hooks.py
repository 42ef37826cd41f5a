"""What mkdocs calls while it builds the site; mkdocs.yml names this file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pymdownx.slugs import slugify

sys.path.insert(0, str(Path(__file__).parents[2]))  # mkdocs loads this file by its path

from tools.site import commands, names, notebook_pages, repository

MORE = "More"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Anchors as GitHub makes them, so that a link to a heading holds in both places, and a list of versions."""
    if os.environ.get("MIKE_DOCS_VERSION"):  # mike builds one beside others: only then has the theme a list to show
        config.extra["version"] = {"provider": "mike", "default": "latest"}
    config.mdx_configs.setdefault("toc", {})["slugify"] = slugify(case="lower")
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Pages that are made: the reference, and the files outside `docs/`. Who is not in the navigation comes last."""
    made = {f"repository/{path}": (repository.ROOT / path).read_text(encoding="utf-8") for path in repository.outside()}
    of_models = {path: f"repository/{path}" for path in repository.outside() if path.startswith("modellab/models/")}
    made["reference/index.md"] = names.INDEX
    made["reference/commands.md"] = commands.page()
    made["reference/python.md"] = names.python()
    made["reference/metrics.md"] = names.metrics()
    made["reference/models.md"] = names.models(of_models)
    made |= {f"notebooks/{name}.md": notebook_pages.page(name) for name in notebook_pages.names()}
    for place, text in made.items():
        files.append(File.generated(config, place, content=text))
    named = set(in_navigation(config.nav))
    rest = sorted(file.src_uri for file in files.documentation_pages() if file.src_uri not in named)
    rest = [page for page in rest if not page.startswith("repository/")]
    if rest and config.nav is not None:
        config.nav.append({MORE: rest})
    return files


def in_navigation(part: Any) -> list[str]:
    """The pages that a part of the navigation names."""
    if isinstance(part, str):
        return [part]
    if isinstance(part, dict):
        part = part.values()
    return [page for inner in part for page in in_navigation(inner)]


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Links that hold on the site."""
    if page.file.src_uri.startswith(("reference/", "notebooks/")):
        return markdown
    return repository.relinked(markdown, page.file.src_uri)
