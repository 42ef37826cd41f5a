"""A against B on everything that both have: quality, speed, memory, kinds of errors, and who changed where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from modellab import tasks
from modellab.errors import ConfigError, did_you_mean
from modellab.reports.comparison import changed_utterances, error_classes, quality, speed
from modellab.reports.comparison.changed_utterances import Changed
from modellab.reports.comparison.error_classes import Classes, Said
from modellab.reports.comparison.pairing import Meeting, name
from modellab.reports.comparison.quality import POOLED, Draft, Line
from modellab.reports.comparison.references import Library
from modellab.reports.comparison.speed import Noises, Pace, Peak
from modellab.reports.comparison.word_errors import spoken
from modellab.stats.multiple_testing import ALPHA
from modellab.types import Metric


@dataclass(frozen=True, slots=True)
class Duel:
    """One system of A against one of B in one task. `lines` have the pooled ones of a metric before its datasets."""

    task: str
    a: str
    b: str
    meetings: tuple[Meeting, ...]
    lines: tuple[Line, ...] = ()
    paces: tuple[Pace, ...] = ()
    peaks: tuple[Peak, ...] = ()
    classes: Classes | None = None
    changed: tuple[Changed, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def primary(self) -> tuple[Line, ...]:
        """The lines that give the verdict: the first metric, pooled where it can be."""
        first = [line for line in self.lines if line.metric.name == self.lines[0].metric.name]
        pooled = [line for line in first if line.dataset == POOLED]
        return tuple(pooled or first)


@dataclass(frozen=True, slots=True)
class Compared:
    """Everything that A and B were compared in. `family` is the number of comparisons that Holm's p counts."""

    a: str
    b: str
    duels: tuple[Duel, ...]
    family: int
    alpha: float
    notes: tuple[str, ...] = ()


def metrics_of(task: str, wanted: Sequence[str]) -> list[Metric]:
    """The metrics to compare, the first one the verdict's; without any wanted those that the gate judges."""
    known = {metric.name: metric for metric in tasks.get(task).METRICS}
    if not wanted:
        return [metric for metric in known.values() if metric.gated and metric.kind == "quality"]
    return [known[each] for each in wanted if each in known]


def check_metrics(found: Sequence[str], wanted: Sequence[str]) -> None:
    """ConfigError for a metric that none of these tasks has."""
    known = {metric.name for task in found for metric in tasks.get(task).METRICS}
    for each in wanted:
        if each not in known:
            raise ConfigError(f"{', '.join(sorted(set(found)))} has no metric {each!r}: {did_you_mean(each, known)}")


def compare(
    a: str,
    b: str,
    meetings: Sequence[Meeting],
    library: Library,
    noises: Noises = speed.no_noise,
    wanted: Sequence[str] = (),
    alpha: float = ALPHA,
) -> Compared:
    """All of it. `a` and `b` are what the sides are called, `wanted` names metrics in place of the gated ones."""
    check_metrics([meeting.task for meeting in meetings], wanted)
    grouped: dict[tuple[str, str, str], list[Meeting]] = defaultdict(list)
    for meeting in meetings:
        grouped[meeting.task, name(meeting.a.key), name(meeting.b.key)].append(meeting)
    drafted: list[tuple[Duel, list[Draft]]] = []
    for (task, ours, theirs), found in grouped.items():
        metrics = metrics_of(task, wanted)
        if metrics:
            duel = Duel(task, ours, theirs, tuple(found), notes=_notes(found))
            drafted.append((_timed(duel, noises), _drafts(found, metrics)))
    duels, family = _settled(drafted, alpha)
    return Compared(a, b, tuple(_looked_into(duel, library, alpha) for duel in duels), family, alpha)


