"""Reference pages from docstrings: Markdown that tells mkdocstrings which modules stand on which page."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path

import modellab

ROOT = Path(__file__).parents[2]
PYTHON = """# Every name

The public Python interface, from its docstrings. [From Python](../python-api.md) tells how it is used.

"""
INDEX = """# Reference

| | |
|---|---|
| [Commands](commands.md) | every command with its options, as `-h` prints them |
| [At the terminal](../command-line.md) | the commands by what they are for |
| [Settings, variables, folders](../settings.md) | everything that can be set, with its default; where things are kept |
| [Python](../python-api.md) | the public interface, and how it is used |
| [Every name](python.md) | the same from its docstrings |
| [Metrics](metrics.md) | each measure: unit, range, direction, edge cases, source |
| [Checked against](../metrics.md) | the reference implementations of each measure |
| [Models](../models.md) | which model does what, and how that was verified |
| [Each model](models.md) | what the folder of each model says of it |
"""
METRICS = """# Metrics

Each measure with its unit, range, direction, edge cases and source, from its docstring. [What each is checked
against](../metrics.md).

"""
MODELS = """# Each model

What the folder of each model says of it. [Which one does what, and how that was verified](../models.md).

"""


def python() -> str:
    """The names that `import modellab` gives, each from where it is defined, and the errors."""
    lines = [PYTHON]
    for name in modellab.__all__:
        exported = getattr(modellab, name)
        place = exported.__name__ if inspect.ismodule(exported) else f"{exported.__module__}.{name}"
        lines.append(f"::: {place}\n")
    lines.append("## Errors\n\n::: modellab.errors\n    options:\n      show_root_heading: false\n")
    return "\n".join(lines)


def metrics() -> str:
    """Every module of `modellab.metrics`, a heading each."""
    package = importlib.import_module("modellab.metrics")
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return METRICS + "\n".join(f"## {name}\n\n::: modellab.metrics.{name}\n{OF_A_MODULE}" for name in names)


OF_A_MODULE = "    options:\n      show_root_heading: false\n      show_root_toc_entry: false\n"


def models(pages: dict[str, str]) -> str:
    """A line for each model folder with a README; `pages` says where on the site each of these is."""
    rows = [f"| [{Path(path).parent.name}](../{page}) |" for path, page in pages.items()]
    return MODELS + "\n".join(["| model |", "|---|", *rows]) + "\n"
