"""What each system made of each utterance, worst first, beside the reference where it is here."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from modellab import tasks
from modellab.datasets import Dataset, columns
from modellab.errors import ModellabError
from modellab.metrics.edit_distance import align
from modellab.reports.leaderboard.records import Sheet, Step, System, UtteranceResult
from modellab.reports.leaderboard.systems import origin, result_of
from modellab.results import withheld
from modellab.results.entry import Entry
from modellab.stats.intervals import bottom_of, costs
from modellab.types import Metric, Utterance
from modellab.types.utterances import LARGE, Large

SHOWN = 10  # utterances that a task without texts draws


def sheet(who: System, entry: Entry, data: Dataset | None, large: Large = LARGE) -> Sheet:
    """Every utterance of one result, or the worst of many; `data` is None where the dataset is not here as measured."""
    metric = tasks.get(who.task).METRICS[0]
    every = result_of(entry).utterances

    def order(utterance: Utterance) -> tuple[bool, float, str]:
        return not utterance.error, -_cost(metric, utterance), utterance.id

    is_large = len(every) > large.more_than
    ranked = heapq.nsmallest(large.worst, every, key=order) if is_large else sorted(every, key=order)
    is_shown = data is not None and not withheld.is_private(entry)
    cases = _cases(who.task, data, {utterance.id for utterance in ranked}) if data and is_shown else {}
    shown = tuple(
        _utterance_result(who.task, metric, utterance, cases.get(utterance.id), rank)
        for rank, utterance in enumerate(ranked)
    )
    return Sheet(who, entry.key.dataset, metric.name, origin(entry), shown, len(every) if is_large else 0)


def _cases(task: str, data: Dataset, wanted: Collection[str]) -> dict[str, Any]:
    read: Callable[..., Any] = tasks.get(task).read
    cases = {}
    rows = columns.by_id(data.rows)
    for row in (rows[id] for id in wanted if id in rows):
        try:
            cases[str(row["id"])] = read(row, data.options)
        except ModellabError:  # a row that this version cannot read any more: its words are shown without a reference
            continue
    return cases


def _cost(metric: Metric, utterance: Utterance) -> float:
    """What the utterance adds to the bad side; of counts that are no errors (chrF) what its own rate lacks."""
    numbers = utterance.counts.get(metric.name)
    if not numbers:
        return 0.0
    if len(numbers) > 2:
        value = metric.value([numbers])
        return 0.0 if math.isnan(value) else value if metric.better == "lower" else 1.0 - value
    return float(costs(metric, np.array([numbers], dtype=float))[0])


def _utterance_result(task: str, metric: Metric, utterance: Utterance, case: Any, rank: int) -> UtteranceResult:
    numbers = utterance.counts.get(metric.name)
    words = bottom_of(np.array([numbers], dtype=float)) if numbers and len(numbers) == 2 else 1.0
    steps, text = _words(case, utterance.output)
    if withheld.EDITS in utterance.counts:
        text = withheld.edits(utterance.counts)
    lines: tuple[str, ...] = ()
    if not steps and case is not None and rank < SHOWN:
        lines = tuple(_drawn(task, case, utterance.output))
    return UtteranceResult(
        utterance.id, _cost(metric, utterance), words, steps, text, lines,
        utterance.wall_s, utterance.duration_s, utterance.error,
    )  # fmt: skip


def _words(case: Any, output: Any) -> tuple[tuple[Step, ...], str]:
    """The aligned words of a task with a reference text, else what the output says."""
    heard = output.get("text", "") if isinstance(output, Mapping) else ""
    text = heard if isinstance(heard, str) else ""
    normaliser = getattr(case, "normaliser", None)
    reference = getattr(case, "reference", None)
    if not (isinstance(reference, str) and callable(normaliser)) or (output is not None and "text" not in output):
        return (), text
    return align(reference, normaliser(text)).steps, text


def _drawn(task: str, case: Any, output: Any) -> list[str]:
    try:
        return tasks.get(task).show(case, output)
    except (ModellabError, KeyError, TypeError, ValueError, AttributeError):  # outputs of an older form
        return []
