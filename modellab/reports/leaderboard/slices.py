"""Parts of a dataset: the first metric by what the rows say of themselves, each metric by groups of people."""

from __future__ import annotations

from collections.abc import Iterator

from modellab import tasks
from modellab.datasets import Dataset, groups
from modellab.reports import by_group
from modellab.reports.leaderboard.records import GroupGap, Slice, System
from modellab.reports.leaderboard.systems import result_of
from modellab.results.entry import Entry
from modellab.stats import intervals
from modellab.types import Utterance

KEYS = ("condition", "speaker", "voice", "language")
MOST = 60  # values of a key; more are names, and no parts


def slices(who: System, entry: Entry, data: Dataset) -> Iterator[Slice]:
    """One for each value of each key that parts the utterances."""
    metric = tasks.get(who.task).METRICS[0]
    rows = {str(row["id"]): row for row in data.rows}
    for key in KEYS:
        groups: dict[str, list[Utterance]] = {}
        for utterance in result_of(entry).utterances:
            value = str(rows.get(utterance.id, {}).get(key, "") or "")
            if metric.name in utterance.counts and value:
                groups.setdefault(value, []).append(utterance)
        if 2 <= len(groups) <= MOST:
            for value, own in sorted(groups.items()):
                yield Slice(who, data.name, key, value, metric.name, intervals.of(metric, own))


def group_gaps(who: System, entry: Entry, data: Dataset) -> Iterator[GroupGap]:
    """One for each quality metric and each key of the rows' groups."""
    labels = groups.labels(data.rows)
    for by_key in by_group.compare_by_key(tasks.get(who.task), result_of(entry).utterances, labels) if labels else ():
        yield from (GroupGap(who, data.name, by_key.key, metric) for metric in by_key.metrics)
