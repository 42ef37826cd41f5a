"""A against B on everything that both have: quality, speed, memory, kinds of errors, and who changed where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from modellab import tasks
from modellab.errors import ConfigError, did_you_mean
from modellab.reports.comparison import changed_utterances, error_classes, group_lines, quality, speed
from modellab.reports.comparison.changed_utterances import Changed
from modellab.reports.comparison.error_classes import Classes, UtterancePair
from modellab.reports.comparison.pairing import CasePair, name
from modellab.reports.comparison.quality import POOLED, Draft, Line
from modellab.reports.comparison.references import Library
from modellab.reports.comparison.speed import Noises, Peak, SpeedComparison
from modellab.reports.comparison.word_errors import spoken
from modellab.stats.multiple_testing import ALPHA
from modellab.types import Metric


@dataclass(frozen=True, slots=True)
class SystemPair:
    """One system of A against one of B in one task. `lines` have the pooled ones of a metric before its datasets."""

    task: str
    a: str
    b: str
    case_pairs: tuple[CasePair, ...]
    lines: tuple[Line, ...] = ()
    speeds: tuple[SpeedComparison, ...] = ()
    peaks: tuple[Peak, ...] = ()
    classes: Classes | None = None
    changed: tuple[Changed, ...] = ()
    notes: tuple[str, ...] = ()
    by_group: tuple[Line, ...] = ()

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
    system_pairs: tuple[SystemPair, ...]
    family: int
    alpha: float
    notes: tuple[str, ...] = ()


def metrics_of(task: str, wanted: Sequence[str]) -> list[Metric]:
    """The metrics to compare, the first one the verdict's; without any wanted those that the gate judges."""
    known = {metric.name: metric for metric in tasks.get(task).METRICS}
    if not wanted:
        return [metric for metric in known.values() if metric.gated and metric.kind == "quality"]
    return [known[metric_name] for metric_name in wanted if metric_name in known]


def check_metrics(task_names: Sequence[str], wanted: Sequence[str]) -> None:
    """ConfigError for a metric that none of these tasks has."""
    known = {metric.name for task in task_names for metric in tasks.get(task).METRICS}
    for metric_name in wanted:
        if metric_name not in known:
            where = ", ".join(sorted(set(task_names)))
            raise ConfigError(f"{where} has no metric {metric_name!r}: {did_you_mean(metric_name, known)}")


def compare(
    a: str,
    b: str,
    case_pairs: Sequence[CasePair],
    library: Library,
    noises: Noises = speed.no_noise,
    wanted: Sequence[str] = (),
    alpha: float = ALPHA,
) -> Compared:
    """All of it. `a` and `b` are what the sides are called, `wanted` names metrics in place of the gated ones."""
    check_metrics([case_pair.task for case_pair in case_pairs], wanted)
    grouped: dict[tuple[str, str, str], list[CasePair]] = defaultdict(list)
    for case_pair in case_pairs:
        grouped[case_pair.task, name(case_pair.a.key), name(case_pair.b.key)].append(case_pair)
    drafted: list[tuple[SystemPair, list[Draft]]] = []
    for (task, ours, theirs), pairs in grouped.items():
        metrics = metrics_of(task, wanted)
        if metrics:
            system_pair = SystemPair(task, ours, theirs, tuple(pairs), notes=_notes(pairs))
            drafted.append((_timed(system_pair, noises), _drafts(pairs, metrics)))
    system_pairs, family = _settled(drafted, alpha)
    return Compared(
        a, b, tuple(_looked_into(system_pair, library, alpha) for system_pair in system_pairs), family, alpha
    )


def _drafts(case_pairs: Sequence[CasePair], metrics: Sequence[Metric]) -> list[Draft]:
    """A line for each metric: pooled where there are several datasets under one normaliser, then by dataset."""
    drafts = []
    for metric in metrics:
        parts = [(case_pair.dataset, rows) for case_pair in case_pairs if (rows := quality.rows(case_pair, metric))]
        if len(parts) > 1 and alike(case_pairs):
            drafts.append(quality.draft(metric, POOLED, quality.pooled([rows for _, rows in parts])))
        drafts += [quality.draft(metric, dataset, rows) for dataset, rows in parts]
    return [draft for draft in drafts if draft]


