"""Whole entries for a calculation, through the index: the newest of each case, as many as a minute allows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from modellab.errors import ModellabError, NewerError
from modellab.plan.settings import Project
from modellab.results import ledger
from modellab.results.entry import Entry
from modellab.results.select import StoredResults
from modellab.server.errors import ApiError
from modellab.server.results.tables import ENTRIES

CASE = ("task", "dataset", "model", "variant", "device", "precision", "preprocessing")
PER_CASE = 30  # results of a case, the newest
MOST = 2_000  # entries altogether


def stored(engine: sa.Engine, project: Project, owner: str, *, whens: Iterable[str] = (), **only: Any) -> StoredResults:
    """What a report would read: of each case of `owner`'s that fits `only` the newest, so many that all fit.

    Besides those of the sessions and commits that `whens` begin. ApiError where even one of each case is too much.
    """
    conditions = [ENTRIES.c.project == owner]
    conditions += [ENTRIES.c[name] == value for name, value in only.items() if value]
    with engine.connect() as connection:
        cases = connection.execute(sa.select(sa.func.count()).select_from(_cases(conditions))).scalar_one()
        if cases > MOST:
            text = f"{cases:,} cases are too many at once: name a task, a dataset or a model"
            raise ApiError(400, "too_much", text, "task")
        per_case = min(PER_CASE, MOST // max(1, cases))
        rows = [*connection.execute(_newest(conditions, per_case)).mappings()]
        if named := [condition for when in whens if when for condition in _when(when)]:
            places = sa.select(ENTRIES.c.path, ENTRIES.c.offset, ENTRIES.c.length)
            older = places.where(*conditions, sa.or_(*named)).order_by(ENTRIES.c.finished_at.desc()).limit(MOST)
            rows += connection.execute(older).mappings()
    rows = list({(row["path"], row["offset"]): row for row in rows}.values())
    entries = [entry for row in rows if (entry := read(row, project.mlruns)) is not None]
    ordered = sorted(entries, key=lambda entry: (entry.finished_at, entry.id))
    return StoredResults(project.root, project.baselines, tuple(ordered))


def _when(when: str) -> Iterator[Any]:
    """What a WHEN of a selector may be: the beginning of a session, or of a commit's hash."""
    yield ENTRIES.c.session.startswith(when, autoescape=True)
    if re.fullmatch("[0-9a-f]{4,40}", when):
        yield ENTRIES.c.commit.startswith(when, autoescape=True)


def _cases(conditions: list[Any]) -> sa.Subquery:
    return sa.select(*(ENTRIES.c[name] for name in CASE)).where(*conditions).distinct().subquery()


def _newest(conditions: list[Any], per_case: int) -> sa.Select[Any]:
    """Places of the newest entries of each case."""
    newest = (ENTRIES.c.finished_at.desc(), ENTRIES.c.id.desc())
    number = sa.func.row_number().over(partition_by=[ENTRIES.c[name] for name in CASE], order_by=newest)
    places = (ENTRIES.c.path, ENTRIES.c.offset, ENTRIES.c.length)
    ranked = sa.select(*places, number.label("number")).where(*conditions).subquery()
    return sa.select(ranked).where(ranked.c.number <= per_case)


def read(row: Mapping[str, Any], mlruns: Path) -> Entry | None:
    """The entry of a place; None where it is not there any more: the next question finds it."""
    try:
        return ledger.read_at(Path(row["path"]), row["offset"], row["length"], mlruns)
    except (OSError, NewerError, ModellabError, *ledger.TOO_DEEP):
        return None
