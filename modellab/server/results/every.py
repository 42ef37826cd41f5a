"""All results of a variant, for what counts them: the newest are whole, of older ones there is what the index has.

An older one has no utterances and no readings, but the provenance of a whole result with the same data, scoring and
weights; of each such kind the newest result is whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from modellab.plan.settings import Project
from modellab.results.entry import Entry
from modellab.results.rescored import FROM
from modellab.server.results import some
from modellab.server.results.tables import CASE, ENTRIES
from modellab.types import CaseId, Result, Status

Kind = tuple[str, ...]  # case, data with its scoring, weights


def of(engine: sa.Engine, project: Project, owner: str, **only: str) -> tuple[Entry, ...]:
    """Every result of `owner`'s that fits `only`, oldest first; ApiError as of `some.stored`."""
    whole = {entry.id: entry for entry in some.stored(engine, project, owner, **only).entries}
    conditions = [ENTRIES.c.project == owner, *(ENTRIES.c[name] == value for name, value in only.items())]
    with engine.connect() as connection:
        asked = sa.select(ENTRIES).where(*conditions).order_by(ENTRIES.c.finished_at.desc(), ENTRIES.c.id.desc())
        rows = [dict(row) | {"facts": json.loads(row["facts"])} for row in connection.execute(asked).mappings()]
    entries = list(_entries(project, rows, whole))
    return tuple(sorted(entries, key=lambda entry: (entry.finished_at, entry.id)))


def _entries(project: Project, rows: list[dict[str, Any]], whole: Mapping[str, Entry]) -> Iterator[Entry]:
    """The entries of rows, newest first."""
    kinds: dict[Kind, Entry] = {}
    for row in rows:
        entry, kind = whole.get(row["id"]), _kind(row)
        if entry is None and row["measured"] and kind not in kinds:
            entry = some.read(row, project.mlruns)
            if entry is None:  # its line is not there any more
                continue
        if entry is not None and entry.result is not None:
            kinds.setdefault(kind, entry)
        yield entry or _sparse(row, kinds.get(kind))


def _kind(row: Mapping[str, Any]) -> Kind:
    return (*(row[name] for name in CASE), row["data"], row["facts"]["weights"])


def _sparse(row: Mapping[str, Any], like: Entry | None) -> Entry:
    """What the index has of an entry, with the provenance of one of its kind."""
    result: Result | None = None
    if row["measured"] and like is not None and like.result is not None:
        provenance = {name: text for name, text in like.result.provenance.items() if name != FROM}
        provenance |= {FROM: row["measurement"]} if row["measurement"] != row["id"] else {}
        result = replace(like.result, utterances=(), readings={}, machine=row["machine"], provenance=provenance)
    names = ("id", "session", "started_at", "finished_at", "error", "tier", "host")
    key = CaseId(*(row[name] for name in CASE))
    return Entry(key, Status(row["status"]), result=result, **{name: row[name] for name in names})