def _drafts(meetings: Sequence[Meeting], metrics: Sequence[Metric]) -> list[Draft]:
    """A line for each metric: pooled where there are several datasets under one normaliser, then by dataset."""
    found = []
    for metric in metrics:
        parts = [(meeting.dataset, rows) for meeting in meetings if (rows := quality.rows(meeting, metric))]
        if len(parts) > 1 and alike(meetings):
            found.append(quality.draft(metric, POOLED, quality.pooled([rows for _, rows in parts])))
        found += [quality.draft(metric, dataset, rows) for dataset, rows in parts]
    return [each for each in found if each]


def alike(meetings: Sequence[Meeting]) -> bool:
    """Whether all datasets are scored by one normaliser, so that a pooled value means something."""
    return len({meeting.a.result.provenance.get("normaliser", "") for meeting in meetings if meeting.a.result}) == 1


def _notes(meetings: Sequence[Meeting]) -> tuple[str, ...]:
    """What of these datasets could not be compared, or only with a grain of salt."""
    notes = []
    for meeting in meetings:
        ours, theirs = quality.left_out(meeting)
        if ours or theirs:
            shared = len(quality.both(meeting))
            notes.append(
                f"{meeting.dataset}: {shared} utterances are compared; {ours} of A and {theirs} of B have no partner"
            )
        signatures = [side.result.provenance.get("signature", "") for side in (meeting.a, meeting.b) if side.result]
        if len(set(signatures)) > 1:
            notes.append(f"{meeting.dataset}: scored with other settings ({' against '.join(signatures)})")
    if len(meetings) > 1 and not alike(meetings):
        notes.append("not pooled: the datasets are scored by different normalisers")
    return tuple(notes)


def _timed(duel: Duel, noises: Noises) -> Duel:
    found, peaks, notes = [], [], list(duel.notes)
    for meeting in duel.meetings:
        clocks, memory, why = speed.paces(meeting, noises)
        found += clocks
        peaks += memory
        notes += [why] if why else []
    return replace(duel, paces=tuple(found), peaks=tuple(peaks), notes=tuple(notes))


def _settled(drafted: Sequence[tuple[Duel, list[Draft]]], alpha: float) -> tuple[list[Duel], int]:
    """The duels with their lines and clocks, all of them one family."""
    drafts = quality.finer([each for _, found in drafted for each in found], alpha)
    clocks = [clock for duel, _ in drafted for clock in duel.paces]
    settled, ps, family = quality.all_settled(drafts, alpha, [clock.p for clock in clocks])
    lines, paced = iter(settled), iter([_told(clock, p, alpha) for clock, p in zip(clocks, ps, strict=True)])
    return [
        replace(duel, lines=tuple(next(lines) for _ in found), paces=tuple(next(paced) for _ in duel.paces))
        for duel, found in drafted
    ], family


def _told(clock: Pace, p: float | None, alpha: float) -> Pace:
    better = "B" if clock.ratio < 1 else "A"
    return replace(clock, adjusted=p, told=better if p is not None and p <= alpha and not clock.excuse else "")


def _looked_into(duel: Duel, library: Library, alpha: float) -> Duel:
    """The duel with its error classes and the utterances that changed."""
    if not duel.lines:
        return duel
    found = changed_utterances.changes(duel.meetings, duel.lines[0].metric, library)
    whys = {library.book(meeting.b).why: None for meeting in duel.meetings} if found else {}
    notes = (*duel.notes, *(why for why in whys if why))
    said = [each for meeting in duel.meetings for each in _said(meeting, library)] if found else []
    table = error_classes.table(said, alpha) if said else None
    return replace(duel, classes=table, changed=tuple(found), notes=notes)


def _said(meeting: Meeting, library: Library) -> list[Said]:
    """The words of every shared utterance, for tasks that have them."""
    book, task = library.book(meeting.b), tasks.get(meeting.task)
    found = []
    for a, b in quality.both(meeting):
        ours, theirs = (spoken(task, book.cases.get(a.id), side, book.language) for side in (a, b))
        if ours and theirs:
            cluster = a.cluster or b.cluster
            found.append(Said(ours, theirs, f"{meeting.dataset}/{cluster}" if cluster else ""))
    return found
