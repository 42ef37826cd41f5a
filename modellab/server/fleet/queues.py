"""The queue of a model: bounded, honest about how long it is, in turns between those who ask.

Files have two lanes by their length, live streams two of their own: they go first, since each has one call at most and
somebody still speaks, but of five turns one is left to files. The last words of a stream go before all: somebody waits
for them, while what others say meanwhile is heard in one call later. What is for a stream that one replica's process
holds waits in a lane of that replica.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

LONG_S = 60.0  # of audio: behind such a file short ones would wait for minutes
WEIGHT = 0.2  # of the newest call in the mean
FIRST_GUESS_S = 1.0  # for a call, before there was one
LEAST_RETRY_S, MOST_RETRY_S = 0.25, 60.0  # OpenAI's client waits for no longer than a minute
SLACK = 1.1  # a call may take that much longer than the mean
LIVE_TURNS = 4  # of streams in a row while a file waits


@dataclass(slots=True, eq=False)
class Job:
    """One call of a model that somebody waits for. `owner` is who asks; `audio_s` what it is about, 0 for text."""

    task: str
    row: Mapping[str, Any]
    audio_s: float
    owner: str = ""
    collect: Callable[[dict[str, Any]], dict[str, Any]] = dict  # what becomes of the reply, while its process is there
    asked_at: float = field(default_factory=time.monotonic)
    begun_at: float = 0.0
    losses: int = 0  # worker processes that were lost over it
    is_abandoned: bool = False  # nobody waits any more
    is_live: bool = False  # the next words of somebody who still speaks
    is_last: bool = False  # and the last ones, which somebody waits for
    replica: object = None  # the only one that may take it
    together: int = 1  # jobs of its call
    future: Future[dict[str, Any]] = field(default_factory=Future)

    def goes_with(self, other: Job) -> bool:
        """Whether both may be one call of a model that takes several."""
        alike = self.task == other.task and self.row.get("language") == other.row.get("language")
        return alike and not (
            self.is_live or self.is_long or self.losses or other.is_live or other.is_long or other.losses
        )

    @property
    def is_long(self) -> bool:
        return self.audio_s > LONG_S

    def begin(self) -> bool:
        """Whether it is still to be done; said at its first try, a job that is tried again is running already."""
        if self.is_abandoned:
            self.future.cancel()
            return False
        self.begun_at = time.monotonic()
        return self.losses > 0 or self.future.set_running_or_notify_cancel()

    def fail(self, error: Exception) -> None:
        """Tell whoever waits that it will not be done."""
        if self.begin():
            with suppress(InvalidStateError):  # whoever waited has just gone
                self.future.set_exception(error)


class FullError(Exception):
    """There is no room; `retry_s` is when there should be, for who is told so."""

    def __init__(self, retry_s: float) -> None:
        super().__init__(f"the queue is full, in about {math.ceil(retry_s)} s there is room")
        self.retry_s = retry_s


class Lane:
    """Jobs of one kind: first come first served for each owner, owners in turn."""

    def __init__(self) -> None:
        self.owners: OrderedDict[str, deque[Job]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self.owners.values()))

    def put(self, job: Job) -> None:
        """Behind the others of its owner."""
        self.owners.setdefault(job.owner, deque()).append(job)

    def put_first(self, job: Job) -> None:
        """Before all others."""
        self.owners.setdefault(job.owner, deque()).appendleft(job)
        self.owners.move_to_end(job.owner, last=False)

    def take(self) -> Job | None:
        """The next job: that of the owner who has waited longest for a turn."""
        if not self.owners:
            return None
        owner, jobs = self.owners.popitem(last=False)
        job = jobs.popleft()
        if jobs:
            self.owners[owner] = jobs
        return job

    def drop(self, job: Job) -> bool:
        """Take out a job that nobody waits for; False where it is not here any more."""
        jobs = self.owners.get(job.owner, deque())
        is_here = job in jobs
        if is_here:
            jobs.remove(job)
            if not jobs:
                del self.owners[job.owner]
        return is_here


class ModelQueue:
    """What is asked of one model, for its replicas to take. All methods may be called from any thread."""

    def __init__(self, most: int, replicas: int) -> None:
        self.most, self.replicas = most, replicas
        self.short, self.long, self.live, self.last = Lane(), Lane(), Lane(), Lane()
        self.own: dict[object, Lane] = {}  # of what one replica alone may take
        self.running: set[Job] = set()
        self.mean_s = FIRST_GUESS_S  # of a call
        self.calls = 0  # that ended, of files and streams
        self.changed = threading.Condition()
        self.is_closed = False
        self._promised: list[float] = []  # when those who were refused come again
        self._was_long = False
        self._live_turns = 0  # since a file's
        self._files = 0

    def __len__(self) -> int:
        return sum(map(len, self._lanes))

    @property
    def _lanes(self) -> tuple[Lane, ...]:
        return self.last, *self.own.values(), self.live, self.short, self.long

    def _lane(self, job: Job) -> Lane:
        if job.replica is not None:
            return self.own.setdefault(job.replica, Lane())
        if job.is_live:
            return self.last if job.is_last else self.live
        return self.long if job.is_long else self.short

    def _promise(self) -> float:
        """In how many seconds there should be room for one more, after all who were told so before.

        They come one by one, as fast as the replicas work, to a queue that is half empty by then. Told the same, all
        would come at once, and all but a few in vain.
        """
        now = time.monotonic()
        self._promised = [moment for moment in self._promised if moment > now]
        before = len(self.running) + len(self) / 2 + len(self._promised) + 1
        retry_s = min(MOST_RETRY_S, max(LEAST_RETRY_S, SLACK * before * self.mean_s / self.replicas))
        self._promised.append(now + retry_s)
        return retry_s

    def put(self, job: Job) -> None:
        """Let a job wait for its turn; FullError where there is no room. How many streams there are, others bound."""
        with self.changed:
            is_full = not job.is_live and len(self.short) + len(self.long) >= self.most
            if self.is_closed or is_full:
                raise FullError(self._promise())
            self._lane(job).put(job)
            self.changed.notify(1 if job.replica is None else self.replicas)

    def put_first(self, job: Job) -> None:
        """Let a job that was begun have the next turn."""
        with self.changed:
            self.running.discard(job)
            self._lane(job).put_first(job)
            self.changed.notify()

    def wait(self, timeout_s: float | None, is_called: Callable[[], bool], by: object = None) -> bool:
        """Wait until there is a job that `by` could take, it is called, or the queue closes; False for none."""
        with self.changed:
            return self.changed.wait_for(
                lambda: self.is_closed or is_called() or self._next_lane(by) is not None, timeout_s
            )

    def call(self) -> None:
        """Let every replica look whether it is called."""
        with self.changed:
            self.changed.notify_all()

    def take(self, by: object = None) -> Job | None:
        """The next job for `by`, begun; None where there is none that may begin now."""
        with self.changed:
            while (lane := self._next_lane(by)) is not None and (job := lane.take()):
                if job.begin():
                    self._live_turns = self._live_turns + 1 if job.is_live else 0
                    self._was_long = self._was_long if job.is_live else lane is self.long
                    self.running.add(job)
                    return job
            return None

    def take_more(self, first: Job, most: int) -> list[Job]:
        """Further files that wait and may go with one that was taken, begun."""
        further: list[Job] = []
        others: list[Job] = []
        with self.changed:
            while len(further) < most and (job := self.short.take()):
                if not job.goes_with(first):
                    others.append(job)
                elif job.begin():
                    self.running.add(job)
                    further.append(job)
            for job in reversed(others):
                self.short.put_first(job)
        for job in (first, *further):
            job.together = len(further) + 1
        return further

    def _next_lane(self, by: object) -> Lane | None:
        """Streams first, then lanes take turns; of several replicas one is always left for short files."""
        busy = sum(job.is_long for job in self.running)
        may_long = bool(len(self.long)) and busy < max(1, self.replicas - 1)
        own = self.own.get(by, self.live)
        live = self.last if len(self.last) else own if len(own) else self.live
        if len(live) and not (self._live_turns >= LIVE_TURNS and (len(self.short) or may_long)):
            return live
        if len(self.short) and not (may_long and not self._was_long):
            return self.short
        return self.long if may_long else self.short if len(self.short) else None

    def ended(self, job: Job) -> None:
        """A job is done, however it went."""
        with self.changed:
            self.running.discard(job)
            self.calls += 1
            if job.begun_at and not job.is_live:
                self._files += 1  # the first ones count for more than the guess
                weight = max(WEIGHT, 1 / self._files)
                self.mean_s += weight * ((time.monotonic() - job.begun_at) / job.together - self.mean_s)
            self.changed.notify_all()

    def drop(self, job: Job) -> None:
        """Take out a job that nobody waits for any more."""
        with self.changed:
            job.is_abandoned = True
            self._lane(job).drop(job)
            job.future.cancel()

    def withdraw(self, job: Job) -> bool:
        """Take out a job whose turn has not come; False where it has."""
        with self.changed:
            is_here = self._lane(job).drop(job)
            if is_here:
                job.future.cancel()
            return is_here

    def close(self) -> list[Job]:
        """Take no more; the jobs that waited."""
        with self.changed:
            self.is_closed = True
            left: list[Job] = []
            for lane in self._lanes:
                while job := lane.take():
                    left.append(job)
            self.changed.notify_all()
            return left

    def fail_older(self, waited_s: float, error: Exception) -> None:
        """Give everybody who has waited for so long the same error."""
        before = time.monotonic() - waited_s
        with self.changed:
            for lane in self._lanes:
                for job in [job for jobs in lane.owners.values() for job in jobs if job.asked_at <= before]:
                    lane.drop(job)
                    job.fail(error)

    def fail_own(self, by: object, error: Exception) -> None:
        """Give everybody the same error who waits for this replica alone."""
        with self.changed:
            while (lane := self.own.get(by)) and (job := lane.take()):
                job.fail(error)

    def fail_waiting(self, error: Exception) -> None:
        """Give everybody who waits the same error."""
        with self.changed:
            for lane in self._lanes:
                while job := lane.take():
                    job.fail(error)
