"""pytest glue: a name in `-m` that no test has as a mark selects nothing, and pytest says nothing of it."""

from __future__ import annotations

import re
from collections.abc import Collection

import pytest

from modellab.errors import did_you_mean
from modellab.reports import terminal

NAME = re.compile(r"(?<![\w:+.=\"'-])[\w:+.-]+(?![\w:+.-]|\s*=)")  # of a mark, not of its keywords nor what they are
WORDS = {"and", "or", "not", "True", "False", "None"}


class Marks:
    """The names in `-m`, held to the marks that are registered and to those of the tests."""

    def __init__(self, config: pytest.Config, ours: Collection[str]) -> None:
        self.config, self.ours = config, ours
        self.lines: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Before any test is deselected."""
        registered = {re.split(r"[:(]", line)[0].strip() for line in self.config.getini("markers")}
        if strange := set(NAME.findall(self.config.option.markexpr)) - WORDS - registered:
            strange -= {mark.name for item in items for mark in item.iter_markers()}
        self.lines = [f"no test has the mark {name!r}: {did_you_mean(name, self.ours)}" for name in sorted(strange)]

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The sentences, at the end."""
        write = terminal.writer(terminalreporter)
        for line in self.lines:
            write(line, red=True)
