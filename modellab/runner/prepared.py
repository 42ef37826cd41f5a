"""The input of a model's next call, made while it is still at the rows before; only for calls that are not timed.

Audio is opened, decoded and resampled beside the model, so that a GPU does not wait for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from modellab.tasks import Task


class Prepared:
    """The rows of the next calls."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Mapping[str, Any], Future[Any]]] = []
        self.thread: ThreadPoolExecutor | None = None

    def begin(self, task: Task, rows: Iterable[Mapping[str, Any]]) -> None:
        """Make what a model will be given of these rows; what was made before and is of none of them is let go of."""
        before, self.waiting = self.waiting, []
        for row in rows:
            made = next((future for known, future in before if known == row), None)
            self.waiting.append((row, made or self._made(task, row)))

    def _made(self, task: Task, row: Mapping[str, Any]) -> Future[Any]:
        self.thread = self.thread or ThreadPoolExecutor(1, "prepare")
        return self.thread.submit(task.prepare, row)

    def take(self, task: Task, row: Mapping[str, Any]) -> Any:
        """What a model is given of a row, made now where that has not begun; raises what preparing it raises."""
        for place, (known, future) in enumerate(self.waiting):
            if known == row:
                del self.waiting[place]
                return future.result()
        return task.prepare(row)
