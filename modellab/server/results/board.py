"""The leaderboard of a task from the index: the newest result of each case, an average over datasets, who is ahead.

A dataset's numbers are compared where data and normaliser are the same; the average is the mean over the datasets that
all of those who are ranked have, each counting alike, as public leaderboards make it. Its interval adds the distances
of the datasets' ends in squares (Zou and Donner 2008, MOVER): they are of different utterances. RTF is the
mean over the same datasets on one machine class; cost is that machine's price times RTF, or what a server asked for.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pydantic
import sqlalchemy as sa

from modellab import tasks
from modellab.plan.score_settings import Scorecard
from modellab.server.results.tables import CASE, ENTRIES, MISSING, NEWEST
from modellab.stats.estimate import Estimate
from modellab.types import Metric

MOST = 4_000  # newest results of a task
MANY_SETS = 100  # of datasets that systems have: of more, what two of them share is not looked at
SYSTEM = ("model", "variant", "device", "precision", "preprocessing")
Texts = list[str]
Who = tuple[str, ...]  # the parts of SYSTEM


class Asked(pydantic.BaseModel):
    """Which results: of one task, of some datasets, models and devices; speed of one machine class."""

    model_config = pydantic.ConfigDict(extra="forbid")

    task: str = pydantic.Field(default="", max_length=255)
    dataset: Texts = []
    model: Texts = []
    device: Texts = []
    machine: str = pydantic.Field(default="", max_length=255)
    start: int = pydantic.Field(default=0, ge=0, le=MOST, description="How many systems come before")


@dataclass(frozen=True, slots=True)
class Cell:
    """The newest result of a system on a dataset. `same` says whether it may be compared with most others there.

    `speed` is of the result `timed`: another one where the clocks of the newest are in doubt (`_sound`).
    """

    entry: str
    quality: Estimate
    speed: Estimate
    cost: float
    machine: str
    status: str
    doubt: str
    data: str
    finished_at: str
    timed: str = ""
    same: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """A system: its cells by dataset, and what follows from those that all have."""

    who: Who
    cells: Mapping[str, Cell]
    average: Estimate
    speed: Estimate
    cost: float
    doubt: str = ""
    front: bool = False  # nobody is better in both average and speed
    tied: bool = False  # with the best: their intervals meet

    @property
    def name(self) -> str:
        return f"{self.who[0]}:{self.who[1]}"

    @property
    def place(self) -> str:
        return " ".join(filter(None, self.who[2:]))


@dataclass(frozen=True, slots=True)
class Board:
    """The leaderboard of a task, best first; who has no average comes last."""

    task: str
    metric: Metric
    datasets: tuple[str, ...]
    shared: tuple[str, ...]  # those of the average
    machine: str  # whose speed is shown
    machines: tuple[str, ...]  # that there are
    lines: tuple[Line, ...]
    currency: str
    is_cut: bool = False


def there(connection: sa.Connection, project: str) -> dict[str, int]:
    """The tasks with results that are known here, and how many cases each has; most first."""
    own = (NEWEST.c.project == project) & NEWEST.c.measured
    asked = sa.select(NEWEST.c.task, sa.func.count()).where(own).group_by(NEWEST.c.task)
    counts = {task: count for task, count in connection.execute(asked).all() if task in tasks.names()}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def board(connection: sa.Connection, project: str, asked: Asked, card: Scorecard) -> Board | None:
    """The leaderboard; None where there is no result of the task."""
    task = asked.task or next(iter(there(connection, project)), "")
    if task not in tasks.names():
        return None
    rows = _newest(connection, project, task, asked)
    if not rows:
        return None
    metric = tasks.get(task).METRICS[0]
    cells: dict[Who, dict[str, Cell]] = {}
    for row in rows[:MOST]:
        cell = _cell(row, _sound(connection, row), metric, card)
        cells.setdefault(tuple(row[name] for name in SYSTEM), {})[row["dataset"]] = cell
    return ranked(task, metric, _compared(cells), asked.machine, card.currency, is_cut=len(rows) > MOST)


def _newest(connection: sa.Connection, project: str, task: str, asked: Asked) -> Sequence[sa.RowMapping]:
    given = {name: [choice for choice in getattr(asked, name) if choice] for name in ("dataset", "model", "device")}
    conditions = [NEWEST.c.project == project, NEWEST.c.task == task, NEWEST.c.measured]
    conditions += [NEWEST.c[name].in_(values) for name, values in given.items() if values]
    query = sa.select(ENTRIES).join(NEWEST, NEWEST.c.entry == ENTRIES.c.id).where(*conditions).limit(MOST + 1)
    return connection.execute(query).mappings().all()


def _sound(connection: sa.Connection, row: sa.RowMapping) -> sa.RowMapping:
    """The result whose speed is shown: where the clocks of this one are in doubt the newest like it without doubt."""
    if not row["doubt"]:
        return row
    like = [ENTRIES.c[name] == row[name] for name in ("project", *CASE, "thing")]
    asked = sa.select(ENTRIES).where(*like, ENTRIES.c.measured, ENTRIES.c.doubt == "")
    newest = asked.order_by(ENTRIES.c.finished_at.desc(), ENTRIES.c.id.desc()).limit(1)
    return connection.execute(newest).mappings().first() or row


def _cell(row: sa.RowMapping, timed: sa.RowMapping, metric: Metric, card: Scorecard) -> Cell:
    value = math.nan if row["value"] == MISSING else row["value"]
    ends = _number(timed["rtf_low"]), _number(timed["rtf_high"])
    speed = Estimate(_number(timed["rtf"]), *ends, timed["counted"], unit="s/s")
    asked = json.loads(row["facts"])["readings"].get("cost_usd_per_audio_h")
    price = card.price(row["machine"])
    own = price * speed.value if price is not None else math.nan
    return Cell(
        row["id"], Estimate(value, _number(row["low"]), _number(row["high"]), row["counted"], unit=metric.unit), speed,
        own if asked is None else float(asked), row["machine"], row["status"], timed["doubt"], row["data"],
        row["finished_at"], timed["id"],
    )  # fmt: skip


def _compared(cells: Mapping[Who, Mapping[str, Cell]]) -> dict[Who, dict[str, Cell]]:
    """The cells, those marked that are of other data than most of their dataset; of a tie the newest counts."""
    kinds: dict[str, Counter[str]] = {}
    newest: dict[tuple[str, str], str] = {}
    for own in cells.values():
        for dataset, cell in own.items():
            kinds.setdefault(dataset, Counter())[cell.data] += 1
            newest[dataset, cell.data] = max(newest.get((dataset, cell.data), ""), cell.finished_at)
    most = {
        dataset: max(counts, key=lambda data: (counts[data], newest[dataset, data]))
        for dataset, counts in kinds.items()
    }
    return {
        who: {dataset: replace(cell, same=cell.data == most[dataset]) for dataset, cell in own.items()}
        for who, own in cells.items()
    }


def ranked(
    task: str,
    metric: Metric,
    cells: Mapping[Who, Mapping[str, Cell]],
    machine: str = "",
    currency: str = "USD",
    *,
    is_cut: bool = False,
) -> Board:
    """Averages, order, ties and the Pareto front of cells."""
    shared = _shared(cells)
    machines = Counter(cell.machine for own in cells.values() for cell in own.values())
    usual = machine or max(machines, key=lambda name: (machines[name], name))
    sign = 1 if metric.better == "lower" else -1
    lines = [_line(who, own, shared, usual, metric) for who, own in cells.items()]
    lines.sort(key=lambda line: (not line.average.known, sign * line.average.value, line.who))
    lines = _placed(lines, sign)
    datasets = tuple(sorted({dataset for own in cells.values() for dataset in own}, key=lambda d: (d not in shared, d)))
    return Board(task, metric, datasets, shared, usual, tuple(sorted(machines)), tuple(lines), currency, is_cut)


def _shared(cells: Mapping[Who, Mapping[str, Cell]]) -> tuple[str, ...]:
    """The datasets of the average: of all sets that a system has, the one with most systems times datasets."""
    sets = Counter(
        frozenset(d for d, cell in own.items() if cell.same and cell.quality.known) for own in cells.values()
    )
    sets.pop(frozenset(), None)
    candidates: set[frozenset[str]] = set(sets)
    if len(sets) <= MANY_SETS:
        candidates |= {a & b for a in sets for b in sets if a & b}

    having = {candidate: sum(count for own, count in sets.items() if candidate <= own) for candidate in candidates}
    worth = [(count * len(candidate), count, sorted(candidate)) for candidate, count in having.items()]
    return tuple(max(worth)[2]) if worth else ()


def _line(who: Who, own: Mapping[str, Cell], shared: Sequence[str], machine: str, metric: Metric) -> Line:
    ours = [own[dataset] for dataset in shared if dataset in own and own[dataset].same]
    has_all = bool(shared) and len(ours) == len(shared) and all(cell.quality.known for cell in ours)
    average = mean([cell.quality for cell in ours]) if has_all else Estimate(math.nan, unit=metric.unit)
    timed = [cell for cell in (ours if has_all else own.values()) if cell.machine == machine and cell.speed.known]
    is_whole = len(timed) == len(ours if has_all else own)
    speed = mean([cell.speed for cell in timed]) if timed and is_whole else Estimate(math.nan, unit="s/s")
    costs = [cell.cost for cell in (ours if has_all else own.values())]
    cost = math.fsum(costs) / len(costs) if costs and all(map(math.isfinite, costs)) else math.nan
    doubt = next((cell.doubt for cell in timed if cell.doubt), "")
    return Line(who, own, average, speed, cost, doubt)


def mean(estimates: Sequence[Estimate]) -> Estimate:
    """The mean of estimates that are independent, with an interval where all have one.

    >>> both = mean([Estimate(0.1, 0.07, 0.13, 50), Estimate(0.3, 0.26, 0.34, 60)])
    >>> round(both.value, 3), round(both.low, 3), round(both.high, 3), both.n
    (0.2, 0.175, 0.225, 110)
    """
    count, value = len(estimates), math.fsum(estimate.value for estimate in estimates) / len(estimates)
    below = math.hypot(*(estimate.value - estimate.low for estimate in estimates)) / count
    above = math.hypot(*(estimate.high - estimate.value for estimate in estimates)) / count
    first, n = estimates[0], sum(estimate.n for estimate in estimates)
    return Estimate(value, value - below, value + above, n, first.of, first.unit)


def _placed(lines: Sequence[Line], sign: int) -> list[Line]:
    """Who is tied with the best, and who is on the front of quality and speed."""
    known = [line for line in lines if line.average.known]
    both = [line for line in known if line.speed.known]
    best = known[0] if known else None

    def beats(one: Line, other: Line) -> bool:
        better = sign * (other.average.value - one.average.value)
        faster = other.speed.value - one.speed.value
        return better >= 0 and faster >= 0 and (better > 0 or faster > 0)

    front = {line.who for line in both if not any(beats(other, line) for other in both)}
    tied = {line.who for line in known if best and line is not best and line.average.overlaps(best.average)}
    return [replace(line, front=line.who in front, tied=line.who in tied) for line in lines]


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
