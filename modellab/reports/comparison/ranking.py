"""Many systems of one task in order, with those that cannot be told apart marked as ties.

All pairs are tested on the utterances that all systems have, pooled over the datasets that all have, and Holm's
correction is over all pairs. The order is that of the pooled value. A system's rank is a span: one more than there
are systems that are better beyond chance, to as many as are not worse beyond chance. Two that share a letter were
not told apart (compact letter display: Piepho 2004, insert and absorb).
"""

from __future__ import annotations

import math
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from modellab.errors import ConfigError
from modellab.reports.comparison import quality, speed
from modellab.reports.comparison.pairing import CasePair, name
from modellab.reports.comparison.quality import POOLED, Draft, Line, Rows
from modellab.reports.comparison.speed import Noises, SpeedComparison
from modellab.reports.comparison.two_systems import check_metrics, metrics_of
from modellab.results.entry import Entry
from modellab.results.select import LATEST, SelectedResults, unfair
from modellab.stats.intervals import rate
from modellab.stats.multiple_testing import ALPHA
from modellab.types import Metric


@dataclass(frozen=True, slots=True)
class System:
    """One system with its result on each dataset."""

    name: str
    entries: Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Standing:
    """One system's place. `interval` is that of its own value; `timing` its time against the fastest one's."""

    name: str
    value: float
    interval: tuple[float, float] | None
    values: Mapping[str, float]  # by dataset
    best: int = 1
    worst: int = 1
    letters: str = ""
    timing: SpeedComparison | None = None
    peak_bytes: float = math.nan

    @property
    def rank(self) -> str:
        return f"{self.best}" if self.best == self.worst else f"{self.best}-{self.worst}"


@dataclass(frozen=True, slots=True)
class RankedPair:
    """Two systems, the one with the better value as A, and the line of their comparison."""

    a: str
    b: str
    line: Line


@dataclass(frozen=True, slots=True)
class Ranking:
    """The order of one task's systems by one metric over `n` shared utterances of `datasets`."""

    task: str
    metric: Metric
    datasets: tuple[str, ...]
    n: int
    standings: tuple[Standing, ...]
    ranked_pairs: tuple[RankedPair, ...]
    family: int
    alpha: float
    notes: tuple[str, ...] = ()


def ranked_systems(selections: Sequence[SelectedResults], task: str) -> list[System]:
    """Every system of the selections in one task, in their order; a spec with a WHEN lends it to the name."""
    by_label: dict[str, dict[str, Entry]] = {}
    for selection in selections:
        _, at, when = selection.spec.partition("@")
        suffix = f"@{when}" if at and when != LATEST else ""
        for entry in selection.entries:
            if entry.key.task == task:
                by_label.setdefault(f"{name(entry.key)}{suffix}", {})[entry.key.dataset] = entry
    return [System(label, entries) for label, entries in by_label.items()]


def rank(
    field: Sequence[System],
    task: str,
    noises: Noises = speed.no_noise,
    wanted: Sequence[str] = (),
    alpha: float = ALPHA,
) -> Ranking:
    """The order by the first metric of the task, or the first wanted one. ConfigError where it means nothing."""
    if len(field) < 2:
        raise ConfigError(f"a ranking of {task} needs two systems or more, there is {_names(field) or 'none'}")
    check_metrics([task], wanted)
    metric = metrics_of(task, wanted)[0]
    datasets, notes = _datasets(field, task)
    field, left = _trimmed(field, datasets, metric)
    rows = {system.name: _rows(system, datasets, metric) for system in field}
    sign = 1.0 if metric.better == "lower" else -1.0
    order = sorted(
        field, key=lambda system: (_last(sign * metric.value(map(tuple, rows[system.name].before))), system.name)
    )
    ranked_pairs, family = _ranked_pairs(order, rows, metric, alpha)
    places = spans([system.name for system in order], [(duo.a, duo.b) for duo in ranked_pairs if duo.line.told])
    standings = [
        replace(_standing(system, metric, rows[system.name]), best=best, worst=worst, letters=letters)
        for system, (best, worst, letters) in zip(order, places, strict=True)
    ]
    n, timed = len(rows[order[0].name].before), _with_speeds(standings, order, noises)
    return Ranking(task, metric, datasets, n, timed, tuple(ranked_pairs), family, alpha, (*notes, *left))


def spans(order: Sequence[str], told: Iterable[tuple[str, str]]) -> list[tuple[int, int, str]]:
    """For each name, best first: the ranks it may have, and its letters. `told` are (better, worse) pairs.

    >>> spans(["a", "b", "c"], [("a", "c")])
    [(1, 2, 'a'), (1, 3, 'ab'), (2, 3, 'b')]
    """
    pairs = list(told)
    groups = [set(order)]
    for better, worse in pairs:
        parted = [group - {one} if {better, worse} <= group else group for group in groups for one in (better, worse)]
        groups = [
            group
            for at, group in enumerate(parted)
            if not any(group < other or (group == other and at > i) for i, other in enumerate(parted))
        ]
    groups.sort(key=lambda group: sorted(map(order.index, group)))
    return [
        (
            1 + sum(worse == label for _, worse in pairs),
            len(order) - sum(better == label for better, _ in pairs),
            "".join(_letter(at) for at, group in enumerate(groups) if label in group),
        )
        for label in order
    ]


def _letter(at: int) -> str:
    """a to z, then A to Z, then numbers in brackets."""
    return string.ascii_letters[at] if at < len(string.ascii_letters) else f"({at + 1})"


# ---------------------------------------------------------------------------- who takes part in what


