"""Whether MLflow has the numbers that it was sent: a server behind a proxy, or out of room, may drop them silently.

One query for each session that was sent, beside five requests for each of its runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from modellab.tracking import runs
from modellab.tracking.runs import Run

if TYPE_CHECKING:
    from modellab.tracking.sender import Sender

AS_STORED = 1e-6  # relative difference that a database may make of a number
MOST_NAMED = 3


def dropped(sender: Sender, sent: Sequence[Run]) -> list[Run]:
    """The runs of which MLflow lacks numbers, each with a warning; the next sync sends them again."""
    by_run = {run.id: there for run, there in sender.look_again(sent)}
    lacking = []
    for run in sent:
        there = by_run.get(run.id)
        missing = list(_missing(run, there.data.metrics if there else {}))
        if not missing:
            continue
        lacking.append(run)
        names = ", ".join(missing[:MOST_NAMED]) + (" and others" if len(missing) > MOST_NAMED else "")
        count = f"{len(missing)} of {len(_expected(run))} numbers"
        sender.report.new -= len(run.entries) if there is None else 0
        sender.report.warnings.append(
            f"MLflow said yes to {run.name} and lacks {count} of it ({names}): they are in the ledger, the next sync"
            " sends them again; is there a proxy or a quota in front of it?"
        )
        if there is not None:
            sender.client.update_run(there.info.run_id, "RUNNING")  # which is what a half-written run is
    return lacking


def _expected(run: Run) -> dict[str, set[float]]:
    """What a number may be: one key may have had several values in a session, and the store shows one of them."""
    values: dict[str, set[float]] = {}
    for entry in run.entries:
        for key, value in runs.metrics(entry).items():
            values.setdefault(key, set()).add(value)
    return values


def _missing(run: Run, there: Mapping[str, float]) -> Iterator[str]:
    for key, values in _expected(run).items():
        if key not in there or not any(math.isclose(there[key], value, rel_tol=AS_STORED) for value in values):
            yield key
