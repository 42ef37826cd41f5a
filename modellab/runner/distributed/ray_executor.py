"""The executor on Ray: an actor for each worker, wherever the cluster has room. `pip install 'modellab[ray]'`.

Ray only starts actors, tells of their end and carries bytes. It retries nothing: what is to be done again is the
controller's to decide, which knows what was done. The packages are those of the nodes, nothing is installed there, and
an actor with others is refused. `ray_cluster.py` says how a cluster is reached.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modellab.runner.distributed import ray_cluster
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
from modellab.runner.distributed.ray_cluster import Connection
from modellab.runner.distributed.shard_process import answer_of, answered
from modellab.runner.distributed.shard_worker import ShardWorker
from modellab.system import extras

LOOK_S = 2.0  # between two looks at whether this node is drained


class Notice:
    """Whether an actor is to leave: it got SIGTERM, or Ray drains its node. It knows within `LOOK_S`."""

    def __init__(self) -> None:
        self.is_given, self._looked_s = False, 0.0
        signal.signal(signal.SIGTERM, self._told)  # Ray's own ends the process at once

    def __call__(self) -> bool:
        now_s = time.monotonic()
        if not self.is_given and now_s - self._looked_s > LOOK_S:
            self._looked_s = now_s
            self.is_given = ray_cluster.is_drained()
        return self.is_given

    def _told(self, number: int, _: object) -> None:  # noqa: ARG002
        self.is_given = True


class Actor:
    """What runs on the cluster: a worker of shards in a process of Ray's, which leaves between two calls."""

    def __init__(self, root: str) -> None:
        self.worker = ShardWorker(Path(root) if root else None)
        self.worker.told_to_go = Notice()

    def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Answer an order."""
        return {**answered(self.worker, order), "going": self.worker.told_to_go()}

    def look(self) -> bool:
        """Whether it is to leave: an idle one is asked, and by its answer known to live."""
        return self.worker.told_to_go()


@dataclass(slots=True)
class _Member:
    """One actor, as this side knows it."""

    actor: Any
    opening: Any = None  # a reference, until it is there
    looking: Any = None  # a reference, while it is asked whether it is to leave
    looked_s: float = 0.0
    attempts: dict[Any, int] = field(default_factory=dict)  # by reference


class RayCluster:
    """So many actors, one for each GPU of the cluster where a case needs one; one that dies is replaced."""

    def __init__(self, address: str, workers: int | None = None) -> None:
        """ExtraError without Ray."""
        extras.need("ray", f"--executor ray:{address.removeprefix('ray:')}")
        self.address, self.asked = address, workers
        self.members: dict[str, _Member] = {}
        self.plan: Plan = {}
        self.count = 0
        self.connection: Connection | None = None

    @property
    def ray(self) -> Any:
        """Ray itself."""
        assert self.connection is not None, "start comes first"
        return self.connection.ray

    def start(self, plan: Plan) -> None:
        """Start the actors, or have those that are there load the model of another case."""
        if self.connection is None:
            self.connection = Connection(self.address, self.asked)
        self.plan = plan
        for name in [name for name, member in self.members.items() if member.attempts]:
            self._end(name)
        for member in self.members.values():
            member.opening = member.actor.order.remote({"verb": "open", "plan": dict(plan)})
        for _ in range(self._wanted() - len(self.members)):
            self._add()

    def submit(self, worker: str, attempt: Attempt) -> None:
        """Give a worker a shard."""
        member = self.members[worker]
        member.attempts[member.actor.order.remote({"verb": "shard", **order_of(attempt)})] = attempt.number

    def events(self, timeout_s: float) -> Iterator[Event]:
        """What has happened; waits so long for a first event."""
        self._look()
        waiting = {ref: name for name, member in self.members.items() for ref in _references(member)}
        if not waiting:
            time.sleep(timeout_s)
            return
        ready, _ = self.ray.wait(list(waiting), num_returns=1, timeout=timeout_s)
        if ready:
            ready, _ = self.ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
        for ref in ready:
            if (name := waiting[ref]) in self.members:
                yield from self._told(name, ref)

    def stop(self) -> None:
        """End the actors, and the cluster where it was started here."""
        for name in list(self.members):
            self._end(name)
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _look(self) -> None:
        """Ask those that have nothing to do whether they are to leave: no answer to a shard would tell."""
        now_s = time.monotonic()
        for member in self.members.values():
            if not _references(member) and now_s - member.looked_s > LOOK_S:
                member.looking, member.looked_s = member.actor.look.remote(), now_s

    def _told(self, name: str, ref: Any) -> Iterator[Event]:
        """What an answer means, or that there will be none."""
        member = self.members[name]
        number = member.attempts.pop(ref, None)
        try:
            reply = self.ray.get(ref)
        except self.ray.exceptions.RayError as error:
            self._end(name)
            self._add()
            first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            yield Lost(name, f"its actor is gone: {first}")
            return
        if ref == member.looking:
            member.looking = None
            yield from self._looked(name, member, is_going=reply)
            return
        if number is None:
            member.opening = None
        if "failed" in reply:
            self._end(name)
            others = bool(self.members)  # without any, nobody is left to wait for
            of_place = number is None and reply["failed"] in OF_PLACES and others
            told = Refused(name, reply["text"]) if of_place else Failed(name, reply["failed"], reply["text"])
            yield told
        elif number is None:
            yield Up(name, reply["opened"])
        else:
            yield Done(name, number, answer_of(reply), reply["audio"])
            if reply["going"]:
                yield from self._left(name)

    def _looked(self, name: str, member: _Member, *, is_going: bool) -> Iterator[Event]:
        """What it means that an actor answers: it is there, and to leave or not."""
        if is_going:
            yield from self._left(name)
        elif member.opening is not None:
            yield Loading(name)

    def _left(self, name: str) -> Iterator[Event]:
        """Let an actor go as it was told to; another one takes its place."""
        yield Gone(name)
        self._end(name)
        self._add()

    def _wanted(self) -> int:
        if self.asked:
            return self.asked
        what = "GPU" if self.plan["device"] == "cuda" else "CPU"
        return max(1, int(self.ray.cluster_resources().get(what, 1)))

    def _add(self) -> None:
        self.count += 1
        needs = {"num_gpus": 1} if self.plan["device"] == "cuda" else {"num_cpus": self.plan["threads"]}
        kind = self.ray.remote(Actor).options(
            **needs, max_restarts=0, max_task_retries=0, scheduling_strategy="SPREAD", max_concurrency=1
        )
        actor = kind.remote("")
        looking = actor.look.remote()  # answered when the cluster has room for it
        opening = actor.order.remote({"verb": "open", "plan": dict(self.plan)})
        self.members[f"ray-{self.count}"] = _Member(actor, opening, looking)

    def _end(self, name: str) -> None:
        """Let go of an actor: one that Ray takes for unavailable may answer later, and is not waited for."""
        member = self.members.pop(name)
        with suppress(Exception):  # it is gone already, in one of the ways that Ray has for it
            self.ray.kill(member.actor, no_restart=True)


def _references(member: _Member) -> list[Any]:
    return [*(ref for ref in (member.opening, member.looking) if ref is not None), *member.attempts]
