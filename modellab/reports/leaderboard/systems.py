"""Who may be compared with whom in a task, and on which data."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from modellab import tasks
from modellab.reports.leaderboard.records import Origin, System
from modellab.results.entry import Entry
from modellab.results.select import SelectedResults, unfair
from modellab.types import CaseId, Floats, Metric, Result

ResultsBySystem = Mapping[System, Mapping[str, Entry]]  # what each system gave on each dataset


@dataclass(frozen=True, slots=True)
class Comparable:
    """The systems of a task that were measured on the same `datasets`, and the utterances that all of them have.

    `ids` are (dataset, utterance); `left_out` says who is not compared, and why.
    """

    metric: Metric
    datasets: tuple[str, ...]
    ids: tuple[tuple[str, str], ...]
    results: ResultsBySystem
    left_out: tuple[tuple[System, str], ...]

    def counts(self, who: System) -> Floats:
        """The first metric's counts, a row for each of `ids`: shape (n, k)."""
        own = {(d, u.id): u for d in self.datasets for u in result_of(self.results[who][d]).utterances}
        return np.array([own[id].counts[self.metric.name] for id in self.ids], dtype=float)

    def clusters(self) -> list[str]:
        """The cluster of each row, '' where a row stands alone."""
        first = next(iter(self.results.values()))
        named = {(d, u.id): u.cluster for d in self.datasets for u in result_of(first[d]).utterances}
        several = {d for d in self.datasets if len({named[id] for id in self.ids if id[0] == d}) > 1}
        return [f"{id[0]}/{named[id]}" if id[0] in several and named[id] else "" for id in self.ids]


def result_of(entry: Entry) -> Result:
    """The result of an entry that was selected: they all have one."""
    assert entry.result is not None, "a selection holds results"
    return entry.result


def origin(entry: Entry) -> Origin:
    """Where it was measured."""
    result = result_of(entry)
    known = result.provenance
    return Origin(
        entry.commit.short,
        entry.session,
        entry.finished_at,
        result.machine,
        known.get("normaliser", ""),
        known.get("dataset_digest", ""),
        entry.weights,
    )


def by_task(selections: Sequence[SelectedResults]) -> dict[str, ResultsBySystem]:
    """Every selection's results by task; a system that several selections have carries the spec in its name."""
    names = Counter(name for selection in selections for name in {_named(entry.key) for entry in selection.entries})
    grouped: dict[str, dict[System, dict[str, Entry]]] = {}
    for selection in selections:
        for entry in selection.entries:
            who = system_of(entry.key, selection.spec if names[_named(entry.key)] > 1 else "")
            grouped.setdefault(who.task, {}).setdefault(who, {})[entry.key.dataset] = entry
    return {
        task: dict(sorted(whose.items(), key=lambda item: item[0].order)) for task, whose in sorted(grouped.items())
    }


def _named(key: CaseId) -> tuple[str, ...]:
    return key.task, key.model, key.variant, key.device, key.precision, key.preprocessing


def system_of(key: CaseId, spec: str = "") -> System:
    """Which system a case is one of."""
    return System(key.task, key.model, key.variant, key.device, key.precision, spec, key.preprocessing)


def field(task: str, every: ResultsBySystem) -> Comparable:
    """The fair comparison with most in it: systems times the root of utterances, over the sets of datasets."""
    metric = tasks.get(task).METRICS[0]
    fair, reasons = _fair(every, metric)
    if not fair:
        return Comparable(metric, (), (), {}, tuple(reasons.items()))
    datasets, own = _most(fair)
    left_out = dict(reasons)
    for who in every:
        if who not in own and who not in left_out:
            missing = ", ".join(sorted(set(datasets) - fair[who].keys()))
            left_out[who] = f"{who.name} has no result on {missing}"
    ids = [(d, id) for d in datasets for id in sorted(set.intersection(*(_ids(own[who][d], metric) for who in own)))]
    ordered = {who: own[who] for who in sorted(own, key=lambda system: system.order)}
    return Comparable(metric, datasets, tuple(ids), ordered, tuple(left_out.items()))


def _fair(every: ResultsBySystem, metric: Metric) -> tuple[dict[System, dict[str, Entry]], dict[System, str]]:
    """Each system's results that may be compared with those of most others, and a reason where some may not."""
    fair: dict[System, dict[str, Entry]] = {}
    reasons: dict[System, str] = {}
    for dataset in sorted({dataset for whose in every.values() for dataset in whose}):
        there = [(who, whose[dataset]) for who, whose in every.items() if dataset in whose]
        there = [(who, entry) for who, entry in there if _ids(entry, metric)]
        kinds = Counter(_kind(entry, metric) for _, entry in there)
        if not kinds:
            continue
        ordered = sorted(there, key=lambda item: item[1].finished_at)
        newest = {_kind(entry, metric): entry.finished_at for _, entry in ordered}
        most = max(kinds, key=lambda kind: (kinds[kind], newest[kind], kind))
        model = next(entry for _, entry in there if _kind(entry, metric) == most)
        for who, entry in there:
            if why := unfair(entry, model) or _otherwise(entry, model, metric):
                reasons.setdefault(who, why)
            else:
                fair.setdefault(who, {})[dataset] = entry
    return fair, {who: why for who, why in reasons.items() if who not in fair}


def _kind(entry: Entry, metric: Metric) -> tuple[str, str, int]:
    known = result_of(entry).provenance
    return known.get("dataset_digest", ""), known.get("normaliser", ""), _sums(entry, metric)


def _sums(entry: Entry, metric: Metric) -> int:
    """How many sums the metric's counts have; -1 where its utterances do not agree."""
    lengths = {len(u.counts[metric.name]) for u in result_of(entry).utterances if metric.name in u.counts}
    return lengths.pop() if len(lengths) == 1 else -1


def _otherwise(entry: Entry, model: Entry, metric: Metric) -> str:
    """Why two results of the same data cannot be put together all the same."""
    if _sums(entry, metric) == _sums(model, metric):
        return ""
    return f"{entry.key} was scored by another version of {metric.name} than {model.key}: measure it anew"


def _ids(entry: Entry, metric: Metric) -> set[str]:
    return {u.id for u in result_of(entry).utterances if metric.name in u.counts}


def _most(fair: ResultsBySystem) -> tuple[tuple[str, ...], dict[System, Mapping[str, Entry]]]:
    sets = {frozenset(whose) for whose in fair.values()}
    candidates = sets | {a & b for a in sets for b in sets if a & b}

    def worth(datasets: frozenset[str]) -> tuple[bool, float, list[str]]:
        inside = [whose for whose in fair.values() if datasets <= whose.keys()]
        amount = sum(min(len(result_of(whose[d]).utterances) for whose in inside) for d in datasets)
        return len(inside) > 1, len(inside) * math.sqrt(amount), sorted(datasets)

    best = max(candidates, key=worth)
    return tuple(sorted(best)), {who: whose for who, whose in fair.items() if best <= whose.keys()}


def mixed(whose: Iterable[Entry]) -> bool:
    """Whether results were measured on several machine classes."""
    return len({result_of(entry).machine for entry in whose}) > 1
