"""Comparisons in words: who is better and by how much, or that nobody can tell and what would have been seen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from modellab import units
from modellab.reports.comparison.quality import POOLED, Line
from modellab.reports.comparison.ranking import Ranking
from modellab.reports.comparison.speed import Peak, SpeedComparison
from modellab.reports.comparison.two_systems import Compared, SystemPair
from modellab.types import Metric
from modellab.types.readings import READINGS

FEW = 6  # pairs of systems up to which each gets its own sentence
NOT_IN_TURN = "stored times were not taken in turn: `modellab run --against` tells smaller differences"
MOST_LISTED = 5  # names in a sentence: the table has all
BY_GROUP = "the first metric, group by group; Holm over the groups of each key, apart from the other tables"


def p(value: float | None) -> str:
    """A p value; a dash for none.

    >>> p(0.0478), p(0.00002), p(None), p(1.0)
    ('0.048', '<0.0001', '-', '1')
    """
    if value is None or math.isnan(value):
        return units.MISSING
    return "<0.0001" if value < 1e-4 else f"{value:.2g}"


def span(ends: tuple[float, float] | None, unit: str) -> str:
    """An interval of values, with no signs.

    >>> span((0.006, 0.039), "ratio")
    '[0.60 %, 3.90 %]'
    """
    return f"[{units.value(ends[0], unit)}, {units.value(ends[1], unit)}]" if ends else ""


def shown(metric: Metric) -> str:
    """A metric's name in a sentence: short ones are abbreviations.

    >>> from modellab.tasks import asr
    >>> [shown(metric) for metric in asr.METRICS[:5]]
    ['WER', 'CER', 'MER', 'WIL', 'success_rate']
    """
    return metric.name.upper() if len(metric.name) <= 4 and metric.name.isalpha() else metric.name


def verdict(line: Line) -> str:
    """A line's verdict in two words."""
    if line.told:
        return f"{line.told} is better"
    return "cannot tell" if line.changed else "the same"


def sentence(line: Line, family: int) -> str:
    """What one line says, with its numbers."""
    metric, unit = line.metric, line.metric.unit
    where = f" on {line.dataset}" if line.dataset != POOLED else ""
    values = f"{shown(metric)} {units.value(line.a, unit)} -> {units.value(line.b, unit)}"
    if not line.changed:
        same = f"all {line.n} utterances{where} score the same"
        return f"no difference: {shown(metric)} {units.value(line.a, unit)} in both, {same}{_sees(line)}"
    change = f"{units.change(line.change, unit)} {units.interval(line.interval, unit)}".rstrip()
    if line.adjusted is None:
        test = f"only {line.changed} of {line.n} utterances changed, too few for a test"
    else:
        test = f"p {p(line.adjusted)} (Holm over {family}), {line.n} utterances{where}"
    lead = f"{line.told} is better" if line.told else "no difference can be told"
    return f"{lead}: {values}, {change}, {test}{'' if line.told else _sees(line)}"


def _sees(line: Line) -> str:
    """What would have been told, had it been there."""
    if not math.isfinite(line.detects):
        return "; so few utterances would show no difference, whatever its size"
    size = units.detects(line.detects, line.metric.unit)
    return f"; a difference of {size} would have been told (in four of five cases)"


def timing(speed: SpeedComparison) -> str:
    """One clock in a sentence."""
    clock = READINGS[speed.clock].words
    low, high = speed.interval
    lead = f"{speed.told} is faster" if speed.told else "no difference in speed can be told"
    because = f" ({speed.excuse})" if speed.excuse and not speed.told else ""
    return (
        f"{lead}{because}: B takes {speed.ratio:.2f} times A's {clock} [{low:.2f}, {high:.2f}],"
        f" p {p(speed.adjusted)}, {speed.n} utterances of {speed.dataset}"
    )


def peak(memory: Peak) -> str:
    """One kind of memory in a sentence."""
    lead = f"{memory.told} takes less memory" if memory.told else "no difference in memory can be told"
    a, b = units.value(memory.a, "bytes"), units.value(memory.b, "bytes")
    return (
        f"{lead}: {a} -> {b} ({memory.metric}), peaks of one model may differ by {units.value(memory.margin, 'bytes')}"
    )


