"""Notices of jobs: who waits hears of a new one without looking; and what is not heard is found all the same."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from modellab.plan.serve_settings import JobSettings
from modellab.server.database import Database
from modellab.server.jobs import notices
from modellab.server.jobs.files import Files
from modellab.server.jobs.notices import Listener
from modellab.server.jobs.store import Jobs
from modellab.server.jobs.workers import Task, Workers
from tests.server.jobs.conftest import Put

WAIT_S = 60.0

pytestmark = pytest.mark.slow


@pytest.fixture
def elsewhere(postgres_url: str, tmp_path: Path) -> Any:
    """The database as another process has it open."""
    opened = Database(postgres_url, tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_worker_hears_of_a_job_that_another_process_was_asked_for(
    database: Database, elsewhere: Database, put: Put, tmp_path: Path
) -> None:
    did = threading.Event()

    def do(task: Task) -> Mapping[str, Any]:
        did.set()
        return {"job": task.claim.id}

    settings = JobSettings(lease_s=1)
    waiting = Workers(
        Jobs(elsewhere), Files(tmp_path / "files"), settings, {"runs": do}, {"runs": 1}, poll_s=10 * WAIT_S
    )
    waiting.start()
    try:
        assert waiting.listener.is_hearing.wait(WAIT_S)
        put()
        assert did.wait(WAIT_S)
    finally:
        waiting.stop(WAIT_S)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_connection_that_was_cut_is_made_again(database: Database, elsewhere: Database, put: Put) -> None:
    heard = threading.Semaphore(0)
    listener = Listener(elsewhere, lambda _: heard.release(), again_s=0.01)
    listener.start()
    try:
        assert listener.is_hearing.wait(WAIT_S)
        listener.is_hearing.clear()
        cut = "select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN%'"
        with database.begin() as connection:
            assert list(connection.execute(sa.text(cut)).scalars()) == [True]
        assert listener.is_hearing.wait(WAIT_S)
        put()
        assert heard.acquire(timeout=WAIT_S)
    finally:
        listener.stop()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_is_undone_is_not_told(database: Database, elsewhere: Database, put: Put) -> None:
    heard: list[str] = []
    told = threading.Event()

    def wake(lane: str) -> None:
        heard.append(lane)
        told.set()

    listener = Listener(elsewhere, wake)
    listener.start()
    try:
        assert listener.is_hearing.wait(WAIT_S)
        with pytest.raises(RuntimeError), database.begin() as connection:
            undone(connection)
        put(lane="runs")
        assert told.wait(WAIT_S)
        assert heard == ["runs"]
    finally:
        listener.stop()


def undone(connection: sa.Connection) -> None:
    notices.tell(connection, "never")
    raise RuntimeError("undone")


def test_on_sqlite_nobody_listens(tmp_path: Path) -> None:
    database = Database("", tmp_path)
    listener = Listener(database, lambda _: None)
    listener.start()
    listener.stop()
    assert listener.thread.ident is None
    database.close()
