"""The runs of the ledger's pages that are jobs: those that go on, and those of which the ledger has nothing yet."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from modellab.server.auth import Who
from modellab.server.errors import ApiError
from modellab.server.jobs import asked as requests
from modellab.server.jobs import runs
from modellab.server.jobs.room import Room
from modellab.server.jobs.tables import ENDED, RUNS
from modellab.server.pages import workbench
from modellab.server.results.index import Index

Json = dict[str, Any]


class Jobs:
    """Jobs as the pages of runs ask for them."""

    def __init__(self, room: Room, index: Index) -> None:
        self.room, self.index = room, index

    def running(self, project: str) -> list[Json]:
        """The runs of a project that wait or are at work, as a table shows them."""
        rows = self.room.jobs.newest(project, states=("queued", "running"), most=workbench.SHOWN)
        return [
            {
                "id": row.id, "state": row.state, "by": row.owner, "created": workbench.moment(row.created),
                "far": workbench.far(row.progress), "command": requests.Run.model_validate(row.body).command,
            }
            for row in rows if row.lane == RUNS
        ]  # fmt: skip

    def page(self, request: Request, who: Who, session: str, *, is_over: bool) -> Response | None:
        """The page of the job whose session it is; None where it is no job's, or over unless that is wanted too."""
        job, _, attempt = session.partition("-")
        try:
            row = self.room.jobs.find(who.project, job)
        except ApiError:
            return None
        newest = max(1, row.tries) if row.state not in ENDED else 0
        is_own = is_over and session == runs.session(row.id, int(attempt) if attempt.isdigit() else 1)
        if row.kind != "run" or not (is_own or (newest and session == runs.session(row.id, newest))):
            return None
        return workbench.watched(self.room, self.index, request, who, row.id)
