"""The audit log is append-only, in both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from modellab.server.access import audit, tables
from modellab.server.auth import EVERYBODY
from modellab.server.database import METADATA, Database
from tests.server import postgres


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        opened = Database("", tmp_path)
        yield opened
        opened.close()
        return
    with postgres.cluster() as url:
        opened = Database(url, tmp_path)
        yield opened
        opened.close()


def test_what_was_noted_can_neither_be_changed_nor_deleted(database: Database) -> None:
    with database.begin() as connection:
        audit.note(connection, EVERYBODY, "token.new", "x", scopes="infer")
    for statement in (sa.update(tables.audit).values(who="nobody"), sa.delete(tables.audit)):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), database.begin() as connection:
            connection.execute(statement)
    METADATA.create_all(database.engine)  # again: it is there already
    with database.begin() as connection:
        (line,) = audit.read(connection)
    assert (line["act"], line["about"]) == ("token.new", {"scopes": "infer"})
