"""A process that holds one model: `python -m modellab.worker`, asked in JSON lines (`system/json_child.py`).

The parent's side is `Worker`, the child's is `main`, which gives each request to an `Engine`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

from modellab.audio.saved import SCRATCH
from modellab.errors import ConfigError, DatasetError, LoadError, ModelError, ServerError
from modellab.runner import worker_environment
from modellab.runner.engine import Engine, pin_threads
from modellab.runner.meters.process import thread_environment
from modellab.runner.one_ahead import OneAhead
from modellab.system import allocator, json_child, leftovers
from modellab.system.json_child import JsonChild, MoreTime
from modellab.system.masking import masked

PICKLES = {"TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1"}  # a checkpoint is data: torch.load runs no code of it, whoever calls


class Worker(JsonChild):
    """The parent's handle on one worker process. Not safe for use by several threads.

    `python`, `cwd` and `env` (variables besides those that pass) choose another environment or another modellab;
    `further` names variables of this process that also pass; `older`: the modellab there may be an older one.
    """

    def __init__(
        self,
        threads: int,
        python: str = sys.executable,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        further: Iterable[str] = (),
        *,
        older: bool = False,
    ) -> None:
        with ExitStack() as undo:
            try:
                self.scratch = leftovers.Folder("worker")
            except OSError as error:  # no room
                raise json_child.not_started(error) from error
            undo.callback(self.scratch.close)
            given = {**worker_environment.passed(further), **self._environment(threads), **(env or {})}
            super().__init__([python, "-m", "modellab.worker"], cwd, given, older=older)
            undo.pop_all()

    def _environment(self, threads: int) -> dict[str, str]:
        scratch = str(self.scratch.path)  # also of temporary files that a killed process cannot remove
        return {
            **thread_environment(threads),
            **allocator.ENVIRONMENT,
            **PICKLES,
            "PYTHONUNBUFFERED": "1",
            SCRATCH: scratch,
            "TMPDIR": scratch,
        }

    def fail(self, verb: str, reply: Mapping[str, Any]) -> NoReturn:
        """Raise the error that a reply carries, as what it means to the parent."""
        raise_reply(verb, reply, self.log.tail())

    def close(self) -> None:
        """Ask the worker to go, insist after a second, and remove its log and what it wrote."""
        super().close()
        self.scratch.close()


class InProcess:
    """The same handle without a process, for a debugger: no timeout, no crash barrier, no separate memory."""

    def __init__(self, threads: int) -> None:
        pin_threads(threads)
        os.environ.update(PICKLES)
        self.engine = Engine()

    def ask(
        self,
        verb: str,
        order: Mapping[str, Any],
        timeout_s: float,  # noqa: ARG002
        more_s: MoreTime | None = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Call the engine at once."""
        reply: dict[str, Any] = getattr(self.engine, verb)(order)
        return reply

    def close(self) -> None:
        self.engine.close()


def in_process(threads: int, **place: Any) -> InProcess:
    """The handle without a process; ConfigError for a model that has an environment of its own."""
    if "python" in place:
        raise ConfigError("--in-process is for models of this environment, and this one has its own: leave it out")
    return InProcess(threads)


def raise_reply(verb: str, reply: Mapping[str, Any], tail: str) -> NoReturn:
    """Raise the error that a reply carries, as what it means to the parent."""
    text, where = masked(str(reply["error"])), masked(str(reply.get("trace", "")))
    if reply.get("kind") == "dataset":
        raise DatasetError(text)
    if reply.get("kind") == "server":
        raise ServerError(text)
    if verb == "load":
        raise LoadError(f"the model could not be loaded: {text}\n{where}{tail}")
    raise ModelError(f"{text}\n{where}")


def main() -> NoReturn:
    """Give each request to the method of an engine that it names, until the parent is gone."""
    engine = OneAhead(Engine())
    json_child.run(engine.answer, meanwhile=engine.go_on)
