"""Speed and memory of a case against the base: both models held at once, timed in pairs, judged by `gate.duet`."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from modellab.against.base import Base, NoBaseError
from modellab.against.cores import shared
from modellab.against.installed import Tell
from modellab.against.process import Places, start
from modellab.dataset import Dataset
from modellab.errors import ModellabError
from modellab.evaluate import Loaded, load
from modellab.gate import duet, memory
from modellab.gate.limits import MIB, held
from modellab.gate.sessions import Noise
from modellab.gate.speed import JUDGED
from modellab.gate.validity import too_many_cores
from modellab.matrix import Cell
from modellab.pairs import Pairs, Place, anywhere, run_pairs
from modellab.tasks import Task
from modellab.types import Floats, Result, Rule, Status, Verdict

COLUMNS = {"rtf": 0, "rtf_cpu": 1, "rtf_gpu": 2}  # of Pairs
Rules = Mapping[str, Rule]


@dataclass(frozen=True, slots=True)
class Case:
    """What is timed: one cell, its candidate's result and the rules that it is judged by."""

    task: Task
    cell: Cell
    data: Dataset
    result: Result
    rules: Rules


@dataclass(slots=True)
class Duel:
    """Holds the base's loaded model beside the pool's, at most one."""

    base: Base
    threads: int
    download: bool
    tell: Tell
    places: Places = field(init=False)
    loaded: Loaded | None = None
    engine: object = None  # the candidate's, to which `loaded` or `missing` belongs
    missing: str = ""  # why there is nothing to time against
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.places = Places(self.base, self.tell)

    def get(self, cell: Cell) -> None:
        """Load the cell's base, unless it is loaded. Raises ModellabError, with the base's name, when it cannot be."""
        if self.engine == (cell.key.task, cell.engine):
            return
        self.close()
        try:
            self._load(cell)
        except NoBaseError as error:
            self.missing = str(error)
        self.engine = (cell.key.task, cell.engine)

    def _load(self, cell: Cell) -> None:
        found = self.base.loadable(cell, self.places.checkout(), download=self.download)
        place = self.places.get(found.model.install)
        handle = start(place, self.threads, self.base.label)
        try:
            self.loaded = load(found, handle, self.threads, download=self.download)
        except (ModellabError, KeyboardInterrupt):
            handle.close()
            raise
        note = self.places.notes.get(found.model.install)
        self.notes = (*([note] if note else []), *_other_precision(cell, found.key.precision, self.base.label))

    def close(self) -> None:
        """End the base's process, if there is one."""
        if self.loaded is not None:
            self.loaded.handle.close()
        self.loaded, self.engine, self.missing, self.notes = None, None, "", ()

    def judge(self, case: Case, candidate: Loaded, again: Callable[[], Loaded]) -> tuple[list[Verdict], list[str]]:
        """The verdicts on the device's clocks and memory, and notes. `again` gives the candidate in a new process."""
        if self.loaded is None:
            return self._nothing(case), []
        with shared((candidate, self.loaded), self.threads, case.cell.key.device) as place:
            first, second = _pairs(case, candidate, self.loaded, place)
        verdicts = [_clock(case, metric, first, second, self.base.label) for metric in _clocks(case, first)]
        peaks = _peaks(case, candidate, self.loaded, self.base.label)
        notes = [*self.notes, *_notes(case.task, candidate, self.loaded, second or first, self.base.label)]
        if any(verdict.red for verdict in peaks):
            peaks = self._fresh_peaks(case, again)
        return [*verdicts, *peaks], notes

    def _nothing(self, case: Case) -> list[Verdict]:
        """NEW for all that would have been compared."""
        device, readings = case.cell.key.device, case.result.readings
        speed = [Verdict(metric, "s/s", "speed", Status.NEW, math.nan) for metric in JUDGED[device]]
        peaks = [Verdict(metric, "bytes", "memory", Status.NEW, math.nan) for metric in memory.METRICS[device]]
        return [
            replace(each, now=readings[each.metric], why=self.missing, versus=self.base.label)
            for each in (*speed, *peaks)
            if each.metric in readings
        ]

    def _fresh_peaks(self, case: Case, again: Callable[[], Loaded]) -> list[Verdict]:
        """Memory once more, with the same calls in two new processes: the candidate's old one had done more before."""
        self.close()
        candidate = again()
        self.get(case.cell)
        assert self.loaded is not None, "it was there a moment ago"
        _first(case, candidate, self.loaded, _generator(case))
        return _peaks(case, candidate, self.loaded, self.base.label)


def _generator(case: Case) -> np.random.Generator:
    """The same order of sides in every run of a case."""
    return np.random.default_rng(zlib.crc32(str(case.cell.key).encode()))


