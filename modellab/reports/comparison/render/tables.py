"""The tables of a comparison as text, the same for the terminal, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from modellab import units
from modellab.reports.comparison.error_classes import Classes
from modellab.reports.comparison.quality import POOLED, Line
from modellab.reports.comparison.ranking import Ranking
from modellab.reports.comparison.render import sentences
from modellab.reports.comparison.speed import SpeedComparison
from modellab.reports.comparison.two_systems import Compared, SystemPair


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under headings; the first `left` columns are names, the others numbers."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1
    notes: tuple[str, ...] = ()


QUALITY = (
    "dataset",
    "metric",
    "A",
    "B",
    "B - A [95 %]",
    "p",
    "Holm",
    "better/same/worse",
    "sign p",
    "N",
    "detects",
    "",
)
PACE = ("dataset", "clock", "A", "B", "B / A [95 %]", "p", "Holm", "N", "")
MEMORY = ("dataset", "memory", "A", "B", "B - A", "may differ", "")
CLASSES = ("errors", "words", "A", "B", "A /1,000", "B /1,000", "B - A [95 %]", "p", "Holm", "")
SIDES = ("", "results of", "commit", "session", "weights", "N")
OVERVIEW = ("task", "A and B", "dataset", "metric", "A", "B", "B - A [95 %]", "Holm", "N", "quality", "time", "memory")


def sides(system_pair: SystemPair) -> Table:
    """What A and B are."""
    rows = []
    for letter, name, entries in (
        ("A", system_pair.a, [case_pair.a for case_pair in system_pair.case_pairs]),
        ("B", system_pair.b, [case_pair.b for case_pair in system_pair.case_pairs]),
    ):
        many = {what: sorted({getattr(entry, what) for entry in entries}, key=str) for what in ("session", "weights")}
        commits = sorted({entry.commit.short for entry in entries})
        n = sum(len(entry.result.utterances) for entry in entries if entry.result)
        rows.append((letter, name, _few(commits), _few(many["session"]), _few(many["weights"]), str(n)))
    return Table("sides", SIDES, tuple(rows), left=5)


def overview(compared: Compared) -> Table:
    """One line for each verdict, with what speed and memory say."""
    rows = []
    for system_pair in compared.system_pairs:
        for line in system_pair.primary:
            unit, pooled = line.metric.unit, line.dataset == POOLED
            clocks = [clock for clock in system_pair.speeds if pooled or clock.dataset == line.dataset]
            peaks = [peak for peak in system_pair.peaks if pooled or peak.dataset == line.dataset]
            rows.append(
                (
                    system_pair.task,
                    sentences.pair(system_pair),
                    line.dataset,
                    line.metric.name,
                    units.value(line.a, unit),
                    units.value(line.b, unit),
                    f"{units.change(line.change, unit)} {units.interval(line.interval, unit)}".rstrip(),
                    sentences.p(line.adjusted),
                    str(line.n),
                    sentences.verdict(line),
                    _agreed([clock.told for clock in clocks], "faster") if clocks else units.MISSING,
                    _agreed([peak.told for peak in peaks], "smaller") if peaks else units.MISSING,
                )
            )
    return Table("all comparisons", OVERVIEW, tuple(rows), 4)


def _agreed(told: Sequence[str], how: str) -> str:
    """Who is faster or smaller on all datasets of a line."""
    if len(set(told)) > 1:
        return "differs by dataset"
    return f"{told[0]} is {how}" if told[0] else "cannot tell"


def _few(names: Sequence[str]) -> str:
    """One of them, and how many more there are."""
    return (names[0] or "unknown") + (f" (+{len(names) - 1})" if len(names) > 1 else "") if names else ""


def of_system_pair(system_pair: SystemPair) -> Iterator[Table]:
    """Quality, speed, memory and error classes of two systems; those there are."""
    if system_pair.lines:
        yield Table("quality", QUALITY, tuple(_quality(line) for line in system_pair.lines), 2)
    if system_pair.by_group:
        each_group = tuple(_quality(line) for line in system_pair.by_group)
        yield Table("by group", QUALITY, each_group, 2, (sentences.BY_GROUP,))
    if system_pair.speeds:
        assumed = [] if not any(speed.assumed for speed in system_pair.speeds) else [NOT_CALIBRATED]
        excuses = [f"{speed.dataset}: {speed.excuse}" for speed in system_pair.speeds if speed.excuse]
        yield Table(
            "speed",
            PACE,
            tuple(_timing(speed) for speed in system_pair.speeds),
            2,
            (sentences.NOT_IN_TURN, *assumed, *excuses),
        )
    if system_pair.peaks:
        rows = [
            (
                peak.dataset,
                peak.metric,
                units.value(peak.a, "bytes"),
                units.value(peak.b, "bytes"),
                units.change(peak.b - peak.a, "bytes"),
                units.value(peak.margin, "bytes"),
                f"{peak.told} takes less" if peak.told else "cannot tell",
            )
            for peak in system_pair.peaks
        ]
        yield Table("memory", MEMORY, tuple(rows), 2)
    if system_pair.classes:
        yield of_classes(system_pair.classes)


NOT_CALIBRATED = "sessions of a side were never calibrated: 15 % between sessions is assumed (`modellab calibrate`)"


def _quality(line: Line) -> tuple[str, ...]:
    unit = line.metric.unit
    n = f"{line.n}" if line.units == line.n else f"{line.n} in {line.units}"
    return (
        line.dataset,
        line.metric.name,
        units.value(line.a, unit),
        units.value(line.b, unit),
        f"{units.change(line.change, unit)} {units.interval(line.interval, unit)}".rstrip(),
        sentences.p(line.p),
        sentences.p(line.adjusted),
        f"{line.wins}/{line.ties}/{line.losses}",
        sentences.p(line.sign_p),
        n,
        units.detects(line.detects, unit),
        sentences.verdict(line),
    )


def _timing(speed: SpeedComparison) -> tuple[str, ...]:
    low, high = speed.interval
    return (
        speed.dataset,
        speed.clock,
        units.value(speed.a, "s/s"),
        units.value(speed.b, "s/s"),
        f"{speed.ratio:.2f} [{low:.2f}, {high:.2f}]",
        sentences.p(speed.p),
        sentences.p(speed.adjusted),
        str(speed.n),
        f"{speed.told} is faster" if speed.told else "cannot tell",
    )


def of_classes(classes: Classes) -> Table:
    """Errors by kind and class."""
    rows = []
    for row in classes.rows:
        line = row.line
        rows.append(
            (
                line.metric.name,
                units.MISSING if row.words is None else str(row.words),
                str(row.a),
                str(row.b),
                f"{line.a:.2f}",
                f"{line.b:.2f}",
                f"{line.change:+.2f}"
                + (f" [{line.interval[0]:+.2f}, {line.interval[1]:+.2f}]" if line.interval else ""),
                sentences.p(line.p),
                sentences.p(line.adjusted),
                sentences.verdict(line),
            )
        )
    basis = (
        f"per 1,000 reference words; {classes.n} utterances, {classes.words} words; Holm over {classes.family} of these"
    )
    return Table("error classes", CLASSES, tuple(rows), 1, (basis, *classes.notes))


def of_ranking(ranking: Ranking) -> Iterator[Table]:
    """The standings and every pair."""
    unit, several = ranking.metric.unit, len(ranking.datasets) > 1
    heads = ("rank", "ties", "system", ranking.metric.name, "[95 %]", *(ranking.datasets if several else ()))
    rows = []
    for standing in ranking.standings:
        by_dataset = [units.value(standing.values[at], unit) for at in ranking.datasets] if several else []
        rows.append(
            (
                standing.rank,
                standing.letters,
                standing.name,
                units.value(standing.value, unit),
                sentences.span(standing.interval, unit),
                *by_dataset,
                *_standing_timing(standing.timing),
                units.value(standing.peak_bytes, "bytes"),
            )
        )
    notes = [
        f"N {ranking.n} utterances of {', '.join(ranking.datasets)}; systems that share a letter cannot be told apart"
    ]
    notes += [sentences.NOT_IN_TURN] if any(standing.timing for standing in ranking.standings) else []
    yield Table("ranking", (*heads, "RTF", "x fastest [95 %]", "memory"), tuple(rows), 3, (*notes, *ranking.notes))
    pairs = [(duo.a, duo.b, *_quality(duo.line)[2:]) for duo in ranking.ranked_pairs]
    basis = f"A is the one with the better value; Holm over {units.counted(ranking.family, 'pair')}; N {ranking.n}"
    yield Table("pairs", ("A", "B", *QUALITY[2:]), tuple(pairs), 2, (basis,))


def _standing_timing(speed: SpeedComparison | None) -> tuple[str, str]:
    if speed is None:
        return units.MISSING, units.MISSING
    low, high = speed.interval
    ratio = "fastest" if speed.ratio == 1.0 else f"{speed.ratio:.2f} [{low:.2f}, {high:.2f}]"
    return units.value(speed.b, "s/s"), ratio


def counted(compared: Compared) -> str:
    """What the columns mean, in a line."""
    return (
        f"p is two-sided, by paired permutation; Holm counts {compared.family} comparisons, told at {compared.alpha:g};"
        " better/same/worse: utterances of B; detects: the difference that would be told in four of five cases"
    )
