"""Metrics by group of people, as a page or a report shows them: each group, the worst one, the gap.

found(task, utterances, labels) -> one `ByKey` for each key -> the rows of a table, and a sentence on each gap
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from modellab import units
from modellab.gate.groups import few, size
from modellab.stats import groups
from modellab.stats.estimate import Estimate
from modellab.stats.groups import GroupRate, Groups
from modellab.tasks import Task
from modellab.types import Utterance
from modellab.types.utterances import clusters, counts_of, ids

Labels = Mapping[str, Mapping[str, str]]  # key -> id of the utterance -> its group
TOO_FEW = "too few to tell"


@dataclass(frozen=True, slots=True)
class ByKey:
    """Every quality metric by the groups of one key."""

    key: str
    metrics: tuple[Groups, ...]

    @property
    def headings(self) -> list[str]:
        """Of a table with a line for each group."""
        first, *others = [units.heading(comparison.metric.name) for comparison in self.metrics]
        return [self.key, "N", "clusters", first, f"{first} less the others'", *others]

    def rows(self) -> Iterator[list[str]]:
        """A line for each group; of one that is too few the numbers alone that say so."""
        for rates in zip(*(comparison.rates for comparison in self.metrics), strict=True):
            first, of = rates[0], self.metrics[0]
            value, *others = [span(rate.estimate) if rate.is_told else TOO_FEW for rate in rates]
            yield [first.name, str(first.utterances), str(first.units), value, _against(first, of), *others]

    def sentences(self) -> Iterator[str]:
        """What is to be said of the gap in each metric that the gate judges, and who is too few."""
        for comparison in self.metrics:
            if comparison.metric.gated and (sentence := gap(comparison, self.key)):
                yield sentence
        if unsaid := few(self.metrics[0]):
            yield unsaid


def compare_by_key(task: Task, utterances: Sequence[Utterance], labels: Labels) -> list[ByKey]:
    """Each key with the quality metrics that the utterances have, without the optional ones."""
    names, units_of = ids(utterances), clusters(utterances)
    metrics = [metric for metric in task.METRICS if metric.kind == "quality" and not metric.optional]
    by_key = []
    for key, values in labels.items():
        own = [values.get(id, "") for id in names]
        compared = []
        for metric in metrics:
            counts = counts_of(utterances, metric.name, some=True)
            if len(counts) == len(own) and metric.value(counts) == metric.value(counts):  # NaN: nothing to tell
                compared.append(groups.compare(metric, counts, units_of, own))
        if compared and compared[0].rates:
            by_key.append(ByKey(key, tuple(compared)))
    return by_key


def gap(comparison: Groups, key: str) -> str:
    """The gap between worst and best group, in a sentence; '' where no two can be told, or there is none."""
    if len(comparison.told) < 2 or comparison.gap.value == 0:
        return ""
    worst, best = comparison.told[0], comparison.told[-1]
    chance = "" if comparison.apart else ", which may be chance"
    named = f"{worst.name} is the worst of {key} ({span(worst.estimate)}), {best.name} the best ({span(best.estimate)})"
    return f"{units.heading(comparison.metric.name)}: {named}; the gap is {span(comparison.gap)}{chance}"


def span(estimate: Estimate) -> str:
    """A value with its 95 % interval.

    >>> span(Estimate(0.1, 0.05, 0.15)), span(Estimate(0.1))
    ('10.00 % [5.00 %, 15.00 %]', '10.00 %')
    """
    ends = estimate.interval
    text = units.value(estimate.value, estimate.unit)
    return text if ends is None else f"{text} [{', '.join(units.value(end, estimate.unit) for end in ends)}]"


def _against(rate: GroupRate, comparison: Groups) -> str:
    """How far a group is from all others, and whether that is told from chance."""
    if rate.p is None:
        return units.MISSING
    told = f"p = {rate.p:.2g}" if rate.apart else "may be chance"
    return f"{units.change(rate.above, comparison.metric.unit)} ({told})"


__all__ = ["TOO_FEW", "ByKey", "Labels", "compare_by_key", "few", "gap", "size", "span"]
