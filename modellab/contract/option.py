"""`--model` of the contract tests. pytest loads this by itself, as an entry point: it must stay small.

A conftest.py in the package comes too late for an option when pytest is called with --pyargs.
"""

from __future__ import annotations

from typing import Any

import pytest

WHAT = "MODEL[:VARIANT] of the project, PACKAGE:FOLDER or a folder; may be repeated"
CHOSEN = pytest.StashKey[list[Any]]()


def _is_asked(args: list[str]) -> bool:
    return any(given.startswith("modellab.contract") or "modellab/contract" in given for given in args)


def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> None:
    """Know the option where the contract is what shall run, and nowhere else."""
    if _is_asked(args):
        group = parser.getgroup("modellab contract")
        group.addoption("--model", action="append", default=[], metavar="MODEL", help=WHAT)


def pytest_configure(config: pytest.Config) -> None:
    """Find the models before anything is collected: an unknown one is one sentence."""
    if not _is_asked(list(config.invocation_params.args)):
        return
    from modellab.contract.options import chosen
    from modellab.errors import ConfigError

    try:
        config.stash[CHOSEN] = list(chosen(config.getoption("--model"), config.invocation_params.dir))
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from error
