"""A model's answers, one call ahead of whoever scores them: workers of a quality pass need no clocks of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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


Pair = tuple[Row, list[Answered]]  # a row, with an answer for each seed


def answers(loaded: Loaded, rows: Iterable[tuple[Row, Sequence[Row]]]) -> Iterator[Pair]:
    """Each row with its answers, while the model is at the next row already; beside a row those that follow, if any.

    What ends a model's process is raised when all rows before it have been given out.
    """
    return _ahead(lambda given: _asked(loaded, *given), rows)


def batches(loaded: Loaded, every: Iterable[tuple[Sequence[Row], Sequence[Row]]]) -> Iterator[list[Pair]]:
    """The same for several rows in one call; ModelError where the model raised at one of them, whichever it was."""
    return _ahead(lambda given: _asked_together(loaded, *given), every)


def _ahead[Given, Said](ask: Callable[[Given], Said], every: Iterable[Given]) -> Iterator[Said]:
    waiting: Future[Said] | None = None
    with ThreadPoolExecutor(1, "model") as thread:  # the process itself was started by the caller's, and ends with that
        for rows in every:
            waiting, before = thread.submit(ask, rows), waiting
            if before:
                yield before.result()
        if waiting:
            yield waiting.result()


def _asked(loaded: Loaded, row: Row, then: Sequence[Row]) -> Pair:
    answers = []
    for number in range(loaded.seeds):
        loaded.seed(number)  # before each utterance: no answer depends on what came before it
        is_last = number == loaded.seeds - 1
        try:
            answers.append(Answered(loaded, loaded.call(row, then if is_last else (), go_on=loaded.seeds == 1)))
        except ModelError as error:
            answers.append(Answered(loaded, error))
    return row, answers


def _asked_together(loaded: Loaded, rows: Sequence[Row], then: Sequence[Row]) -> list[Pair]:
    pairs: list[Pair] = [(row, []) for row in rows]
    for number in range(loaded.seeds):
        loaded.seed(number)
        following = then if number == loaded.seeds - 1 else ()
        for (_, answers), reply in zip(pairs, loaded.call_together(rows, following), strict=True):
            answers.append(Answered(loaded, reply))
    return pairs
