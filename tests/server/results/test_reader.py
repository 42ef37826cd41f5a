"""A reader's process that is started before anybody asks, and what is kept while the index is the same."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from modellab.server.results.index import Index
from modellab.server.results.kept import Kept
from modellab.server.results.reader import Reader


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.modellab]\n")
    return tmp_path


def test_a_reader_that_was_warmed_is_the_one_that_answers(root: Path) -> None:
    reader = Reader("test", root)
    try:
        reader.warm()
        reader.warm()  # it is on its way
        assert reader.ask("ready") == {}
        first = reader._child
        assert first is not None
        reader.warm()
        assert reader.ask("ready") == {}
        assert reader._child is first
    finally:
        reader.close()
    reader.warm()  # the server ends: nothing is started any more
    assert reader._child is None


def test_a_project_that_cannot_be_read_is_told_to_whoever_asks(root: Path) -> None:
    (root / "pyproject.toml").write_text("[tool.modellab]\nonly = 3\n")
    reader = Reader("test", root)
    try:
        reader.warm()
        with pytest.raises(Exception, match="only"):
            reader.ask("ready")
    finally:
        reader.close()


def test_what_was_made_is_given_again_until_the_index_changes() -> None:
    stamp, made = [1, 1], list[str]()
    index: Any = SimpleNamespace(stamp=lambda: tuple(stamp))
    kept: Kept[str] = Kept(cast(Index, index), 2)

    def make(name: str) -> str:
        return kept.get(name, lambda: made.append(name) or f"{name} {len(made)}")  # type: ignore[func-returns-value]

    assert [make("a"), make("a"), make("b")] == ["a 1", "a 1", "b 2"]
    stamp[1] = 2
    assert [make("a"), make("a")] == ["a 3", "a 3"]
    assert make("c") == "c 4"
    assert make("b") == "b 5"  # it was of an earlier index, and the oldest
    assert make("a") == "a 6"  # two are kept
