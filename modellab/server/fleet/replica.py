"""A thread that owns one worker process for life: what the process is asked, only this thread asks.

The kernel ends a worker when the thread that started it ends (`system/json_child.py`), so no pool's thread may start
one. A replica loads its model before it takes a job: nobody waits for a load who need not.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from modellab.errors import HangError, ModelError, WorkerError, sentence
from modellab.plan.matrix import ModelInstance
from modellab.runner import evaluate
from modellab.runner.evaluate import Loaded
from modellab.runner.worker import Worker
from modellab.server.errors import ApiError
from modellab.server.fleet import memory
from modellab.server.fleet.measured import Gate
from modellab.server.fleet.own_streams import Held, NoStreamsError, lost
from modellab.server.fleet.queues import Job, ModelQueue

LOG = logging.getLogger("modellab.server")
TRIES = 3  # loads that fail in a row before the model is called broken
PAUSE_S = 0.05
WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)  # between loads that fail
TASK = "asr"  # whose models may take several files
LOSSES = 2  # processes that a job may cost
END_S = 2.0  # that a thread may take to end
NAMES = itertools.count()
WORTH_KILLING_S = 2.0  # a call that nobody waits for and that goes on for longer is ended


@dataclass(eq=False, slots=True)
class OwnStream:
    """A stream that a model holds itself, and the replica in whose process it is."""

    replica: Replica
    name: str = field(default_factory=lambda: str(next(NAMES)))
    is_lost: bool = False  # the process is gone


class Replica(threading.Thread):
    """One worker process and its thread. `room` is asked before a load and may unload others, `gate` before work.

    With `most` above 1 so many files that wait go in one call of the model.
    """

    def __init__(
        self,
        instance: ModelInstance,
        queue: ModelQueue,
        threads: int,
        idle_s: float,
        room: Callable[[], None],
        gate: Gate,
        most_bytes: int = 0,
        most: int = 1,
    ) -> None:
        super().__init__(name=f"replica {instance.key.model}:{instance.key.variant}", daemon=True)
        self.instance, self.queue, self.threads, self.idle_s, self.room = instance, queue, threads, idle_s, room
        self.gate, self.most = gate, most
        self.most_bytes = most_bytes  # that its process may allocate; 0: any number
        self.state, self.reason = "unloaded", ""
        self.loaded: Loaded | None = None
        self.worker: Worker | None = None
        self.task = ""
        self.restarts = 0
        self.used_at = time.monotonic()
        self.jobs: tuple[Job, ...] = ()  # that it is at
        self.wants_load, self.wants_unload = threading.Event(), threading.Event()
        self.wanted = False  # by whom called it last
        self.size_bytes = 0  # of its process, once it was loaded
        self.streams: set[OwnStream] = set()  # that its process holds, or is to
        self.held = Held()
        self.most_streams: int | None = None  # that its model holds at once; None until it was loaded
        self._failures = 0

    # ------------------------------------------------------------------------ the thread

    def run(self) -> None:
        """Take jobs until the queue closes."""
        try:
            while not self.queue.is_closed:
                self._turn()
        finally:
            self._unload("unloaded")

    def _turn(self) -> None:
        there = self.queue.wait(self._patience_s(), self._is_called, by=self)
        if self.queue.is_closed or self.gate.is_shut(self.queue):
            return
        if self._is_called() or not there:
            if self._is_idle():
                self._unload("unloaded")
            self.wants_unload.clear()
            self.wants_load.clear()
            if self.wanted and self.loaded is None:
                self._load()
            return
        if self.loaded is None and not self._load():
            return
        if job := self.queue.take(by=self):
            self._do((job, *(self.queue.take_more(job, self.most - 1) if self._may_take_more(job) else ())))

    def _may_take_more(self, job: Job) -> bool:
        return self.most > 1 and job.task == TASK and job.goes_with(job)

    def _patience_s(self) -> float | None:
        """How long it waits for a job; for ever where there is nothing to unload."""
        return min(self.idle_s, 1.0) if self.loaded is not None and self.idle_s else None

    def _is_idle(self) -> bool:
        return (
            self.loaded is not None
            and not self.streams
            and (self.wants_unload.is_set() or bool(self.idle_s and time.monotonic() - self.used_at >= self.idle_s))
        )

    def _load(self) -> bool:
        """Load the model; after a failure wait, and after several let those who wait know."""
        self.room()
        self.state = "loading"
        try:
            with self.gate.working():
                self.worker = Worker(self.threads, **self.instance.place)
                memory.bound(self.worker.process.pid, self.most_bytes)
                self.loaded = evaluate.load(self.instance, self.worker, self.threads)
        except WorkerError as error:
            self._unload("unloaded")
            self._failures += 1
            self.reason = sentence(error)
            LOG.warning("%s cannot be loaded: %s", self.name, self.reason)
            self._pause(WAITS_S[min(self._failures, len(WAITS_S)) - 1], error)
            return False
        self._failures, self.reason, self.state, self.task = 0, "", "ready", ""
        self.size_bytes = int(self.loaded.facts.get("load_peak_rss_bytes", 0))
        self.most_streams = int(self.loaded.facts.get("streams", 0))
        self.used_at = time.monotonic()
        return True

    def _pause(self, seconds: float, error: WorkerError) -> None:
        """Wait before the next try; meanwhile whoever asks a broken model gets the reason at once."""
        is_broken = self._failures >= TRIES
        self.state = "broken" if is_broken else "unloaded"
        end = time.monotonic() + seconds
        while not self.queue.is_closed and time.monotonic() < end:
            if is_broken:
                self.queue.fail_waiting(error)
            time.sleep(PAUSE_S)

    def _do(self, jobs: tuple[Job, ...]) -> None:
        """One call, and what comes of it to whoever waits."""
        self.jobs, self.state = jobs, "busy"
        try:
            with self.gate.working():
                self._ask(jobs)
        except WorkerError as error:
            self._lost(error)
        except Exception as error:  # noqa: BLE001 - the owner of a worker lives on, whoever waits is told
            self._unload("unloaded")
            for job in self.jobs:
                self._end(job, error=error)
        finally:
            self.jobs, self.used_at = (), time.monotonic()
            if self.loaded is not None:
                self.state = "ready"

    def _ask(self, jobs: tuple[Job, ...]) -> None:
        """Ask the model; where it fails with several, one by one, so that a bad file costs nobody else."""
        if len(jobs) > 1 and self._ask_together(jobs):
            return
        for job in jobs:
            if job.is_abandoned:
                self._end(job)
                continue
            try:
                reply = self._reply(job)
            except (ModelError, ApiError, NoStreamsError) as error:  # an answer
                self._end(job, error=error)
            else:
                self._end(job, reply=job.collect(reply))

    def _reply(self, job: Job) -> dict[str, Any]:
        assert self.loaded is not None
        if job.replica is not None:
            return self.held.ask(self.loaded, job.row, job.audio_s)
        return self._call_worker("utterance", {"row": dict(job.row)}, job.task, job.audio_s)

    def _ask_together(self, jobs: tuple[Job, ...]) -> bool:
        order = {"rows": [dict(job.row) for job in jobs]}
        try:
            replies = self._call_worker("utterances", order, jobs[0].task, sum(job.audio_s for job in jobs))["replies"]
        except ModelError as error:
            LOG.warning(
                "%s failed with %d files at once, they go one by one: %s", self.name, len(jobs), sentence(error)
            )
            return False
        for job, reply in zip(jobs, replies, strict=True):
            self._end(job, reply=job.collect(reply))
        return True

    def _call_worker(self, verb: str, order: dict[str, Any], task: str, audio_s: float) -> dict[str, Any]:
        assert self.loaded is not None
        if task != self.task:
            self.loaded.ask("start", {"task": task, "warm_up": True})
            self.task = task
        return self.loaded.ask(verb, order, audio_s)

    def _lost(self, error: WorkerError) -> None:
        """The process is gone: a job that crashed it gets one more, one that it hung in or that nobody wants none."""
        self._unload("unloaded")
        self.restarts += 1
        for job in reversed(self.jobs):
            job.losses += 1
            if job.replica is not None and not isinstance(error, HangError):
                self._end(job, error=lost())
            elif job.is_abandoned or isinstance(error, HangError) or job.losses >= LOSSES:
                self._end(job, error=error)
            else:
                LOG.warning("%s was lost, its job gets another one: %s", self.name, sentence(error))
                self.queue.put_first(job)

    def _end(self, job: Job, reply: dict[str, Any] | None = None, error: Exception | None = None) -> None:
        self.jobs = tuple(other for other in self.jobs if other is not job)
        self.queue.ended(job)
        with suppress(InvalidStateError):  # whoever waited has just gone
            if job.is_abandoned:
                return
            if error is not None:
                job.future.set_exception(error)
            else:
                job.future.set_result(reply or {})

    def _unload(self, state: str) -> None:
        was_loaded = self.loaded is not None
        worker, self.worker, self.loaded, self.state = self.worker, None, None, state
        if was_loaded:
            self._lose_streams()
        if worker is not None:
            worker.close()

    def _lose_streams(self) -> None:
        for stream in tuple(self.streams):
            stream.is_lost = True
        self.held = Held()
        self.queue.fail_own(self, lost())

    # ------------------------------------------------------------------------ from other threads

    def abandon(self, job: Job) -> bool:
        """Whether this replica is at the job, which nobody waits for; a call that does not end soon is ended."""
        if job not in self.jobs:
            return False
        job.is_abandoned = True
        late = threading.Timer(WORTH_KILLING_S, self._kill_over, [job])
        late.daemon = True
        late.start()
        return True

    def _kill_over(self, job: Job) -> None:
        jobs = self.jobs
        is_wanted = bool(self.streams) or not all(running.is_abandoned for running in jobs)
        if job in jobs and not is_wanted and (worker := self.worker) is not None:
            worker.kill()

    def call(self, action: str) -> None:
        """Ask the thread to `load` or `unload` its model."""
        self.wanted = action == "load"
        (self.wants_load if action == "load" else self.wants_unload).set()
        self.queue.call()

    def wait_unloaded(self, within_s: float) -> None:
        """Wait until its process is gone."""
        end = time.monotonic() + within_s
        while self.worker is not None and time.monotonic() < end:
            time.sleep(0.01)

    def end(self, within_s: float) -> None:
        """End the process and the thread; the queue is closed."""
        if self.jobs and (worker := self.worker) is not None:
            worker.kill()
        self.join(within_s + END_S)

    def _is_called(self) -> bool:
        return self.wants_load.is_set() or self.wants_unload.is_set()
