"""What got worse or better, and why it is believed: stored verdicts, and the specs of the report held together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from modellab import tasks
from modellab.gate import breaks
from modellab.gate.paired_quality import Comparison, compare
from modellab.reports.leaderboard.records import Broken, Finding, Noted, Origin, System
from modellab.reports.leaderboard.systems import origin, result_of, system_of
from modellab.results.entry import Entry
from modellab.results.headline import urgency
from modellab.results.select import SelectedResults, unfair
from modellab.stats.multiple_testing import Hypothesis, rejected
from modellab.stats.trimmed_mean import log_ratios, trimmed
from modellab.types import Metric, Status, Utterance, Verdict

SHOWN = {Status.REGRESSED, Status.IMPROVED, Status.PARTIAL, Status.ERROR}
PACE = 0.10  # a fraction; speed of two sessions that differs by less is not told
FEWEST = 5  # utterances with times on both sides
WORST_FIRST = {
    Status.ERROR: 0, Status.PARTIAL: 0, Status.REGRESSED: 1, Status.ABOVE_LIMIT: 2, Status.BELOW_LIMIT: 2,
    Status.INCONCLUSIVE: 3, Status.IMPROVED: 4, Status.PASS: 5,
}  # fmt: skip


def stored(who: System, entry: Entry) -> Iterator[Finding]:
    """The verdicts of a result that say it changed, and those on its quality that could not be decided."""
    for verdict in entry.verdicts:
        undecided = verdict.status is Status.INCONCLUSIVE and verdict.kind == "quality"
        if verdict.red or undecided or verdict.status in SHOWN:
            n = len(entry.result.utterances) if entry.result else 0
            believed = replace(verdict, why=verdict.why or _why(verdict), p=None if _gain(verdict) else verdict.p)
            yield Finding(who, entry.key.dataset, believed, _origin(entry), n, verdict.reference, entry.error)


def broken(entries: Iterable[Entry]) -> tuple[Broken, ...]:
    """The cases that are not red and have broken utterances; what broke again comes first."""
    cases = [
        Broken(str(entry.key), entry.status, breaks.named(entry.verdicts))
        for entry in entries
        if any(v.breaks for v in entry.verdicts) and not any(v.red for v in entry.verdicts if v.breaks)
    ]
    return tuple(sorted(cases, key=lambda case: (breaks.urgency(case.breaks), case.case)))


def noted(entries: Iterable[Entry]) -> tuple[Noted, ...]:
    """The cases with notes: red first, then without a measurement, undecided, the rest."""
    own = sorted((entry for entry in entries if entry.notes), key=lambda entry: (urgency(entry), str(entry.key)))
    return tuple(Noted(str(entry.key), entry.status, entry.notes) for entry in own)


def _gain(verdict: Verdict) -> bool:
    """Then its p, which is of a change for the worse, says nothing."""
    return verdict.status is Status.IMPROVED


def _why(verdict: Verdict) -> str:
    ends = verdict.interval
    if ends and (ends[0] > 0 or ends[1] < 0):
        return "the whole interval lies on one side of 0"
    return "beyond what is detectable" if verdict.detects and abs(verdict.change or 0.0) > verdict.detects else ""


def failed(selections: Sequence[SelectedResults]) -> Iterator[Finding]:
    """Cases whose newest run ended without a measurement, whether the report has an older result of them or none."""
    for entry in {entry.key: entry for selection in selections for entry in selection.failed}.values():
        verdict = Verdict("run", "1", "quality", entry.status, math.nan, why=_line(entry.error), red=True)
        yield Finding(system_of(entry.key), entry.key.dataset, verdict, _origin(entry), 0, "", entry.error)


def between(selections: Sequence[SelectedResults], alpha: float) -> tuple[list[Finding], list[str]]:
    """The first selection against each other, case by case; and a sentence for each case that must not be compared."""
    tests: list[tuple[Finding, Comparison, Metric]] = []
    rest: list[Finding] = []
    refused: list[str] = []
    first = {entry.key: entry for entry in selections[0].entries}
    for selection in selections[1:]:
        for after in (entry for entry in selection.entries if entry.key in first):
            before = first[after.key]
            if before.id == after.id:
                continue
            if why := unfair(before, after):
                refused.append(why)
                continue
            who = system_of(after.key, selection.spec)
            tests += _quality(who, before, after, selections[0].spec, alpha)
            rest += _pace(who, before, after, selections[0].spec)
    return [*_settled(tests, alpha), *rest], refused


def _quality(
    who: System, before: Entry, after: Entry, versus: str, alpha: float
) -> Iterator[tuple[Finding, Comparison, Metric]]:
    then = {u.id: u for u in result_of(before).utterances}
    for metric in tasks.get(who.task).METRICS:
        now = [u for u in result_of(after).utterances if u.id in then and _both(metric, u, then[u.id])]
        if not (metric.gated and metric.kind == "quality" and now):
            continue
        counts = [
            np.array([utterance.counts[metric.name] for utterance in side], dtype=float)
            for side in (_then(then, now), now)
        ]
        if counts[0].shape != counts[1].shape:
            continue
        comparison = compare(metric, counts[0], counts[1], [u.cluster for u in now], alpha)
        verdict = Verdict(
            metric.name, metric.unit, "quality", Status.PASS, comparison.now, comparison.baseline, comparison.change,
            comparison.interval, p=comparison.p, least_p=comparison.least_p, detects=comparison.detects, versus=versus,
            why=comparison.words,
        )  # fmt: skip
        yield Finding(who, after.key.dataset, verdict, origin(after), len(now), versus), comparison, metric


def _both(metric: Metric, a: Utterance, b: Utterance) -> bool:
    return len(a.counts.get(metric.name, ())) == len(b.counts.get(metric.name, ())) > 0


def _then(then: dict[str, Utterance], now: Sequence[Utterance]) -> list[Utterance]:
    return [then[u.id] for u in now]


def _settled(tests: Sequence[tuple[Finding, Comparison, Metric]], alpha: float) -> Iterator[Finding]:
    """Worse or better where Holm's step-down over all comparisons of the report says so; the unchanged are left out."""
    worse = rejected([Hypothesis(comparison.p, comparison.least_p, alpha) for _, comparison, _ in tests], alpha)
    better = rejected([Hypothesis(comparison.p_better, comparison.least_p, alpha) for _, comparison, _ in tests], alpha)
    for (finding, comparison, _), bad, good in zip(tests, worse, better, strict=True):
        if not comparison.changed:
            continue
        status = Status.REGRESSED if bad else Status.IMPROVED if good else Status.INCONCLUSIVE
        holm = f"after Holm over {len(tests)} comparisons"
        why = f"{comparison.words}; {f'not chance {holm}' if bad or good else f'may be chance {holm}'}"
        p = comparison.p_better if good else comparison.p
        verdict = replace(finding.verdict, status=status, p=p, why=why, red=bad)
        yield replace(finding, verdict=verdict)


