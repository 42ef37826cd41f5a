"""What jobs of one server share: the queue, the files, the models, and the threads that do them."""

from __future__ import annotations

import threading

from modellab.plan.matrix import Matrix
from modellab.plan.serve_settings import JobSettings
from modellab.plan.settings import Project
from modellab.server.database import Database
from modellab.server.fleet.fleet import Fleet
from modellab.server.jobs.alerts import Schedule, Sender
from modellab.server.jobs.files import Files
from modellab.server.jobs.inference import Inference
from modellab.server.jobs.runs import END_S, Runs
from modellab.server.jobs.store import Jobs, Row
from modellab.server.jobs.tables import ALERTS, INFERENCE, RUNS
from modellab.server.jobs.webhooks import Webhooks
from modellab.server.jobs.workers import Doer, Workers
from modellab.server.probe import Probe
from modellab.server.storage.blobs import Blobs

FOLDER = "jobs"
ROOM_S = 10.0  # beyond what the slowest job may take to end


class Room:
    """Starts with the server and ends with it. Without a fleet it does runs alone."""

    def __init__(
        self,
        project: Project,
        database: Database,
        fleet: Fleet,
        probe: Probe,
        blobs: Blobs,
        ending: threading.Event,
    ) -> None:
        self.project, self.fleet, self.probe, self.blobs, self.ending = project, fleet, probe, blobs, ending
        self.settings: JobSettings = project.serve.jobs
        self.webhooks = Webhooks(database, self.settings, project.root / project.serve.folder)
        self.jobs = Jobs(database, self.webhooks.ended)
        self.files = Files(project.root / project.serve.folder / FOLDER)
        doers: dict[str, Doer] = {INFERENCE: Inference(fleet, self.matrix(), self.files)}
        doers[ALERTS] = Sender(project)
        counts = {INFERENCE: self.settings.workers, RUNS: 1, ALERTS: 1}
        if self.settings.runs:
            doers[RUNS] = Runs(project, self.files)
        self.workers = Workers(self.jobs, self.files, self.settings, doers, counts)
        self.schedule = Schedule(project, self.jobs)

    def matrix(self, batch: int = 1) -> Matrix:
        """What there is now: models and datasets come and go while a server runs; `batch` as a run asks for it."""
        return Matrix(self.project, batch=batch)

    def is_ending(self) -> bool:
        """Whether the server is about to end: who follows a job is let go."""
        return self.ending.is_set() or self.workers.is_stopping.is_set()

    def wake(self, row: Row) -> None:
        """A job may be taken."""
        self.workers.wake(row.lane)

    def start(self) -> None:
        """Begin to do jobs, and to call who asked to be called."""
        self.workers.start()
        self.webhooks.start()
        self.schedule.start()

    def stop(self) -> None:
        """Take no more jobs, and end or give back what is on its way: a run may take a minute to end."""
        self.schedule.stop()
        self.workers.stop(END_S + ROOM_S)
        self.webhooks.stop()
