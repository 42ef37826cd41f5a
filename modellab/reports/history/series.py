"""The history of one case: its values in every session of the ledger, and where their level moved.

Quality is taken from all machines, speed and memory from the machine class of the newest result, both only where
dataset and normaliser are those of the newest result: other data have other values, and no model did that.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from modellab import tasks
from modellab.errors import BaselineError, ConfigError, did_you_mean
from modellab.gate.quality import COMPARED
from modellab.gate.timing_validity import invalid
from modellab.reports.history import events
from modellab.reports.history.events import Event
from modellab.results import baselines
from modellab.results.entry import Entry
from modellab.results.headline import only_reported
from modellab.results.pinned import pinned_root
from modellab.results.rescored import standing
from modellab.stats.change_points import FEWEST, PENALTY, Step, steps
from modellab.system.machine import Commit
from modellab.types import CaseId, Kind, Metric, Result, Status, readings
from modellab.units import counted

NONE = float("nan")
BEFORE = datetime.timedelta(days=1)  # what happened so long before the first result is told too


IsSame = Callable[[Mapping[str, str]], bool]


@dataclass(frozen=True, slots=True)
class Run:
    """One result of the case.

    `verdicts` are those against the baseline of its day, `facts` are weights and versions; `doubt` says why its clocks
    prove little.
    """

    at: datetime.datetime
    commit: Commit
    status: Status
    verdicts: Mapping[str, Status]
    facts: Mapping[str, str]
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One metric over the runs: a value for each, NaN where it has none.

    Steps are looked for among `points`, the runs with a value that is not in doubt: `points[step.index]` is the run
    that came after a step.
    """

    metric: str
    unit: str
    kind: Kind
    better: Literal["lower", "higher"]
    values: tuple[float, ...]
    doubted: frozenset[int] = frozenset()
    accepted: float = NONE  # the present baseline
    pinned: float = NONE  # the pinned release
    steps: tuple[Step, ...] = ()

    @property
    def points(self) -> tuple[int, ...]:
        return tuple(i for i, value in enumerate(self.values) if math.isfinite(value) and i not in self.doubted)

    @property
    def constant(self) -> bool:
        return len({value for value in self.values if math.isfinite(value)}) <= 1

    def worse(self, step: Step) -> bool:
        return (step.change > 0) is (self.better == "lower")


@dataclass(frozen=True, slots=True)
class History:
    """All series of one case, oldest run first. `machine` is the class that speed and memory are of."""

    key: CaseId
    machine: str
    runs: tuple[Run, ...]
    series: tuple[Series, ...]
    notes: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()  # baselines accepted, stages moved, libraries upgraded

    def around(self, series: Series, step: Step) -> tuple[Run, Run]:
        """The runs before and after a step."""
        return self.runs[series.points[step.index - 1]], self.runs[series.points[step.index]]


def read(
    key: CaseId, entries: Iterable[Entry], baselines: Path, metric: str = "", last: int = 0, penalty: float = PENALTY
) -> History:
    """The history of a case: every judged metric, or the one named; all results, or the `last`.

    ConfigError for a case without results, and for a metric that it does not have.
    """
    own = standing(e for e in entries if e.key == key and e.was_tried)
    newest = next((entry.result for entry in reversed(own) if entry.result), None)
    if newest is None:
        raise ConfigError(f"the ledger has no result of {key}: `modellab run --model {key.model}:{key.variant}`")
    fitting = [entry for entry in own if entry.result is None or _same_data(entry.result.provenance, newest.provenance)]
    kept = fitting[-last:]
    of = newest.provenance
    accepted, sentences = levels(baselines, key, newest.machine, lambda header: _same_data(header, of))
    runs = tuple(_run(entry) for entry in kept)
    every = _series(metric, newest, kept)
    doubted = frozenset(i for i, run in enumerate(runs) if run.doubt)
    told = (
        replace(metric_series, doubted=doubted) if metric_series.kind == "speed" else metric_series
        for metric_series in every
    )
    series = tuple(_filled(metric_series, accepted, penalty) for metric_series in told)
    notes = (*_notes(own, fitting, kept, newest), *_few(series), *sentences)
    since = runs[0].at - BEFORE
    happened = events.of(
        key, newest.machine, baselines, [(run.at, run.facts) for run in runs if any(run.facts.values())]
    )
    return History(key, newest.machine, runs, series, notes, tuple(event for event in happened if event.at >= since))


def _filled(series: Series, levels: Sequence[Mapping[str, float]], penalty: float) -> Series:
    """The series with what it is held against, and its steps."""
    accepted, pinned = (level.get(series.metric, NONE) for level in levels)
    there = np.array([series.values[i] for i in series.points], dtype=float)
    return replace(series, accepted=accepted, pinned=pinned, steps=tuple(steps(there, penalty)))


