"""Of each case the newest result, and the newest that ended without one: a row each, so that no page looks for them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from modellab.server.results.tables import CASE, ENTRIES, NEWEST

Case = tuple[str, ...]  # the project and the parts of CASE
NAMES = ("project", *CASE)


def case_of(row: Mapping[str, Any] | sa.RowMapping) -> Case:
    """The case that a row of results is of."""
    return tuple(row[name] for name in NAMES)


def cases(connection: sa.Connection, *conditions: Any) -> set[Case]:
    """The cases of some results."""
    asked = sa.select(*(ENTRIES.c[name] for name in NAMES)).where(*conditions).distinct()
    return {case_of(row) for row in connection.execute(asked).mappings()}


def add(connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Results that were not there before: each takes the place of what is older."""
    last: dict[tuple[Case, bool], Mapping[str, Any]] = {}
    for row in sorted(rows, key=lambda row: (row["finished_at"], row["id"])):
        last[case_of(row), row["measured"]] = row
    if not last:
        return
    insert: Callable[..., Any] = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    asked = insert(NEWEST)
    new, old = asked.excluded, NEWEST.c
    is_newer = sa.tuple_(new.finished_at, new.entry) > sa.tuple_(old.finished_at, old.entry)
    changes = {"entry": new.entry, "finished_at": new.finished_at}
    asked = asked.on_conflict_do_update(index_elements=[*NAMES, "measured"], set_=changes, where=is_newer)
    connection.execute(asked, [_row(row) for row in last.values()])


def again(connection: sa.Connection, changed: Collection[Case]) -> None:
    """Look for the newest of cases of which a result was replaced, or is gone."""
    for case in sorted(changed):
        theirs = [NEWEST.c[name] == value for name, value in zip(NAMES, case, strict=True)]
        connection.execute(sa.delete(NEWEST).where(*theirs))
        own = [ENTRIES.c[name] == value for name, value in zip(NAMES, case, strict=True)]
        for measured in (True, False):
            newest = (ENTRIES.c.finished_at.desc(), ENTRIES.c.id.desc())
            asked = sa.select(ENTRIES).where(*own, ENTRIES.c.measured.is_(measured)).order_by(*newest).limit(1)
            if (row := connection.execute(asked).mappings().first()) is not None:
                connection.execute(sa.insert(NEWEST).values(_row(row)))


def _row(row: Mapping[str, Any] | sa.RowMapping) -> dict[str, Any]:
    place = {name: row[name] for name in (*NAMES, "measured", "finished_at")}
    return {**place, "entry": row["id"]}
