"""What a model is given next, made beside it: the same, once, and what it raises at its own turn."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from modellab.runner.prepared import Prepared


class Task(SimpleNamespace):
    """Counts what it prepares, and by which thread."""

    def __init__(self) -> None:
        super().__init__(made=[])

    def prepare(self, row: dict[str, Any]) -> str:
        self.made.append((row["id"], threading.current_thread() is threading.main_thread()))
        if row["id"] == "bad":
            raise ValueError("no audio")
        return f"given {row['id']}"


@pytest.fixture
def task() -> Any:
    return Task()


def test_rows_are_made_ahead_and_once(task: Any) -> None:
    prepared = Prepared()
    prepared.begin(task, [{"id": "b"}, {"id": "c"}])
    assert [prepared.take(task, {"id": name}) for name in "cba"] == ["given c", "given b", "given a"]
    assert sorted(task.made) == [("a", True), ("b", False), ("c", False)]


def test_what_was_made_for_nobody_is_let_go_of(task: Any) -> None:
    prepared = Prepared()
    prepared.begin(task, [{"id": "b"}])
    prepared.begin(task, [])
    assert prepared.waiting == []
    assert prepared.take(task, {"id": "b", "text": "another row"}) == "given b"


def test_what_preparing_raises_is_raised_at_its_turn(task: Any) -> None:
    prepared = Prepared()
    prepared.begin(task, [{"id": "bad"}])
    assert prepared.take(task, {"id": "a"}) == "given a"
    with pytest.raises(ValueError, match="no audio"):
        prepared.take(task, {"id": "bad"})


def test_no_thread_is_started_for_nothing(task: Any) -> None:
    prepared = Prepared()
    prepared.begin(task, ())
    assert prepared.thread is None