def _same_data(then: Mapping[str, str], now: Mapping[str, str]) -> bool:
    return all(then.get(name) == now.get(name) for name in COMPARED)


def _values(entry: Entry, machine: str) -> dict[str, float]:
    """Quality of any machine; of this machine class its readings too."""
    if entry.result is None:
        return {}
    readings = entry.result.readings if entry.result.machine == machine else {}
    return {**entry.values, **readings}


def _run(entry: Entry) -> Run:
    judged = [v for v in entry.verdicts if v.versus != baselines.PINNED and not only_reported(v)]
    verdicts = {verdict.metric: verdict.status for verdict in reversed(judged)}
    at = datetime.datetime.fromisoformat(entry.finished_at)
    doubt = invalid(entry.result) if entry.result else ""
    return Run(at, entry.commit, entry.status, verdicts, {"weights": entry.weights, **entry.versions}, doubt)


# ---------------------------------------------------------------------------- which metrics


def _series(metric: str, newest: Result, kept: Sequence[Entry]) -> list[Series]:
    """The metric named, or all that are judged: in the task's order, speed and memory after."""
    values = [_values(entry, newest.machine) for entry in kept]
    there = {name for run_values in values for name, value in run_values.items() if math.isfinite(value)}
    metrics = _metrics(newest.key)
    judged = (name for name, definition in metrics.items() if definition.gated and definition.kind == "quality")
    if metric and metric not in there:
        raise ConfigError(f"{newest.key} has no values of {metric!r}: {did_you_mean(metric, there)}")
    names = [metric] if metric else [name for name in (*judged, *readings.CLOCKS, *readings.PEAKS) if name in there]
    return [_one(name, metrics, tuple(run_values.get(name, NONE) for run_values in values)) for name in names]


def _one(name: str, metrics: Mapping[str, Metric], values: tuple[float, ...]) -> Series:
    if metric := metrics.get(name):
        return Series(name, metric.unit, metric.kind, metric.better, values)
    kind: Kind = "memory" if readings.unit(name) == "bytes" else "speed"
    return Series(name, readings.unit(name), kind, "lower", values)


def _metrics(key: CaseId) -> dict[str, Metric]:
    return {metric.name: metric for metric in tasks.get(key.task).METRICS}


# ---------------------------------------------------------------------------- what it is held against


def levels(baselines: Path, key: CaseId, machine: str, is_same: IsSame) -> tuple[list[dict[str, float]], list[str]]:
    """The values of the baseline and of the pinned release, and a sentence for a file that cannot be read.

    `is_same` says of a file's header whether it is of the data that the case was measured on.
    """
    by_file: list[dict[str, float]] = []
    sentences = []
    for root in (baselines, pinned_root(baselines)):
        try:
            by_file.append(_level(root, key, machine, is_same))
        except BaselineError as error:
            by_file.append({})
            sentences.append(str(error))
    return by_file, sentences


def _level(root: Path, key: CaseId, machine: str, is_same: IsSame) -> dict[str, float]:
    """What is accepted under `root`, where it is of the same data."""
    level: dict[str, float] = {}
    resources = baselines.load_resources(root, key, machine)
    if resources and is_same(resources.header):
        level |= resources.readings
    accepted = baselines.load(root, key)
    if accepted and is_same(accepted.header):
        for name, metric in _metrics(key).items():
            level[name] = metric.value(counts[name] for counts in accepted.counts.values() if name in counts)
    return level


# ---------------------------------------------------------------------------- what a reader must know


def _notes(own: Sequence[Entry], fitting: Sequence[Entry], kept: Sequence[Entry], newest: Result) -> Iterator[str]:
    measured = [entry.result for entry in kept if entry.result]
    if left := len(own) - len(fitting):
        yield f"left out: {counted(left, 'result')} on other data (another dataset digest, normaliser or preprocessing)"
    if failed := len(kept) - len(measured):
        yield f"without values: {counted(failed, 'run')} that ended in an ERROR"
    if doubted := sum(bool(invalid(result)) for result in measured):
        many = counted(doubted, "result")
        yield f"speed in doubt and not searched for change points: {many} (a busy machine, a throttled GPU)"
    if others := {result.machine for result in measured} - {newest.machine}:
        yield f"speed and memory are those of {newest.machine}; there are results of {', '.join(sorted(others))} too"


def _few(series: Sequence[Series]) -> Iterator[str]:
    short = {
        metric_series.metric: len(metric_series.points)
        for metric_series in series
        if len(metric_series.points) < FEWEST
    }
    if short:
        counts = ", ".join(f"{metric} has {count}" for metric, count in short.items())
        yield f"change points need {FEWEST} values: {counts}"
