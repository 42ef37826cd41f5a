"""How much the choice of a normaliser matters: the word error rate of stored results under each, and changed orders."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from modellab import tasks, text
from modellab.errors import ModellabError
from modellab.rescoring.entry import rescored
from modellab.rescoring.stored import Folders
from modellab.results.entry import Entry

METRIC = "wer"


@dataclass(frozen=True, slots=True)
class Rates:
    """One result's word error rate under every normaliser; NaN where its references have no words under one."""

    entry: Entry
    own: str  # the dataset's normaliser
    size: int  # utterances
    rates: Mapping[str, float]


def rates(entries: Iterable[Entry], data: Folders) -> list[Rates]:
    """Those of the results that have a word error rate, in their order; ModellabError for one that cannot be scored."""
    all_rates = []
    for entry in entries:
        if entry.result is None or METRIC not in {metric.name for metric in tasks.get(entry.key.task).METRICS}:
            continue
        folder = data[entry.key.dataset]
        rescored(entry, folder)
        by_normaliser = {name: _rate(entry, folder.name, name, data) for name in text.names()}
        all_rates.append(Rates(entry, folder.normaliser, len(entry.result.utterances), by_normaliser))
    return all_rates


def _rate(entry: Entry, dataset: str, normaliser: str, data: Folders) -> float:
    try:
        return rescored(entry, data[dataset], normaliser).values.get(METRIC, math.nan)
    except ModellabError:  # the reference has no words left
        return math.nan


def flips(rows: Sequence[Rates]) -> Iterator[str]:
    """A sentence for every two results of a dataset whose order depends on the normaliser."""
    for one, other in itertools.combinations(rows, 2):
        if (one.entry.key.task, one.entry.key.dataset) != (other.entry.key.task, other.entry.key.dataset):
            continue
        own = one.rates[one.own] - other.rates[other.own]
        for name in text.names():
            if own * (one.rates[name] - other.rates[name]) < 0:
                first, second = (one, other) if own < 0 else (other, one)
                yield (
                    f"{_named(first)} is ahead of {_named(second)} on {one.entry.key.dataset} under {one.own}"
                    f" ({first.rates[one.own]:.2%}, {second.rates[one.own]:.2%}), behind under {name}"
                    f" ({first.rates[name]:.2%}, {second.rates[name]:.2%})"
                )


def _named(row: Rates) -> str:
    key = row.entry.key
    return f"{key.model}:{key.variant} ({', '.join(filter(None, (key.device, key.precision, key.preprocessing)))})"
