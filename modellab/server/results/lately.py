"""What a reader's process says of the last days: what moved since a moment, in pairs, and who is near a limit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from modellab import tasks, units
from modellab.plan import thresholds
from modellab.plan.matrix import Case, Matrix
from modellab.plan.settings import Project
from modellab.results.entry import Entry
from modellab.server.results import some
from modellab.server.results.tables import ENTRIES
from modellab.server.results.whole import opened, project
from modellab.stats import intervals, multiple_testing
from modellab.types import Metric, Utterance

Json = dict[str, Any]
Order = Mapping[str, Any]
ALPHA = 0.05
NEAR = 0.1  # of a limit, in which a value is near it
MOST = 300  # cases that are looked at, those that ran last


@dataclass(frozen=True, slots=True)
class Pair:
    """The newest result of a case, and the newest one before a moment."""

    now: Entry
    before: Entry | None


def lately(root: Path, order: Order) -> Json:
    """Changes of each case's first metric since a moment, and the cases whose newest value is near a limit."""
    asked = project(root)
    with opened(order["url"]) as engine:
        pairs, more = _pairs(engine, asked, order)
    moves, same, uncompared = _moves(pairs)
    return {
        "since": order["since"],
        "cases": len(pairs),
        "left_out": more,
        "moved": moves,
        "unmoved": same,
        "not_comparable": uncompared,
        "near": list(_near(asked, [pair.now for pair in pairs])),
    }


def _pairs(engine: sa.Engine, asked: Project, order: Order) -> tuple[list[Pair], int]:
    """The cases that ran since then, the last ones first, and how many there are besides."""
    since = order["since"]
    conditions = [ENTRIES.c.project == order["owner"], ENTRIES.c.measured, ENTRIES.c.status != "PARTIAL"]
    conditions += [ENTRIES.c[name] == order[name] for name in ("task", "dataset") if order[name]]
    with engine.connect() as connection:
        newest = _newest(connection, [*conditions, ENTRIES.c.finished_at >= since])
        former = {_case(row): row for row in _newest(connection, [*conditions, ENTRIES.c.finished_at < since])}
    pairs = []
    for row in newest[:MOST]:
        now = some.read(row, asked.mlruns)
        before = some.read(former[_case(row)], asked.mlruns) if _case(row) in former else None
        if now is not None and now.result is not None:
            pairs.append(Pair(now, before))
    return pairs, max(0, len(newest) - MOST)


def _newest(connection: sa.Connection, conditions: Sequence[Any]) -> list[Mapping[str, Any]]:
    case = [ENTRIES.c[name] for name in some.CASE]
    number = sa.func.row_number().over(
        partition_by=case, order_by=(ENTRIES.c.finished_at.desc(), ENTRIES.c.id.desc())
    )  # fmt: skip
    places = (ENTRIES.c.path, ENTRIES.c.offset, ENTRIES.c.length, ENTRIES.c.finished_at)
    ranked = sa.select(*case, *places, number.label("number")).where(*conditions).subquery()
    wanted = sa.select(ranked).where(ranked.c.number == 1).order_by(ranked.c.finished_at.desc())
    return [dict(row) for row in connection.execute(wanted).mappings()]


def _case(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in some.CASE)


# ---------------------------------------------------------------------------- what moved


def _moves(pairs: Sequence[Pair]) -> tuple[list[Json], int, int]:
    """Those that surely moved, worst first; how many did not, and how many cannot be compared."""
    moves = [move for pair in pairs if pair.before is not None and (move := _move(pair.now, pair.before)) is not None]
    for move, p in zip(moves, multiple_testing.adjusted([move["p"] for move in moves]), strict=True):
        move["p"] = p
    moved = [move for move in moves if move["p"] is not None and move["p"] <= ALPHA]
    earlier = sum(pair.before is not None for pair in pairs)
    moved.sort(key=lambda move: (not move["worse"], move["p"]))
    return moved, len(moves) - len(moved), earlier - len(moves)


