"""The threads that take jobs, one process's all together: each job is done by one of them, from its claim to its end.

A further thread says that they live, tells them of jobs that are no longer theirs, and looks whose worker is lost.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import sqlalchemy as sa

from modellab.plan.serve_settings import JobSettings
from modellab.server.jobs.files import FULL, Files, full
from modellab.server.jobs.notices import Listener
from modellab.server.jobs.store import Claim, Jobs
from modellab.server.jobs.tables import RUNS
from modellab.server.jobs.watch import Watch
from modellab.server.outages import Outage
from modellab.system import machine

LOG = logging.getLogger("modellab.server")
POLL_S = 1.0  # between looks at the queue when nobody says that something came
BEATS = 15  # of a worker within a lease
DAY_S, HOUR_S = 86_400.0, 3600.0
JUMP_S = 3600.0  # that the clock on the wall may differ from the steady one: more is no correction
NO_LIMIT = 10**6


class GoneError(Exception):
    """The job is not this worker's any more: it was cancelled, or given to another."""


class BackError(Exception):
    """The job is to be given back; the try counts where the job itself may be to blame."""

    def __init__(self, why: str, *, is_counted: bool) -> None:
        super().__init__(why)
        self.is_counted = is_counted


class JobError(Exception):
    """The job cannot be done: code and sentence, as an error of the API has them; `result` is what there is of it."""

    def __init__(self, code: str, message: str, result: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.result = code, message, result


@dataclass(slots=True, eq=False)
class Task:
    """An attempt at a job on its way: asked often whether it is to go on."""

    claim: Claim
    jobs: Jobs
    is_stopping: threading.Event
    gone: threading.Event = field(default_factory=threading.Event)
    reported_at: float = 0.0

    def check(self) -> None:
        """GoneError or BackError where it is to end."""
        if self.gone.is_set():
            raise GoneError
        if self.is_stopping.is_set():
            raise BackError("the server is about to end", is_counted=False)

    def progress(self, data: Mapping[str, Any], more: Mapping[str, Any] | None = None, *, every_s: float = 0.0) -> bool:
        """Tell how far it is, not oftener than `every_s`: whether it was told. `more` is for who follows alone."""
        now = time.monotonic()
        if now - self.reported_at < every_s:
            return False
        self.reported_at = now
        if not self.jobs.progress(self.claim, data, more):
            raise GoneError
        return True


class Doer(Protocol):
    """How jobs of a lane are done: a result, or one of the three errors above."""

    def __call__(self, task: Task) -> Mapping[str, Any]: ...


class Workers:
    """The threads of one process. `doers` is what each lane's jobs are done by, `counts` by how many threads."""

    def __init__(
        self, jobs: Jobs, files: Files, settings: JobSettings, doers: Mapping[str, Doer], counts: Mapping[str, int],
        poll_s: float = POLL_S,
    ) -> None:  # fmt: skip
        self.jobs, self.files, self.settings, self.poll_s = jobs, files, settings, poll_s
        self.name = f"{machine.hostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self.watch = Watch(jobs, settings.lease_s)
        self.is_stopping = threading.Event()
        self.wakes = {lane: threading.Semaphore(0) for lane in doers}
        self.tasks: set[Task] = set()
        self.lock = threading.Lock()
        self.claiming, self.keeping = Outage("the database gives no job"), Outage("jobs go on unheard")
        self.telling = Outage("the database does not take how a job went")
        self.cleaned_at = -HOUR_S
        self.began_at, self.began = time.time(), time.monotonic()
        self.threads = [
            threading.Thread(target=self._work, args=(lane, doer), name=f"jobs {lane} {number}", daemon=True)
            for lane, doer in doers.items()
            for number in range(counts[lane])
        ]
        self.listener = Listener(jobs.database, self.wake)
        self.keeper = threading.Thread(target=self._keep, name="jobs keeper", daemon=True)

    def start(self) -> None:
        """Begin to take jobs."""
        self.listener.start()
        for thread in (*self.threads, self.keeper):
            thread.start()

    def wake(self, lane: str) -> None:
        """A job came."""
        if lane in self.wakes:
            self.wakes[lane].release()

    def stop(self, within_s: float) -> None:
        """Take no more; what is on its way ends or is given back."""
        self.is_stopping.set()
        for lane in self.wakes:
            for _ in self.threads:
                self.wake(lane)
        self.listener.stop()
        end = time.monotonic() + within_s
        for thread in (*self.threads, self.keeper):
            if thread.ident is not None:
                thread.join(max(0.1, end - time.monotonic()))

    # ------------------------------------------------------------------------ a worker

    def _work(self, lane: str, doer: Doer) -> None:
        most = self.settings.most_running if lane == RUNS else NO_LIMIT
        while not self.is_stopping.is_set():
            try:
                claim = self.jobs.claim([lane], self.name, most)
            except sa.exc.SQLAlchemyError as error:
                self.claiming.tell(error)
                self.is_stopping.wait(self.claiming.pause_s(self.poll_s))
                continue
            self.claiming.over()
            if claim is None:
                self.wakes[lane].acquire(timeout=self.poll_s)
                continue
            self._do(Task(claim, self.jobs, self.is_stopping), doer)

    def _do(self, task: Task, doer: Doer) -> None:
        """One attempt, and what came of it into the table, however long the table takes to be there again."""
        claim = task.claim
        with self.lock:
            self.tasks.add(task)
        try:
            result = doer(task)
        except GoneError:
            return
        except BackError as back:
            why, is_counted = str(back), back.is_counted
            self._surely(lambda: self.jobs.give_back(claim, why, is_counted=is_counted))
        except JobError as error:
            fault, rest = {"code": error.code, "message": error.message}, error.result
            self._surely(lambda: self.jobs.fail(claim, fault, rest))
        except sa.exc.SQLAlchemyError as error:
            self.telling.tell(error)
            self._surely(lambda: self.jobs.give_back(claim, "the database was gone", is_counted=False))
        except Exception as error:
            LOG.exception("%s failed", claim.id)
            failure = _failure(error)
            self._surely(lambda: self.jobs.fail(claim, failure))
        else:
            if self._surely(lambda: self.jobs.finish(claim, result)):
                self.files.drop_audio(claim.id)
        finally:
            with self.lock:
                self.tasks.discard(task)

    def _surely(self, step: Callable[[], bool]) -> bool:
        """Do a step in the table, again and again where the database is gone, until the process ends."""
        while True:
            try:
                is_kept = step()
            except sa.exc.SQLAlchemyError as error:
                self.telling.tell(error)
                if self.is_stopping.wait(self.telling.pause_s(self.poll_s)):
                    return False
            else:
                self.telling.over()
                return is_kept

    # ------------------------------------------------------------------------ the keeper

    def _keep(self) -> None:
        while not self.is_stopping.wait(self.settings.lease_s / BEATS) or self.tasks:
            try:
                self._beat()
                self.watch.look()
                self.clean()
                self.keeping.over()
            except sa.exc.SQLAlchemyError as error:
                if self.tasks:  # without one it is the claims' to tell
                    self.keeping.tell(error)
            if self.is_stopping.is_set():
                time.sleep(self.settings.lease_s / BEATS)

    def _beat(self) -> None:
        with self.lock:
            tasks = tuple(self.tasks)
        if tasks:
            own = self.jobs.beat(self.name)
            for task in tasks:
                if (task.claim.n, task.claim.attempt) not in own:
                    task.gone.set()

    def clean(self) -> None:
        """Forget what ended long ago, now and then."""
        if time.monotonic() - self.cleaned_at < HOUR_S:
            return
        self.cleaned_at = time.monotonic()
        if abs(time.time() - self.began_at - (time.monotonic() - self.began)) > JUMP_S:
            LOG.warning("the clock was set since this process began: no job is forgotten until it begins anew")
            return
        for id in self.jobs.forget(time.time() - self.settings.keep_days * DAY_S):
            self.files.remove(id)
        self.files.sweep(self.jobs.names())


def _failure(error: Exception) -> dict[str, str]:
    """What a job says that ended in an error of ours, or of the disk."""
    if isinstance(error, OSError) and error.errno in FULL:
        refusal = full(error)
        return {"code": refusal.code, "message": refusal.message}
    return {"code": "internal_error", "message": f"something here failed ({type(error).__name__}): see the log"}
