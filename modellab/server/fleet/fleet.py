"""The models that can be served, each with a queue and replicas: loaded when asked, unloaded when idle."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import psutil

from modellab.errors import CrashError, did_you_mean
from modellab.plan.availability import obstacle
from modellab.plan.matrix import Matrix, ModelInstance
from modellab.plan.serve_settings import Serve
from modellab.server.errors import ApiError
from modellab.server.fleet import memory
from modellab.server.fleet.measured import Gate
from modellab.server.fleet.own_streams import too_many
from modellab.server.fleet.queues import FullError, Job, ModelQueue
from modellab.server.fleet.replica import OwnStream, Replica

ASKED = ("asr", "translation", "tts", "meeting")  # what can be asked
TASKS = (*ASKED, "alignment")  # and what an answer may need
MB = 1e6
END_S = 1.0  # how long a replica may take to end after its process was killed


@dataclass(slots=True)
class Served:
    """One model of the fleet. Its name is MODEL:VARIANT, or MODEL:VARIANT@DEVICE-PRECISION."""

    name: str
    instance: ModelInstance
    tasks: tuple[str, ...]
    is_preloaded: bool = False
    created: int = field(default_factory=lambda: int(time.time()))
    queue: ModelQueue | None = None
    replicas: list[Replica] = field(default_factory=list)

    @property
    def languages(self) -> tuple[str, ...]:
        """What it understands; empty where it finds that out itself."""
        return self.instance.variant.languages

    @property
    def state(self) -> str:
        """`ready`, `busy`, `loading`, `broken`, or `unloaded`: that of its best replica."""
        states = {replica.state for replica in self.replicas}
        order = ("ready", "busy", "loading", "broken")
        return next((state for state in order if state in states), "unloaded")

    @property
    def reason(self) -> str:
        """Why it is not loaded, where a load failed."""
        return next((replica.reason for replica in self.replicas if replica.reason), "")

    @property
    def most_streams(self) -> int | None:
        """How many streams of its own it holds in each process; 0 where it has none, None until it was loaded."""
        return next((replica.most_streams for replica in self.replicas if replica.most_streams is not None), None)

    @property
    def streams(self) -> int:
        """How many it holds now."""
        return sum(len(replica.streams) for replica in self.replicas)

    def bytes(self) -> int:
        """Resident memory of its processes."""
        return sum(map(_resident_bytes, self.replicas))


class Fleet:
    """Every model that this machine can run. `submit` gives a job to one; the rest says how they are."""

    def __init__(self, matrix: Matrix, settings: Serve, threads: int) -> None:
        self.settings, self.threads = settings, threads
        self.lock = threading.RLock()
        self.gate = Gate(settings.while_measuring)
        self.models = {served.name: served for served in _served(matrix)}
        self.aliases = dict(settings.aliases)
        self.batches = {self.get(name).name: most for name, most in settings.batches.items()}
        self.is_draining = False
        self.lost_before = 0
        for name in settings.preload:
            served = self.get(name)
            served.is_preloaded = True
            for replica in self._running(served).replicas:
                replica.call("load")

    # ------------------------------------------------------------------------ which there are

    def get(self, name: str) -> Served:
        """The model of a name or an alias; ApiError with the closest ones."""
        served = self.models.get(self.aliases.get(name, name))
        if served is None:
            near = did_you_mean(name, [*self.aliases, *(known for known in self.models if "@" not in known)])
            raise ApiError(404, "model_not_found", f"there is no model {name!r} here: {near}", "model")
        return served

    def doing(self, name: str, task: str) -> Served:
        """The same for a model that does a task."""
        served = self.get(name)
        if task not in served.tasks:
            able = [model.name for model in self if task in model.tasks and "@" not in model.name]
            does = " and ".join(served.tasks)
            others = f"; for that: {', '.join(able[:5])}" if able else ", and no model here does"
            raise ApiError(400, "unsupported_task", f"{name} does {does} and no {task}{others}", "model")
        return served

    def default(self, task: str) -> str:
        """The first of the preloaded models that does a task; '' where there is none."""
        return next((served.name for served in map(self.get, self.settings.preload) if task in served.tasks), "")

    def __iter__(self) -> Iterator[Served]:
        return iter(self.models.values())

    # ------------------------------------------------------------------------ work

    def submit(self, served: Served, job: Job) -> Job:
        """Let a job wait for its turn; ApiError where there is no room, with when there should be."""
        if self.is_draining:
            raise ApiError(503, "shutting_down", "the server is about to end", headers={"Retry-After": "5"})
        with self.lock:
            queue = self._running(served).queue
        assert queue is not None
        try:
            queue.put(job)
        except FullError as full:
            raise ApiError(
                429, "queue_full", f"{served.name} has {queue.most} requests waiting: {full}", headers=_after(full)
            ) from None
        return job

    def open_stream(self, served: Served) -> OwnStream:
        """A place for a stream of the model's own, where there are the fewest; ApiError where there is no room."""
        with self.lock:
            replicas = self._running(served).replicas
            replica = min(replicas, key=lambda candidate: (len(candidate.streams), candidate.loaded is None))
            if served.most_streams is not None and len(replica.streams) >= served.most_streams:
                raise too_many(served.name, served.most_streams)
            stream = OwnStream(replica)
            replica.streams.add(stream)
            return stream

    def close_stream(self, stream: OwnStream) -> None:
        """Its place is free."""
        with self.lock:
            stream.replica.streams.discard(stream)

    def abandon(self, served: Served, job: Job) -> None:
        """Nobody waits for a job any more."""
        if not any(replica.abandon(job) for replica in served.replicas) and served.queue is not None:
            served.queue.drop(job)

    def withdraw(self, served: Served, job: Job) -> bool:
        """Take back a job whose turn has not come; False where it has."""
        return served.queue is not None and served.queue.withdraw(job)

    def _running(self, served: Served) -> Served:
        """The model with its queue and replicas started."""
        if served.queue is None:
            count = max(1, self.settings.replicas)
            served.queue = ModelQueue(self.settings.max_queue * count, count)
            idle_s = 0.0 if served.is_preloaded else self.settings.idle_s
            most_bytes = memory.of_worker(self.settings, served.instance.key.device)
            served.replicas = [
                Replica(
                    served.instance,
                    served.queue,
                    self.threads,
                    idle_s,
                    lambda: self._make_room(served),
                    self.gate,
                    most_bytes,
                    self.batches.get(served.name, 1),
                )
                for _ in range(count)
            ]
            for replica in served.replicas:
                replica.start()
        return served

    def _make_room(self, served: Served) -> None:
        """Unload what was used longest ago until the model that is about to be loaded should fit."""
        budget = self.settings.memory_mb * MB
        if not budget:
            return
        with self.lock:
            others = [(replica.used_at, replica) for model in self if model is not served for replica in model.replicas]
        needed = max((replica.size_bytes for replica in served.replicas), default=0)
        for _, replica in sorted(others, key=lambda pair: pair[0]):
            if sum(model.bytes() for model in self) + needed <= budget:
                return
            if replica.state == "ready" and not replica.streams:
                replica.call("unload")
                replica.wait_unloaded(END_S)

    # ------------------------------------------------------------------------ by hand, and the end

    def load(self, name: str) -> Served:
        """Load a model before anybody asks."""
        with self.lock:
            served = self._running(self.get(name))
        for replica in served.replicas:
            replica.call("load")
        return served

    def unload(self, name: str) -> Served:
        """Unload a model; ApiError 409 where it is at work."""
        served = self.get(name)
        if served.queue is not None and (len(served.queue) or served.queue.running or served.streams):
            raise ApiError(409, "in_use", f"{name} is at work: unload it when it is not", "model")
        for replica in served.replicas:
            replica.call("unload")
        return served

    def drain(self, within_s: float) -> None:
        """Take no more and let what was begun end; what takes longer is ended."""
        self.is_draining = True
        end = time.monotonic() + within_s
        for served in self:
            while served.queue is not None and (len(served.queue) or served.queue.running) and time.monotonic() < end:
                time.sleep(0.02)
        self.close()

    def close(self) -> None:
        """End every process; whoever still waits is told."""
        self.is_draining = True
        gone = CrashError("the server ended")
        for served in self:
            for job in served.queue.close() if served.queue is not None else []:
                job.fail(gone)
        for replica in [replica for served in self for replica in served.replicas]:
            replica.end(END_S)

    def stats(self) -> Mapping[str, Any]:
        """How the models are, for `/stats`: those that anybody has asked for."""
        return {
            served.name: {
                "state": served.state,
                "reason": served.reason,
                "waiting": len(served.queue),
                "running": len(served.queue.running),
                "most_waiting": served.queue.most,
                "mean_call_s": round(served.queue.mean_s, 4),
                "calls": served.queue.calls,
                "replicas": [replica.state for replica in served.replicas],
                "restarts": sum(replica.restarts for replica in served.replicas),
                "streams": served.streams,
                "resident_bytes": served.bytes(),
            }
            for served in self
            if served.queue is not None
        }


def _after(full: FullError) -> dict[str, str]:
    """For every client whole seconds; for OpenAI's, which reads it first, the same to the millisecond."""
    return {"Retry-After": str(math.ceil(full.retry_s)), "retry-after-ms": str(math.ceil(1000 * full.retry_s))}


def _resident_bytes(replica: Replica) -> int:
    worker = replica.worker
    try:
        return int(psutil.Process(worker.process.pid).memory_info().rss) if worker is not None else 0
    except psutil.Error:  # it has just ended
        return 0


def _served(matrix: Matrix) -> Iterator[Served]:
    """Every variant that can run here: under its own name as its first device and precision, and each of them.

    A model that another server runs is not among them: whoever reaches this port would use the keys of its owner.
    """
    named: set[str] = set()
    for instance in matrix.instances():
        key = instance.key
        tasks = tuple(task for task in TASKS if task in instance.model.tasks_of(key.variant))
        if instance.variant.server or not set(tasks) & set(ASKED) or any(obstacle(instance)):
            continue
        name = f"{key.model}:{key.variant}"
        if name not in named:
            named.add(name)
            yield Served(name, instance, tasks)
        yield Served(f"{name}@{key.device}-{key.precision}", instance, tasks)
