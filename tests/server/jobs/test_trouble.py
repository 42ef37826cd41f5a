"""What jobs do where the machine does not: a disk that is full, a database that takes no more, clocks that jump."""

from __future__ import annotations

import errno
import io
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from modellab.plan.serve_settings import JobSettings
from modellab.server.database import Database
from modellab.server.errors import ApiError, of
from modellab.server.jobs.files import Files
from modellab.server.jobs.store import Jobs, Wanted
from modellab.server.jobs.workers import Doer, Task, Workers
from tests.server.jobs.conftest import Put

WAIT_S = 60.0
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/somewhere/secret")


class FullAtLast(io.BytesIO):
    """A file that comes in, for which there is no room."""

    def read(self, *_: Any) -> bytes:
        raise FULL


def test_a_file_that_has_no_room_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    files = Files(tmp_path)
    with pytest.raises(ApiError, match="nothing can be kept now: the disk is full") as refused:
        files.keep("job_" + "0" * 20, FullAtLast())
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "60")
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_finds_the_disk_full_fails_in_one_sentence_and_can_be_tried_again(
    database: Database, put: Put, tmp_path: Path
) -> None:
    def full(_: Task) -> Mapping[str, Any]:
        raise FULL

    jobs, files, name = Jobs(database), Files(tmp_path / "files"), put()
    _do(jobs, files, full)
    row = jobs.find("default", name)
    assert (row.state, row.error["code"]) == ("failed", "storage_unavailable")
    assert row.error["message"] == "nothing can be kept now: the disk is full"
    jobs.retry("default", name, 1)
    _do(jobs, files, lambda _: {"all": "well"})
    assert jobs.find("default", name).result == {"all": "well"}


def _do(jobs: Jobs, files: Files, doer: Doer) -> None:
    """Let a worker do one job, to its end."""
    ended = threading.Event()
    jobs.ended = lambda *_: ended.set()
    doing = Workers(jobs, files, JobSettings(lease_s=1), {"runs": doer}, {"runs": 1}, poll_s=0.01)
    doing.start()
    try:
        assert ended.wait(WAIT_S)
    finally:
        doing.stop(WAIT_S)  # its end is in the table by then


def test_a_database_without_room_refuses_a_job_and_keeps_those_that_it_has(tmp_path: Path) -> None:
    database = Database("", tmp_path)
    jobs = Jobs(database)
    pages: list[int] = []

    @sa.event.listens_for(database.engine, "begin")
    def bounded(connection: sa.Connection) -> None:
        for most in pages:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {most}")

    name = _put(jobs, "small")
    pages.append(1)  # as many as there are
    with pytest.raises(sa.exc.OperationalError) as refused:
        _put(jobs, "x" * 10**6)
    told = of(refused.value)
    assert (told.status, told.code) == (503, "database_unavailable")
    pages[:] = [2**30]
    assert jobs.find("default", name).state == "queued"
    claim = jobs.claim(["runs"], "w", 9)
    assert claim is not None
    assert jobs.finish(claim, {})
    database.close()


def test_a_result_that_the_database_has_no_room_for_is_written_when_it_has(
    database: Database, put: Put, tmp_path: Path
) -> None:
    refused = threading.Semaphore(3)

    class Refusing(Jobs):
        def finish(self, *given: Any) -> bool:
            if refused.acquire(blocking=False):
                raise sa.exc.OperationalError("update", None, Exception("database or disk is full"))
            return super().finish(*given)

    jobs, name = Refusing(database), put()
    _do(jobs, Files(tmp_path / "files"), lambda _: {"n": 1})
    row = jobs.find("default", name)
    assert (row.state, row.result, row.tries) == ("done", {"n": 1}, 1)


def test_many_workers_tell_once_that_the_database_is_gone_and_once_that_it_is_back(
    database: Database, put: Put, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    refused = threading.Semaphore(40)

    class Refusing(Jobs):
        def claim(self, *given: Any) -> Any:
            if refused.acquire(blocking=False):
                raise sa.exc.OperationalError("select", None, Exception("the database system is starting up"))
            return super().claim(*given)

    jobs, files, name = Refusing(database), Files(tmp_path / "files"), put()
    ended = threading.Event()
    jobs.ended = lambda *_: ended.set()
    doing = Workers(jobs, files, JobSettings(lease_s=1), {"runs": lambda _: {}}, {"runs": 8}, poll_s=0.01)
    doing.start()
    try:
        assert ended.wait(WAIT_S)
    finally:
        doing.stop(WAIT_S)
    said = [record.getMessage() for record in caplog.records if "gives no job" in record.getMessage()]
    began = "the database gives no job: (builtins.Exception) the database system is starting up"
    assert said[0] == began
    assert jobs.find("default", name).state == "done"
    assert any("that is over" in line for line in said)
    assert len(said) <= 2 + 2 * 8  # each of the eight may have been refused once more when another was not


def test_a_clock_that_jumps_forgets_no_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database("", tmp_path)
    jobs, now = Jobs(database), time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    name = _put(jobs, "a")
    jobs.cancel("default", name)
    doing = Workers(jobs, Files(tmp_path / "files"), JobSettings(keep_days=1), {}, {})
    now += 400 * 86_400
    doing.clean()
    assert jobs.find("default", name).state == "cancelled"
    assert "the clock was set" in caplog.text
    Workers(jobs, Files(tmp_path / "files"), JobSettings(keep_days=1), {}, {}).clean()  # one that begins then
    with pytest.raises(ApiError, match="there is no job"):
        jobs.find("default", name)
    database.close()


def _put(jobs: Jobs, text: str) -> str:
    row, _ = jobs.put(Wanted("default", "ada", "run", "runs", {"text": text}, "d", 2), 10)
    return str(row.id)
