"""How long cases took: their newest measurements in the index, for whoever wants to know before starting them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from modellab.server.results.tables import ENTRIES
from modellab.types import CaseId

MOST = 5_000  # rows that are looked at, the newest
PARTS = ("task", "dataset", "model", "variant", "device", "precision", "preprocessing")


def measured(connection: sa.Connection, project: str, host: str, models: Collection[str]) -> dict[str, float]:
    """Seconds that each case took when it was measured last, by its name: on `host`, else wherever that was."""
    asked = (
        sa.select(*(ENTRIES.c[name] for name in PARTS), ENTRIES.c.host, ENTRIES.c.started_at, ENTRIES.c.finished_at)
        .where(ENTRIES.c.project == project, ENTRIES.c.model.in_(models), ENTRIES.c.utterances > 0)
        .order_by(ENTRIES.c.finished_at.desc(), ENTRIES.c.id.desc())
        .limit(MOST)
    )
    here: dict[str, float] = {}
    elsewhere: dict[str, float] = {}
    for row in connection.execute(asked).mappings():
        took_s = _seconds(row["started_at"], row["finished_at"])
        if took_s is not None:
            name = str(CaseId(**{part: row[part] for part in PARTS}))
            (here if row["host"] == host else elsewhere).setdefault(name, took_s)
    return {**elsewhere, **here}


def _seconds(started_at: str, finished_at: str) -> float | None:
    """Between two moments; None where they say nothing."""
    try:
        took_s = (datetime.fromisoformat(finished_at) - datetime.fromisoformat(started_at)).total_seconds()
    except (ValueError, TypeError):
        return None
    return took_s if took_s >= 0 else None
