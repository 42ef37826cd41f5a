"""What `modellab alerts` and `modellab digest` send, by itself: after what was measured, and at the digest's time.

Each is a job of the queue, under a key that says what it is about: the state of the ledger, or day and target. So
however many servers look, and however often they begin anew, it is asked for once; what could not be sent is tried
again. The commands do it, in a process of their own: what is told and to whom is theirs to say.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from modellab.errors import ModellabError, sentence, shortened
from modellab.plan.settings import Project
from modellab.reports.alerts import rules
from modellab.server.auth import PROJECT
from modellab.server.errors import ApiError
from modellab.server.jobs.store import Jobs, Row, Wanted
from modellab.server.jobs.tables import ALERTS, FAILED, RUNS
from modellab.server.jobs.workers import BackError, JobError, Task
from modellab.server.results import follow
from modellab.system.masking import masked

LOG = logging.getLogger("modellab.server")
OWNER = "server"
LOOK_S = 5.0  # between looks at the ledger and at the clock
AGAIN_S = 300.0  # after which what could not be sent is tried again
MOST_TRIES = 12
MOST_QUEUED = 10_000
SENT_S = 600.0  # that sending may take
STEP_S, END_S = 0.2, 10.0
MOST_SAID = 400  # characters


class Sender:
    """Does the jobs: each is one of the two commands."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def __call__(self, task: Task) -> Mapping[str, Any]:
        """What the command said; JobError with its sentence where something was not sent."""
        body = task.claim.body
        digest = ["digest", "--days", str(body.get("days")), "--to", str(body.get("to")), "--of", str(body.get("of"))]
        command = [sys.executable, "-m", "modellab", *(digest if task.claim.kind == "digest" else ["alerts"])]
        with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+") as err:
            place = self.project.root
            child = subprocess.Popen(command, cwd=place, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
            try:
                self._wait(task, child)
            finally:
                with suppress(ProcessLookupError):
                    child.kill()
                child.wait()
            output, wrong = _read(out), _read(err)
        if child.returncode:
            raise JobError("not_sent", wrong or f"the command ended with status {child.returncode}")
        return {"said": output}

    def _wait(self, task: Task, child: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + SENT_S
        while not _ended(child, STEP_S):
            try:
                task.check()
            except BackError:  # the server is about to end: what is on its way had better arrive, lest it go again
                if _ended(child, END_S):
                    return
                raise
            if time.monotonic() > end:
                raise JobError("not_sent", f"it did not end in {SENT_S:g} s")


def _ended(child: subprocess.Popen[bytes], within_s: float) -> bool:
    with suppress(subprocess.TimeoutExpired):
        child.wait(within_s)
        return True
    return False


class Schedule:
    """Asks for the jobs, as long as there are rules."""

    def __init__(self, project: Project, jobs: Jobs, again_s: float = AGAIN_S) -> None:
        self.project, self.jobs, self.again_s = project, jobs, again_s
        self.is_stopping = threading.Event()
        self.thread = threading.Thread(target=self._work, name="alerts", daemon=True)
        self.sizes = (0, 0)
        self.complaint = ""

    def start(self) -> None:
        """Begin to look."""
        self.thread.start()

    def stop(self) -> None:
        """Ask for nothing any more."""
        self.is_stopping.set()
        if self.thread.ident is not None:
            self.thread.join()

    def _work(self) -> None:
        while not self.is_stopping.wait(LOOK_S):
            try:
                self.look(datetime.now(UTC))
                self.complaint = ""
            except (ModellabError, ApiError, OSError, sa.exc.SQLAlchemyError) as error:
                message = masked(sentence(error))
                if message != self.complaint:
                    LOG.warning("nobody is told what changed: %s", message)
                self.complaint = message

    def look(self, now: datetime) -> None:
        """Ask for what is due: alerts once the ledger rests and no run goes on, a digest at its time."""
        path = self.project.root / rules.FILE
        if not path.is_file():
            return
        asked = rules.read(path)
        if asked.digest is not None and (day := asked.digest.due(now)):
            for name in asked.digest.to:
                key = f"digest {day} {name}"
                self._put("digest", key, {"to": name, "days": asked.digest.days, "of": key})
        before, self.sizes = self.sizes, follow.sizes(self.project.mlruns)
        if self.sizes[1] and self.sizes == before and not self._is_measuring():
            self._put("alerts", f"alerts {self.sizes[0]} {self.sizes[1]}", {})

    def _is_measuring(self) -> bool:
        return any(row.lane == RUNS for row in self.jobs.at_work())

    def _put(self, kind: str, key: str, body: Mapping[str, Any]) -> None:
        wanted = Wanted(PROJECT, OWNER, kind, ALERTS, body, key, 1, idempotency_key=key)
        row, is_new = self.jobs.put(wanted, MOST_QUEUED)
        if not is_new and _may_try_again(row, self.again_s):
            self.jobs.retry(PROJECT, row.id, 1)


def _may_try_again(row: Row, again_s: float) -> bool:
    return bool(row.state == FAILED and row.tries < MOST_TRIES and time.time() - row.ended >= again_s)


def _read(file: Any) -> str:
    file.seek(0)
    return shortened(masked(" ".join(file.read(4 * MOST_SAID).split())), MOST_SAID)