def _first(
    case: Case, candidate: Loaded, base: Loaded, generator: np.random.Generator, place: Place = anywhere
) -> Pairs:
    """The first look, with fresh meters on both sides."""
    for side in (candidate, base):
        side.ask("start", {"task": case.task.NAME})
    return run_pairs(candidate, base, case.data, duet.FIRST, generator, place=place)


def _pairs(case: Case, candidate: Loaded, base: Loaded, place: Place) -> tuple[Pairs, Pairs | None]:
    """The first look, and the confirmation where a clock asks for it."""
    generator = _generator(case)
    first = _first(case, candidate, base, generator, place)
    if not any(_looks_slower(case, metric, first) for metric in _clocks(case, first)):
        return first, None
    return first, run_pairs(candidate, base, case.data, duet.SECOND, generator, first, place)


def _clocks(case: Case, pairs: Pairs) -> list[str]:
    """The clocks that judge a case on its device and that gave times."""
    return [metric for metric in JUDGED[case.cell.key.device] if np.isfinite(_ratios(pairs, metric)).any()]


def _ratios(pairs: Pairs, metric: str) -> Floats:
    return (pairs.wall, pairs.cpu, pairs.gpu)[COLUMNS[metric]]


def _looks_slower(case: Case, metric: str, pairs: Pairs) -> bool:
    margin = case.rules.get(metric, Rule()).margin
    ratios = _ratios(pairs, metric)
    finite = ratios[np.isfinite(ratios)]
    return len(finite) > 1 and duet.looks_slower(finite, duet.MARGIN if margin is None else margin)


def _clock(case: Case, metric: str, first: Pairs, second: Pairs | None, label: str) -> Verdict:
    now, then = (second or first).rtf(COLUMNS[metric])
    fresh = None if second is None else _ratios(second, metric)
    rule = case.rules.get(metric, Rule())
    invalid = _invalid(case.result) if metric == "rtf_cpu" else ""
    return duet.judge(metric, _ratios(first, metric), fresh, rule, now, then, label, invalid)


def _invalid(result: Result) -> str:
    """Why the CPU clock proves little. Load, heat and neighbours slow both sides of a pair and are no reason."""
    if (threads := result.provenance["threads"]) != "1":
        return f"CPU time of {threads} threads holds their waiting for each other: the wall clock decides"
    return too_many_cores(result)


def _peaks(case: Case, candidate: Loaded, base: Loaded, label: str) -> list[Verdict]:
    """Peak memory since both were asked to start."""
    now, then = (side.ask("finish", {"device": case.cell.key.device}) for side in (candidate, base))
    metrics = [metric for metric in memory.METRICS[case.cell.key.device] if metric in now and metric in then]
    return [
        _peak(metric, float(now[metric]), float(then[metric]), case.rules.get(metric, Rule()), label)
        for metric in metrics
    ]


def _peak(metric: str, now: float, then: float, rule: Rule, label: str) -> Verdict:
    margin = memory.margin_bytes(then, Noise.of([]), rule.margin)
    status, why = Status.PASS, ""
    if now - then > margin:
        status = Status.REGRESSED
        why = f"{(now - then) / MIB:+.0f} MiB above the peak of {label}, {margin / MIB:.0f} MiB is allowed"
    elif then - now > margin:
        status = Status.IMPROVED
    verdict = Verdict(metric, "bytes", "memory", status, now, then, now - then, None, why, status is Status.REGRESSED)
    return held(replace(verdict, detects=margin, versus=label, alpha=rule.alpha), rule)


def _other_precision(cell: Cell, precision: str, label: str) -> list[str]:
    own = cell.key.precision
    return [] if precision == own else [f"{label} has no {own}: it ran at {precision}"]


def _notes(task: Task, candidate: Loaded, base: Loaded, pairs: Pairs, label: str) -> list[str]:
    """What else differs between the two sides."""
    now, then = candidate.facts, base.facts
    both = sorted(then["versions"].keys() & now["versions"].keys())
    other = [name for name in both if then["versions"][name] != now["versions"][name]]
    notes = [f"{name} is {then['versions'][name]} in {label} and {now['versions'][name]} here" for name in other]
    if then["weights"] != now["weights"]:
        notes.append(f"the weights are {then['weights']} in {label} and {now['weights']} here")
    if differing := sum(_words(task, mine) != _words(task, other) for mine, other in pairs.said):
        notes.append(f"{label} said something else in {differing} of {len(pairs.said)} pairs")
    return notes


def _words(task: Task, outputs: Sequence[Any]) -> list[Any]:
    """What a person would compare of the outputs; an old modellab's, in another form, as they are."""
    try:
        return [task.remember(output) for output in outputs]
    except (KeyError, TypeError):
        return list(outputs)