def alike(case_pairs: Sequence[CasePair]) -> bool:
    """Whether all datasets are scored by one normaliser, so that a pooled value means something."""
    return (
        len({case_pair.a.result.provenance.get("normaliser", "") for case_pair in case_pairs if case_pair.a.result})
        == 1
    )


def _notes(case_pairs: Sequence[CasePair]) -> tuple[str, ...]:
    """What of these datasets could not be compared, or only with a caveat."""
    notes = []
    for case_pair in case_pairs:
        ours, theirs = quality.left_out(case_pair)
        if ours or theirs:
            shared = len(quality.both(case_pair))
            notes.append(
                f"{case_pair.dataset}: {shared} utterances are compared; {ours} of A and {theirs} of B have no partner"
            )
        signatures = [side.result.provenance.get("signature", "") for side in (case_pair.a, case_pair.b) if side.result]
        if len(set(signatures)) > 1:
            notes.append(f"{case_pair.dataset}: scored with other settings ({' against '.join(signatures)})")
    if len(case_pairs) > 1 and not alike(case_pairs):
        notes.append("not pooled: the datasets are scored by different normalisers")
    return tuple(notes)


def _timed(system_pair: SystemPair, noises: Noises) -> SystemPair:
    speeds, peaks, notes = [], [], list(system_pair.notes)
    for case_pair in system_pair.case_pairs:
        clocks, memory, why = speed.speeds(case_pair, noises)
        speeds += clocks
        peaks += memory
        notes += [why] if why else []
    return replace(system_pair, speeds=tuple(speeds), peaks=tuple(peaks), notes=tuple(notes))


def _settled(drafted: Sequence[tuple[SystemPair, list[Draft]]], alpha: float) -> tuple[list[SystemPair], int]:
    """The pairs with their lines and clocks, all of them one family of tests."""
    drafts = quality.finer([draft for _, own in drafted for draft in own], alpha)
    clocks = [clock for system_pair, _ in drafted for clock in system_pair.speeds]
    settled, ps, family = quality.all_settled(drafts, alpha, [clock.p for clock in clocks])
    lines, paced = iter(settled), iter([_told(clock, p, alpha) for clock, p in zip(clocks, ps, strict=True)])
    return [
        replace(
            system_pair, lines=tuple(next(lines) for _ in own), speeds=tuple(next(paced) for _ in system_pair.speeds)
        )
        for system_pair, own in drafted
    ], family


def _told(clock: SpeedComparison, p: float | None, alpha: float) -> SpeedComparison:
    better = "B" if clock.ratio < 1 else "A"
    return replace(clock, adjusted=p, told=better if p is not None and p <= alpha and not clock.excuse else "")


def _looked_into(system_pair: SystemPair, library: Library, alpha: float) -> SystemPair:
    """The pair with its error classes and the utterances that changed."""
    if not system_pair.lines:
        return system_pair
    changed = changed_utterances.changes(system_pair.case_pairs, system_pair.lines[0].metric, library)
    whys = {library.book(case_pair.b).why: None for case_pair in system_pair.case_pairs} if changed else {}
    notes = (*system_pair.notes, *(why for why in whys if why))
    pairs = (
        [pair for case_pair in system_pair.case_pairs for pair in _spoken_pairs(case_pair, library)] if changed else []
    )
    table = error_classes.table(pairs, alpha) if pairs else None
    by_group, few = group_lines.lines(system_pair.case_pairs, system_pair.lines[0].metric, library, alpha)
    return replace(system_pair, classes=table, changed=tuple(changed), notes=(*notes, *few), by_group=tuple(by_group))


def _spoken_pairs(case_pair: CasePair, library: Library) -> list[UtterancePair]:
    """The words of every shared utterance, for tasks that have them."""
    book, task = library.book(case_pair.b), tasks.get(case_pair.task)
    pairs = []
    for a, b in quality.both(case_pair):
        ours, theirs = (spoken(task, book.cases.get(a.id), side, book.language) for side in (a, b))
        if ours and theirs:
            cluster = a.cluster or b.cluster
            pairs.append(UtterancePair(ours, theirs, f"{case_pair.dataset}/{cluster}" if cluster else ""))
    return pairs