def _pace(who: System, before: Entry, after: Entry, versus: str) -> Iterator[Finding]:
    """Speed that differs by more than a tenth on one machine class: told, not judged: sessions do not alternate."""
    ours, theirs = result_of(after), result_of(before)
    then = {u.id: u.wall_s for u in theirs.utterances if not u.error}
    pairs = [(u.wall_s, then[u.id]) for u in ours.utterances if u.id in then and not u.error]
    ratios = log_ratios(pairs)
    if ours.machine != theirs.machine or len(ratios) < FEWEST:
        return
    ratio = trimmed(ratios)
    low, high = ratio.interval()
    if abs(ratio.mean) <= math.log1p(PACE) or low <= 0 <= high:
        return
    now = ours.readings.get("rtf", math.nan)
    verdict = Verdict(
        "rtf", "s/s", "speed", Status.INCONCLUSIVE, now, math.exp(-ratio.mean) * now, math.expm1(ratio.mean),
        (math.expm1(low), math.expm1(high)), versus=versus,
        why="two sessions measured one after the other: --against times both in turn and gives a verdict",
    )  # fmt: skip
    yield Finding(who, after.key.dataset, verdict, origin(after), len(ratios), versus)


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Worst first, each once."""
    once = {(f.who, f.dataset, f.verdict.metric, f.versus, str(f.verdict.status)): f for f in findings}
    return tuple(
        sorted(
            once.values(),
            key=lambda f: (WORST_FIRST.get(f.verdict.status, 6), f.who.order, f.dataset, f.verdict.metric, f.versus),
        )
    )


def _origin(entry: Entry) -> Origin:
    if entry.result:
        return origin(entry)
    return Origin(entry.commit.short, entry.session, entry.finished_at, "", "", "", entry.weights)


def _line(text: str) -> str:
    return (text.splitlines() or [""])[0][:200]
