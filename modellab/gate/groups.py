"""Groups of people, where a dataset asks for it: the worst group, the gap, and each group's change.

    wer[gender worst]   the rate of the worst group, held to an absolute limit
    wer[gender gap]     that of the worst less that of the best one, held to a limit
    wer[gender=f]       one group before and after, like the whole; Holm's correction over the groups

A group that is too few to tell (`stats/groups.py`) takes no part; where none is left, nothing can be held to a limit,
which is INCONCLUSIVE and red. The tests of groups are a family of their own: each case's has `alpha` over the number of
cases, and what it finds is red at once and not settled with the suite.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from modellab.gate import limits
from modellab.gate.decision import margin, within
from modellab.gate.paired_quality import Comparison, compare
from modellab.gate.quality import ONE_CASE, AssessmentOptions, not_comparable
from modellab.stats import groups, multiple_testing
from modellab.stats.groups import GroupRate, Groups
from modellab.types import Floats, Metric, QualityBaseline, Result, Rule, Status, Verdict
from modellab.types.gate_counts import GroupRule
from modellab.types.utterances import clusters, counts_or_zeros, ids
from modellab.units import counted

Wanted = Mapping[str, Mapping[str, GroupRule]]  # key of the groups -> metric -> what is asked
Labels = Mapping[str, Mapping[str, str]]  # key -> id of the utterance -> its group
FEW = 5  # groups that a sentence names


def assess(
    result: Result,
    accepted: QualityBaseline | None,
    metrics: Sequence[Metric],
    rules: Mapping[str, Rule],
    wanted: Wanted,
    labels: Labels,
    options: AssessmentOptions = ONE_CASE,
) -> list[Verdict]:
    """The verdicts that a dataset asks for, in its order."""
    known = {metric.name: metric for metric in metrics}
    kept = accepted if accepted and not not_comparable(result, accepted) else None
    verdicts: list[Verdict] = []
    for key, asked in wanted.items():
        for name, rule in asked.items():
            side = _Side(result, kept, known[name], key, labels.get(key, {}))
            verdicts += side.limited("worst", rule.worst)
            verdicts += side.limited("gap", rule.gap)
            if rule.change and kept:
                verdicts += side.changed(rules.get(name, Rule()), options.family)
    return verdicts


def is_limit(verdict: Verdict) -> bool:
    """Whether it holds the worst group or the gap to a limit, which accepting a baseline does not lift."""
    return verdict.metric.endswith((" worst]", " gap]"))


def few(groups: Groups) -> str:
    """The groups that are too few to tell, in a sentence; '' for none."""
    if not groups.few:
        return ""
    shown = ", ".join(f"{group.name} ({size(group)})" for group in groups.few[:FEW])
    more = f" and {len(groups.few) - FEW} more" if len(groups.few) > FEW else ""
    return f"too few to tell: {shown}{more}"


def size(group: GroupRate) -> str:
    """How many a group has, "n = 12 in 3 clusters"; of nobody named the utterances alone.

    >>> from modellab.stats.estimate import Estimate
    >>> size(GroupRate("f", 12, 3, Estimate(0.1))), size(GroupRate("f", 12, 12, Estimate(0.1)))
    ('n = 12 in 3 clusters', 'n = 12')
    """
    return f"n = {group.utterances}" + (
        f" in {counted(group.units, 'cluster')}" if group.units < group.utterances else ""
    )


class _Side:
    """One metric by one key, now and as it was accepted."""

    def __init__(
        self, result: Result, accepted: QualityBaseline | None, metric: Metric, key: str, labels: Mapping[str, str]
    ) -> None:
        self.result, self.metric, self.key = result, metric, key
        names = ids(result.utterances)
        self.clusters, self.labels = clusters(result.utterances), [labels.get(id, "") for id in names]
        self.after = counts_or_zeros(result.utterances, metric.name)
        if not len(self.after):
            self.after = np.zeros((len(names), 2))
        self.now = groups.compare(metric, self.after, self.clusters, self.labels)
        self.before: Floats | None = None
        if accepted and all(metric.name in accepted.counts[id] for id in names):
            self.before = np.array([accepted.counts[id][metric.name] for id in names], dtype=float)
        self.then = None if self.before is None else groups.compare(metric, self.before, self.clusters, self.labels)

    def limited(self, what: str, limit: float | None) -> Iterator[Verdict]:
        """The worst group or the gap, held to a limit."""
        if limit is None:
            return
        now, before = _number(self.now, what), _number(self.then, what) if self.then else math.nan
        name = f"{self.metric.name}[{self.key} {what}]"
        plain = Verdict(name, self.metric.unit, self.metric.kind, Status.PASS, now)
        if math.isfinite(before):
            plain = replace(plain, baseline=before, change=now - before)
        is_kept = now <= limit if what == "gap" else within(self.metric, now, limit)
        if is_kept:
            yield replace(plain, why=few(self.now))
            return
        better = "lower" if what == "gap" else self.metric.better
        was_kept = before <= limit if what == "gap" else within(self.metric, before, limit)
        why = self._why(what, now, f"{'above' if better == 'lower' else 'below'} the limit {limit:g}")
        yield limits.beyond(plain, why, kept=was_kept, better=better)

    def _why(self, what: str, now: float, beyond: str) -> str:
        """The sentence for a value beyond its limit."""
        told, unsaid = self.now.told, few(self.now)
        also = f"; {unsaid}" if unsaid else ""
        if math.isnan(now):
            return f"no two groups of {self.key} can be told{also}" if what == "gap" else f"no group can be told{also}"
        worst, best = told[0], told[-1]
        if what == "worst":
            return f"{self.key}={worst.name} has {now:.4g} ({size(worst)}), {beyond}{also}"
        chance = "" if self.now.apart else ", which may be chance"
        named = f"{self.key}={worst.name} ({size(worst)}) and {best.name} ({size(best)})"
        return f"{now:.4g} between {named}{chance}, {beyond}{also}"

    def changed(self, rule: Rule, family: int) -> Iterator[Verdict]:
        """Each group that can be told, before and after."""
        if self.before is None:
            return
        told = [group for group in self.now.rates if group.is_told]
        comparisons = [self._compared(group, rule, family * len(told)) for group in told]
        adjusted = multiple_testing.adjusted([comparison.p for comparison in comparisons])
        for group, seen, p in zip(told, comparisons, adjusted, strict=True):
            yield self._verdict(group, seen, rule, 1.0 if p is None else p, family)

    def _compared(self, group: GroupRate, rule: Rule, family: int) -> Comparison:
        assert self.before is not None
        rows = [i for i, label in enumerate(self.labels) if label == group.name]
        own = [self.clusters[i] for i in rows]
        return compare(self.metric, self.before[rows], self.after[rows], own, rule.alpha, family)

    def _verdict(self, group: GroupRate, seen: Comparison, rule: Rule, p: float, family: int) -> Verdict:
        """REGRESSED where it got worse by its margin and by more than chance, INCONCLUSIVE where it may be chance."""
        is_worse = seen.worse(self.metric) >= margin(self.metric, rule, seen.baseline)
        status, why = Status.PASS, seen.words
        if is_worse:
            is_told = p <= rule.alpha / family
            status = Status.REGRESSED if is_told else Status.INCONCLUSIVE
            why += f"; p = {p:.2g} with all groups counted{'' if is_told else ': may be chance'}"
        return Verdict(
            f"{self.metric.name}[{self.key}={group.name}]",
            self.metric.unit,
            self.metric.kind,
            status,
            seen.now,
            baseline=seen.baseline,
            change=seen.change,
            interval=seen.interval,
            why=f"{why} ({size(group)})" if status is not Status.PASS else "",
            red=status is Status.REGRESSED,
            alpha=rule.alpha,
        )


def _number(groups: Groups, what: str) -> float:
    if what == "gap":
        return groups.gap.value
    return groups.worst.estimate.value if groups.worst else math.nan
