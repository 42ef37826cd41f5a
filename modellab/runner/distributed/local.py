"""The executor of this machine: a process for each worker, on CUDA one for each GPU."""

from __future__ import annotations

import math
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from modellab.errors import ModellabError
from modellab.runner.distributed.controller import Attempt
from modellab.runner.distributed.executor import (
    OF_PLACES,
    Done,
    Event,
    Failed,
    Gone,
    Loading,
    Lost,
    Plan,
    Refused,
    Up,
    order_of,
)
from modellab.runner.distributed.shard_process import ShardProcess, answer_of

LOAD_TIMEOUT_S = 1800.0
GPUS = "CUDA_VISIBLE_DEVICES"


class Process(Protocol):
    """A worker's process, as `ShardProcess` is one."""

    def ask(self, verb: str, order: Mapping[str, Any], timeout_s: float) -> dict[str, Any]: ...
    def kill(self) -> None: ...
    def close(self) -> None: ...


class Local:
    """So many workers on this machine. One that dies is replaced, under another name."""

    def __init__(
        self,
        workers: int | None = None,
        *,
        gpus: Callable[[], Sequence[str]] | None = None,
        process: Callable[[Mapping[str, str]], Process] = ShardProcess,
    ) -> None:
        """`workers`: None for one on each GPU, and one where a case needs none.

        `gpus` tells which there are (`visible_gpus`), and `process` starts one with these variables.
        """
        self.asked = workers
        self.visible_gpus, self.process = gpus or visible_gpus, process
        self.seats: list[_Seat] = []
        self.told: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.refused = 0  # seats that could not load the model, as on a GPU that somebody else has

    def start(self, plan: Plan) -> None:
        """Have as many workers as there should be load the model of a case; what is still busy is replaced."""
        gpus = self.visible_gpus() if plan["device"] == "cuda" else []
        count = self.asked or max(1, len(gpus))
        if any(seat.busy for seat in self.seats) or len(self.seats) != count:
            self.stop()
        self.told, self.refused = queue.SimpleQueue(), 0
        if not self.seats:
            env = [{GPUS: gpus[i % len(gpus)]} if gpus else {} for i in range(count)]
            self.seats = [_Seat(f"local-{i}", env[i], self.process) for i in range(count)]
        for seat in self.seats:
            seat.open(plan, self.told)

    def submit(self, worker: str, attempt: Attempt) -> None:
        """Give a worker a shard."""
        next(seat for seat in self.seats if worker.startswith(f"{seat.name}.")).orders.put((worker, attempt))

    def events(self, timeout_s: float) -> Iterator[Event]:
        """What has happened; waits so long for a first event."""
        try:
            yield self._weighed(self.told.get(timeout=timeout_s))
            while True:
                yield self._weighed(self.told.get_nowait())
        except queue.Empty:
            return

    def _weighed(self, event: Event) -> Event:
        """The same; one that cannot load the model is only refused as long as there are others."""
        if not (isinstance(event, Failed) and event.error in OF_PLACES):
            return event
        self.refused += 1
        return event if self.refused >= len(self.seats) else Refused(event.worker, f"{event.worker}: {event.text}")

    def stop(self) -> None:
        """End the workers, whatever they are at."""
        for seat in self.seats:
            seat.end()
        for seat in self.seats:
            seat.thread.join()
        self.seats = []


class _Seat:
    """A place for a worker: a thread that starts a process, asks it, and starts another one where it died."""

    def __init__(self, name: str, env: Mapping[str, str], begin: Callable[[Mapping[str, str]], Process]) -> None:
        self.name, self.env, self.begin = name, env, begin
        self.orders: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self.busy = self.ended = False
        self.process: Process | None = None
        self.told: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.plan: Plan = {}
        self.count = 0
        self.thread = threading.Thread(target=self._work, name=name, daemon=True)
        self.thread.start()

    @property
    def worker(self) -> str:
        """The name of the process that sits here now."""
        return f"{self.name}.{self.count}"

    def open(self, plan: Plan, told: queue.SimpleQueue[Event]) -> None:
        self.busy = True
        self.orders.put(("open", (plan, told)))

    def end(self) -> None:
        self.ended = True
        self.orders.put(("end", None))
        if process := self.process:
            process.kill()

    def _work(self) -> None:
        """The thread: it starts the process itself, which ends with it."""
        while not self.ended:
            what, given = self.orders.get()
            if what == "open":
                self.plan, self.told = given
                self._open()
            elif what == self.worker:  # else it is for one that has died
                self.busy = True
                self._compute(given)
            self.busy = False
        if self.process:
            self.process.close()

    def _open(self) -> None:
        """A process with the model of the case, as often as it takes: the controller says when it is hopeless."""
        while not self.ended:
            self.count += 1
            self.told.put(Loading(self.worker))
            try:
                self.process = self.process or self.begin(self.env)
                reply = self.process.ask("open", {"plan": dict(self.plan)}, LOAD_TIMEOUT_S)
            except ModellabError as error:
                self._replace(str(error))
                continue
            if "failed" in reply:
                self.told.put(Failed(self.worker, reply["failed"], reply["text"]))
            else:
                self.told.put(Up(self.worker, reply["opened"]))
            return

    def _compute(self, attempt: Attempt) -> None:
        try:
            assert self.process is not None
            reply = self.process.ask("shard", order_of(attempt), math.inf)
        except ModellabError as error:
            self._replace(str(error))
            self._open()
            return
        if reply.get("failed") in OF_PLACES:  # its model had died, and cannot be loaded any more
            self._replace(reply["text"])
            self._open()
            return
        if "failed" in reply:
            self.told.put(Failed(self.worker, reply["failed"], reply["text"]))
            return
        self.told.put(Done(self.worker, attempt.number, answer_of(reply), reply["audio"]))
        if reply["going"]:
            self.told.put(Gone(self.worker))
            self._close()
            self._open()

    def _replace(self, why: str) -> None:
        if not self.ended:
            self.told.put(Lost(self.worker, why))
        self._close()

    def _close(self) -> None:
        if self.process:
            self.process.close()
        self.process = None


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, by their indices or names; none where there is no driver."""
    import os

    if (given := os.environ.get(GPUS)) is not None:
        return [name for name in given.split(",") if name.strip()]
    try:
        listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [str(i) for i in range(len(listed.stdout.strip().splitlines()))]
