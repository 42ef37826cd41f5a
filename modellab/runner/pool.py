"""At most one loaded model at a time.

A model is loaded once for all its datasets: cases come ordered by engine. A lost worker is replaced for the next case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modellab.errors import Cancelled
from modellab.plan.matrix import Case, ModelInstance
from modellab.runner import evaluate
from modellab.runner.evaluate import Handle, IsCancelled, Loaded, never


class Pool:
    """Hands out the loaded model of a case."""

    def __init__(
        self,
        start: Callable[..., Handle],
        threads: int,
        *,
        download: bool = False,
        cancelled: IsCancelled = never,
    ) -> None:
        self.start = start
        self.threads = threads
        self.download = download
        self.cancelled = cancelled
        self.loaded: Loaded | None = None
        self.judges: Pool | None = None  # of models that listen to what another says; made when one is needed

    def get(self, case: Case) -> Loaded:
        """The case's engine, loaded, with its judge; the one before it is closed first, so that memory holds one."""
        loaded = self.load(case)
        loaded.judge = self._judge(tuple(case.judges.values()))
        loaded.preprocessing = str(case.chain)
        return loaded

    def _judge(self, listeners: Sequence[ModelInstance]) -> Loaded | None:
        """The first of them, with the others as its own: they listen one after the other."""
        if not listeners:
            return None
        if self.judges is None:
            self.judges = Pool(self.start, self.threads, download=self.download, cancelled=self.cancelled)
        first = self.judges.load(listeners[0])
        first.judge = self.judges._judge(listeners[1:])
        return first

    def load(self, case: ModelInstance) -> Loaded:
        """The engine alone."""
        if self.cancelled():
            raise Cancelled
        if self.loaded is None or self.loaded.engine != case.engine:
            self._end()
            handle = self.start(self.threads, **case.place)
            try:
                self.loaded = evaluate.load(case, handle, self.threads, download=self.download)
            except BaseException:
                handle.close()
                raise
            self.loaded.cancelled = self.cancelled
        return self.loaded

    def forget(self) -> None:
        """Let go of what the worker and its judge printed so far: no later message quotes it."""
        if self.loaded is not None and (log := getattr(self.loaded.handle, "log", None)):
            log.forget()
        if self.judges is not None:
            self.judges.forget()

    def close(self) -> None:
        """End the worker, if there is one, and its judge. The next `get` starts fresh ones."""
        self._end()
        if self.judges is not None:
            self.judges.close()

    def _end(self) -> None:
        if self.loaded is not None:
            self.loaded.handle.close()
            self.loaded = None
