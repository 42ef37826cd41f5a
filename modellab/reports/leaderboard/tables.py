"""A report's tables as headings and cells of text: what terminal, Markdown and HTML have in common."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from modellab import units
from modellab.reports import by_group as groups
from modellab.reports.leaderboard import prose
from modellab.reports.leaderboard.records import ComparableGroup, Finding, GroupGap, Measure, Report, Slice
from modellab.stats.estimate import Estimate
from modellab.types import Status, Verdict

Table = tuple[list[str], list[list[str]]]
PARTS = ("quality", "speed", "memory", "stability", "cost")


def scores(group: ComparableGroup) -> Table:
    """Points and grades, best first; who rests on other data than the comparison is marked."""
    stages = any(score.stage for score in group.scores)
    headings = ["model", *(["stage"] if stages else []), "score [95 %]", "grade", *PARTS, "N", "data"]
    rows = []
    for score in group.scores:
        data = ", ".join(score.datasets)
        rows.append(
            [
                score.who.name,
                *([score.stage or units.MISSING] if stages else []),
                prose.points(score.points),
                prose.grade(score),
                *(prose.points(part.points) for part in score.parts),
                prose.n(score.parts[0].measured),
                "as compared" if score.compared else f"{data}, not compared",
            ]
        )
    return headings, rows


def measured(group: ComparableGroup) -> Table:
    """The numbers behind the points."""
    names = ["RTF [95 %]", "N of RTF", "peak [95 %]", "N of peak", "cost of an audio hour"]
    names = ["RTF [95 %]", "N of RTF", "peak [95 %]", "N of peak", "cost of an audio hour"]
    headings = ["model", f"{units.heading(group.metric)} [95 %]", "N", *names]
    rows = []
    for score in group.scores:
        quality, speed, memory, _, cost = (part.measured for part in score.parts)
        spans = (prose.span(quality), _doubted(prose.span(speed), score.doubt), prose.span(memory))
        pairs = [
            cell
            for span, estimate in zip(spans, (quality, speed, memory), strict=True)
            for cell in (span, prose.n(estimate))
        ]
        rows.append([score.who.name, *pairs, prose.span(cost)])
    if not any(score.parts[4].measured.known for score in group.scores):
        headings, rows = headings[:-1], [row[:-1] for row in rows]
    return headings, rows


def parts(group: ComparableGroup) -> Table:
    """Each part of each score: its weight, its points, and from what they come."""
    rows = [
        [
            score.who.name,
            part.name,
            f"{100 * part.weight:.0f} %" if part.weight else units.MISSING,
            prose.points(part.points),
            prose.span(part.measured),
            prose.n(part.measured),
            part.words,
        ]
        for score in group.scores
        for part in score.parts
    ]
    return ["model", "part", "weight", "points [95 %]", "measured [95 %]", "N", "from"], rows


def front(group: ComparableGroup) -> Table:
    """Who is on the front, and who is clearly beaten by whom."""
    rows = []
    for point in group.front:
        beaten = ", ".join(point.beaten_by)
        place = "on the front" if point.front else "behind it"
        rows.append(
            [
                point.who.name,
                _doubted(place, point.doubt) if point.speed.known else "no times",
                ("on the front" if point.memory_front else "behind it") if point.memory.known else "no peak",
                f"beyond the intervals by {beaten}" if beaten else units.MISSING,
            ]
        )
    return ["model", "quality and speed", "quality and memory", "beaten in quality and speed"], rows


def _doubted(text: str, doubt: str) -> str:
    """What rests on times that decide nothing says why, in brackets."""
    return f"{text} ({doubt})" if doubt else text


def against(group: ComparableGroup) -> Table:
    """The best against each other one."""
    headings = ["model", "difference from the best [95 %]", "N", "p (two-sided)", "told apart", "would be seen"]
    rows = [
        [
            other.who.name,
            prose.span(other.change, signed=True),
            prose.n(other.change),
            f"{other.p:.2g}",
            "yes" if other.apart else "no: tied",
            units.detects(other.detects, group.unit),
        ]
        for other in group.advice.against
    ]
    return headings, rows


def findings(report: Report) -> Table:
    """What changed, worst first."""
    test = ["change [95 %]", "N", "p", "would be seen", "why", "session"]
    return ["status", "model", "dataset", "metric", "before", "now", *test], [
        _finding(finding) for finding in report.findings
    ]


def _finding(finding: Finding) -> list[str]:
    verdict = finding.verdict
    return [
        str(verdict.status),
        finding.who.name,
        finding.dataset,
        _titled(finding),
        units.value(verdict.baseline, verdict.unit),
        units.value(verdict.now, verdict.unit),
        change(verdict),
        str(finding.n or units.MISSING),
        units.MISSING if verdict.p is None else f"{verdict.p:.2g}",
        units.detects(verdict.detects, "ratio" if verdict.kind == "speed" else verdict.unit),
        verdict.why or units.MISSING,
        f"{finding.origin.session} at {finding.origin.commit or 'an unknown commit'}",
    ]


def _titled(finding: Finding) -> str:
    """The metric and what it was held against; an ERROR has neither."""
    return f"{finding.verdict.metric} against {finding.versus}" if finding.versus else "(the run)"


def change(verdict: Verdict) -> str:
    """The change with its interval; speed as a fraction."""
    if verdict.change is None:
        return units.MISSING
    if verdict.kind == "speed":
        ends = verdict.interval
        return units.relative(verdict.change) + (
            f" [{units.relative(ends[0])}, {units.relative(ends[1])}]" if ends else ""
        )
    return f"{units.change(verdict.change, verdict.unit)} {units.interval(verdict.interval, verdict.unit)}".strip()


def red(report: Report) -> list[Finding]:
    """The findings that nobody may overlook."""
    return [
        finding
        for finding in report.findings
        if finding.verdict.red or finding.verdict.status is Status.REGRESSED or finding.verdict.status.is_unmeasured
    ]


def datasets(report: Report, task: str) -> Table:
    """The task's first metric, speed and memory of each model on each dataset."""
    own = [measure for measure in report.measures if measure.who.task == task]
    shown = [measure for measure in own if measure.primary or measure.metric in {"rtf", "peak_bytes"}]
    names = list(dict.fromkeys(measure.metric for measure in shown))
    pairs = [cell for name in names for cell in (f"{units.heading(name)} [95 %]", f"N of {name}")]
    pairs = [cell for name in names for cell in (f"{units.heading(name)} [95 %]", f"N of {name}")]
    headings = ["dataset", "model", *pairs, "verdict", "commit", "session", "machine"]
    rows = []
    ordered = sorted(shown, key=lambda measure: (measure.dataset, measure.who.order))
    for (dataset, who), group in groupby(ordered, key=lambda measure: (measure.dataset, measure.who.name)):
        by_metric = {measure.metric: measure for measure in group}
        some = next(iter(by_metric.values()))
        rows.append([dataset, who, *_cells(by_metric, names), some.verdict or units.MISSING, some.origin.commit or "-",
                     some.origin.session, some.origin.machine or "-"])  # fmt: skip
    return headings, rows