def _move(now: Entry, before: Entry) -> Json | None:
    """The change of the first metric over the utterances that both have; None where the data or the scoring differ."""
    metric = _first(now)
    if metric is None or now.result is None or before.result is None or not _alike(now, before):
        return None
    old = {utterance.id: utterance for utterance in before.result.utterances if metric.name in utterance.counts}
    both = [utterance for utterance in now.result.utterances if metric.name in utterance.counts and utterance.id in old]
    if not both:
        return None
    cluster_names = [utterance.cluster for utterance in both]
    after, first = _rows(metric, both), _rows(metric, [old[utterance.id] for utterance in both])
    values = [float(metric.rate(rows.sum(axis=0))) for rows in (first, after)]
    units_before, units_after = (intervals.by_unit(rows, cluster_names) for rows in (first, after))
    error = intervals.jackknife_error(metric, units_before, units_after)
    clusters = len(units_after)
    change = intervals.PooledRate(values[1] - values[0], error, clusters)
    low, high = change.interval()
    return {
        "case": str(now.key), "task": now.key.task, "metric": metric.name, "n": len(both),
        "before": units.value(values[0], metric.unit), "now": units.value(values[1], metric.unit),
        "change": units.change(change.value, metric.unit),
        "interval": units.interval((low, high), metric.unit) if math.isfinite(low) else "",
        "worse": (change.value > 0) == (metric.better == "lower"),
        "p": _p(change), "id": now.id, "id_before": before.id, "before_at": before.finished_at,
    }  # fmt: skip


def _alike(now: Entry, before: Entry) -> bool:
    assert now.result
    assert before.result
    names = ("dataset_digest", "normaliser")
    ours, theirs = now.result.provenance, before.result.provenance
    return all(ours.get(name) == theirs.get(name) for name in names)


def _rows(metric: Metric, utterances: Sequence[Utterance]) -> Any:
    return np.array([utterance.counts[metric.name] for utterance in utterances], dtype=float)


def _p(change: intervals.PooledRate) -> float | None:
    """Two-sided; a change without any spread is as sure as a single utterance's can be, none is no change."""
    if not math.isfinite(change.value):
        return None
    if change.value == 0:
        return 1.0
    if not math.isfinite(change.error):
        return None
    return min(1.0, 2 * change.p_above(abs(change.value)))


def _first(entry: Entry) -> Metric | None:
    return tasks.get(entry.key.task).METRICS[0] if entry.key.task in tasks.names() else None


# ---------------------------------------------------------------------------- who is near a limit


def _near(asked: Project, entries: Sequence[Entry]) -> Iterator[Json]:
    """The values that keep their limit, by less than a tenth of it or by less than chance explains."""
    wanted = {entry.key: entry for entry in entries}
    matrix = Matrix(asked)
    for name in sorted({key.task for key in wanted} & set(tasks.names())):
        task = tasks.get(name)
        known = {metric.name: metric for metric in task.METRICS}
        for case in matrix.cases(name):
            if not isinstance(case, Case) or (entry := wanted.get(case.key)) is None or entry.result is None:
                continue
            for metric, rule in thresholds.rules(task, case, asked).items():
                if rule.limit is not None and metric in known:
                    yield from _held(entry, known[metric], rule.limit)


def _held(entry: Entry, metric: Metric, limit: float) -> Iterator[Json]:
    assert entry.result
    estimate = intervals.of(metric, entry.result.utterances)
    sign = 1 if metric.better == "lower" else -1
    left = sign * (limit - estimate.value)
    if not estimate.known or left < 0:
        return  # beyond it the gate says so
    end = (estimate.high if sign > 0 else estimate.low) if estimate.interval else estimate.value
    if estimate.value == (0.0 if sign > 0 else 1.0):
        return  # as good as it gets, however few utterances say so
    if left < NEAR * abs(limit) or sign * (limit - end) < 0:
        yield {
            "case": str(entry.key), "task": entry.key.task, "id": entry.id, "metric": metric.name, "n": estimate.n,
            "value": units.value(estimate.value, metric.unit), "limit": units.value(limit, metric.unit),
            "interval": "" if estimate.interval is None else " to ".join(
                units.value(bound, metric.unit) for bound in estimate.interval
            ),
        }  # fmt: skip
