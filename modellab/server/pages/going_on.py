"""Runs in progress, and those of which the ledger has nothing: jobs of this server, and runs of the command line.

A job's state is its row's; a run of the command line is known by its file (`results/running.py`).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response

from modellab import units
from modellab.results import running
from modellab.server.auth import PROJECT, Who
from modellab.server.errors import ApiError
from modellab.server.jobs import asked as requests
from modellab.server.jobs import runs
from modellab.server.jobs.room import Room
from modellab.server.jobs.tables import ENDED, RUNS
from modellab.server.pages import frame, workbench
from modellab.server.results.index import Index

Json = dict[str, Any]


class Jobs:
    """Jobs as the pages of runs ask for them."""

    def __init__(self, room: Room, index: Index) -> None:
        self.room, self.index = room, index

    def running(self, project: str) -> list[Json]:
        """The runs of a project that wait or are at work, as a table shows them."""
        return [*self._jobs(project), *self._others(project)]

    def _jobs(self, project: str) -> list[Json]:
        rows = self.room.jobs.newest(project, states=("queued", "running"), lane=RUNS, most=workbench.SHOWN)
        return [
            {
                "id": row.id, "url": f"/workbench/{row.id}", "state": row.state, "by": row.owner,
                "created": workbench.moment(row.created),
                "far": workbench.far(row.progress), "command": requests.Run.model_validate(row.body).command,
            }
            for row in rows
        ]  # fmt: skip

    def page(self, request: Request, who: Who, session: str, *, is_over: bool) -> Response | None:
        """The page of the job whose session it is; None where it is no job's, or over unless that is wanted too."""
        job, _, attempt = session.partition("-")
        try:
            row = self.room.jobs.find(who.project, job)
        except ApiError:
            return self._other(request, who, session) if is_over else None
        newest = max(1, row.tries) if row.state not in ENDED else 0
        is_own = is_over and session == runs.session(row.id, int(attempt) if attempt.isdigit() else 1)
        if row.kind != "run" or not (is_own or (newest and session == runs.session(row.id, newest))):
            return None
        return workbench.watched(self.room, self.index, request, who, row.id)

    # ------------------------------------------------------------------------ of the command line

    def _others(self, project: str) -> list[Json]:
        """They belong to the project that whoever has no account works in, as their results will."""
        mlruns = self.index.project.mlruns
        return [
            {
                "id": run.session, "url": f"/runs/{quote(run.session)}", "state": "running", "by": run.host,
                "created": run.started_at, "far": units.counted(run.cases, "case"), "command": run.command,
            }
            for run in (running.alive(mlruns) if project == PROJECT else ())
        ]  # fmt: skip

    def begun(self, project: str, session: str) -> Json | None:
        """What a run of the command line says of itself that has not ended by itself, and whether it goes on."""
        record = running.find(self.index.project.mlruns, session) if project == PROJECT else None
        return {**asdict(record[0]), "lives": record[1]} if record else None

    def _other(self, request: Request, who: Who, session: str) -> Response | None:
        """The page of one that has no result yet: it goes on, or it was killed before its first."""
        run = self.begun(who.project, session)
        return frame.page(request, "run_begun.html.j2", f"Run {session}", run=run) if run else None
