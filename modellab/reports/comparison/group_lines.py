"""The first metric of A and B by groups of people: a line for each group that can be told, a key's tests one family."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from modellab.datasets import groups
from modellab.reports.comparison import quality
from modellab.reports.comparison.pairing import CasePair
from modellab.reports.comparison.quality import Draft, Line, Rows
from modellab.reports.comparison.references import Library
from modellab.stats.groups import FEWEST, FEWEST_UNITS
from modellab.types import Metric


def lines(
    case_pairs: Sequence[CasePair], metric: Metric, library: Library, alpha: float
) -> tuple[list[Line], list[str]]:
    """The lines of every dataset and key, with Holm's p over a key's groups; and which groups are too few to tell."""
    group_lines: list[Line] = []
    notes: list[str] = []
    for case_pair in case_pairs:
        rows, labels = quality.rows(case_pair, metric), groups.labels(library.book(case_pair.b).rows.values())
        ids = [a.id for a, b in quality.both(case_pair) if metric.name in a.counts and metric.name in b.counts]
        for key, values in labels.items() if rows else ():
            drafts, few = [], []
            for value in sorted(set(values.values())):
                own = [place for place, id in enumerate(ids) if values.get(id) == value]
                part = _part(rows, own) if rows else None
                if part is None or is_few(part):
                    few.append(f"{value} (n = {len(own)})")
                elif made := quality.draft(metric, f"{case_pair.dataset} {key}={value}", part):
                    drafts.append(made)
            group_lines += _settled(drafts, alpha)
            notes += [f"{case_pair.dataset} by {key}, too few to tell: {', '.join(few)}"] if few else []
    return group_lines, notes


def is_few(rows: Rows) -> bool:
    """Whether they are too few to say something of a group."""
    named = {name for name in rows.clusters if name}
    return len(rows.before) < FEWEST or (bool(named) and len(named) < FEWEST_UNITS)


def _part(rows: Rows, places: Sequence[int]) -> Rows:
    own = np.array(places, dtype=np.intp)
    return Rows(rows.before[own], rows.after[own], tuple(rows.clusters[place] for place in places))


def _settled(drafts: Sequence[Draft], alpha: float) -> Iterator[Line]:
    """The lines of one key: one group alone is no comparison of groups."""
    if len(drafts) > 1:
        yield from quality.all_settled(quality.finer(drafts, alpha), alpha)[0]