def _cells(by_metric: dict[str, Measure], names: Sequence[str]) -> list[str]:
    nothing = Estimate(float("nan"))
    estimates = [by_metric[name].estimate if name in by_metric else nothing for name in names]
    return [cell for estimate in estimates for cell in (prose.span(estimate), prose.n(estimate))]


def conditions(report: Report, task: str) -> list[tuple[str, str, Table]]:
    """For each dataset and key of its rows a table: a line for each value, a column for each model."""
    own = [slice_ for slice_ in report.slices if slice_.who.task == task]
    ordered = sorted(own, key=lambda part: (part.dataset, part.key, part.value, part.who.order))
    grids = []
    for (dataset, key), group in groupby(ordered, key=lambda part: (part.dataset, part.key)):
        grids.append((dataset, key, _grid(key, list(group))))
    return grids


def _grid(key: str, parts: Sequence[Slice]) -> Table:
    names = list(dict.fromkeys(part.who.name for part in sorted(parts, key=lambda part: part.who.order)))
    rows = []
    for value, group in groupby(parts, key=lambda part: part.value):
        cells = {part.who.name: part.estimate for part in group}
        counts = sorted({estimate.n for estimate in cells.values()})
        n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        rows.append([value, n, *(prose.span(cells[name]) if name in cells else units.MISSING for name in names)])
    return [key, "N", *names], rows


def by_group(report: Report, task: str) -> list[tuple[str, str, Table, Table]]:
    """For each dataset and key of its groups two tables: the first metric of each group, a column for each model; and
    the worst group and the gap of each metric of each model.
    """
    own = [gap for gap in report.gaps if gap.who.task == task]
    ordered = sorted(own, key=lambda gap: (gap.dataset, gap.key, gap.who.order))
    grids = []
    for (dataset, key), group in groupby(ordered, key=lambda gap: (gap.dataset, gap.key)):
        gaps = list(group)
        first = [gap for gap in gaps if gap.groups.metric.name == gaps[0].groups.metric.name]
        grids.append((dataset, key, _each_group(key, first), _gaps(gaps)))
    return grids


def _each_group(key: str, gaps: Sequence[GroupGap]) -> Table:
    """A line for each group: what of it there is, and its rate under each model."""
    rows = []
    for place, rate in enumerate(gaps[0].groups.rates):
        cells = [prose.span(gap.groups.rates[place].estimate) for gap in gaps]
        told = cells if rate.is_told else [groups.TOO_FEW] * len(gaps)
        rows.append([rate.name, str(rate.utterances), str(rate.units), *told])
    return [key, "N", "clusters", *(gap.who.name for gap in gaps)], rows


def _gaps(gaps: Sequence[GroupGap]) -> Table:
    """A line for each metric of each model."""
    headings = ["model", "metric", "worst group", "best group", "gap [95 %]", "told from chance", groups.TOO_FEW]
    rows = []
    for group_gap in gaps:
        told, few = group_gap.groups.told, ", ".join(rate.name for rate in group_gap.groups.few)
        apart = ("yes" if group_gap.groups.apart else "no") if len(told) > 1 else units.MISSING
        both = (told[0], told[-1]) if len(told) > 1 and group_gap.groups.gap.value else ()
        ends = [f"{rate.name} {prose.span(rate.estimate)}" for rate in both] or [units.MISSING] * 2
        gap = prose.span(group_gap.groups.gap)
        rows.append([group_gap.who.name, group_gap.groups.metric.name, *ends, gap, apart, few or units.MISSING])
    return headings, rows
