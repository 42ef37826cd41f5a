"""Runs in progress: jobs at work, and runs of the command line, which their file tells of (`results/running.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from modellab.results import running
from modellab.server.auth import PROJECT
from modellab.server.jobs import runs
from modellab.server.jobs.store import Jobs, Row
from modellab.server.jobs.tables import RUNNING, RUNS
from modellab.server.results.sessions import Live


def live(jobs: Jobs, mlruns: Path, project: str) -> Iterator[Live]:
    """Those of a project. Runs of the command line belong to the one that whoever has no account works in."""
    for row in jobs.newest(project, states=(RUNNING,), lane=RUNS):
        yield _job(row)
    for run in running.alive(mlruns) if project == PROJECT else ():
        yield Live(run.session, run.started_at, run.cases, host=run.host)


def _job(row: Row) -> Live:
    begun = datetime.fromtimestamp(row.started or row.created, UTC).isoformat(timespec="microseconds")
    planned = (row.progress or {}).get("cases")
    return Live(
        runs.session(row.id, row.tries), begun, planned, by=row.owner, experiment=row.body.get("experiment", "")
    )
