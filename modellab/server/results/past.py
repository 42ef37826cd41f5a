"""A case over its results, from the index: values with intervals, and where their level moved.

As `modellab history` does (`reports/history/series.py`): each measurement counts once, as it was scored last; quality
is of any machine, speed and memory of the newest result's; both only where data and normaliser are those of the newest.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from modellab import tasks
from modellab.reports.history.series import levels
from modellab.results.entry import UNTRIED
from modellab.server.errors import ApiError
from modellab.server.results import line
from modellab.server.results.tables import CASE, ENTRIES
from modellab.server.results.whole import opened, project
from modellab.stats.change_points import FEWEST, steps
from modellab.types import CaseId, Kind, readings
from modellab.units import counted

OTHER = "another dataset digest, normaliser or preprocessing"
MOST = 120  # results, the newest
Json = dict[str, Any]
Row = Mapping[str, Any]


def past(root: Path, order: Mapping[str, Any]) -> Json:
    """The history of the case that a result is of, oldest result first."""
    with opened(order["url"]) as engine, engine.connect() as connection:
        mine = ENTRIES.c.project == order["owner"]
        chosen = connection.execute(sa.select(ENTRIES).where(mine, ENTRIES.c.id == order["entry"])).mappings().first()
        if chosen is None:
            raise ApiError(404, "not_found", f"there is no result {order['entry'][:40]!r} here", "entry")
        same = [ENTRIES.c[name] == chosen[name] for name in CASE]
        same.append(ENTRIES.c.status != UNTRIED)  # it says nothing of the case
        newest = (ENTRIES.c.finished_at.desc(), ENTRIES.c.id.desc())
        statement = sa.select(ENTRIES).where(mine, *same).order_by(*newest).limit(MOST + 1)
        newest_rows = connection.execute(statement).mappings().all()
    rows = [dict(row) | {"facts": json.loads(row["facts"])} for row in reversed(newest_rows[:MOST])]
    history = {**{name: chosen[name] for name in CASE}, "has_older": len(newest_rows) > MOST, **history_of(rows)}
    return _held_against(history, project(root).baselines, rows)


def _held_against(history: Json, baselines: Path, rows: Sequence[Row]) -> Json:
    """The history with the values of the present baseline and of the pinned release, where they are of its data."""
    newest = next((row for row in reversed(rows) if row["measured"]), None)
    if newest is None:
        return history
    key = CaseId(*(newest[name] for name in CASE))
    accepted, problems = levels(
        baselines, key, newest["machine"], lambda header: line.data_key(header) == newest["data"]
    )
    for series in history["series"]:
        known = (_finite(level.get(series["metric"])) for level in accepted)
        series |= dict(zip(("accepted", "pinned"), known, strict=True))
    history["notes"] += problems
    return history


def history_of(rows: Sequence[Row]) -> Json:
    """Runs, series and notes of rows of one case, oldest first."""
    last = {row["measurement"]: row for row in rows}
    own = [row for row in rows if last[row["measurement"]] is row]
    measured = [row for row in own if row["measured"]]
    if not measured:
        return {"runs": [], "series": [], "notes": [f"without values: {len(own)} runs that ended in an ERROR"]}
    newest = measured[-1]
    fitting = [row for row in own if not row["measured"] or row["data"] == newest["data"]]
    series = [_series(name, fitting, newest) for name in _names(newest["task"], fitting, newest)]
    return {"machine": newest["machine"], "runs": [_run(row) for row in fitting], "series": series,
            "notes": _notes(own, fitting, newest, series)}  # fmt: skip


def _names(task: str, rows: Sequence[Row], newest: Row) -> list[str]:
    """The judged metrics in the task's order, speed and memory after, of those that have any value."""
    judged = [metric.name for metric in _metrics(task).values() if metric.gated and metric.kind == "quality"]
    there = {name for row in rows for name, value in _values(row, newest).items() if value is not None}
    return [name for name in (*judged, *readings.CLOCKS, *readings.PEAKS) if name in there]


def _metrics(task: str) -> dict[str, Any]:
    return {metric.name: metric for metric in tasks.get(task).METRICS} if task in tasks.names() else {}


def _values(row: Row, newest: Row) -> Mapping[str, Any]:
    facts = row["facts"]
    return {**facts["values"], **(facts["readings"] if row["machine"] == newest["machine"] else {})}


def _series(name: str, rows: Sequence[Row], newest: Row) -> Json:
    metric = _metrics(newest["task"]).get(name)
    kind: Kind = metric.kind if metric else "memory" if readings.unit(name) == "bytes" else "speed"
    values = [_finite(_values(row, newest).get(name)) for row in rows]
    points = [i for i, row in enumerate(rows) if values[i] is not None and not (kind == "speed" and row["doubt"])]
    ends = ("low", "high") if name == newest["metric"] else ("rtf_low", "rtf_high") if name == "rtf" else None
    return {
        "metric": name,
        "unit": metric.unit if metric else readings.unit(name),
        "kind": kind,
        "better": metric.better if metric else "lower",
        "values": values,
        "intervals": [
            [row[end] for end in ends] if ends and values[i] is not None and row[ends[0]] is not None else None
            for i, row in enumerate(rows)
        ],
        "points": points,
        "steps": [[step.index, step.before, step.after] for step in steps(np.array([values[i] for i in points]))],
    }


def _run(row: Row) -> Json:
    names = ("id", "session", "finished_at", "commit", "dirty", "branch", "status", "machine", "doubt", "counted")
    verdicts = {verdict["metric"]: verdict["status"] for verdict in reversed(row["facts"]["verdicts"])}
    return {**{name: row[name] for name in names}, "verdicts": verdicts}


def _notes(own: Sequence[Row], fitting: Sequence[Row], newest: Row, series: Sequence[Json]) -> list[str]:
    measured = [row for row in fitting if row["measured"]]
    others = sorted({row["machine"] for row in measured} - {newest["machine"]})
    short = [metric_series for metric_series in series if len(metric_series["points"]) < FEWEST]
    doubted = sum(bool(row["doubt"]) for row in measured)
    sentences = (
        (len(own) - len(fitting), "result", f"left out: {{}} on other data ({OTHER})"),
        (len(fitting) - len(measured), "run", "without values: {} that ended in an ERROR"),
        (doubted, "result", "speed in doubt and not searched for change points: {}"),
    )
    notes = [text.format(counted(count, noun)) for count, noun, text in sentences if count]
    if others:
        notes.append(f"speed and memory are those of {newest['machine']}; there are results of {', '.join(others)} too")
    if short:
        counts = ", ".join(f"{metric_series['metric']} has {len(metric_series['points'])}" for metric_series in short)
        notes.append(f"change points need {FEWEST} values: {counts}")
    return notes


def _finite(value: Any) -> float | None:
    number = math.nan if value is None else float(value)
    return number if math.isfinite(number) else None
