"""Parts of a dataset: the newest results of a task on it, by what its rows say of themselves and by groups of people.

Whole entries are read for it, so it is of few systems: the best by their first metric.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from modellab import tasks, units
from modellab.datasets import load
from modellab.errors import ModellabError, NewerError
from modellab.reports import by_group
from modellab.reports.leaderboard import prose
from modellab.reports.leaderboard.records import GroupGap, Slice
from modellab.reports.leaderboard.slices import group_gaps, slices
from modellab.reports.leaderboard.systems import system_of
from modellab.results import ledger
from modellab.results.entry import Entry
from modellab.server.errors import ApiError
from modellab.server.results.tables import ENTRIES, NEWEST
from modellab.server.results.whole import opened, project
from modellab.stats.estimate import Estimate

MOST = 8  # systems
Json = dict[str, Any]


def of(root: Path, order: Mapping[str, Any]) -> Json:
    """Tables of a task and a dataset: one for each key that parts it, one for each kind of group."""
    here, task, dataset = project(root), order["task"], order["dataset"]
    if task not in tasks.names():
        raise ApiError(404, "no_results", f"there is no task {task[:60]!r} here", "task")
    try:
        data = load(here.golden / dataset)
    except ModellabError as error:
        return {**_empty(task), "why": f"{dataset} is not here: {str(error).splitlines()[0]}".replace(f"{root}/", "")}
    with opened(order["url"]) as engine, engine.connect() as connection:
        rows, count = _newest(connection, order, data.digest)
    entries = [entry for row in rows if (entry := _read(row, here.mlruns)) is not None]
    parts = [part for entry in entries for part in slices(system_of(entry.key), entry, data)]
    gaps = [gap for entry in entries for gap in group_gaps(system_of(entry.key), entry, data)]
    why = "" if entries else f"there are no results of that on {dataset} as it is now: `modellab run` makes some"
    return {
        **_empty(task), "why": why, "tables": list(_tables(entries, parts)), "groups": list(_groups(entries, gaps)),
        "systems": [{"name": system_of(entry.key).name, "entry": entry.id} for entry in entries], "count": count,
    }  # fmt: skip


def _empty(task: str) -> Json:
    metric = tasks.get(task).METRICS[0]
    nothing: Json = {"systems": [], "tables": [], "groups": [], "count": 0}
    return {**nothing, "metric": units.heading(metric.name), "better": metric.better}


def _newest(connection: sa.Connection, order: Mapping[str, Any], digest: str) -> tuple[Sequence[sa.RowMapping], int]:
    """The rows of the best systems' newest results on these data, and how many systems there are."""
    names = {"project": order["owner"], "task": order["task"], "dataset": order["dataset"], "model": order["model"]}
    conditions = [NEWEST.c[name] == value for name, value in names.items() if value]
    conditions += [NEWEST.c.measured, ENTRIES.c.data.contains(digest, autoescape=True)]
    value = ENTRIES.c.value
    best = value if tasks.get(order["task"]).METRICS[0].better == "lower" else value.desc()
    whole = sa.select(ENTRIES).join(NEWEST, NEWEST.c.entry == ENTRIES.c.id).where(*conditions)
    count = connection.execute(sa.select(sa.func.count()).select_from(whole.subquery())).scalar_one()
    return connection.execute(whole.order_by(best, ENTRIES.c.id).limit(MOST)).mappings().all(), count


def _read(row: sa.RowMapping, mlruns: Path) -> Entry | None:
    try:
        entry = ledger.read_at(Path(row["path"]), row["offset"], row["length"], mlruns)
    except (OSError, NewerError, ModellabError, *ledger.TOO_DEEP):  # the next question finds it
        return None
    return entry if entry.id == row["id"] and entry.result else None


def _tables(entries: Sequence[Entry], parts: Sequence[Slice]) -> Iterator[Json]:
    """A table for each key of the rows: a line for each value, a column for each system."""
    for key in dict.fromkeys(part.key for part in parts):
        own = {(part.value, part.who): part.estimate for part in parts if part.key == key}
        lines = [
            {"name": value, "cells": [_cell(own.get((value, system_of(entry.key)))) for entry in entries]}
            for value in sorted({value for value, _ in own})
        ]
        yield {"key": key, "lines": lines}


def _groups(entries: Sequence[Entry], gaps: Sequence[GroupGap]) -> Iterator[Json]:
    """The same for groups of people, of the first metric; with a sentence on each system's gap."""
    for key in dict.fromkeys(gap.key for gap in gaps):
        firsts: dict[str, GroupGap] = {}
        for gap in gaps:
            if gap.key == key:
                firsts.setdefault(gap.who.name, gap)
        names = list(dict.fromkeys(rate.name for gap in firsts.values() for rate in gap.groups.rates))
        rates = {(who, rate.name): rate.estimate for who, gap in firsts.items() for rate in gap.groups.rates}
        counts = {rate.name: rate.utterances for gap in firsts.values() for rate in gap.groups.rates}
        lines = [
            {
                "name": name,
                "cells": [_cell(rates.get((system_of(entry.key).name, name)), counts[name]) for entry in entries],
            }
            for name in names
        ]
        sentences = [f"{who}: {text}" for who, gap in firsts.items() if (text := by_group.gap(gap.groups, key))]
        yield {"key": key, "lines": lines, "said": sentences}


def _cell(estimate: Estimate | None, n: int = 0) -> Json | None:
    """A number as text; None where there is none at all."""
    if estimate is None:
        return None
    if not estimate.known:
        return {"value": by_group.TOO_FEW, "interval": "", "n": str(n)}
    ends = estimate.interval
    interval = f"[{', '.join(units.value(end, estimate.unit).removesuffix(' %') for end in ends)}]" if ends else ""
    return {"value": units.value(estimate.value, estimate.unit), "interval": interval, "n": prose.n(estimate)}
