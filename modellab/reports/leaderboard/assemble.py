"""Results in, a `Report` out: scores, fronts, findings and a recommendation. Pure: what it needs is handed in.

selections -> results by system -> field (what is fair) -> estimates -> scores, front, advice -> ComparableGroup
               -> measures, slices, sheets, findings                         -> Report
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from modellab import tasks
from modellab.datasets import Dataset
from modellab.errors import ConfigError
from modellab.plan.score_settings import Scorecard
from modellab.reports.leaderboard import estimates, findings, pareto, systems
from modellab.reports.leaderboard.recommendation import AdviceBasis, advise
from modellab.reports.leaderboard.records import ComparableGroup, Finding, Measure, Report, Score, System
from modellab.reports.leaderboard.score import score
from modellab.reports.leaderboard.slices import group_gaps, slices
from modellab.reports.leaderboard.utterance_sheets import sheet
from modellab.results.entry import Entry
from modellab.results.headline import NOT_RUN, Headline, shown_status
from modellab.results.select import SelectedResults
from modellab.stats import intervals
from modellab.stats.estimate import Estimate
from modellab.types import CaseId, Status

__all__ = ["Report", "Shown", "assemble"]

DEPRECATED = "deprecated"
_Whys = Mapping[tuple[str, ...], str]  # by task and cell: why it is not recommended


@dataclass(frozen=True)
class Shown:
    """What a report is about. `every` are all stored entries, `datasets` those on disk, by digest as it was measured.

    `stages` says of (model, variant) which lifecycle stage it has.
    """

    selections: Sequence[SelectedResults]
    every: Sequence[Entry] = ()
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    stages: Mapping[tuple[str, str], str] = field(default_factory=dict)
    card: Scorecard = field(default_factory=Scorecard)
    alpha: float = 0.01
    utterances: bool = True  # every utterance, for HTML
    notes: Sequence[str] = ()

    @cached_property
    def by_case(self) -> Mapping[CaseId, Sequence[Entry]]:
        """The stored entries of each case."""
        grouped: dict[CaseId, list[Entry]] = {}
        for entry in self.every:
            grouped.setdefault(entry.key, []).append(entry)
        return grouped

    def repeats(self, entry: Entry) -> list[Entry]:
        """The entry behind other sessions of the same thing."""
        return estimates.repeats(entry, self.by_case.get(entry.key, ()))


def assemble(shown: Shown) -> Report:
    """The report; ConfigError where several selections share nothing that may be compared."""
    every = systems.by_task(shown.selections)
    told, refused = findings.between(shown.selections, shown.alpha) if len(shown.selections) > 1 else ([], [])
    ordered = findings.ordered([*_stored(every), *findings.failed(shown.selections), *told])
    out = {True: _out(ordered, at_limit=True), False: _out(ordered, at_limit=False)}
    groups = tuple(_group(task, by_system, every, shown, out) for task, by_system in every.items())
    _refuse(shown, groups, ordered, refused)
    flat = [(who, entry) for by_system in every.values() for who, own in by_system.items() for entry in own.values()]
    measured = tuple(measure for who, entry in flat for measure in _measures(who, entry, shown))
    parts = tuple(part for who, entry in flat if (data := _data(entry, shown)) for part in slices(who, entry, data))
    sheets = tuple(sheet(who, entry, _data(entry, shown)) for who, entry in flat) if shown.utterances else ()
    cases = _standing(shown.selections)
    notes = (*shown.notes, *dict.fromkeys(refused))
    return Report(
        _title(shown),
        _facts(cases),
        groups,
        measured,
        parts,
        ordered,
        notes,
        shown.card,
        Headline.of(
            cases,
            differences=sum(finding.verdict.red for finding in told),
            left={NOT_RUN: sum(len(selection.not_run) for selection in shown.selections)},
        ),
        sheets,
        dict(sorted(Counter(str(entry.status) for entry in cases).items())),
        findings.broken(cases),
        findings.noted(cases),
        tuple(gap for who, entry in flat if (data := _data(entry, shown)) for gap in group_gaps(who, entry, data)),
    )


def _standing(selections: Sequence[SelectedResults]) -> list[Entry]:
    """Each case of each selection once: as it ended when it ran last."""
    return [
        entry
        for selection in selections
        for entry in {entry.key: entry for entry in (*selection.entries, *selection.failed)}.values()
    ]


def _data(entry: Entry, shown: Shown) -> Dataset | None:
    """The dataset as it was measured, if that is what lies on disk."""
    data = shown.datasets.get(entry.key.dataset)
    return data if data and data.digest == systems.result_of(entry).provenance.get("dataset_digest") else None


def _stored(every: Mapping[str, systems.ResultsBySystem]) -> Iterator[Finding]:
    """What the stored verdicts of the results say."""
    for by_system in every.values():
        for who, own in by_system.items():
            for entry in own.values():
                yield from findings.stored(who, entry)


def _out(every_finding: Sequence[Finding], *, at_limit: bool) -> dict[tuple[str, ...], str]:
    """Who has an open regression or an ERROR, or else is at a limit, by task and system, with the sentence."""
    why: dict[tuple[str, ...], str] = {}
    for finding in (finding for finding in every_finding if finding.verdict.status.at_limit is at_limit):
        status, metric, session = finding.verdict.status, finding.verdict.title, f"(session {finding.origin.session})"
        if status.is_unmeasured:
            end = "is PARTIAL" if status is Status.PARTIAL else "ended in an ERROR"
            why.setdefault(finding.who.order, f"its newest run on {finding.dataset} {end} {session}")
        elif at_limit:
            side = "above" if status is Status.ABOVE_LIMIT else "below"
            why.setdefault(finding.who.order, f"{metric} on {finding.dataset} is {side} its limit {session}")
        elif finding.verdict.red:
            why.setdefault(finding.who.order, f"{metric} on {finding.dataset} has an open regression {session}")
    return why


def _group(
    task: str,
    by_system: systems.ResultsBySystem,
    every: Mapping[str, systems.ResultsBySystem],
    shown: Shown,
    bad: Mapping[bool, _Whys],
) -> ComparableGroup:
    chosen = systems.field(task, by_system)
    scores = {who: _score(who, own, chosen, every, shown) for who, own in by_system.items()}
    machines = {who: _machine(whose) for who, whose in chosen.results.items()}
    points = pareto.front([scores[who] for who in chosen.results], machines, chosen.metric.better)
    deprecated = {
        who: "it is deprecated" for who in by_system if shown.stages.get((who.model, who.variant)) == DEPRECATED
    }
    out = {**_told(by_system, bad[False]), **deprecated}
    limited = {who: why for who, why in _told(by_system, bad[True]).items() if who not in out}
    basis = AdviceBasis(chosen, scores, {point.who: point for point in points}, out, limited, shown.card, shown.alpha)
    ranked = sorted(
        scores.values(),
        key=lambda rated: (not rated.compared, math.isnan(rated.points.value), -rated.points.value, rated.who.order),
    )
    return ComparableGroup(
        task, chosen.metric.name, chosen.metric.unit, chosen.metric.better, chosen.datasets, len(chosen.ids),
        tuple(ranked), tuple(points), advise(basis), tuple((who.name, why) for who, why in chosen.left_out),
    )  # fmt: skip


def _told(by_system: Iterable[System], whys: _Whys) -> dict[System, str]:
    """What is said of each of them, or of its model whatever else was selected."""
    reasons = {who: whys.get(who.order) or whys.get((*who.order[:-1], "")) for who in by_system}
    return {who: why for who, why in reasons.items() if why}


def _score(
    who: System,
    own: Mapping[str, Entry],
    chosen: systems.Comparable,
    every: Mapping[str, systems.ResultsBySystem],
    shown: Shown,
) -> Score:
    compared = who in chosen.results
    kept = [own[dataset] for dataset in (chosen.datasets if compared else sorted(own))]
    groups = [shown.repeats(entry) for entry in kept]
    return score(
        who, groups, _drift(who, every), shown.card,
        compared=compared, stage=shown.stages.get((who.model, who.variant), ""),
    )  # fmt: skip


def _drift(who: System, every: Mapping[str, systems.ResultsBySystem]) -> list[Entry]:
    """The stability cases of the same variant, device and precision."""
    if who.task == "stability":
        return []
    for other, own in every.get("stability", {}).items():
        if other.order[1:] == who.order[1:]:
            return [own[dataset] for dataset in sorted(own)]
    return []


def _machine(whose: Mapping[str, Entry]) -> str:
    names = sorted({systems.result_of(entry).machine for entry in whose.values()})
    return names[0] if len(names) == 1 else "several machine classes"


def _measures(who: System, entry: Entry, shown: Shown) -> Iterator[Measure]:
    result, where = systems.result_of(entry), systems.origin(entry)
    statuses = {verdict.metric: shown_status(verdict) for verdict in reversed(entry.verdicts)}
    for position, metric in enumerate(tasks.get(who.task).METRICS):
        estimate = intervals.of(metric, result.utterances)
        if estimate.known:
            yield Measure(
                who,
                entry.key.dataset,
                metric.name,
                metric.kind,
                metric.better,
                estimate,
                where,
                statuses.get(metric.name, ""),
                primary=not position,
            )
    group = [shown.repeats(entry)]
    measured: list[tuple[str, Estimate]] = [("rtf", estimates.speed(group)), ("peak_bytes", estimates.memory(group))]
    for name, estimate in measured:
        if estimate.known:
            status = statuses.get("rtf" if name == "rtf" else "peak_rss_bytes", "")
            yield Measure(
                who, entry.key.dataset, name, "speed" if name == "rtf" else "memory", "lower", estimate, where, status
            )


def _refuse(
    shown: Shown, groups: Sequence[ComparableGroup], every_finding: Sequence[Finding], refused: Sequence[str]
) -> None:
    """Several selections of which no two results may be compared are no report."""
    if len(shown.selections) < 2 or any(len(_sides(shown, group)) > 1 for group in groups):
        return
    if any(finding.versus in {selection.spec for selection in shown.selections} for finding in every_finding):
        return
    reasons = [*refused, *(why for group in groups for _, why in group.left_out)]
    if reasons:
        raise ConfigError(reasons[0])
    names = " and ".join(repr(selection.spec) for selection in shown.selections)
    first = [(*selection.entries, *selection.failed)[0].key for selection in shown.selections[:2]]
    raise ConfigError(
        f"{names} have nothing in common: {first[0]} is of the task {first[0].task}, {first[1]} of {first[1].task}"
    )


def _sides(shown: Shown, group: ComparableGroup) -> set[str]:
    """The specs of those that a group compares."""
    return {
        selection.spec
        for selection in shown.selections
        for entry in selection.entries
        for point in group.front
        if point.who in {systems.system_of(entry.key), systems.system_of(entry.key, selection.spec)}
    }


def _title(shown: Shown) -> str:
    if len(shown.selections) == 1:
        spec = shown.selections[0].spec
        return "modellab report: the newest results" if spec == "latest" else f"modellab report: {spec}"
    return f"modellab report: {', '.join(selection.spec for selection in shown.selections)}"


def _facts(cases: Sequence[Entry]) -> tuple[tuple[str, str], ...]:
    """What, when and where; the same for the same cases."""
    days = sorted(entry.finished_at[:16].replace("T", " ") for entry in cases)
    commits = list(
        dict.fromkeys(entry.commit.short for entry in sorted(cases, key=lambda e: e.finished_at) if entry.commit.short)
    )
    results = [entry.result for entry in cases if entry.result]
    machines = sorted({result.machine for result in results if result.machine})
    more = f" and {len(commits) - 4} more" if len(commits) > 4 else ""
    utterances = f"{sum(len(result.utterances) for result in results)} utterances"
    lost = len(cases) - len(results)
    return (
        ("cases", f"{len(cases)} ({utterances}{f', {lost} not measured' if lost else ''})"),
        ("measured", f"{days[0]} to {days[-1]} UTC" if days[0] != days[-1] else f"{days[0]} UTC"),
        ("commits", ", ".join(commits[-4:]) + more if commits else "unknown"),
        ("machines", ", ".join(machines) or "unknown"),
    )
