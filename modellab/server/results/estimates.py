"""What a row of the index says of how sure its numbers are: intervals, the real-time factor, doubt in its clocks.

Student's t comes from a library that would make the process of the API a fifth larger, so a reader's process computes
this: with the rows where it builds an index, after them where the API has read what is new itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from modellab import tasks
from modellab.errors import ModellabError, NewerError
from modellab.gate.timing_validity import invalid
from modellab.reports.leaderboard import estimates as speeds
from modellab.results import ledger, serialization
from modellab.results.entry import Entry
from modellab.server.results.tables import ENTRIES, ESTIMATES
from modellab.stats import intervals
from modellab.stats.estimate import Estimate
from modellab.types import Metric, Utterance

Row = dict[str, Any]
BATCH = 200  # rows that are written together


def of(entry: Entry) -> Row:
    """The columns of an entry that has a result, its utterances included."""
    assert entry.result is not None
    first = _first_metric(entry.key.task)
    quality = intervals.of(first, entry.result.utterances) if first else Estimate(math.nan)
    speed = speeds.speed([[entry]])
    return {
        "low": _finite(quality.low),
        "high": _finite(quality.high),
        "counted": quality.n,
        "rtf": _finite(speed.value),
        "rtf_low": _finite(speed.low),
        "rtf_high": _finite(speed.high),
        "doubt": invalid(entry.result),
        "estimated": True,
    }


def of_line(data: Mapping[str, Any], entry: Entry) -> Row:
    """The same of a line that was checked: of its utterances only what this needs is made. {} without a result."""
    if entry.result is None:
        return {}
    first = _first_metric(entry.key.task)
    name = first.name if first else ""
    utterances = tuple(_utterance(utterance, name) for utterance in data["result"]["utterances"])
    return of(replace(entry, result=replace(entry.result, utterances=utterances)))


def fill(engine: sa.Engine, mlruns: Path) -> int:
    """Compute what rows lack; how many that were. A row whose line is not there any more stays without."""
    places = (ENTRIES.c.id, ENTRIES.c.path, ENTRIES.c.offset, ENTRIES.c.length)
    with engine.connect() as connection:
        lacking = connection.execute(sa.select(*places).where(ENTRIES.c.estimated.is_(False))).mappings().all()
    for start in range(0, len(lacking), BATCH):
        rows = list(_read(lacking[start : start + BATCH], mlruns))
        changed = sa.update(ENTRIES).where(ENTRIES.c.id == sa.bindparam("of"))
        with engine.begin() as connection:
            connection.execute(changed, rows)
    return len(lacking)


def _read(places: Iterable[sa.RowMapping], mlruns: Path) -> Iterable[Row]:
    for place in places:
        row: Row = {"of": place["id"], **dict.fromkeys(ESTIMATES)}
        row |= {"counted": 0, "doubt": "", "estimated": True}
        try:
            entry = ledger.read_at(Path(place["path"]), place["offset"], place["length"], mlruns)
        except (OSError, NewerError, ModellabError, *ledger.TOO_DEEP):
            entry = None
        yield row | (of(entry) if entry is not None and entry.result and entry.id == place["id"] else {})


def _first_metric(task: str) -> Metric | None:
    return tasks.get(task).METRICS[0] if task in tasks.names() else None


def _utterance(data: Mapping[str, Any], metric: str) -> Utterance:
    number = serialization.decode_number
    counts = {metric: tuple(map(number, data["shares"][metric]))} if metric in data["shares"] else {}
    times = {name: number(data[name]) for name in ("wall_s", "cpu_s", "duration_s")}
    texts = {name: str(data.get(name, "")) for name in ("error", "cluster")}
    return Utterance(id=str(data["id"]), counts=counts, output=None, **texts, **times)  # type: ignore[arg-type]


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
