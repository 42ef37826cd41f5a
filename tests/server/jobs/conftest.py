"""The queue of jobs on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from modellab.server.database import Database
from modellab.server.jobs.store import Jobs, Wanted
from tests.server import postgres

Put = Callable[..., str]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres.cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind."""
    opened = Database("" if request.param == "sqlite" else request.getfixturevalue("postgres_url"), tmp_path)
    yield opened
    if not opened.is_sqlite:
        with opened.begin() as connection:
            connection.execute(sa.text("drop schema public cascade"))
            connection.execute(sa.text("create schema public"))
    opened.close()


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


@pytest.fixture
def put(jobs: Jobs) -> Put:
    """Puts a job and gives its name."""

    def putting(owner: str = "ada", *, most_queued: int = 10_000, **given: Any) -> str:
        asked = {"project": "default", "kind": "run", "lane": "runs", "body": {}, "digest": "d", "most_tries": 2}
        row, _ = jobs.put(Wanted(**{**asked, "owner": owner, **given}), most_queued)
        return str(row.id)

    return putting
