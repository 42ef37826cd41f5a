"""Which case of A meets which of B.

Both are of one task and dataset. Among those, the same case (model, variant, device, precision) meets itself, as two
sessions or commits of one model do; else those on the same device in the same precision; else each side's only one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from modellab.errors import ConfigError, did_you_mean
from modellab.results.entry import Entry
from modellab.results.select import SelectedResults, unfair
from modellab.types import CaseId, Result

Place = tuple[str, str]  # task, dataset


@dataclass(frozen=True, slots=True)
class CasePair:
    """Two results that may be compared."""

    a: Entry
    b: Entry

    @property
    def task(self) -> str:
        return self.a.key.task

    @property
    def dataset(self) -> str:
        return self.a.key.dataset

    @property
    def results(self) -> tuple[Result, Result]:
        assert self.a.result is not None
        assert self.b.result is not None
        return self.a.result, self.b.result


def name(key: CaseId) -> str:
    """What ran, as a spec has it: `faster_whisper:lab/cpu-int8`."""
    return f"{key.model}:{key.variant}/{key.place}"


def chosen(selection: SelectedResults, task: str = "", dataset: str = "") -> SelectedResults:
    """Those of one task and dataset; '' takes all. ConfigError where there are none."""
    for what, wanted in (("task", task), ("dataset", dataset)):
        there = {getattr(entry.key, what) for entry in selection.entries}
        if wanted and wanted not in there:
            raise ConfigError(
                f"{selection.spec} has no results of the {what} {wanted!r}: {did_you_mean(wanted, there)}"
            )
    entries = [
        entry for entry in selection.entries if task in ("", entry.key.task) and dataset in ("", entry.key.dataset)
    ]
    if not entries:
        raise ConfigError(f"{selection.spec} has no results of the task {task!r} on {dataset!r}")
    return SelectedResults(selection.spec, tuple(entries))


def case_pairs(a: SelectedResults, b: SelectedResults) -> tuple[list[CasePair], list[str]]:
    """Every pair that may be compared, sorted, and a sentence for each case that is left out.

    ConfigError where nothing is left, and where a case of one side could meet several of the other.
    """
    ours, theirs = _places(a), _places(b)
    shared = [place for place in ours if place in theirs]
    if not shared:
        there = " and ".join(f"{selection.spec} has {', '.join(sorted(_words(selection)))}" for selection in (a, b))
        raise ConfigError(f"no dataset has results of both: {there}")
    notes = [
        f"{dataset} ({task}) left out: {selection.spec} has no results on it"
        for places, others, selection in ((ours, theirs, b), (theirs, ours, a))
        for task, dataset in places
        if (task, dataset) not in others
    ]
    every_pair: list[CasePair] = []
    for place in shared:
        pairs, left = _pairs(ours[place], theirs[place], a.spec, b.spec)
        every_pair += pairs
        notes += left
    return _fair(every_pair, notes, a, b)


def _fair(
    pairs: Sequence[CasePair], notes: list[str], a: SelectedResults, b: SelectedResults
) -> tuple[list[CasePair], list[str]]:
    """Without those that must not be compared, or are one and the same result."""
    same = [pair for pair in pairs if pair.a.id == pair.b.id]
    refused = [why for pair in pairs if pair.a.id != pair.b.id and (why := unfair(pair.a, pair.b))]
    fair = [pair for pair in pairs if pair.a.id != pair.b.id and not unfair(pair.a, pair.b)]
    if not fair and refused:
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        raise ConfigError(f"cannot be compared{more}: {refused[0]}")
    if not fair:
        raise ConfigError(
            f"{a.spec} and {b.spec} are the same results (session {pairs[0].a.session}): name another commit, session"
            " or @baseline"
        )
    notes = [*notes, *(f"refused: {why}" for why in refused)]
    if same:
        notes.append(f"{len(same)} of {len(pairs)} cases are the same result on both sides: left out")
    return fair, notes


def _pairs(ours: Sequence[Entry], theirs: Sequence[Entry], a: str, b: str) -> tuple[list[CasePair], list[str]]:
    """The pairs of one dataset, and a sentence where a case was left alone."""
    for same in (_whole, _place):
        left, right = _by(ours, same), _by(theirs, same)
        both = [key for key in left if key in right]
        if not both:
            continue
        for key in both:
            for entries, spec in ((left[key], a), (right[key], b)):
                if len(entries) > 1:
                    raise _ambiguous(entries, spec)
        alone = [name(entry.key) for entry in (*ours, *theirs) if same(entry.key) not in both]
        notes = [f"on {ours[0].key.dataset} left out, it has no partner: {case_name}" for case_name in alone]
        return [CasePair(left[key][0], right[key][0]) for key in both], notes
    for several, spec in ((ours, a), (theirs, b)):
        if len(several) > 1:
            raise _ambiguous(several, spec)
    return [CasePair(ours[0], theirs[0])], []


def _ambiguous(entries: Sequence[Entry], spec: str) -> ConfigError:
    ways = " or ".join(name(entry.key) for entry in entries)
    return ConfigError(f"{spec} is {len(entries)} cases on {entries[0].key.dataset}, say which one: {ways}")


def _whole(key: CaseId) -> str:
    return str(key)


def _place(key: CaseId) -> str:
    return key.place


def _by(entries: Iterable[Entry], same: Callable[[CaseId], str]) -> Mapping[str, list[Entry]]:
    grouped: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        grouped[same(entry.key)].append(entry)
    return grouped


def _places(selection: SelectedResults) -> Mapping[Place, list[Entry]]:
    by_place: dict[Place, list[Entry]] = defaultdict(list)
    for entry in selection.entries:
        by_place[entry.key.task, entry.key.dataset].append(entry)
    return by_place


def _words(selection: SelectedResults) -> set[str]:
    return {entry.key.dataset for entry in selection.entries}
