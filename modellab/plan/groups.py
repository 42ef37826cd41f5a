"""What a dataset asks of groups, and the verdicts on it: for runs, rescored results and hypotheses alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modellab.datasets import Header, groups
from modellab.gate import AssessmentOptions
from modellab.gate import groups as gate
from modellab.types import Metric, QualityBaseline, Result, Row, Rule, Verdict
from modellab.types.gate_counts import GroupRule


def verdicts(
    result: Result,
    accepted: QualityBaseline | None,
    metrics: Sequence[Metric],
    rules: Mapping[str, Rule],
    header: Header,
    rows: Sequence[Row],
    options: AssessmentOptions,
) -> list[Verdict]:
    """The verdicts on the groups that the header names; none where it names none."""
    if not header.groups:
        return []
    wanted = {
        key: {name: GroupRule(rule.worst, rule.gap, rule.change) for name, rule in asked.items()}
        for key, asked in header.groups.items()
    }
    labels = {key: groups.of(rows, key) for key in wanted}
    return gate.assess(result, accepted, metrics, rules, wanted, labels, options)
