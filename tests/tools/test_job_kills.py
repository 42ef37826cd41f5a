"""The tool that kills what does jobs: a short run of it, and that it would see what it looks for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from modellab.server.jobs.store import Wanted
from modellab.server.jobs.tables import JOB
from tools import job_kills
from tools.job_kills import Place, Tally

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_short_run_loses_nothing() -> None:
    command = [sys.executable, "-m", "tools.job_kills", "--kills", "8", "--stops", "1", "--jobs", "60", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing lost, nothing done twice" in done.stdout


def test_it_sees_what_is_lost_and_what_is_done_twice(tmp_path: Path) -> None:
    place = Place(tmp_path, "")
    with place.queue() as jobs:
        for number in range(3):
            wanted = Wanted("default", "ada", "square", "inference", {"number": number}, str(number), 9)
            row, _ = jobs.put(wanted, 99)
            place.note("asked", number=number, id=row.id)
            claim = jobs.claim(["inference"], "w", 9)
            assert claim is not None
            place.note("begun", id=claim.id, attempt=1)
            assert jobs.finish(claim, {"square": number**2, "attempt": 1})
    assert job_kills.differences(place, 3, Tally())[0] == []
    assert "4 jobs were asked for, 3 are there" in job_kills.differences(place, 4, Tally())[0][0]
    place.note("begun", id=row.id, attempt=1)
    found, _ = job_kills.differences(place, 3, Tally())
    assert [text.split(" ", 1)[1] for text in found] == [
        "was begun 2 times in 1 attempts",
        "jobs were begun again, expected at most 0: one for each kill and stop",
    ]
    with place.queue() as jobs, jobs.database.begin() as connection:
        connection.execute(sa.delete(JOB).where(JOB.c.id == row.id))
    found, _ = job_kills.differences(place, 3, Tally())
    assert "1 jobs that were acknowledged are lost" in found