def _datasets(field: Sequence[System], task: str) -> tuple[tuple[str, ...], list[str]]:
    """The datasets of all systems, and a sentence for each that is left out; ConfigError where none is left."""
    every = sorted({dataset for system in field for dataset in system.entries})
    shared, notes, refused = [], [], []
    for dataset in every:
        without = [system.name for system in field if dataset not in system.entries]
        there = [system.entries[dataset] for system in field if dataset in system.entries]
        why = next((why for other in there[1:] if (why := unfair(there[0], other))), "")
        if without:
            notes.append(f"{dataset} left out: no result of {', '.join(without)}")
        elif why:
            refused.append(why)
        else:
            shared.append(dataset)
    if not shared:
        why = refused[0] if refused else f"no dataset of {task} has results of all: {'; '.join(notes)}"
        raise ConfigError(f"cannot be ranked: {why}")
    scored = {_provenance(field[0].entries[dataset], "normaliser") for dataset in shared}
    if len(scored) > 1:
        raise ConfigError(
            f"{', '.join(shared)} have no pooled value, their normalisers differ: rank one of them with --dataset"
        )
    return tuple(shared), [*notes, *(f"refused: {why}" for why in refused)]


def _trimmed(field: Sequence[System], datasets: Sequence[str], metric: Metric) -> tuple[list[System], list[str]]:
    """The systems with the utterances that all have, and how many others there were."""
    notes, kept = [], {}
    for dataset in datasets:
        ids = [_ids(system.entries[dataset], metric) for system in field]
        kept[dataset] = set.intersection(*ids)
        if left := len(set.union(*ids)) - len(kept[dataset]):
            notes.append(f"{dataset}: {len(kept[dataset])} utterances ranked, {left} that not all have left out")
        if not kept[dataset]:
            raise ConfigError(f"cannot be ranked: there is no utterance of {dataset} that all have with {metric.name}")
    return [
        System(system.name, {dataset: _only(system.entries[dataset], kept[dataset]) for dataset in datasets})
        for system in field
    ], notes


def _ids(entry: Entry, metric: Metric) -> set[str]:
    assert entry.result is not None
    return {item.id for item in entry.result.utterances if metric.name in item.counts}


def _only(entry: Entry, ids: set[str]) -> Entry:
    assert entry.result is not None
    kept = sorted((item for item in entry.result.utterances if item.id in ids), key=lambda item: item.id)
    return replace(entry, result=replace(entry.result, utterances=tuple(kept)))


def _rows(system: System, datasets: Sequence[str], metric: Metric) -> Rows:
    """A system's counts against themselves, over all datasets."""
    parts = [
        rows for at in datasets if (rows := quality.rows(CasePair(system.entries[at], system.entries[at]), metric))
    ]
    return quality.pooled(parts)


# ---------------------------------------------------------------------------- the tests


def _ranked_pairs(
    order: Sequence[System], rows: Mapping[str, Rows], metric: Metric, alpha: float
) -> tuple[list[RankedPair], int]:
    """Every pair, the better one first; how many of them count."""
    pairs = list(combinations(order, 2))
    drafts = [_draft(metric, rows[a.name], rows[b.name]) for a, b in pairs]
    drafts = quality.finer(drafts, alpha)
    lines, _, family = quality.all_settled(drafts, alpha)
    return [RankedPair(a.name, b.name, line) for (a, b), line in zip(pairs, lines, strict=True)], family


def _draft(metric: Metric, a: Rows, b: Rows) -> Draft:
    clusters = tuple(x or y for x, y in zip(a.clusters, b.clusters, strict=True))
    drafted = quality.draft(metric, POOLED, Rows(a.before, b.before, clusters))
    if drafted is None:
        raise ConfigError(f"cannot be ranked by {metric.name}: it has no value")
    return drafted


def _standing(system: System, metric: Metric, rows: Rows) -> Standing:
    own = rate(metric, list(map(tuple, rows.before)), rows.clusters)
    return Standing(
        system.name,
        own.value,
        own.interval,
        {
            at: metric.value(item.counts[metric.name] for item in entry.result.utterances)
            for at, entry in system.entries.items()
            if entry.result
        },
        peak_bytes=max(
            (
                entry.result.readings.get("peak_rss_bytes", math.nan)
                for entry in system.entries.values()
                if entry.result
            ),
            default=math.nan,
        ),
    )


def _with_speeds(standings: Sequence[Standing], order: Sequence[System], noises: Noises) -> tuple[Standing, ...]:
    """With each one's time against the fastest, where all were measured on one machine class."""
    machines = {entry.result.machine for system in order for entry in system.entries.values() if entry.result}
    if len(machines) > 1:
        return tuple(standings)
    against = [timing for system in order if (timing := _timing(order[0], system, noises))]
    if len(against) < len(order):
        return tuple(standings)
    fastest = min(range(len(order)), key=lambda at: against[at].ratio)
    return tuple(
        replace(standing, timing=_timing(order[fastest], system, noises))
        for standing, system in zip(standings, order, strict=True)
    )


def _timing(first: System, other: System, noises: Noises) -> SpeedComparison | None:
    case_pairs = [CasePair(first.entries[at], other.entries[at]) for at in first.entries]
    return speed.clock_of(case_pairs, noises, POOLED)


def _provenance(entry: Entry, what: str) -> str:
    return entry.result.provenance.get(what, "") if entry.result else ""


def _names(field: Sequence[System]) -> str:
    return ", ".join(system.name for system in field)


def _last(value: float) -> float:
    return math.inf if math.isnan(value) else value
