"""A model's answers, one call ahead of whoever scores them: workers of a quality pass need no clocks of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from modellab.errors import ModelError
from modellab.runner.evaluate import Loaded
from modellab.tasks import Task
from modellab.types import Row


@dataclass(frozen=True, slots=True)
class Answered:
    """What a model has said to one row, in its place: `call` gives that, or raises what it raised."""

    loaded: Loaded
    said: Mapping[str, Any] | ModelError

    def call(self, row: Row) -> dict[str, Any]:  # noqa: ARG002 - as `Loaded.call`
        """The reply."""
        if isinstance(self.said, ModelError):
            raise self.said
        return dict(self.said)

    def examined(self, task: Task, row: Row, output: Any) -> Any:
        """As the model's own judge hears it."""
        return self.loaded.examined(task, row, output)


def answers(loaded: Loaded, rows: Iterable[Row]) -> Iterator[tuple[Row, list[Answered]]]:
    """Each row with an answer for each seed, while the model is at the next row already.

    What ends a model's process is raised when all rows before it have been given out.
    """
    waiting: Future[tuple[Row, list[Answered]]] | None = None
    with ThreadPoolExecutor(1, "model") as thread:  # the process itself was started by the caller's, and ends with that
        for row in rows:
            waiting, before = thread.submit(_asked, loaded, row), waiting
            if before:
                yield before.result()
        if waiting:
            yield waiting.result()


def _asked(loaded: Loaded, row: Row) -> tuple[Row, list[Answered]]:
    said = []
    for number in range(loaded.seeds):
        loaded.seed(number)  # before each utterance: no answer depends on what came before it
        try:
            said.append(Answered(loaded, loaded.call(row)))
        except ModelError as error:
            said.append(Answered(loaded, error))
    return row, said
