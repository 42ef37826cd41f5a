"""A case's history for a program, with the keys of `/api/v1/results/ID/history`."""

from __future__ import annotations

import math
from typing import Any

from modellab.reports.history.series import History, Run, Series


def told(history: History) -> dict[str, Any]:
    """Runs, series, notes and events, oldest first.

    `values` has one for each run, null where it has none; `points` are the runs among which steps are looked for, and a
    step is [index among the points, level before, level after], in the metric's unit.
    """
    return {
        "case": str(history.key),
        "machine": history.machine,
        "runs": [_run(run) for run in history.runs],
        "series": [_series(series) for series in history.series],
        "notes": list(history.notes),
        "events": [{"at": event.at.isoformat(), "kind": event.kind, "text": event.text} for event in history.events],
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "finished_at": run.at.isoformat(),
        "commit": run.commit.hash,
        "dirty": run.commit.dirty,
        "status": str(run.status),
        "doubt": run.doubt,
        "verdicts": {metric: str(status) for metric, status in run.verdicts.items()},
        "facts": dict(run.facts),
    }


def _series(series: Series) -> dict[str, Any]:
    return {
        "metric": series.metric,
        "unit": series.unit,
        "kind": series.kind,
        "better": series.better,
        "values": [_finite(value) for value in series.values],
        "points": list(series.points),
        "steps": [[step.index, step.before, step.after] for step in series.steps],
        "accepted": _finite(series.accepted),
        "pinned": _finite(series.pinned),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