def headlines(compared: Compared) -> list[str]:
    """The verdict: a sentence for each pair of systems, or a count with the sentences of those told apart."""
    lines = [(system_pair, line) for system_pair in compared.system_pairs for line in system_pair.primary]
    several = len(lines) > 1
    if len(lines) <= FEW:
        return [_lead(system_pair, compared, several) + sentence(line, compared.family) for system_pair, line in lines]
    told = [(system_pair, line) for system_pair, line in lines if line.told]
    counts = [(sum(line.told == side for _, line in told), side) for side in ("A", "B")]
    same = sum(not line.changed for _, line in lines)
    wins = [f"{side} is better in {count}" for count, side in counts]
    first = (
        f"{len(lines)} comparisons: {', '.join(wins)}, no difference can be told in {len(lines) - len(told)}"
        f" ({same} of them score the same)"
    )
    return [
        first,
        *(_lead(system_pair, compared, True) + sentence(line, compared.family) for system_pair, line in told),
    ]


def detailed(compared: Compared) -> tuple[list[SystemPair], str]:
    """The pairs to show in full, and a sentence on those that are not: of many, only where something differs."""
    if len(compared.system_pairs) <= FEW:
        return list(compared.system_pairs), ""
    shown = [system_pair for system_pair in compared.system_pairs if _differs(system_pair)]
    left = len(compared.system_pairs) - len(shown)
    return (
        shown,
        f"{left} of {len(compared.system_pairs)} pairs of systems in which nothing differs are not shown in full",
    )


def _differs(system_pair: SystemPair) -> bool:
    told = [
        *(line.told for line in system_pair.lines),
        *(speed.told for speed in system_pair.speeds),
        *(memory.told for memory in system_pair.peaks),
    ]
    return bool(system_pair.changed) or any(told)


def _lead(system_pair: SystemPair, compared: Compared, several: bool) -> str:
    if not several:
        return ""
    alone = len({(system_pair.a, system_pair.b) for system_pair in compared.system_pairs}) == 1
    return f"{system_pair.task}: " if alone else f"{system_pair.task}, {pair(system_pair)}: "


def pair(system_pair: SystemPair) -> str:
    """The two systems; one name where both are one."""
    return system_pair.a if system_pair.a == system_pair.b else f"{system_pair.a} and {system_pair.b}"


def differences(system_pair: SystemPair) -> Iterator[str]:
    """What is known to differ between the two sides besides their names: weights, versions, settings."""
    for case_pair in system_pair.case_pairs[:1]:
        a, b = case_pair.a, case_pair.b
        if a.weights != b.weights:
            yield f"weights {a.weights or 'unknown'} -> {b.weights or 'unknown'}"
        if a.commit.hash != b.commit.hash:
            yield f"commit {a.commit.short or 'unknown'} -> {b.commit.short or 'unknown'}"
        for one, other in ((a.versions, b.versions), (a.settings, b.settings)):
            for name in sorted(one.keys() & other.keys()):
                if str(one[name]) != str(other[name]) and name not in {"device", "precision"}:
                    yield f"{name} {one[name]} -> {other[name]}"


def ranked(ranking: Ranking) -> str:
    """A ranking in a sentence: who leads, who cannot be told from the leader."""
    first, *rest = ranking.standings
    unit = ranking.metric.unit
    value = f"{units.value(first.value, unit)} {span(first.interval, unit)}"
    lead = f"{first.name} has the best {shown(ranking.metric)}, {value}"
    tied = [standing.name for standing in rest if standing.best == 1]
    if len(tied) == len(rest):
        apart = "none of the others can be told from it"
    elif tied:
        apart = f"{_listed(tied)} cannot be told from it"
    else:
        apart = "better than each of the others beyond chance"
    return f"{lead}; {apart} ({ranking.n} utterances, Holm over {units.counted(ranking.family, 'pair')})"


def _listed(names: Sequence[str]) -> str:
    """Names in a sentence; of many the first, and how many there are besides.

    >>> _listed(["a"]), _listed(["a", "b", "c"]), _listed(list("abcdefgh"))
    ('a', 'a, b and c', 'a, b, c, d, e and 3 others')
    """
    rest = len(names) - MOST_LISTED
    shown = list(names) if rest <= 1 else [*names[:MOST_LISTED], f"{rest} others"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
